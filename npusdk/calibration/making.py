"""A fit becomes a calibration: of the published measurements, and of anybody's own."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from npusdk.calibration.evaluation import Evaluation, evaluate, make_interval
from npusdk.calibration.fit import (
    Judge,
    Theta,
    chip_constants,
    fit,
    pooled_prior,
    stack_constants,
)
from npusdk.calibration.points import Point
from npusdk.calibration.settings import (
    FACTS,
    REFERENCES,
    SHARED,
    SUPPORT_CHIPS,
    SUPPORT_UNITS,
    devices_of,
)
from npusdk.catalogue import find_device
from npusdk.pipeline.constants import Calibration, Interval, Prior, StackConstants

PUBLISHED = Path(__file__).parent / "data" / "measured_calibration.csv"
"""The published measurements that come with npusdk."""

CLASSES = ("gpu", "npu", "ipu")
"""Kinds of devices whose priors are pooled; an LPU keeps the catalogue's."""

DIGITS = 4
"""Significant digits of a constant; the search knows no more."""


def make_calibration(points: Sequence[Point], name: str, digest: str) -> tuple[Calibration, Evaluation]:
    """Return the calibration on measurements, and how they were predicted; `digest` is the hash of their files."""
    judge = Judge()
    theta = _rounded(fit(points, judge))
    seen = evaluate(points, theta, judge)
    return assemble(points, theta, seen, name=name, digest=digest), seen


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
