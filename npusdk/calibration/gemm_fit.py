"""The fit of single matrix products: `python -m npusdk.calibration.gemm_fit` writes their constants anew.

Each chip's five constants minimise the mean absolute percentage error, the mean over the rows of a model and then over
the models, so that a model with more rows counts no more. The search is that of Nelder and Mead (The Computer Journal,
1965) from the starts in `STARTS`; it takes logarithms of the constants and logits of the efficiencies, so that none
leaves its range. Nothing is drawn by lot: the same data gives the same constants.

The errors that count are those of a model that the constants have not seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.calibration.gemm import GemmWork, count_work, time_gemms, time_roofline
from npusdk.calibration.gemm_constants import (
    MEASURED_DEVICES,
    MEASURED_DTYPE,
    ChipFit,
    Errors,
    GemmCalibration,
    GemmConstants,
    average_constants,
)
from npusdk.calibration.gemm_rows import FILE, GemmRows, read_gemm_rows
from npusdk.catalogue import cost_parameters, find_device

Floats: TypeAlias = npt.NDArray[np.float64]
Names: TypeAlias = npt.NDArray[np.str_]

VERSION = 1
DIGITS = 4
"""Significant digits of a constant; the search knows no more."""

STARTS = (
    GemmConstants(eta_matrix=0.8, eta_memory=0.85, fixed_s=4e-6, lead_elements=30, on_chip_bytes_per_cycle=34),
    GemmConstants(eta_matrix=0.9, eta_memory=0.95, fixed_s=4e-6, lead_elements=60, on_chip_bytes_per_cycle=38),
)
"""One where arithmetic limits large products, and one where on-chip traffic does: the error has a valley for each."""

_STEPS = (0.25, 0.08)
_ROUNDS = 300
_ENOUGH = 1e-6
_EFFICIENCIES = np.array([name.startswith("eta") for name in GemmConstants.model_fields])


def to_constants(point: Floats) -> GemmConstants:
    """Return the constants at a point of the search."""
    values = np.where(_EFFICIENCIES, 1 / (1 + np.exp(-point)), np.exp(point))
    return GemmConstants(**dict(zip(GemmConstants.model_fields, values.tolist(), strict=True)))


def to_point(constants: GemmConstants) -> Floats:
    """Return the point of the search where these constants stand."""
    values = np.array(list(constants.model_dump().values()))
    point: Floats = np.log(values / np.where(_EFFICIENCIES, 1 - values, 1.0))
    return point


def search(cost: Callable[[Floats], float], start: Floats, step: float) -> tuple[Floats, float]:
    """Return the point where `cost` is least near `start`, and its cost, by the simplex of Nelder and Mead."""
    points = np.vstack([start, start + step * np.eye(start.size)])
    costs = np.array([cost(point) for point in points])
    for _round in range(_ROUNDS):
        order = np.argsort(costs, kind="stable")
        points, costs = points[order], costs[order]
        if costs[-1] - costs[0] < _ENOUGH:
            break
        centre = points[:-1].mean(axis=0)
        away = centre - points[-1]
        reflected = cost(centre + away)
        if reflected < costs[0]:
            factor = 2.0 if cost(centre + 2 * away) < reflected else 1.0
        elif reflected < costs[-2]:
            factor = 1.0
        else:
            factor = 0.5 if reflected < costs[-1] else -0.5
        tried = cost(centre + factor * away)
        if tried < costs[-1]:
            points[-1], costs[-1] = centre + factor * away, tried
        else:
            points[1:] = (points[0] + points[1:]) / 2
            costs[1:] = [cost(point) for point in points[1:]]
    best = int(np.argmin(costs))
    return points[best], float(costs[best])


def _weights(models: Names) -> Floats:
    """Return the weight of each row: models count alike, and so do the rows of one."""
    _names, which, counts = np.unique(models, return_inverse=True, return_counts=True)
    weights: Floats = 1 / (counts[which] * counts.size)
    return weights


def _error(predicted_s: Floats, rows: GemmRows) -> float:
    return float(_weights(rows.model) @ np.abs(predicted_s / rows.latency_s - 1))


def fit_constants(work: GemmWork, rows: GemmRows) -> GemmConstants:
    """Return the constants of least error, rounded to `DIGITS` digits."""
    weights, over = _weights(rows.model), 1 / rows.latency_s

    def cost(point: Floats) -> float:
        return float(weights @ np.abs(time_gemms(work, to_constants(point)) * over - 1))

    found = []
    for start in STARTS:
        point = to_point(start)
        for step in _STEPS:
            point, error = search(cost, point, step)
        found.append((error, point))
    best = to_constants(min(found, key=lambda pair: pair[0])[1])
    return GemmConstants(**{name: float(f"{value:.{DIGITS}g}") for name, value in best})


def fit_roofline(work: GemmWork, rows: GemmRows) -> float:
    """Return the roofline's constant of least error: a weighted median of the ratios to it."""
    ratios = time_roofline(work, 1.0) / rows.latency_s
    order = np.argsort(ratios, kind="stable")
    pull = np.cumsum((_weights(rows.model) * ratios)[order])
    return float(f"{ratios[order][np.searchsorted(pull, pull[-1] / 2)]:.{DIGITS}g}")


