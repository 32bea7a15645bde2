"""Convolutions agree with onnxruntime, whatever their geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from npusdk.kernels.blocks import allocate, phantom, run
from npusdk.kernels.epilogue import fuse, rounding
from npusdk.kernels.prepared_convolution import Filters, prepare_convolution
from npusdk.kernels.windows import read_window
from npusdk.numerics import round_to
from tests.kernels.oracle import assert_agrees

many = settings(max_examples=60, deadline=None)


@st.composite
def convolutions(draw):
    """Draw the shapes and attributes of a convolution whose window fits its input."""
    rank = draw(st.sampled_from([1, 2, 2, 3]))
    groups, inner, outer = draw(st.sampled_from([(1, 3, 5), (1, 8, 16), (2, 2, 3), (6, 1, 1), (4, 1, 2), (5, 1, 1)]))
    kernel = [draw(st.integers(1, 4)) for _ in range(rank)]
    strides = [draw(st.integers(1, 3)) for _ in range(rank)]
    attrs = {"kernel_shape": kernel, "strides": strides, "group": groups}
    padding = draw(st.sampled_from(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    dilations = [1] * rank
    if padding == "NOTSET":
        attrs["pads"] = [draw(st.integers(0, 2)) for _ in range(2 * rank)]
        dilations = attrs["dilations"] = [draw(st.integers(1, 3)) for _ in range(rank)]
    else:
        attrs["auto_pad"] = padding
        attrs["strides"] = strides = [min(stride, size) for stride, size in zip(strides, kernel, strict=True)]
    extents = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    sizes = [extent + draw(st.integers(0, 6)) for extent in extents]
    batch = draw(st.integers(1, 3))
    return (batch, groups * inner, *sizes), (groups * outer, inner, *kernel), attrs


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


@many
@given(convolutions())
def test_convolution_agrees(case):
    """Any rank, groups, strides, dilations and paddings give onnxruntime's result."""
    shape, weight, attrs = case
    assert_agrees("Conv", [normal(*shape), normal(*weight), normal(weight[0])], attrs, rtol=1e-4, atol=1e-5)


@many
@given(convolutions(), st.booleans())
def test_transposed_convolution_agrees(case, extra):
    """A transposed convolution of any geometry gives onnxruntime's result."""
    shape, weight, attrs = case
    groups = attrs["group"]
    if extra and "pads" in attrs:
        attrs["output_padding"] = [min(stride, 2) - 1 for stride in attrs["strides"]]
    spread = [
        stride * (size - 1) + (kernel - 1) * dilation + 1
        for stride, size, kernel, dilation in zip(
            attrs["strides"], shape[2:], weight[2:], attrs.get("dilations", (1, 1, 1)), strict=False
        )
    ]
    if any(size <= 4 for size in spread):
        attrs.pop("pads", None)
    taken = (shape[1], weight[0] // groups, *weight[2:])
    inputs = [normal(*shape), normal(*taken), normal(weight[0] // groups * groups)]
    assert_agrees("ConvTranspose", inputs, attrs, rtol=1e-4, atol=1e-5)


def test_transposed_convolution_takes_a_stated_output_shape():
    """`output_shape` decides the padding."""
    inputs = [normal(1, 3, 5, 6), normal(3, 4, 3, 3)]
    for auto_pad in ("SAME_UPPER", "SAME_LOWER", "NOTSET"):
        attrs = {"strides": [2, 2], "output_shape": [10, 12], "auto_pad": auto_pad}
        assert_agrees("ConvTranspose", inputs, attrs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("op", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_convolution_keeps_its_element_type(op, dtype):
    """float16 is summed in float32 and rounded once; float64 stays float64."""
    x, weight = normal(2, 4, 7, 7).astype(np.float16), normal(4, 4, 3, 3).astype(np.float16)
    (exact,) = call(op, [x.astype(np.float64), weight.astype(np.float64)], {"pads": [1, 1, 1, 1]})
    (found,) = call(op, [x.astype(dtype), weight.astype(dtype)], {"pads": [1, 1, 1, 1]})
    assert found.dtype == dtype
    unit = np.abs(exact) * np.finfo(dtype).eps + 1e-4 * (dtype == np.float16)
    assert (np.abs(found - exact) <= unit + 1e-12).all()


def in_order(x, last):
    """Return the same image with its channels last in memory, or first."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if last else np.ascontiguousarray(x)


def prepared_run(x, filters, attrs, fused):
    """Run a convolution that was laid out on a phantom, twice, on memory full of NaN."""
    window = read_window(attrs, x.shape[2:], filters.weight.shape[2:])
    plan = prepare_convolution(phantom(x.shape, x.dtype, x.strides), filters, window)
    out = np.moveaxis(np.full((x.shape[0], *window.positions, filters.count), np.nan, x.dtype), -1, 1)
    scratch = allocate(plan.scratch)
    calls = plan.bind(x, out, scratch, fused)
    for _ in range(2):
        for buffer in (*scratch, out):
            buffer[...] = np.nan
        run(calls)
    return out


@many
@given(convolutions(), st.booleans())
def test_prepared_convolution_does_not_depend_on_memory(case, last):
    """Channels first or last, whatever lies in scratch: one result, and the same again."""
    shape, weight, attrs = case
    x, filters = normal(*shape), Filters(normal(*weight), attrs["group"])
    (expected,) = call("Conv", [x, filters.weight], attrs)
    np.testing.assert_allclose(prepared_run(in_order(x, last), filters, attrs, []), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("groups", "kernel"), [(1, 1), (1, 3), (4, 3), (32, 3)])
def test_fused_operators_follow_in_order(groups, kernel):
    """A bias, a residual, an activation and a rounding behind a convolution equal the operators one by one."""
    x, weight = normal(2, 32, 60, 61), normal(32, 32 // groups, kernel, kernel)
    attrs = {"pads": [kernel // 2] * 4}
    bias, residual, gate = normal(32, 1, 1), normal(2, 32, 60, 61, seed=1), normal(2, 32, 1, 1)

    def physical(value):
        return np.moveaxis(np.broadcast_to(value, x.shape), 1, -1)

    steps = [("Add", bias, True), ("Mul", gate, False), ("Add", residual, False)]
    fused = [f for op, value, fixed in steps for f in fuse(op, (physical(value),), {}, fixed=fixed)]
    fused += fuse("Relu", (), {}, fixed=True)
    fused += fuse("Clip", (np.float32(0.25).reshape(()), np.float32(2.0).reshape(())), {}, fixed=True)
    fused.append(rounding(round_to, "bf16"))
    (plain,) = call("Conv", [x, weight], attrs | {"group": groups})
    expected = round_to(np.ascontiguousarray(np.clip((plain + bias) * gate + residual, 0.25, 2)), "bf16")
    found = prepared_run(in_order(x, last=True), Filters(weight, groups), attrs, fused)
    assert (np.abs(found - expected) <= 2**-7 * np.abs(expected)).all()
    assert (found == expected).mean() > 0.999
    assert (round_to(np.ascontiguousarray(found), "bf16") == found).all()
