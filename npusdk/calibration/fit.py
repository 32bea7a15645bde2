"""The fit of the cost model to published measurements: `python -m npusdk.calibration` writes its constants anew.

**What is fitted.** Two constants of each chip (`eta_compute`, `op_overhead_s`), and `eta_vector` where nothing is known
of a chip's elementwise rate; three factors of each software stack (on compute, memory and overheads), which keep what a
stack is like out of what a chip is like; a stack that ran only on chips where no reference stack was measured has none,
because nothing tells the two apart. Nothing else: the constants of all chips and the facts of stacks stand in
`settings` and were chosen on the same rows.

**How.** The weighted sum of Huber's loss of log(predicted / measured), each network on a chip counting once, plus

    lambda log(value / prior)^2

for each constant: with one unit the prior counts, with ten hardly (no cliff). The priors of a chip are the geometric
mean of the fitted chips of its class and of the mean of all chips; those of factors are 1. The search goes along one
constant at a time, by steps that are halved when none of them helps. Nothing is drawn by lot. In the end no chip
launches more slowly than the one it succeeds.

**How good.** Each network on a chip is left out in turn, and each chip; the priors are then those of the others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from npusdk.calibration.points import Point
from npusdk.calibration.predictor import Prediction, answer
from npusdk.calibration.settings import FACTS, LAMBDAS, PRIORS, SHARED, SUCCEEDS, VECTOR_CHIPS, class_of, devices_of
from npusdk.catalogue import CostParameters, cost_parameters
from npusdk.pipeline.calibration import apply_constants
from npusdk.pipeline.constants import ChipConstants, Shared, StackConstants

HUBER = 0.08
"""Log error from which the loss grows linearly: a few measurements of another kind must not lead."""

FIRST_STEP = 0.25
COARSE, FINE = 0.06, 0.02
"""Log steps: the first one, and those at which a first and a final search end."""


class Name(NamedTuple):
    """A constant that is fitted: of a chip, or of a stack."""

    what: str
    of: str


Theta: TypeAlias = dict[Name, float]


def start(points: Sequence[Point]) -> Theta:
    """Return the priors of all constants that the points depend on."""
    theta: Theta = {}
    for chip in sorted({point.chip for point in points}):
        prior = PRIORS[class_of(chip)]
        theta[Name("eta_compute", chip)], theta[Name("op_overhead_s", chip)] = prior.eta_compute, prior.op_overhead_s
        if chip in VECTOR_CHIPS:
            theta[Name("eta_vector", chip)] = SHARED.eta_vector
    for stack in sorted({point.stack for point in points if point.has_factors}):
        theta.update((Name(what, stack), 1.0) for what in ("compute", "memory", "overhead"))
    return theta


def chip_constants(theta: Mapping[Name, float], chip: str, points: Sequence[Point] = ()) -> ChipConstants:
    """Return a chip's constants; `points` are those that they rest on."""
    own = [point for point in points if point.chip == chip]
    return ChipConstants(
        devices=devices_of(chip),
        eta_compute=theta[Name("eta_compute", chip)],
        op_overhead_s=theta[Name("op_overhead_s", chip)],
        eta_vector=theta.get(Name("eta_vector", chip)),
        units=len({point.unit for point in own}),
        points=len(own),
    )


def stack_constants(
    theta: Mapping[Name, float], stack: str, facts: Mapping[str, StackConstants] = FACTS
) -> StackConstants:
    """Return the factors and the facts of a stack."""
    factors = {what: theta.get(Name(what, stack), 1.0) for what in ("compute", "memory", "overhead")}
    return facts.get(stack, StackConstants()).model_copy(update=factors)


