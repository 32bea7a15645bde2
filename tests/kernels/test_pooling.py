"""Pooling agrees with onnxruntime, whatever its geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from npusdk.kernels.blocks import allocate, run
from npusdk.kernels.prepared_pooling import Pooling, counts
from npusdk.kernels.windows import read_window
from tests.kernels.oracle import assert_agrees

many = settings(max_examples=60, deadline=None)


@st.composite
def pools(draw):
    """Draw the shape and the attributes of a pooling whose windows hold at least one element."""
    rank = draw(st.sampled_from([1, 2, 2, 3]))
    kernel = [draw(st.integers(1, 4)) for _ in range(rank)]
    strides = [draw(st.integers(1, 3)) for _ in range(rank)]
    attrs = {"kernel_shape": kernel, "strides": strides, "ceil_mode": draw(st.integers(0, 1))}
    padding = draw(st.sampled_from(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if padding == "NOTSET":
        attrs["pads"] = [draw(st.integers(0, (size - 1) // 2)) for size in (*kernel, *kernel)]
        attrs["dilations"] = [draw(st.integers(1, 2)) for _ in range(rank)]
    else:
        attrs["auto_pad"] = padding
        attrs["strides"] = [min(stride, size) for stride, size in zip(strides, kernel, strict=True)]
    sizes = [2 * size + draw(st.integers(0, 5)) for size in kernel]
    return (draw(st.integers(1, 2)), draw(st.integers(1, 5)), *sizes), attrs


def normal(*shape):
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


@many
@given(pools(), st.integers(0, 1))
def test_max_pool_agrees(case, order):
    """The largest element and its position, rows or columns first."""
    shape, attrs = case
    assert_agrees("MaxPool", [normal(*shape)], attrs, rtol=0, atol=0)
    assert_agrees("MaxPool", [normal(*shape)], attrs | {"storage_order": order}, outputs=2, rtol=0, atol=0)


@many
@given(pools(), st.integers(0, 1))
def test_average_pool_agrees(case, counted):
    """The mean, padding counted or not."""
    shape, attrs = case
    assert_agrees("AveragePool", [normal(*shape)], attrs | {"count_include_pad": counted}, rtol=1e-5, atol=1e-6)


@many
@given(pools(), st.sampled_from([1, 2, 3]))
def test_lp_pool_agrees(case, p):
    """The p-norm."""
    shape, attrs = case
    assert_agrees("LpPool", [normal(*shape)], attrs | {"p": p}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_max_pool_of_integers_agrees(dtype):
    """Padding never wins a maximum, also of integers."""
    x = np.random.default_rng(0).integers(np.iinfo(dtype).min, 0, (2, 3, 9, 9), endpoint=True).astype(dtype)
    assert_agrees("MaxPool", [x], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]})


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "LpPool"])
def test_pooling_keeps_its_element_type(op, dtype):
    """float16 is summed in float32; float64 stays float64."""
    x = normal(1, 2, 8, 8).astype(np.float16)
    (exact,) = call(op, [x.astype(np.float64)], {"kernel_shape": [3, 3]})
    (found,) = call(op, [x.astype(dtype)], {"kernel_shape": [3, 3]})
    assert found.dtype == dtype
    np.testing.assert_allclose(found, exact, rtol=np.finfo(dtype).eps, atol=1e-7)


@many
@given(pools(), st.booleans())
def test_prepared_pooling_does_not_depend_on_memory(case, last):
    """Channels first or last, whatever lies in scratch: one result, and the same again."""
    shape, attrs = case
    x = normal(*shape)
    window = read_window(attrs, x.shape[2:])
    for op, pooling in (
        ("MaxPool", Pooling(window)),
        ("AveragePool", Pooling(window, np.add, counts(window, with_padding=False))),
    ):
        (expected,) = call(op, [x], attrs)
        given_x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if last else x
        out, scratch = np.empty(expected.shape, np.float32), allocate(pooling.scratch(given_x))
        calls = pooling.bind(given_x, out, scratch)
        for _ in range(2):
            for buffer in (*scratch, out):
                buffer[...] = np.nan
            run(calls)
            np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)
