"""What serving a language model takes, as a page: first token, steps, rate, memory, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from npusdk.language import _, plain, render, translate
from npusdk.report import ServingReport, Span
from npusdk.units import format_bytes, format_count, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell
from npusdk.views.page import WIDTH, Page
from npusdk.views.text import assumptions
from npusdk.views.text.grounds_page import bounded_energy, parallel_text, provenance_facts, validity_facts
from npusdk.views.text.words import BASIS, BOUNDARIES, join, joules, word

BATCHING: Mapping[str, str] = MappingProxyType(
    {
        "continuous": _("continuous: a request that ends makes room for the next"),
        "static": _("static: a batch begins and ends together"),
    }
)

BATCHES: Mapping[str, str] = MappingProxyType(
    {"given": _("as asked"), "memory": _("as many as the memory holds"), "cap": _("the most that is proposed")}
)
"""What decided how many requests there are at once."""


def serving(report: ServingReport, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the report as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(report))
    add_serving(page, report)
    return str(page)


def title_of(report: ServingReport) -> str:
    """Return what is served where, and how fast."""
    return render(
        _("{model} on {count} x {device}, {precision}: {basis} {rate} tokens/s"),
        model=plain(report.model, NAME_LIMIT),
        count=report.parallel.devices,
        device=plain(report.device_name, NAME_LIMIT),
        precision=plain(report.precision, NAME_LIMIT),
        basis=word(BASIS, report.basis),
        rate=format_number(report.tokens_per_s.value),
    )


def add_serving(page: Blocks, report: ServingReport) -> None:
    """Add the figures, what they rest on, what they leave out and what they take for granted."""
    basis = word(BASIS, report.basis)
    page.facts((*_times(report, basis), *_memory(report), *_setting(report)))
    title = render(_("Not part of the {basis} time"), basis=basis)
    unused = () if report.parallel.tp * report.parallel.pp > 1 else assumptions.LINK
    unused += assumptions.POWER if report.energy_j_per_token is None else ()
    assumptions.add_reservations(page, title, report.excluded, report.assumptions, unused=unused)


def seconds_of(span: Span) -> str:
    """Return a time with its interval."""
    return render(
        _("{latency}, between {low} and {high}"),
        latency=format_seconds(span.value),
        low=format_seconds(span.low),
        high=format_seconds(span.high),
    )


def rate_of(span: Span) -> str:
    """Return a rate of tokens with its interval."""
    return render(
        _("{rate} tokens/s, between {low} and {high}"),
        rate=format_number(span.value),
        low=format_number(span.low),
        high=format_number(span.high),
    )


def _times(report: ServingReport, basis: str) -> Iterator[tuple[str, str | Cell]]:
    yield render(_("{basis} rate"), basis=basis), Cell(rate_of(report.tokens_per_s), "bold")
    if report.parallel.devices > 1:
        rate = format_number(report.tokens_per_s_per_device)
        yield render(_("{basis} rate of a device"), basis=basis), render(_("{rate} tokens/s"), rate=rate)
    yield render(_("{basis} first token (TTFT)"), basis=basis), seconds_of(report.ttft)
    if report.tpot is not None:
        yield render(_("{basis} next token (TPOT)"), basis=basis), seconds_of(report.tpot)
    yield render(_("{basis} token under load"), basis=basis), seconds_of(report.tpot_loaded)
    yield render(_("{basis} request under load"), basis=basis), seconds_of(report.latency)
    if report.energy_j_per_token is not None:
        energy = render(_("{energy} a token"), energy=joules(report.energy_j_per_token))
        said = join(energy, word(BOUNDARIES, report.power_boundary))
        ends_j = report.energy_low_j_per_token, report.energy_high_j_per_token
        yield render(_("{basis} energy"), basis=basis), bounded_energy(said, ends_j, report.energy_basis)
    if report.krw_per_million_tokens is not None:
        price = render(_("{price} KRW for a million tokens"), price=format_number(report.krw_per_million_tokens))
        rests_on = plain(report.price_basis, NAME_LIMIT)
        yield render(_("{basis} price"), basis=basis), join(price, rests_on, separator="; ")
    yield from validity_facts(report.validity, report.interval_basis)
    yield from provenance_facts(report.provenance, report.stack, report.device_name)


def _memory(report: ServingReport) -> Iterator[tuple[str, str]]:
    batch = render(
        _("{count} on each replica, {why}"), count=f"{report.batch:,}", why=word(BATCHES, report.batch_basis)
    )
    yield translate(_("requests at once")), batch
    unknown = translate(_("memory not documented"))
    yield (
        translate(_("largest batch")),
        unknown if report.largest_batch is None else f"{report.largest_batch:,}",
    )
    capacity = report.kv_capacity_tokens
    yield (
        translate(_("keys and values")),
        join(
            unknown if capacity is None else render(_("room for {count} tokens"), count=f"{capacity:,}"),
            render(_("{size} a token"), size=format_bytes(report.kv_bytes_per_token)),
        ),
    )
    available = unknown if report.memory_bytes is None else format_bytes(report.memory_bytes)
    yield (
        translate(_("memory of a replica")),
        render(
            _("{available}, of which weights {weights}"), available=available, weights=format_bytes(report.weight_bytes)
        ),
    )


def _setting(report: ServingReport) -> Iterator[tuple[str, str]]:
    yield (
        translate(_("request")),
        render(_("{read} tokens in, {written} tokens out"), read=report.input_tokens, written=report.output_tokens),
    )
    yield translate(_("batching")), word(BATCHING, report.batching)
    yield translate(_("devices")), parallel_text(report.parallel)
    formats = render(
        _("{precision}; weights {weights}, keys and values {cache}"),
        precision=plain(report.precision, NAME_LIMIT),
        weights=plain(report.weights, NAME_LIMIT),
        cache=plain(report.cache, NAME_LIMIT),
    )
    yield translate(_("precision")), formats
    parameters = format_count(report.parameters)
    yield (
        translate(_("model")),
        render(_("{count} parameters, made for {tokens} tokens"), count=parameters, tokens=f"{report.max_context:,}"),
    )
    yield translate(_("device")), f"{report.device_name} ({report.device})"
    yield translate(_("cost model")), report.model_version
