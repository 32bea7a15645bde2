"""How good a fit is on what it has not seen: every network on a chip left out in turn, and every chip."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from npusdk.calibration.fit import COARSE, Judge, Name, Theta, fit, start
from npusdk.calibration.judging import Predictor, judge
from npusdk.calibration.points import Point
from npusdk.calibration.predictor import Prediction, answer
from npusdk.calibration.refusals import Refused
from npusdk.calibration.scores import Judged, fit_roofline, macro_by, macro_mean, mean_rank, ranks_by
from npusdk.pipeline.calibration import WIDTHS
from npusdk.pipeline.constants import Interval, Scores

COVERAGE = 0.8
"""Share of left-out measurements that an interval holds, the same share missing on either side."""

FEWEST_UNITS = 4
"""Measured networks of a chip whose intervals rest on measurements."""

DIGITS = 4
"""Decimals of a score."""


@dataclass(frozen=True)
class Evaluation:
    """Rows as they were predicted, by way of judging.

    Parameters
    ----------
    in_sample, leave_one_model_out, leave_one_chip_out
        One for each point, with constants fitted on all points, on those of other networks on chips, of other chips.
    """

    in_sample: tuple[Judged, ...]
    leave_one_model_out: tuple[Judged, ...]
    leave_one_chip_out: tuple[Judged, ...]

    def scores(self) -> dict[str, Scores]:
        """Return the scores of all ways, and of the one-constant roofline."""
        ways = ("in_sample", "leave_one_model_out", "leave_one_chip_out")
        return {**{way: score(getattr(self, way)) for way in ways}, "roofline": _score_roofline(self.in_sample)}


def evaluate(points: Sequence[Point], theta: Theta, judge_of: Judge) -> Evaluation:
    """Return all points predicted by constants that have, and have not, seen them."""
    return Evaluation(
        tuple(predict_points(points, theta, judge_of)),
        tuple(_left_out(points, judge_of, lambda point: point.unit)),
        tuple(_left_out(points, judge_of, lambda point: point.chip)),
    )


def _left_out(points: Sequence[Point], judge_of: Judge, key: Callable[[Point], str]) -> Iterable[Judged]:
    """Yield all points, each predicted by a fit without the points that share its key."""
    chips = {point.chip for point in points}
    for left in sorted({key(point) for point in points}):
        theta = fit([point for point in points if key(point) != left], judge_of, chips=chips, finest=COARSE)
        yield from predict_points(
            [point for point in points if key(point) == left], {**start(points), **theta}, judge_of
        )


def predict_points(points: Iterable[Point], theta: Mapping[Name, float], judge_of: Judge) -> Iterable[Judged]:
    """Yield points with their predictions under constants."""
    for point in points:
        said = answer(point.prepared, judge_of.parameters(point, theta))
        yield judge(point.row, _always(said))


def _always(said: Prediction | Refused) -> Predictor:
    return lambda _question: said


def score(rows: Sequence[Judged]) -> Scores:
    """Return errors and ranks of predicted rows."""
    errors = ((row.unit, row.error) for row in rows)
    return Scores(
        macro_mape=round(macro_mean(errors) or 0.0, DIGITS),
        by_vendor={vendor: round(error, DIGITS) for vendor, error in macro_by(rows, lambda row: row.vendor).items()},
        rank_within_chip=_round(mean_rank(ranks_by(rows, lambda row: row.chip).values())),
        rank_within_workload=_round(mean_rank(ranks_by(rows, lambda row: row.workload, devices=2).values())),
    )


def _score_roofline(rows: Sequence[Judged]) -> Scores:
    constant = fit_roofline(rows)
    by_vendor = {}
    for vendor in sorted({row.vendor for row in rows}):
        errors = ((row.unit, row.roofline_error(constant)) for row in rows if row.vendor == vendor)
        by_vendor[vendor] = round(macro_mean(errors) or 0.0, DIGITS)
    everything = macro_mean((row.unit, row.roofline_error(constant)) for row in rows)
    return Scores(macro_mape=round(everything or 0.0, DIGITS), by_vendor=by_vendor)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def make_interval(points: Sequence[Point], rows: Sequence[Judged]) -> Interval:
    """Return the factors between which `COVERAGE` of left-out measurements lie, on chips with enough of them.

    Each network on a chip counts once. The factors are those of measured over predicted seconds; where no chip has
    enough, they are judgement.
    """
    units: dict[str, set[str]] = {}
    for point in points:
        units.setdefault(point.chip, set()).add(point.unit)
    enough = {unit for members in units.values() if len(members) >= FEWEST_UNITS for unit in members}
    ratios = [
        (math.log(row.measured_s / row.predicted_s), row.unit)
        for row in rows
        if row.unit in enough and row.measured_s and row.predicted_s
    ]
    if not ratios:
        return Interval(low=WIDTHS["A"][0], high=WIDTHS["A"][1])
    sizes = {unit: sum(other == unit for _, other in ratios) for _, unit in ratios}
    tail = (1 - COVERAGE) / 2
    low, high = (_quantile(sorted((value, 1 / sizes[unit]) for value, unit in ratios), q) for q in (tail, 1 - tail))
    return Interval(low=min(1.0, round(math.exp(low), 3)), high=max(1.0, round(math.exp(high), 3)), coverage=COVERAGE)


def _quantile(weighted: Sequence[tuple[float, float]], share: float) -> float:
    """Return the value below which a share of the weight lies, of pairs in ascending order."""
    wanted = share * math.fsum(weight for _, weight in weighted)
    total = 0.0
    for value, weight in weighted:
        total += weight
        if total >= wanted:
            return value
    return weighted[-1][0]
