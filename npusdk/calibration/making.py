"""A fit becomes a calibration, and a calibration a file and a table."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from npusdk.calibration.evaluation import Evaluation, evaluate, make_interval
from npusdk.calibration.fit import (
    Judge,
    Point,
    Theta,
    chip_constants,
    fit,
    make_points,
    pooled_prior,
    stack_constants,
)
from npusdk.calibration.rows import read_rows
from npusdk.calibration.settings import (
    FACTS,
    REFERENCES,
    SHARED,
    SUPPORT_CHIPS,
    SUPPORT_UNITS,
    class_of,
    devices_of,
)
from npusdk.catalogue import find_device
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.pipeline.constants import Calibration, ChipConstants, Interval, Prior, Scores, StackConstants

PUBLISHED = Path(__file__).parent / "data" / "measured_calibration.csv"
"""The published measurements that come with npusdk."""

CLASSES = ("gpu", "npu", "ipu")
"""Kinds of devices whose priors are pooled; an LPU keeps the catalogue's."""

DIGITS = 4
"""Significant digits of a constant; the search knows no more."""


def make_calibration(paths: Sequence[Path], name: str) -> tuple[Calibration, Evaluation]:
    """Return the calibration on files of measurements, and how its rows were predicted.

    Raises
    ------
    ConfigError
        If a file cannot be read, or no row of them can be used.
    """
    points = make_points(row for path in paths for row in read_rows(path))
    if not points:
        raise ConfigError(
            _("no row of {files} can be used for a fit"),
            hint=_("See why with: npusdk validate FILE.csv"),
            files=", ".join(str(path) for path in paths),
        )
    judge = Judge()
    theta = _rounded(fit(points, judge))
    seen = evaluate(points, theta, judge)
    return assemble(points, theta, seen, name=name, digest=hash_files(paths)), seen


def hash_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of files one after another."""
    return sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def assemble(points: Sequence[Point], theta: Theta, seen: Evaluation, *, name: str, digest: str) -> Calibration:
    """Return a calibration from fitted constants and what they are worth."""
    chips = sorted({point.chip for point in points})
    stacks = sorted({point.stack for point in points} - REFERENCES | FACTS.keys())
    return Calibration(
        name=name,
        data_sha256=digest,
        rows=len(points),
        units=len({point.unit for point in points}),
        shared=SHARED,
        chips={chip: chip_constants(theta, chip, points) for chip in chips},
        priors={kind: Prior(**{k: _digits(v) for k, v in pooled_prior(theta, kind).items()}) for kind in CLASSES},
        stacks={stack: _stack(points, theta, stack) for stack in stacks},
        intervals={
            "A": make_interval(points, seen.leave_one_model_out),
            "B": Interval(low=1 / 1.5, high=1.5),
            "C": Interval(low=0.5, high=2.0),
        },
        scores=seen.scores(),
        vendor_units=_count_vendors(points),
    )


def _stack(points: Sequence[Point], theta: Theta, stack: str) -> StackConstants:
    own = [point for point in points if point.stack == stack]
    units, chips = {point.unit for point in own}, {point.chip for point in own}
    support = {"units": len(units), "chips": len(chips), "points": len(own)}
    supported = len(units) >= SUPPORT_UNITS and len(chips) >= SUPPORT_CHIPS
    return stack_constants(theta, stack).model_copy(update={**support, "supported": supported})


def _count_vendors(points: Sequence[Point]) -> dict[str, int]:
    vendors = {point.chip: find_device(devices_of(point.chip)[0]).vendor for point in points}
    found = sorted({(vendors[point.chip], point.unit) for point in points})
    return {vendor: sum(one == vendor for one, _unit in found) for vendor in sorted(set(vendors.values()))}


def _rounded(theta: Theta) -> Theta:
    return {name: _digits(value) for name, value in theta.items()}


def _digits(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def format_table(calibration: Calibration) -> str:
    """Return constants and errors as a table in plain text."""
    a = calibration.intervals["A"]
    blocks = [
        [f"{calibration.name}: {calibration.rows} rows, {calibration.units} networks on chips"],
        [f"{'chip':14} {'class':5} {'units':>5} {'rows':>5} {'eta_c':>7} {'t_op us':>8}"],
        [_chip_line(*item) for item in calibration.chips.items()],
        [f"{'stack':18} {'units':>5} {'chips':>5} {'compute':>8} {'memory':>7} {'overhead':>8}  offered"],
        [_stack_line(*item) for item in calibration.stacks.items()],
        _score_lines(calibration),
        [f"class A interval: x{a.low} to x{a.high} ({a.coverage or 0:.0%} of left-out measurements)"],
    ]
    return "\n".join(line for block in blocks for line in block)


def _chip_line(name: str, chip: ChipConstants) -> str:
    counts = f"{chip.units:5} {chip.points:5}"
    return f"{name:14} {class_of(name):5} {counts} {chip.eta_compute:7.3f} {chip.op_overhead_s * 1e6:8.2f}"


def _stack_line(name: str, stack: StackConstants) -> str:
    factors = f"{stack.compute:8.2f} {stack.memory:7.2f} {stack.overhead:8.2f}"
    return f"{name:18} {stack.units:5} {stack.chips:5} {factors}  {'yes' if stack.supported else 'no'}"


def _score_lines(calibration: Calibration) -> list[str]:
    vendors = calibration.vendor_units
    heads = " ".join(f"{vendor} (n={units})".rjust(18) for vendor, units in vendors.items())
    lines = [f"{'macro-MAPE':22} {'all':>7} {heads} {'rank chip':>10} {'workload':>9}"]
    return lines + [_score_line(way, scores, list(vendors)) for way, scores in calibration.scores.items()]


def _score_line(way: str, scores: Scores, vendors: Sequence[str]) -> str:
    errors = " ".join(f"{scores.by_vendor.get(vendor, float('nan')):18.1%}" for vendor in vendors)
    ranks = (scores.rank_within_chip, scores.rank_within_workload)
    shown = " ".join(f"{'-':>9}" if rank is None else f"{rank:9.3f}" for rank in ranks)
    return f"{way:22} {scores.macro_mape:7.1%} {errors} {shown}"
