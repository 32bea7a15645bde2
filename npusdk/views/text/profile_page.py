"""A profile as a page: the number and how sure it is, what bounds it, the slowest layers, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npusdk.language import _, plain, render, translate
from npusdk.report import BOUNDS as BOUND_CODES
from npusdk.report import CODES, Note, ProfileReport, Reachability, explain
from npusdk.units import format_bytes, format_count, format_krw, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Bar, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.words import BASIS, BOUNDS, REACHABLE, join, percent, word

LAYERS = 10
"""Layers that are listed unless asked otherwise."""


def profile(report: ProfileReport, *, width: int = WIDTH, colour: bool = False, layers: int = LAYERS) -> str:
    """Return the profile as text.

    Parameters
    ----------
    width
        Columns.
    colour
        Whether to write ANSI colours.
    layers
        How many of the slowest layers to list; 0 for none.
    """
    page = Page(width, colour=colour)
    basis = word(BASIS, report.basis)
    page.heading(title_of(report))
    page.facts(facts_of(report, basis))
    page.heading(render(_("What bounds the {basis} time"), basis=basis))
    _add_shares(page, report, basis)
    add_layers(page, report, layers)
    add_reservations(page, report)
    return str(page)


def add_reservations(page: Blocks, report: ProfileReport) -> None:
    """Add what a profile leaves out, and what it takes for granted."""
    if report.excluded:
        page.heading(render(_("Not part of the {basis} time"), basis=word(BASIS, report.basis)))
        page.bullets(explain(code) for code in report.excluded)
    if report.assumptions:
        page.heading(translate(_("Taken for granted")))
        page.bullets(explain(note) for note in merge_parameters(report.assumptions))


def title_of(report: ProfileReport) -> str:
    """Return what a profile is of, and its latency."""
    return render(
        _("{model} on {device}, {precision}, batch {batch}: {basis} {latency} a call"),
        model=plain(report.model, NAME_LIMIT),
        device=report.device_name,
        precision=report.precision,
        batch=report.batch,
        basis=word(BASIS, report.basis),
        latency=format_seconds(report.latency_s),
    )


def facts_of(report: ProfileReport, basis: str) -> Iterator[tuple[str, str | Cell]]:
    """Yield the figures of a profile, the latency first."""
    yield (
        render(_("{basis} latency"), basis=basis),
        render(
            _("{latency}, between {low} and {high}"),
            latency=format_seconds(report.latency_s),
            low=format_seconds(report.latency_low_s),
            high=format_seconds(report.latency_high_s),
        ),
    )
    yield render(_("validity class {validity}"), validity=report.validity), explain(report.interval_basis)
    yield (
        render(_("{basis} throughput"), basis=basis),
        render(_("{rate} samples/s, calls without a gap"), rate=format_number(report.throughput_per_s)),
    )
    yield (
        render(_("{basis} bound"), basis=basis),
        render(
            _("{bound}; {share} of the time is overhead"),
            bound=word(BOUNDS, report.bound),
            share=percent(overhead_share(report)),
        ),
    )
    yield render(_("{basis} memory"), basis=basis), _memory(report)
    yield translate(_("work")), _work(report)
    yield translate(_("precision")), f"{report.precision}: {reachability(report.precision_reachable)}"
    yield from ((translate(_("source")), report.precision_reachable.source),) * bool(report.precision_reachable.source)
    yield translate(_("device")), f"{report.device_name} ({report.device})"
    yield translate(_("cost model")), report.model_version
    yield from _energy(report, basis)


def _energy(report: ProfileReport, basis: str) -> Iterator[tuple[str, str]]:
    if report.energy_j is not None:
        yield render(_("{basis} energy"), basis=basis), format_count(report.energy_j, "J")
    if report.power_w is not None:
        yield render(_("{basis} power"), basis=basis), format_count(report.power_w, "W")
    if report.krw is not None:
        yield render(_("{basis} price"), basis=basis), format_krw(report.krw)


def _memory(report: ProfileReport) -> str:
    peak, weights = format_bytes(report.peak_memory_bytes), format_bytes(report.weight_bytes)
    if report.device_memory_bytes is None:
        return render(
            _("{peak}, of which weights {weights}; the device's memory is not documented"), peak=peak, weights=weights
        )
    return render(
        _("{peak} of {available}, of which weights {weights}"),
        peak=peak,
        weights=weights,
        available=format_bytes(report.device_memory_bytes),
    )


def _work(report: ProfileReport) -> str:
    bandwidth = report.memory_bandwidth_bytes_per_s
    return join(
        format_count(report.macs, "MAC"),
        render(_("device peak {rate}"), rate=format_count(report.peak_ops_per_s, "OP/s")),
        render(_("memory bandwidth {rate}"), rate=format_count(bandwidth, "B/s"))
        if bandwidth is not None
        else translate(_("memory bandwidth not documented")),
        separator="; ",
    )


def reachability(reachable: Reachability) -> str:
    """Return whether public software reaches a precision, with its version and date."""
    where = join(join(reachable.software, reachable.version, separator=" "), reachable.date)
    return join(word(REACHABLE, reachable.status), where and f"({where})", separator=" ")


def _times_by_bound(report: ProfileReport) -> dict[str, list[float]]:
    """Return the times of the layers that each bound decides, bounds in the order of `BOUNDS`."""
    times: dict[str, list[float]] = {bound: [] for bound in BOUND_CODES}
    for bound, time_s in zip(report.layers.bounds, report.layers.time_s.tolist(), strict=True):
        times.setdefault(bound, []).append(time_s)
    return {bound: values for bound, values in times.items() if values}


def overhead_share(report: ProfileReport) -> float:
    """Return the share of the latency that the runtime's call and overhead-bound layers take."""
    overhead_s = report.call_s + sum(_times_by_bound(report).get("overhead", ()))
    return overhead_s / report.latency_s if report.latency_s else 0.0


