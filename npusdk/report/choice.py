"""Which of several profiles is best at what, and what cannot be told apart or must not be ranked at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from npusdk.errors import ConfigError
from npusdk.language import _, plain
from npusdk.report.profile import ProfileReport

Verdict: TypeAlias = Literal["reached", "missed", "not_separable", "no_verdict"]
"""Whether one profile is so many times better than another: certainly, certainly not, the intervals do not say, or
nothing is calibrated on one of the chips."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A number of a profile that is better small or large.

    Parameters
    ----------
    of
        The number; None where a profile has none.
    largest_first
        Whether more is better.
    ground
        Field of a profile in which profiles must agree before the number says anything; empty for none.
    """

    of: Callable[[ProfileReport], float | None]
    largest_first: bool = False
    ground: str = ""

    def cost(self, profile: ProfileReport) -> float:
        """Return the number so that less is better."""
        value = self.of(profile)
        if value is None:
            return float("inf")
        return -value if self.largest_first else value


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {
        "latency": Objective(lambda profile: profile.latency_s),
        "throughput": Objective(lambda profile: profile.throughput_per_s, largest_first=True),
        "energy": Objective(lambda profile: profile.energy_j_per_sample, ground="power_boundary"),
        "price": Objective(lambda profile: profile.krw_per_sample, ground="price_basis"),
    }
)
"""What profiles are ranked by: seconds of a call, samples a second, joules and won of a sample."""


def read_objective(name: str) -> Objective:
    """Return the objective of that name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in OBJECTIVES:
        raise ConfigError(
            _("profiles are not ranked by {name}; they are ranked by {known}"),
            hint=_("Give one of these."),
            name=plain(repr(name), 40),
            known=", ".join(OBJECTIVES),
        )
    return OBJECTIVES[name]


def rankable(profiles: Iterable[ProfileReport], name: str) -> list[ProfileReport]:
    """Return the profiles that have a number, if they may be ranked by it.

    Raises
    ------
    ConfigError
        If no profile has it, or the profiles' numbers do not cover the same.
    """
    objective = read_objective(name)
    known = [profile for profile in profiles if objective.of(profile) is not None]
    if not known:
        raise ConfigError(
            _("no profile of this comparison has a figure for {figure}"),
            hint=_("Draw its latency() or its throughput()."),
            figure=name,
        )
    grounds = grounds_of(known, name)
    if len(grounds) > 1:
        raise ConfigError(
            _("{figure} is not ranked over different values of {ground}: {values}"),
            hint=_("Choose those of one with where({ground}={first})."),
            figure=name,
            ground=objective.ground,
            values=", ".join(map(repr, grounds)),
            first=repr(grounds[0]),
        )
    return known


def grounds_of(profiles: Iterable[ProfileReport], name: str) -> list[str]:
    """Return what the numbers of the profiles that have one cover, each once and in order."""
    objective = read_objective(name)
    if not objective.ground:
        return []
    known = (profile for profile in profiles if objective.of(profile) is not None)
    return sorted({str(getattr(profile, objective.ground)) for profile in known})


def is_rankable(profiles: Sequence[ProfileReport], name: str) -> bool:
    """Return whether some profile has a number and all such numbers cover the same."""
    objective = read_objective(name)
    return any(objective.of(profile) is not None for profile in profiles) and len(grounds_of(profiles, name)) <= 1


def not_dominated(profiles: Sequence[ProfileReport], names: tuple[str, str]) -> tuple[ProfileReport, ...]:
    """Return the profiles than which no other is better in one number and at least as good in the other."""
    first, second = (read_objective(name) for name in names)
    kept: list[ProfileReport] = []
    least: tuple[float, float] | None = None
    for profile in sorted(profiles, key=lambda one: (first.cost(one), second.cost(one), order_of(one))):
        costs = first.cost(profile), second.cost(profile)
        if least is None or costs[1] < least[1] or costs == least:
            kept.append(profile)
            least = costs
    return tuple(kept)


def not_surely_dominated(
    profiles: Sequence[ProfileReport], chosen: Sequence[ProfileReport], names: tuple[str, str]
) -> tuple[ProfileReport, ...]:
    """Return the profiles outside of a Pareto set that no member of it beats in both numbers beyond their intervals."""
    members = {id(one) for one in chosen}
    bests = [[_end_of(one, name, 0) for name in names] for one in profiles]
    worsts = [[_end_of(one, name, 1) for name in names] for one in chosen]
    return tuple(
        one
        for one, best in zip(profiles, bests, strict=True)
        if id(one) not in members and not any(all(w < b for w, b in zip(worst, best, strict=True)) for worst in worsts)
    )


def _end_of(profile: ProfileReport, name: str, end: int) -> float:
    """Return the best (0) or worst (1) that a number may be in truth, as a cost: less is better."""
    low, high = interval_of(profile, name)
    return (-high, -low)[end] if read_objective(name).largest_first else (low, high)[end]


def order_of(profile: ProfileReport) -> tuple[str, str, int, int]:
    """Return what decides the order of profiles whose numbers are equal."""
    return profile.device, profile.precision, profile.batch, profile.devices


def interval_of(profile: ProfileReport, name: str) -> tuple[float, float]:
    """Return the interval of a number; what follows from the latency is as uncertain as that.

    A number that a profile lacks lies between 0 and 0.
    """
    value = read_objective(name).of(profile) or 0.0
    if name == "energy":
        low_j, high_j = profile.energy_low_j, profile.energy_high_j
        return (value if low_j is None else low_j / profile.batch, value if high_j is None else high_j / profile.batch)
    latency_s = profile.latency_s or 1.0
    shorter, longer = profile.latency_low_s / latency_s, profile.latency_high_s / latency_s
    if name == "throughput":
        return value / longer if longer else 0.0, value / shorter if shorter else float("inf")
    return value * shorter, value * longer


def judge(profile: ProfileReport, reference: ProfileReport, name: str, factor: float) -> Verdict:
    """Return whether a profile is `factor` times as good as another in a number.

    Raises
    ------
    ConfigError
        If the two may not be ranked by that number.
    """
    if len(rankable((profile, reference), name)) < 2 or "C" in (profile.validity, reference.validity):
        return "no_verdict"
    (low, high), (other_low, other_high) = (interval_of(one, name) for one in (profile, reference))
    if not read_objective(name).largest_first:
        low, high, other_low, other_high = other_low, other_high, low, high
    if low >= factor * other_high:
        return "reached"
    return "missed" if high < factor * other_low else "not_separable"
