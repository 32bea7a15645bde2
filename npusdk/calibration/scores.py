"""Scores of predictions: errors that count each chip and geometry once, ranks, and the baseline beside them.

**Error of a row**: `|p - m| / m`. **Macro mean**: the mean of a unit's rows, then the mean over units, so that a model
measured at thirty batches counts as much as one measured once. A group (device, vendor, stack) is scored by the macro
mean of its own rows.

**Ranks**: Spearman's rho of predicted against measured seconds per sample (one image, or one sequence with its answer),
mean over groups of `SMALLEST_GROUP` rows or more.

- *Within a chip*: all rows of one chip, whatever the model, the batch and the precision.
- *Within a workload*: rows of one model at one size, precision and mode on at least two devices; of one batch where a
  call is timed, and of any batch where a rate is measured, because the batch is then the submitter's choice.

**Baseline**: a roofline of the whole network from the data sheet, `t = c max(MAC / peak, bytes / bandwidth)`, with one
constant c for all rows by least squares on the log error; with fewer than `FEWEST_FITTED` rows c is `FIXED_CONSTANT`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from npusdk.report.validation import Reason

SMALLEST_GROUP = 5
FEWEST_FITTED = 5
FIXED_CONSTANT = 2.8
"""For files too small to fit: what the measurements that come with npusdk give."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, its prediction, and what both mean.

    Parameters
    ----------
    id, line, use, unit
        Of the row; `unit` is what counts once.
    device, chip, vendor, stack
        Identifier of the device; the chip whatever its card; empty where they are not known.
    model
        As the row names it.
    workload
        In words; equal for rows that differ in their device alone, empty where there is no time.
    measured, predicted, measured_in
        In the row's unit of measurement; None where the row has none, or was refused.
    is_rate
        Whether more is faster.
    measured_s, predicted_s, roofline_s
        Seconds per sample; the last at the data sheet's rates. None where a row is no time.
    reason, detail
        Why there is no prediction.
    """

    id: str
    line: int
    use: str
    unit: str
    device: str = ""
    chip: str = ""
    vendor: str = ""
    stack: str = ""
    model: str = ""
    workload: str = ""
    measured: float | None = None
    predicted: float | None = None
    measured_in: str = ""
    is_rate: bool = False
    measured_s: float | None = None
    predicted_s: float | None = None
    roofline_s: float | None = None
    reason: Reason | None = None
    detail: str = ""

    @property
    def error(self) -> float | None:
        """`|p - m| / m`; None without a prediction."""
        if self.predicted is None or not self.measured:
            return None
        return abs(self.predicted - self.measured) / self.measured

    def roofline_error(self, constant: float) -> float | None:
        """Return the error of the roofline with a constant; None where the row is no time."""
        if not self.roofline_s or not self.measured_s:
            return None
        ratio = constant * self.roofline_s / self.measured_s
        return abs(1 / ratio - 1) if self.is_rate else abs(ratio - 1)


def macro_mean(errors: Iterable[tuple[str, float | None]]) -> float | None:
    """Return the mean over units of the mean of each unit's errors; None where there are none.

    Examples
    --------
    >>> macro_mean([("a", 0.1), ("a", 0.3), ("b", 0.6), ("b", None)])
    0.4
    """
    units = mean_by(errors)
    return math.fsum(units.values()) / len(units) if units else None


def mean_by(errors: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """Return the mean error of each unit, in the order in which they are first met."""
    units: dict[str, list[float]] = defaultdict(list)
    for unit, error in errors:
        if error is not None:
            units[unit].append(error)
    return {unit: math.fsum(values) / len(values) for unit, values in units.items()}


def macro_by(rows: Iterable[Judged], key: Callable[[Judged], str]) -> dict[str, float]:
    """Return the macro mean of each group's predicted rows, in alphabetical order of the groups."""
    groups: dict[str, list[tuple[str, float | None]]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append((row.unit, row.error))
    means = {group: macro_mean(groups[group]) for group in sorted(groups)}
    return {group: mean for group, mean in means.items() if mean is not None}


def fit_roofline(rows: Iterable[Judged]) -> float:
    """Return the one constant of the roofline: the geometric mean of measured over data-sheet seconds.

    Examples
    --------
    >>> rows = [Judged("", 1, "", "", measured_s=m, roofline_s=1.0) for m in (1.0, 2.0, 4.0, 8.0, 16.0)]
    >>> fit_roofline(rows), fit_roofline(rows[:4])
    (4.0, 2.8)
    """
    ratios = [math.log(row.measured_s / row.roofline_s) for row in rows if row.measured_s and row.roofline_s]
    return math.exp(math.fsum(ratios) / len(ratios)) if len(ratios) >= FEWEST_FITTED else FIXED_CONSTANT


def ranks_by(rows: Iterable[Judged], key: Callable[[Judged], str], *, devices: int = 1) -> dict[str, float]:
    """Return Spearman's rho of each group of `SMALLEST_GROUP` rows or more; groups without an order are left out.

    Parameters
    ----------
    devices
        How many different devices a group has at least.
    """
    groups: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        if row.measured_s and row.predicted_s and key(row):
            groups[key(row)].append(row)
    found = {}
    for group, members in groups.items():
        if len(members) >= SMALLEST_GROUP and len({row.device for row in members}) >= devices:
            predicted, measured = ([getattr(row, name) for row in members] for name in ("predicted_s", "measured_s"))
            found[group] = spearman(predicted, measured)
    return {group: rho for group, rho in sorted(found.items()) if rho is not None}


def mean_rank(ranks: Iterable[float]) -> float | None:
    """Return the mean over groups; None where there is no group."""
    values = list(ranks)
    return math.fsum(values) / len(values) if values else None


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, tied values sharing the mean of their ranks; None where one side is constant.

    Examples
    --------
    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    """
    a, b = average_ranks(first), average_ranks(second)
    middle = (len(a) + 1) / 2
    both = math.fsum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in a) * math.fsum((y - middle) ** 2 for y in b))
    return both / spread if spread else None


def average_ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value from 1, tied values sharing the mean of theirs.

    Examples
    --------
    >>> average_ranks([5.0, 1.0, 5.0])
    [2.5, 1.0, 2.5]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2 + 1
        first = last + 1
    return ranks
