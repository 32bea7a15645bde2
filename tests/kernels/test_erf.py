"""The error function and GELU are as exact as promised, and their coefficients can be derived again."""

from math import erf, erfc, sqrt

import numpy as np
import pytest

from npusdk.kernels import call
from npusdk.kernels.erf import _COEFFICIENTS, _LIMIT

LINE = np.linspace(-12, 12, 200_001).astype(np.float32)
EVERY_ERF = np.array([erf(x) for x in LINE.tolist()])
EVERY_GELU = np.array([0.5 * x * erfc(-x / sqrt(2)) for x in LINE.tolist()])


FLOOR = 3e-7
"""Least weight of a point: where erf is nearly 1 its error is no longer in proportion to that of its argument."""


def fitted(degree, limit, rounds):
    """Return the minimax polynomial by Lawson's iteration: least squares, reweighted by the errors that it leaves."""
    t = (1 - np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)) / 2 * limit
    x = np.sqrt(t)
    value, rest = (np.array([function(point) for point in x]) for function in (erf, erfc))
    target = 0.5 * np.log((1 + value) / rest) / x
    relative = np.maximum(rest * (1 + value) * x / value, FLOOR)
    basis = np.polynomial.chebyshev.chebvander(2 * t / limit - 1, degree)
    lawson = np.full(len(t), 1 / len(t))
    best = (np.inf, None)
    for _ in range(rounds):
        weight = np.sqrt(lawson) * relative
        series = np.linalg.lstsq(basis * weight[:, None], target * weight, rcond=None)[0]
        error = np.abs((basis @ series - target) * relative)
        best = min(best, (error.max(), series), key=lambda found: found[0])
        lawson *= error
        lawson /= lawson.sum()
    return best[0], np.polynomial.Chebyshev(best[1], domain=[0, limit]).convert(kind=np.polynomial.Polynomial).coef


def test_erf_coefficients_are_the_fit_that_they_claim():
    """The printed coefficients leave no larger error than fitting them again does."""
    least, again = fitted(len(_COEFFICIENTS) - 1, _LIMIT, 200)
    assert least < 3.7e-8
    t = np.linspace(1e-4, _LIMIT, 2001)
    x = np.sqrt(t)
    value = np.array([erf(point) for point in x])
    for coefficients in (_COEFFICIENTS, again):
        error = np.tanh(x * np.polynomial.Polynomial(coefficients)(t)) / value - 1
        assert np.abs(error).max() < 1.01 * least


def test_erf_of_float32_is_within_2e_7():
    """The error bound that the emulator relies on holds on the whole line."""
    (found,) = call("Erf", [LINE], {})
    assert found.dtype == np.float32
    assert np.abs(found - EVERY_ERF).max() < 2e-7


def test_gelu_of_float32_is_within_two_roundings():
    """GELU's error stays under two units in the last place of x, so that no layer is moved by it."""
    (found,) = call("Gelu", [LINE], {})
    assert (np.abs(found - EVERY_GELU) <= 2**-22 * np.maximum(np.abs(LINE), 2**-4)).all()


@pytest.mark.parametrize("op", ["Erf", "Gelu"])
def test_erf_of_float64_is_exact(op):
    """float64 stays float64 with its own accuracy."""
    expected = {"Erf": EVERY_ERF, "Gelu": EVERY_GELU}[op]
    (found,) = call(op, [LINE.astype(np.float64)], {})
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("op", ["Erf", "Gelu"])
def test_erf_keeps_ends_and_signs(op):
    """Infinity, zero and NaN give what the limits say."""
    (found,) = call(op, [np.array([np.inf, 0.0, np.nan], np.float32)], {})
    np.testing.assert_array_equal(found, np.array([1 if op == "Erf" else np.inf, 0, np.nan], np.float32))
