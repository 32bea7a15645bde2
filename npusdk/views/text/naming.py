"""What the profiles of a comparison are called: by what tells them apart, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from npusdk.language import _, plain, render, translate
from npusdk.report import ProfileReport
from npusdk.report.choice import not_surely_dominated
from npusdk.views.blocks import NAME_LIMIT, Column
from npusdk.views.text.words import join

NAMES = 12
"""Names that a sentence lists."""


def _short_parallel(profile: ProfileReport) -> str:
    parallel = profile.parallel
    named = {"tp": parallel.tp, "pp": parallel.pp, "x": parallel.replicas} if parallel else {}
    return " ".join(f"{name}{count}" for name, count in named.items() if count > 1) or "1"


TRAITS: Mapping[str, tuple[str, Callable[[ProfileReport], str]]] = MappingProxyType(
    {
        "batch": (_("batch"), lambda profile: str(profile.batch)),
        "parallel": (_("devices"), _short_parallel),
        "stack": (_("software"), lambda profile: plain(profile.stack, NAME_LIMIT) or "-"),
    }
)
"""What may differ beside device and precision: its heading, and its text."""


def differing(profiles: Sequence[ProfileReport]) -> tuple[str, ...]:
    """Return the names of the traits in which profiles differ."""
    return tuple(name for name, (_title, of) in TRAITS.items() if len(set(map(of, profiles))) > 1)


def trait_columns(traits: Iterable[str]) -> tuple[Column, ...]:
    """Return a column for each trait."""
    return tuple(Column(translate(TRAITS[name][0]), number=name == "batch") for name in traits)


def trait_cells(profile: ProfileReport, traits: Iterable[str]) -> tuple[str, ...]:
    """Return what a profile has in these columns."""
    return tuple(TRAITS[name][1](profile) for name in traits)


def called(profile: ProfileReport, profiles: Sequence[ProfileReport]) -> str:
    """Return the name of a profile among others: its device, and what else tells it from those with the same."""
    name = plain(profile.device_name, NAME_LIMIT)
    same = [one for one in profiles if one.device == profile.device]
    parts = [profile.precision] if len({one.precision for one in same}) > 1 else []
    for trait in differing(same):
        text = TRAITS[trait][1](profile)
        parts.append(render(_("batch {batch}"), batch=profile.batch) if trait == "batch" else text)
    return " ".join((name, *(plain(part, NAME_LIMIT) for part in parts)))


def frontier_caution(profiles: Sequence[ProfileReport], chosen: Sequence[ProfileReport], names: tuple[str, str]) -> str:
    """Return which profiles are not separable from a Pareto set and which of its members are of class C, or nothing."""
    close = [called(one, profiles) for one in not_surely_dominated(profiles, chosen, names)]
    guessed = [called(one, profiles) for one in chosen if one.validity == "C"]
    said = (
        render(_("not separable from the Pareto set, intervals overlap: {devices}"), devices=listed(close))
        if close
        else "",
        render(_("class C in the Pareto set: {devices}"), devices=listed(guessed)) if guessed else "",
    )
    return join(*said, separator="; ")


def listed(names: Sequence[str]) -> str:
    """Return names as a list that says how many it leaves out."""
    shown = ", ".join(names[:NAMES])
    return (
        shown if len(names) <= NAMES else render(_("{names} and {count} more"), names=shown, count=len(names) - NAMES)
    )
