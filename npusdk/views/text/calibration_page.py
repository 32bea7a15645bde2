"""A calibration as a page: constants of chips and stacks, and how far off predictions with them are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from npusdk.catalogue import device_names, find_device
from npusdk.language import _, plain, render, translate
from npusdk.pipeline.constants import Calibration, ChipConstants, Scores
from npusdk.units import format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page

WAYS: Mapping[str, str] = MappingProxyType(
    {
        "in_sample": _("seen"),
        "leave_one_model_out": _("network left out"),
        "leave_one_chip_out": _("chip left out"),
        "roofline": _("roofline"),
    }
)
"""Ways of judging, with their headings."""


def calibration(value: Calibration, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return a calibration as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(value))
    add_calibration(page, value)
    return str(page)


def title_of(value: Calibration) -> str:
    """Return the name and what the constants rest on."""
    return render(
        _("calibration {name}, chips x models: {units}, rows: {rows}"),
        name=plain(value.name, NAME_LIMIT),
        units=value.units,
        rows=value.rows,
    )


def add_calibration(page: Blocks, value: Calibration) -> None:
    """Add the constants, the errors and the intervals."""
    page.heading(translate(_("Fitted constants of chips")))
    page.table(
        (
            Column(translate(_("chip")), wraps=True),
            Column(translate(_("kind"))),
            Column(translate(_("models")), number=True),
            Column(translate(_("rows")), number=True),
            Column(translate(_("share of the matrix rate")), number=True),
            Column(translate(_("overhead of an operator")), number=True),
        ),
        (_chip_row(name, chip) for name, chip in value.chips.items()),
    )
    if any(stack.units for stack in value.stacks.values()):
        page.heading(translate(_("Factors of software beside the reference")))
        _add_stacks(page, value)
    page.heading(translate(_("Mean error over chips x models")))
    _add_scores(page, value)
    page.heading(translate(_("Intervals: measured over predicted time")))
    page.facts(_intervals(value))


def _chip_row(name: str, chip: ChipConstants) -> tuple[str, ...]:
    known = next((device for device in chip.devices if device in device_names()), "")
    return (
        plain(name, NAME_LIMIT),
        find_device(known).kind.upper() if known else "-",
        str(chip.units),
        str(chip.points),
        f"{chip.eta_compute:.3f}",
        format_seconds(chip.op_overhead_s),
    )


def _add_stacks(page: Blocks, value: Calibration) -> None:
    page.table(
        (
            Column(translate(_("software")), wraps=True),
            Column(translate(_("models")), number=True),
            Column(translate(_("chips")), number=True),
            Column(translate(_("compute")), number=True),
            Column(translate(_("memory")), number=True),
            Column(translate(_("overhead")), number=True),
            Column(translate(_("offered"))),
        ),
        (
            (
                plain(name, NAME_LIMIT),
                *map(str, (stack.units, stack.chips)),
                *(f"{factor:.2f}" for factor in (stack.compute, stack.memory, stack.overhead)),
                translate(_("yes")) if stack.supported else translate(_("no")),
            )
            for name, stack in value.stacks.items()
            if stack.units
        ),
    )


def _add_scores(page: Blocks, value: Calibration) -> None:
    """Add a line for all, for each vendor with its number of networks on chips, and for the ranks."""
    shown = [(translate(title), value.scores[way]) for way, title in WAYS.items() if way in value.scores]
    page.table(
        (Column("", wraps=True), *(Column(title, number=True) for title, _scores in shown)),
        _score_rows([scores for _title, scores in shown], value),
    )


def _score_rows(scores: Sequence[Scores], value: Calibration) -> Iterator[tuple[str | Cell, ...]]:
    yield Cell(translate(_("all")), "bold"), *(Cell(f"{one.macro_mape:.1%}", "bold") for one in scores)
    for vendor, units in value.vendor_units.items():
        errors = (one.by_vendor.get(vendor) for one in scores)
        yield f"{plain(vendor, NAME_LIMIT)} (n={units})", *("-" if e is None else f"{e:.1%}" for e in errors)
    yield translate(_("order within a chip")), *(_rank(one.rank_within_chip) for one in scores)
    yield translate(_("order of chips")), *(_rank(one.rank_within_workload) for one in scores)


def _rank(rank: float | None) -> str:
    return "-" if rank is None else f"{rank:.3f}"


_RESTS_ON: Mapping[str, str] = MappingProxyType(
    {
        "A": _("four measured models of the chip, or more"),
        "B": _("fewer"),
        "C": _("none"),
    }
)


def _intervals(value: Calibration) -> Iterator[tuple[str, str]]:
    for name, interval in sorted(value.intervals.items()):
        factors = {"low": f"{interval.low:.2f}", "high": f"{interval.high:.2f}"}
        share = interval.coverage
        yield (
            f"{name} ({translate(_RESTS_ON[name])})",
            render(_("x{low} to x{high}, judgement"), **factors)
            if share is None
            else render(_("x{low} to x{high}, of left-out measurements: {share}"), share=f"{share:.0%}", **factors),
        )
