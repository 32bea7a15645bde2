"""Which measurements take part in a fit, and which do not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from npusdk.calibration.preparation import Prepared, prepare
from npusdk.calibration.questions import ask
from npusdk.calibration.refusals import Refused
from npusdk.calibration.rows import Row
from npusdk.calibration.settings import PRIORS, REFERENCES, chip_of, class_of
from npusdk.language import _
from npusdk.report.validation import REASONS

WHY: Mapping[str, str] = MappingProxyType(
    {
        **dict[str, str](REASONS.items()),
        "conditional": _("not primary: its source leaves something open"),
        "power": _("a power; only times and rates are fitted"),
    }
)
"""Every reason why a row does not take part, with its sentence, marked for translation."""


@dataclass(frozen=True)
class Point:
    """A measured row that takes part.

    Parameters
    ----------
    row, prepared
        The row, and its work.
    chip, stack
        What its constants are called.
    measured
        In the row's unit of measurement.
    has_factors
        Whether the stack can be told apart from its chips: it ran on one where a reference stack was measured too.
    """

    row: Row
    prepared: Prepared
    chip: str
    stack: str
    measured: float
    has_factors: bool = True

    @property
    def unit(self) -> str:
        """Network on a chip."""
        return self.row.split_unit


class Unused(NamedTuple):
    """A row that does not take part, and which of `WHY` is the reason."""

    row: Row
    reason: str


def make_points(rows: Iterable[Row]) -> tuple[Point, ...]:
    """Return the primary rows that are times or rates of known chips and can be predicted."""
    return sort_rows(rows)[0]


def sort_rows(rows: Iterable[Row]) -> tuple[tuple[Point, ...], tuple[Unused, ...]]:
    """Return the rows that take part, and the others.

    A row that names no unit belongs to that of the rows with its chip and network, and else makes one of these two.
    """
    found = [_read(row) for row in rows]
    points = [one for one in found if isinstance(one, Point)]
    units = {_network(point): point.unit for point in reversed(points) if point.unit}
    with_reference = {point.chip for point in points if point.stack in REFERENCES}
    told_apart = {point.stack for point in points if point.chip in with_reference} - REFERENCES
    return (
        tuple(
            replace(
                point,
                row=replace(point.row, split_unit=point.unit or units.get(_network(point), "|".join(_network(point)))),
                has_factors=point.stack in told_apart,
            )
            for point in points
        ),
        tuple(one for one in found if isinstance(one, Unused)),
    )


def _network(point: Point) -> tuple[str, str]:
    return point.chip, point.prepared.question.model


def _read(row: Row) -> Point | Unused:
    question = ask(row)
    if isinstance(question, Refused):
        return Unused(row, question.reason)
    if row.use != "primary":
        return Unused(row, "conditional")
    if question.measures == "power":
        return Unused(row, "power")
    prepared = prepare(question)
    chip = chip_of(question.device)
    if isinstance(prepared, Refused):
        return Unused(row, prepared.reason)
    if class_of(chip) not in PRIORS or not row.value:
        return Unused(row, "not_modelled")
    return Point(row, prepared, chip, prepared.question.stack, row.value)
