"""A profile as a page: the number and how sure it is, what bounds it, the slowest layers, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from npusdk.language import _, plain, render, translate
from npusdk.report import BOUNDS as BOUND_CODES
from npusdk.report import ProfileReport, Reachability
from npusdk.report.choice import interval_of
from npusdk.units import format_bytes, format_count, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Bar, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text import assumptions
from npusdk.views.text.grounds_page import (
    add_advice,
    add_explanations,
    add_sensitivity,
    bounded_energy,
    division_facts,
    provenance_facts,
    validity_facts,
)
from npusdk.views.text.words import BASIS, BOUNDARIES, BOUNDS, REACHABLE, join, joules, percent, watts, word

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
    """Add what would help, what would move the prediction, what it leaves out, and what it takes for granted."""
    add_advice(page, report)
    add_sensitivity(page, report)
    unused = (() if report.devices > 1 else assumptions.LINK) + (assumptions.POWER if report.energy_j is None else ())
    title = render(_("Not part of the {basis} time"), basis=word(BASIS, report.basis))
    assumptions.add_reservations(page, title, report.excluded, report.assumptions, unused=unused)


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
    yield from validity_facts(report.validity, report.interval_basis)
    yield from provenance_facts(report.provenance, report.stack, report.device_name)
    yield from division_facts(report)
    low, high = interval_of(report, "throughput")
    yield (
        render(_("{basis} throughput"), basis=basis),
        render(
            _("{rate} samples/s, between {low} and {high}, calls without a gap"),
            rate=format_number(report.throughput_per_s),
            low=format_number(low),
            high=format_number(high) if high < float("inf") else "-",
        ),
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
    yield from _energy(report, basis)
    yield translate(_("work")), _work(report)
    yield translate(_("precision")), f"{report.precision}: {reachability(report.precision_reachable)}"
    yield from ((translate(_("source")), report.precision_reachable.source),) * bool(report.precision_reachable.source)
    yield translate(_("device")), f"{report.device_name} ({report.device})"
    yield translate(_("cost model")), report.model_version


def _energy(report: ProfileReport, basis: str) -> Iterator[tuple[str, str]]:
    if report.energy_j is not None:
        yield render(_("{basis} energy"), basis=basis), energy_text(report)
    if report.power_w is not None:
        yield (
            render(_("{basis} power"), basis=basis),
            join(
                watts(report.power_w),
                render(_("{power} when calls follow each other"), power=watts(report.sustained_power_w))
                if report.sustained_power_w is not None
                else "",
                word(BOUNDARIES, report.power_boundary),
            ),
        )
    if report.krw is not None:
        price = render(_("{price} KRW for a million samples"), price=price_of(report))
        yield (
            render(_("{basis} price"), basis=basis),
            join(price, plain(report.price_basis, NAME_LIMIT), separator="; "),
        )


def energy_text(report: ProfileReport) -> str:
    """Return the joules of a call with their interval and what they rest on."""
    value = render(_("{energy} a call"), energy=joules(report.energy_j or 0.0))
    return bounded_energy(value, (report.energy_low_j, report.energy_high_j), report.energy_basis)


def price_of(report: ProfileReport) -> str:
    """Return the won of a million samples as a number; a sample costs far less than one."""
    return "-" if report.krw_per_sample is None else format_number(report.krw_per_sample * 1e6)


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
    repeated = report.layers.repeats is not None and bool((report.layers.repeats > 1).any())
    page.table(
        (
            Column(translate(_("layer")), wraps=True, least=24),
            Column(translate(_("operators")), wraps=True, least=18),
            *((Column(translate(_("times")), number=True),) * repeated),
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
                *((f"x {layer.repeats or 1}",) * repeated),
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
    add_explanations(page, report, order)