@dataclass
class Judge:
    """Predictions of points under constants, and their log errors; those that were computed are kept.

    Parameters
    ----------
    shared, facts
        What is not fitted: constants of all chips, and what stacks are known for.
    """

    shared: Shared = SHARED
    facts: Mapping[str, StackConstants] = field(default_factory=lambda: FACTS)
    known: dict[tuple[object, ...], float] = field(default_factory=dict)

    def parameters(self, point: Point, theta: Mapping[Name, float]) -> CostParameters:
        """Return the parameters that a point is predicted with."""
        base = cost_parameters(point.prepared.device, point.prepared.question.precision)
        stack = stack_constants(theta, point.stack, self.facts)
        return apply_constants(base, chip_constants(theta, point.chip), self.shared, stack)

    def log_error(self, point: Point, theta: Mapping[Name, float]) -> float:
        """Return log(predicted / measured) in the row's own unit."""
        names = [name for name in theta if name.of in (point.chip, point.stack)]
        key = (point.row.file, point.row.line, *(theta[name] for name in names))
        if key not in self.known:
            said = answer(point.prepared, self.parameters(point, theta))
            if not isinstance(said, Prediction):
                text = f"row {point.row.id} was predicted before"
                raise TypeError(text)
            self.known[key] = math.log(point.prepared.question.to_unit(said.quantity) / point.measured)
        return self.known[key]


def loss(log_error: float) -> float:
    """Return Huber's loss."""
    size = abs(log_error)
    return size * size / (2 * HUBER) if size < HUBER else size - HUBER / 2


def unit_weights(points: Sequence[Point]) -> list[float]:
    """Return weights under which each network on a chip counts once."""
    sizes = Counter(point.unit for point in points)
    return [1 / sizes[point.unit] for point in points]


def descend(points: Sequence[Point], theta: Theta, priors: Theta, *, judge: Judge, finest: float) -> Theta:
    """Return constants from which no step along one of them, down to `finest`, is better."""
    theta = dict(theta)
    pairs = list(zip(points, unit_weights(points), strict=True))
    touched = {name: [pair for pair in pairs if name.of in (pair[0].chip, pair[0].stack)] for name in theta}

    def part(name: Name, tried: Theta) -> float:
        shrinkage = LAMBDAS[name.what] * math.log(tried[name] / priors[name]) ** 2
        return math.fsum(weight * loss(judge.log_error(point, tried)) for point, weight in touched[name]) + shrinkage

    steps = {name: FIRST_STEP for name, members in touched.items() if members}
    while steps:
        for name in tuple(steps):
            better = _step(name, theta, steps[name], part)
            if better is None:
                steps[name] /= 2
                if steps[name] < finest:
                    del steps[name]
            else:
                theta[name] = better
    return theta


def _step(name: Name, theta: Theta, size: float, part: Callable[[Name, Theta], float]) -> float | None:
    """Return a value one step away that is better, or None."""
    here = part(name, theta)
    for direction in (1, -1):
        value = theta[name] * math.exp(direction * size)
        value = min(value, 1.0) if name.what.startswith("eta") else value
        if part(name, {**theta, name: value}) < here - 1e-6:
            return value
    return None


def pooled_priors(theta: Theta, chips: Iterable[str]) -> Theta:
    """Return what is expected of chips: the mean of the fitted ones of their class, and of the mean of all."""
    return {Name(what, chip): value for chip in chips for what, value in pooled_prior(theta, class_of(chip)).items()}


def pooled_prior(theta: Mapping[Name, float], kind: str) -> dict[str, float]:
    """Return what is expected of a chip of a class, by name of the constant: `PRIORS` where nothing is fitted."""
    fitted = sorted({name.of for name in theta if name.what == "eta_compute"})
    mates = [chip for chip in fitted if class_of(chip) == kind]
    found = PRIORS[kind].model_dump()
    for what in found if fitted else ():
        everywhere = geometric_mean([theta[Name(what, chip)] for chip in fitted])
        found[what] = geometric_mean([*(theta[Name(what, chip)] for chip in mates), everywhere])
    return found


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def fit(points: Sequence[Point], judge: Judge, *, chips: Iterable[str] = (), finest: float = FINE) -> Theta:
    """Return fitted constants of the points' chips and stacks, and the priors of other `chips`."""
    first = start(points)
    rough = descend(points, first, first, judge=judge, finest=COARSE)
    priors = {**first, **pooled_priors(rough, {*chips, *(point.chip for point in points)})}
    theta = descend(points, rough, priors, judge=judge, finest=finest)
    return succeed({**priors, **theta})


def succeed(theta: Theta) -> Theta:
    """Return constants under which no chip launches more slowly than the one it succeeds: earlier ones first."""
    theta = dict(theta)
    for chip, earlier in SUCCEEDS.items():
        later, first = Name("op_overhead_s", chip), Name("op_overhead_s", earlier)
        if later in theta and first in theta:
            theta[later] = min(theta[later], theta[first])
    return theta
