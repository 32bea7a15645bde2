"""What would make a model run better on a device: rules that propose changes, each with its gain when costed again.

A rule looks at what a call costs and yields changes of one kind, each costed by the same model as the call itself. Of
each rule the best change is kept, if it gains a twentieth or more.
"""

from __future__ import annotations

from npusdk.pipeline.advice_rules import RULES, Change
from npusdk.pipeline.case import Costed
from npusdk.report.grounds import Advice

LEAST_GAIN = 1.05
"""Factor from which a change is worth a word."""

MOST = 5
"""Pieces of advice that are given."""


def advise(now: Costed) -> tuple[Advice, ...]:
    """Return what would make the model run better, the largest gain first."""
    best = [max(changes, key=lambda change: gain_of(now, change)) for rule in RULES if (changes := list(rule(now)))]
    found = [_advice(now, change) for change in best if gain_of(now, change) >= LEAST_GAIN]
    return tuple(sorted(found, key=lambda advice: -advice.gain)[:MOST])


def gain_of(now: Costed, change: Change) -> float:
    """Return the factor by which a change is better at what it is for."""
    if change.of == "latency":
        return now.latency_s / change.after.latency_s
    return change.after.throughput_per_s / now.throughput_per_s


def _advice(now: Costed, change: Change) -> Advice:
    gain = gain_of(now, change)
    return Advice(
        condition=change.condition,
        cause=change.cause,
        action=change.action,
        gain=gain,
        of=change.of,
        predicted_s=change.after.latency_s,
        separable=gain > change.after.figures.high / now.figures.low,
    )
