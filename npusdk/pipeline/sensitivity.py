"""Which assumed parameters move a prediction: each is re-costed a quarter higher and lower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

from npusdk.catalogue import Assumption, CostParameters
from npusdk.pipeline.case import Costed
from npusdk.report.grounds import Sensitivity

FACTOR = 1.25
"""Each parameter is multiplied and divided by it."""

LEAST_CHANGE = 0.05
"""Relative change of the latency from which a parameter is worth a word."""


def measure_sensitivity(costed: Costed) -> tuple[Sensitivity, ...]:
    """Return the assumed parameters that move the latency, most first."""
    found = [said for said in _measure(costed) if said.change > LEAST_CHANGE]
    return tuple(sorted(found, key=lambda said: (-said.change, said.parameter)))


def _measure(costed: Costed) -> Iterator[Sensitivity]:
    parameters = costed.figures.parameters
    for assumed in parameters.assumptions:
        value = _number(parameters, assumed)
        if value is None:
            continue
        values = (_scaled(value, factor) for factor in (1 / FACTOR, FACTOR))
        low_s, high_s = sorted(
            costed.again(replace(parameters, **{assumed.parameter: scaled})).latency_s  # type: ignore[arg-type]  # a number for a number
            for scaled in values
        )
        yield Sensitivity(
            parameter=assumed.parameter,
            kind=assumed.kind,
            value=value,
            factor=FACTOR,
            latency_low_s=low_s,
            latency_high_s=high_s,
            change=max(high_s / costed.latency_s - 1, 1 - low_s / costed.latency_s, 0.0),
        )


def _number(parameters: CostParameters, assumed: Assumption) -> int | float | None:
    """Return an assumed parameter that can be larger or smaller; None for the others."""
    value = getattr(parameters, assumed.parameter)
    if assumed.kind != "assumed" or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if value > 0 and isfinite(value) else None


def _scaled(value: float, factor: float) -> int | float:
    """Return a multiple of a parameter; counts stay counts."""
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor
