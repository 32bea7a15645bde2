"""The error function and the exact GELU on blocks of floats.

With P(t) = artanh(erf(x)) / x, t = x^2, a smooth function without poles near the axis, erf(x) = tanh(x P(x^2)).
Since the normal distribution is Phi(x) = (1 + erf(x / sqrt 2)) / 2 and (1 + tanh y) / 2 = 1 / (1 + e^-2y), the same P
gives GELU(x) = x Phi(x) = x / (1 + exp(-sqrt 2 x P(x^2 / 2))). Beyond |x| = 4 the argument of P stays at 16: erf is 1
in float32 there, and what is left of GELU's tail is under 5e-8.

`_COEFFICIENTS` is our own fit: degree 8 in t on [0, 16], minimax for the relative error of erf (3.6e-8) by Lawson's
iteration of weighted least squares (C. L. Lawson, thesis, UCLA, 1961) against `math.erf`; tests/kernels/test_erf.py
repeats the fit. Computed in float32 the error of erf stays under 2e-7. float64 takes `math.erf`, element by element.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt

import numpy as np

from npusdk.kernels.signature import Array

_COEFFICIENTS = (
    1.128379208e00, 1.027711249e-01, -2.012222191e-04, -6.052480348e-04, 7.767414426e-05, -2.308515550e-06,
    -4.283693267e-07, 4.576444218e-08, -1.349403015e-09,
)  # fmt: skip
_LIMIT = 16.0
"""Largest x^2 that the fit covers."""

_GELU_COEFFICIENTS = tuple(-sqrt(2) * value / 2**power for power, value in enumerate(_COEFFICIENTS))
"""The polynomial -sqrt 2 P(t / 2)."""

_ERF = np.frompyfunc(erf, 1, 1)


def _polynomial(coefficients: Sequence[float], t: Array) -> Array:
    """Return the polynomial at `t`, coefficients from the lowest power up."""
    *lower, highest = coefficients
    value = t * highest
    for coefficient in lower[:0:-1]:
        value += coefficient
        value *= t
    value += lower[0]
    return value


def _argument(coefficients: Sequence[float], block: Array, limit: float) -> Array:
    """Return x times the polynomial of min(x^2, limit)."""
    t = block * block
    np.clip(t, 0, limit, out=t)
    value = _polynomial(coefficients, t)
    value *= block
    return value


def erf_block(block: Array) -> None:
    """Replace every float by its error function."""
    if block.dtype == np.float64:
        block[...] = _ERF(block)
        return
    np.tanh(_argument(_COEFFICIENTS, block, _LIMIT), out=block)


def gelu_block(block: Array) -> None:
    """Replace every float x by x Phi(x), Phi the normal distribution."""
    if block.dtype == np.float64:
        block *= 0.5 + 0.5 * np.asarray(_ERF(block * sqrt(0.5)), np.float64)
        return
    gate = _argument(_GELU_COEFFICIENTS, block, 2 * _LIMIT)
    np.exp(gate, out=gate)
    gate += 1
    block /= gate
