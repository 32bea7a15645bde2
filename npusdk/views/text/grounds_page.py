"""What a prediction stands on, what would move it and what would improve it, as lines that every page shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from npusdk.language import _, plain, render, translate
from npusdk.report import Advice, LayerCost, Note, Parallel, ProfileReport, Provenance, Sensitivity, explain
from npusdk.report.layers import TERMS
from npusdk.units import format_count, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Column
from npusdk.views.text.words import BASIS, BOUNDS, FIGURE_KINDS, VALIDITY, join, joules, percent, word

ADVICE = 6
"""Pieces of advice that are shown, the largest gains first as the report has them."""

REASONS = 3
"""Explanations of slow layers that are shown."""

OUTWEIGHED = _("{bound}; its largest term is {first}, {margin} times {second}")

_GAINS: Mapping[str, str] = MappingProxyType(
    {
        "latency": _("{basis} latency {gain} times shorter"),
        "throughput": _("{basis} throughput {gain} times as high"),
        "energy": _("{basis} energy {gain} times lower"),
    }
)


def validity_facts(validity: str, interval_basis: str) -> Iterator[tuple[str, str]]:
    """Yield the class of a prediction with its meaning, and what its interval rests on."""
    label = render(_("validity class {validity}"), validity=validity)
    yield label, join(word(VALIDITY, validity), explain(interval_basis), separator="; ")


def bounded_energy(energy: str, ends_j: tuple[float | None, float | None], basis: str) -> str:
    """Return an energy that is written already, with its interval where there is one and what that rests on."""
    low_j, high_j = ends_j
    said = energy
    if low_j is not None and high_j is not None:
        said = join(energy, render(_("between {low} and {high}"), low=joules(low_j), high=joules(high_j)))
    return join(said, explain(basis) if basis else "", separator="; ")


def provenance_facts(found: Provenance | None, stack: str, device_name: str) -> Iterator[tuple[str, str]]:
    """Yield where the calibrated parameters come from, and the software whose factors were applied.

    Parameters
    ----------
    device_name
        Stands for the chip where that has no name.
    """
    if found is not None:
        yield translate(_("calibration")), _provenance(found, plain(found.chip or device_name, NAME_LIMIT))
    if not stack:
        return
    if found is not None and found.stack_units:
        text = render(
            _("{stack}: calibrated, networks: {units}"), stack=plain(stack, NAME_LIMIT), units=found.stack_units
        )
    else:
        text = render(_("{stack}: no measurement, no factor"), stack=plain(stack, NAME_LIMIT))
    yield translate(_("software")), text


def _provenance(found: Provenance, chip: str) -> str:
    figures = render(
        _("{share} of the matrix peak, {overhead} a step"),
        share=percent(found.eta_compute),
        overhead=format_seconds(found.op_overhead_s),
    )
    if not found.calibrated:
        return render(_("{chip}: default of its class, not calibrated ({figures})"), chip=chip, figures=figures)
    text = render(
        _("{chip}: calibrated on networks: {units}, measurements: {points} ({figures})"),
        chip=chip,
        units=found.units,
        points=found.points,
        figures=figures,
    )
    return text if found.profile == "published" else f"{text}; {plain(found.profile, NAME_LIMIT)}"


def parallel_text(parallel: Parallel | None) -> str:
    """Return how a model is divided among devices."""
    if parallel is None or parallel.devices == 1:
        return translate(_("one device"))
    named = {"tp": parallel.tp, "pp": parallel.pp, "replicas": parallel.replicas}
    parts = ", ".join(f"{name}={count}" for name, count in named.items() if count > 1)
    return render(_("{count} devices ({parts})"), count=parallel.devices, parts=parts)


def division_facts(report: ProfileReport) -> Iterator[tuple[str, str]]:
    """Yield how the work is divided among devices, parts of a device and chunks of a batch, where it is."""
    if report.devices > 1:
        yield translate(_("devices")), parallel_text(report.parallel)
    chunked = report.chunk is not None and report.chunk < report.batch
    split = (report.partitions or 1) > 1
    if chunked or split:
        yield (
            translate(_("division")),
            join(
                render(_("samples in a chunk: {count}"), count=report.chunk) if chunked else "",
                render(_("parts of the device for throughput: {count}"), count=report.partitions) if split else "",
            ),
        )


def add_explanations(page: Blocks, report: ProfileReport, order: Sequence[int]) -> None:
    """Add why the slowest layers take so long, those with the same reason as one line."""
    found: dict[tuple[str, str], list[int]] = {}
    if report.layers.explanations is None:
        return
    for index in order:
        note = report.layers.explanations[index]
        found.setdefault((report.layers.bounds[index], note.code), []).append(index)
    if found:
        page.heading(render(_("What decides the slowest layers, {basis}"), basis=word(BASIS, report.basis)))
        page.bullets(
            _explained(report.layers[indices[0]], len(indices) - 1) for indices in list(found.values())[:REASONS]
        )


def explained(layer: LayerCost) -> str:
    """Return what bounds a layer, by how much, and what would change that."""
    bound = word(BOUNDS, layer.bound)
    terms, margin = layer.terms or {}, layer.margin
    if margin is not None:
        first, second = sorted(TERMS, key=lambda name: -terms.get(TERMS[name], 0.0))[:2]
        form = _("{bound}, {margin} times {second}") if first == layer.bound else OUTWEIGHED
        bound = render(
            form, bound=bound, first=word(BOUNDS, first), second=word(BOUNDS, second), margin=format_number(margin)
        )
    return join(bound, _changed(layer.explanation) if layer.explanation else "", separator="; ")


def _changed(note: Note) -> str:
    gain = note.params.get("gain")
    text = explain(note)
    if not isinstance(gain, int | float) or gain <= 0:
        return text
    return render(_("{text} (half of that term: -{gain})"), text=text, gain=percent(gain))


def _explained(layer: LayerCost, more: int) -> str:
    name = plain(layer.name, NAME_LIMIT)
    names = render(_("{name} and {count} more"), name=name, count=more) if more else name
    return f"{names}: {explained(layer)}"


def add_advice(page: Blocks, report: ProfileReport) -> None:
    """Add what would improve the run, with the gain that re-costing gave."""
    advice = report.advice[:ADVICE]
    if advice:
        page.heading(render(_("What would help, {basis}"), basis=word(BASIS, report.basis)))
        page.numbered(_advised(one, word(BASIS, report.basis)) for one in advice)


def _advised(one: Advice, basis: str) -> str:
    gain = render(_GAINS[one.of], basis=basis, gain=format_number(one.gain))
    sure = translate(_("intervals do not overlap")) if one.separable else translate(_("not separable from now"))
    after = format_seconds(one.predicted_s) if one.predicted_s is not None else ""
    return f"{explain(one.action)} {gain} ({join(after, sure)}): {explain(one.condition)}; {explain(one.cause)}"


def add_sensitivity(page: Blocks, report: ProfileReport) -> None:
    """Add the parameters that move the latency most."""
    rows = report.sensitivity[:]
    if not rows:
        return
    basis = word(BASIS, report.basis)
    page.heading(
        render(_("What would move the {basis} latency by more than {share}"), basis=basis, share=percent(0.05))
    )
    page.table(
        (
            Column(translate(_("parameter")), wraps=True),
            Column(translate(_("figure"))),
            Column(translate(_("value")), number=True),
            Column(translate(_("times and divided by")), number=True, optional=True),
            Column(translate(_("low")), number=True),
            Column(translate(_("high")), number=True),
            Column(translate(_("change")), number=True),
        ),
        map(_sensitive, rows),
    )


def _sensitive(row: Sensitivity) -> tuple[str, ...]:
    return (
        plain(row.parameter, NAME_LIMIT),
        word(FIGURE_KINDS, row.kind),
        format_seconds(row.value) if row.parameter.endswith("_s") else format_count(row.value),
        format_number(row.factor),
        format_seconds(row.latency_low_s),
        format_seconds(row.latency_high_s),
        percent(row.change),
    )