def _add_shares(page: Blocks, report: ProfileReport, basis: str) -> None:
    parts = [(word(BOUNDS, bound), str(len(times)), sum(times)) for bound, times in _times_by_bound(report).items()]
    parts.append((translate(_("call of the runtime")), "", report.call_s))
    parts.append((translate(_("inputs and outputs, host link")), "", report.host_s))
    total = report.latency_s or 1.0
    page.table(
        (
            Column(translate(_("bound"))),
            Column(translate(_("layers")), number=True),
            Column(translate(_("basis"))),
            Column(translate(_("time")), number=True),
            Column(translate(_("share")), number=True),
            Column("", optional=True),
        ),
        (
            (name, count, basis, format_seconds(time_s), percent(time_s / total), Bar(time_s / total))
            for name, count, time_s in sorted(parts, key=lambda part: -part[2])
            if time_s > 0
        ),
    )


def add_layers(page: Blocks, report: ProfileReport, limit: int = LAYERS) -> None:
    """Add the slowest layers as a table, `limit` at most."""
    times_s = report.layers.time_s.tolist()
    order = sorted(range(len(times_s)), key=lambda index: -times_s[index])[:limit]
    if not order:
        return
    basis = word(BASIS, report.basis)
    page.heading(
        render(_("The {count} slowest of {total} layers, {basis}"), count=len(order), total=len(times_s), basis=basis)
    )
    page.table(
        (
            Column(translate(_("layer")), wraps=True, least=24),
            Column(translate(_("operators")), wraps=True, least=18),
            Column(translate(_("basis"))),
            Column(translate(_("time")), number=True),
            Column(translate(_("share")), number=True, optional=True),
            Column(translate(_("bound")), optional=True),
            Column(translate(_("of peak")), number=True, optional=True),
            Column(translate(_("traffic")), number=True, optional=True),
        ),
        (
            (
                plain(layer.name, NAME_LIMIT),
                plain(layer.op.replace("+", " + "), NAME_LIMIT),
                basis,
                format_seconds(layer.time_s),
                percent(layer.time_s / (report.latency_s or 1.0)),
                word(BOUNDS, layer.bound),
                percent(layer.utilization),
                format_bytes(layer.traffic_bytes),
            )
            for layer in (report.layers[index] for index in order)
        ),
    )


def merge_parameters(notes: Iterable[Note]) -> Iterator[Note]:
    """Yield the notes, those of one code that only name a parameter as one."""
    named: dict[str, list[str]] = {}
    for note in notes:
        if set(note.params) == {"parameter"} and note.code in CODES:
            named.setdefault(note.code, []).append(str(note.params["parameter"]))
        else:
            yield note
    yield from (Note(code=code, params={"parameter": ", ".join(names)}) for code, names in named.items())