Predictor: TypeAlias = Callable[[GemmWork, GemmRows, GemmWork], Floats]


def _by_constants(work: GemmWork, rows: GemmRows, asked: GemmWork) -> Floats:
    return time_gemms(asked, fit_constants(work, rows))


def _by_roofline(work: GemmWork, rows: GemmRows, asked: GemmWork) -> Floats:
    return time_roofline(asked, fit_roofline(work, rows))


def leave_out(work: GemmWork, rows: GemmRows, groups: Names, predict: Predictor = _by_constants) -> Floats:
    """Return the time of each row, predicted by what was fitted without its group."""
    predicted_s = np.empty_like(rows.latency_s)
    for group in np.unique(groups):
        out = groups == group
        predicted_s[out] = predict(work.take(~out), rows.take(~out), work.take(out))
    return predicted_s


def _errors(fitted_s: Floats, model_s: Floats, operator_s: Floats, rows: GemmRows) -> Errors:
    by_model = {
        str(name): _error(model_s[rows.model == name], rows.take(rows.model == name)) for name in np.unique(rows.model)
    }
    errors = (_error(predicted_s, rows) for predicted_s in (fitted_s, model_s, operator_s))
    fitted, model_left_out, operator_left_out = (round(error, DIGITS) for error in errors)
    return Errors(
        fitted=fitted,
        model_left_out=model_left_out,
        operator_left_out=operator_left_out,
        by_model={name: round(error, DIGITS) for name, error in by_model.items()},
    )


def _judge(work: GemmWork, rows: GemmRows, predict: Predictor) -> tuple[Errors, Floats]:
    """Return the errors of one way to predict, and its times with each model left out."""
    model_s = leave_out(work, rows, rows.model, predict)
    operator_s = leave_out(work, rows, rows.operator, predict)
    return _errors(predict(work, rows, work), model_s, operator_s, rows), model_s


def chip_work(rows: GemmRows, chip: str) -> tuple[GemmWork, GemmRows]:
    """Return the rows of one chip, and what they ask of the card that was measured."""
    some = rows.take(rows.chip == chip)
    parameters = cost_parameters(find_device(MEASURED_DEVICES[chip]), MEASURED_DTYPE)
    return count_work(parameters, some.M, some.N, some.K), some


def _fit_chip(chip: str, rows: GemmRows, constants: Mapping[str, GemmConstants]) -> ChipFit:
    work, some = chip_work(rows, chip)
    errors, left_out_s = _judge(work, some, _by_constants)
    roofline, _times = _judge(work, some, _by_roofline)
    low, high = np.quantile(some.latency_s / left_out_s, (0.05, 0.95))
    others = average_constants(found for name, found in constants.items() if name != chip)
    return ChipFit(
        chip=chip,
        device=MEASURED_DEVICES[chip],
        rows=some.M.size,
        shapes=np.unique(np.stack([some.N, some.K]), axis=1).shape[1],
        constants=constants[chip],
        errors=errors,
        low=round(float(low), DIGITS),
        high=round(float(high), DIGITS),
        other_chip_error=round(_error(time_gemms(work, others), some), DIGITS),
        roofline_eta=fit_roofline(work, some),
        roofline=roofline,
    )


def fit_calibration() -> GemmCalibration:
    """Fit every chip on the measurements that are shipped, and judge each fit by what it has not seen."""
    rows = read_gemm_rows()
    constants = MappingProxyType({chip: fit_constants(*chip_work(rows, chip)) for chip in MEASURED_DEVICES})
    chips = tuple(_fit_chip(chip, rows, constants) for chip in MEASURED_DEVICES)
    etas = np.array([fit.roofline_eta for fit in chips])
    return GemmCalibration(
        version=VERSION,
        data=FILE,
        data_sha256=rows.sha256,
        dtype=MEASURED_DTYPE,
        chips=chips,
        class_constants=average_constants(constants.values()),
        class_roofline_eta=float(np.exp(np.log(etas).mean())),
    )


def main() -> None:
    """Write the constants to the data file beside this module, and show them."""
    text = fit_calibration().model_dump_json(indent=2) + "\n"
    (Path(__file__).parent / "data" / f"gemm-{VERSION}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
