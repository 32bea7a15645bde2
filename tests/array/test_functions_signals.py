from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.errors import UnsupportedOpError
from tests.array.agreeing import EXACT, agree, arrays, on

PADS = {
    "one": lambda a: np.pad(a, 1),
    "ends": lambda a: np.pad(a, (2, 1), constant_values=5),
    "each": lambda a: np.pad(a, [(axis, 1) for axis in range(a.ndim)]),
    "values": lambda a: np.pad(a, 1, constant_values=(3, 4)),
    "values each": lambda a: np.pad(a, 2, constant_values=[(axis, 1) for axis in range(a.ndim)]),
    "axes by name": lambda a: np.pad(a, {0: (1, 2)}),
    "edge": lambda a: np.pad(a, 2, mode="edge"),
    "reflect": lambda a: np.pad(a, 3, "reflect"),
    "symmetric": lambda a: np.pad(a, (1, 5), "symmetric"),
    "wrap": lambda a: np.pad(a, 2, "wrap"),
    "negative": lambda a: np.pad(a, -1),
    "fractions": lambda a: np.pad(a, 0.5),
}


@pytest.mark.parametrize("function", PADS.values(), ids=PADS)
@given(a=arrays())
@settings(max_examples=25)
def test_padding_agrees(function, a):
    """A frame of constants, or of elements again, is NumPy's."""
    agree(function, a, exactly=True)


def test_padding_that_computes_is_refused_by_name():
    """Frames of means and ramps are not made on a device."""
    with pytest.raises(UnsupportedOpError, match=r"pad\(mode='mean'\)"):
        np.pad(on(EXACT, np.arange(3.0)), 1, "mean")


@given(a=arrays(nan=False, least=1, side=5), window=st.integers(1, 3), axis=st.sampled_from([0, -1, (0, -1)]))
@settings(max_examples=40)
def test_windows_agree(a, window, axis):
    """Windows along one axis or several stand where NumPy has them."""
    shape = window if isinstance(axis, int) else (window, 2)
    agree(lambda x: np.lib.stride_tricks.sliding_window_view(x, shape, axis), a, exactly=True)


@given(data=st.data(), n=st.integers(0, 7), m=st.integers(0, 7), mode=st.sampled_from(["full", "same", "valid"]))
@settings(max_examples=200)
def test_convolutions_agree(data, n, m, mode):
    """Convolution and correlation of vectors are NumPy's, whichever is the longer."""
    kinds = ("int8", "int64", "float32", "float64")
    a = data.draw(arrays(nan=False, dtypes=kinds, shape=(n,)))
    v = data.draw(arrays(nan=False, dtypes=kinds, shape=(m,)))
    agree(lambda x, y: np.convolve(x, y, mode), a, v)
    agree(lambda x, y: np.correlate(x, y, mode), a, v)


@given(x=arrays(nan=False), n=st.integers(1, 5), data=st.data())
@settings(max_examples=60)
def test_interpolation_agrees(x, n, data):
    """Values between points lie on straight lines, and outside on the ends, as in NumPy."""
    xp = np.sort(data.draw(arrays(nan=False, dtypes=("float64",), shape=(n,)))) + np.arange(n) * 0.25
    fp = data.draw(arrays(nan=False, dtypes=("float64", "int64"), shape=(n,)))
    agree(lambda y: np.interp(y, xp, fp), x)
    agree(lambda y: np.interp(y, xp, fp, left=-5, right=7.5), x)
    if n > 1 and len(np.unique(xp % 3)) == n:  # NumPy's sorting does not keep the order of equal points
        agree(lambda y: np.interp(y, xp, fp, period=3), x)


@given(p=arrays(nan=False, least=1, most=1, dtypes=("float64", "int64")), x=arrays(nan=False, dtypes=("float64",)))
@settings(max_examples=30)
def test_polynomials_agree(p, x):
    """Horner's rule gives NumPy's values."""
    agree(np.polyval, p, x)


@given(p=arrays(nan=False, least=1, most=2, dtypes=("float64", "float32"), side=6), axis=st.sampled_from([0, -1]))
@settings(max_examples=30)
def test_unwrapped_angles_agree(p, axis):
    """Jumps of more than half a turn are taken out as NumPy does it."""
    agree(lambda x: np.unwrap(x, axis=axis), p)
    agree(lambda x: np.unwrap(x, axis=axis, period=5, discont=4), p)
