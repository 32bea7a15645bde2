"""Why a step takes as long as it does, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from npusdk.catalogue import CostParameters
from npusdk.cost.schedule import Schedule
from npusdk.cost.time import peak_macs_per_s
from npusdk.report import BOUNDS

Change: TypeAlias = Literal[
    "larger_batch", "lower_precision", "more_bandwidth", "on_chip_memory", "on_chip_bandwidth", "smaller_cache",
    "fewer_elementwise", "fewer_operators", "supported_operators", "faster_link", "nothing",
]  # fmt: skip
"""What would make the largest part of a step's time smaller."""

SINGLE: Mapping[str, Change] = {
    "on_chip": "on_chip_bandwidth",
    "vector": "fewer_elementwise",
    "overhead": "fewer_operators",
    "host": "supported_operators",
    "link": "faster_link",
}
"""By bound, where it alone decides."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What decides the time of one step.

    Parameters
    ----------
    bound
        One of `BOUNDS`.
    shares
        By bound, the time of each term over the step's; terms that overlap add up to more than 1.
    margin
        Largest term over the second largest: near 1, halving the largest gains little.
    change
        What would make the term of `bound` smaller.
    gain
        Share of the step's time that halving that term saves.
    """

    bound: str
    shares: Mapping[str, float]
    margin: float
    change: Change
    gain: float


def explain_step(schedule: Schedule, index: int, parameters: CostParameters) -> Explanation:
    """Return why a step of a schedule takes its time.

    Parameters
    ----------
    schedule
        What was predicted.
    index
        Of the step.
    parameters
        The device that it was predicted for.
    """
    time_s = float(schedule.time_s[index])
    terms_s = {bound: float(column[index]) for bound, column in schedule.terms_s.items()}
    bound = schedule.bounds[index]
    return Explanation(
        bound=bound,
        shares={name: term_s / time_s if time_s else 0.0 for name, term_s in terms_s.items()},
        margin=float(schedule.margin[index]),
        change=_change(schedule, index, parameters) if time_s else "nothing",
        gain=_saved_s(terms_s, bound, parameters) / time_s if time_s else 0.0,
    )


def _saved_s(terms_s: Mapping[str, float], bound: str, parameters: CostParameters) -> float:
    """Return the seconds that are saved where one term is halved."""
    half_s = terms_s[bound] / 2
    if not parameters.overlap or bound not in BOUNDS[:4]:
        return half_s
    others_s = max(terms_s[name] for name in BOUNDS[:4] if name != bound)
    return min(half_s, max(terms_s[bound] - others_s, 0.0))


def _change(schedule: Schedule, index: int, parameters: CostParameters) -> Change:
    bound = schedule.bounds[index]
    if bound == "compute":
        full_s = schedule.macs[index] / (peak_macs_per_s(parameters) * parameters.eta_compute)
        return "larger_batch" if full_s < 0.5 * schedule.compute_s[index] else "lower_precision"
    if bound == "memory":
        return _less_traffic(schedule, index, parameters)
    return SINGLE[bound]


def _less_traffic(schedule: Schedule, index: int, parameters: CostParameters) -> Change:
    """Return what the largest part of a step's traffic asks for.

    Weights are read once for a batch of any size. Scores that the software moves leave the chip however large it is.
    """
    parts: dict[Change, float] = {
        "larger_batch": schedule.constant_traffic_bytes[index],
        "smaller_cache": schedule.cache_traffic_bytes[index],
        "more_bandwidth": schedule.scores_traffic_bytes[index],
    }
    activations = schedule.traffic_bytes[index] - sum(parts.values())
    answer: Change = "on_chip_memory" if parameters.usable_on_chip_bytes else "more_bandwidth"
    parts[answer] = parts.get(answer, 0.0) + activations
    return max(parts, key=parts.__getitem__)
