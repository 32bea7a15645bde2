from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on, recorded

ALONE = {
    "round": np.round,
    "around": lambda a: np.around(a, 1),
    "round tens": lambda a: np.round(a, -1),
    "fix": np.fix,
    "nan_to_num": np.nan_to_num,
    "nan_to_num values": lambda a: np.nan_to_num(a, nan=1.5, posinf=9, neginf=-9),
    "real": np.real,
    "imag": np.imag,
    "isreal": np.isreal,
    "iscomplex": np.iscomplex,
    "real_if_close": np.real_if_close,
    "angle": np.angle,
    "angle degrees": lambda a: np.angle(a, deg=True),
    "sinc": np.sinc,
    "isposinf": np.isposinf,
    "isneginf": np.isneginf,
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "ndim": np.ndim,
    "shape": np.shape,
    "size": np.size,
    "size axis": lambda a: np.size(a, -1),
    "result_type": lambda a: np.result_type(a, np.float32),
    "can_cast": lambda a: np.can_cast(a.dtype, np.int16),
    "common_type": np.common_type,
    "array2string": np.array2string,
    "array_str": np.array_str,
    "apply_over_axes": lambda a: np.apply_over_axes(np.sum, np.atleast_1d(a), [0, -1]),
    "apply_along_axis": lambda a: np.apply_along_axis(lambda row: row[::-1] + row, -1, a),
    "apply_along_axis fold": lambda a: np.apply_along_axis(np.sum, 0, a),
    "apply_along_axis outer": lambda a: np.apply_along_axis(lambda row: row[:, None] * row, 0, a),
}


@pytest.mark.parametrize("function", ALONE.values(), ids=ALONE)
@given(a=arrays(side=3))
@settings(max_examples=25)
def test_elementwise_functions_agree(function, a):
    """Functions of single elements, of types and of shapes are NumPy's."""
    agree(function, a)


PAIRS = {
    "isclose": np.isclose,
    "isclose nan": lambda a, b: np.isclose(a, b, equal_nan=True),
    "isclose wide": lambda a, b: np.isclose(a, b, rtol=0.5, atol=1),
    "allclose": np.allclose,
    "allclose itself": lambda a, b: np.allclose(a, a + b * 0),
    "array_equal": np.array_equal,
    "array_equal itself": lambda a, _b: np.array_equal(a, np.copy(a)),
    "array_equal nan": lambda a, _b: np.array_equal(a, np.copy(a), equal_nan=True),
    "array_equiv": np.array_equiv,
    "array_equiv itself": lambda a, _b: np.array_equiv(a, a[None]),
}


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
@given(a=arrays(side=3, most=2), b=arrays(side=3, most=2))
@settings(max_examples=30)
def test_comparisons_agree(function, a, b):
    """Arrays are close or equal where NumPy finds them so; answers about whole arrays are Python's truth values."""
    agree(function, a, b)


@given(a=arrays(dtypes=("float32",)), nan=st.sampled_from([0.0, 1.0]))
@settings(max_examples=30)
def test_infinities_become_the_largest_number_of_the_format(a, nan):
    """The replacement of an infinity is finite in the device's own format."""
    for precision, device, most in (("bf16", "rngd", 3.3895313892515355e38), ("fp16", "atom", 65504.0)):
        got = np.nan_to_num(on(recorded(precision, device), a), nan=nan).numpy()
        assert np.isfinite(got).all()
        assert (got[np.isposinf(a)] == np.float32(most)).all()


def test_nothing_is_replaced_in_a_copy_where_numpy_replaces_in_place():
    """`copy=False` writes into the array itself."""
    a = on(EXACT, np.array([np.nan, 1.0]))
    assert np.nan_to_num(a, copy=False) is a
    assert a.numpy().tolist() == [0.0, 1.0]
