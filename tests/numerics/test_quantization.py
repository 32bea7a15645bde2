"""Quantisation equals onnxruntime's, integer by integer and bit by bit."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from npusdk.numerics import dequantize_linear, dynamic_quantize, quantize_linear

ELEMENT = {
    "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8, "int16": TensorProto.INT16, "uint16": TensorProto.UINT16, "int32": TensorProto.INT32,
}  # fmt: skip


def run_onnxruntime(op, inputs, output_types, **attrs):
    """Run one operator on onnxruntime's CPU provider."""
    names = [f"i{index}" for index in range(len(inputs))]
    outputs = [f"o{index}" for index in range(len(output_types))]
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, **attrs)],
        "one",
        [helper.make_tensor_value_info(n, ELEMENT[v.dtype.name], v.shape) for n, v in zip(names, inputs, strict=True)],
        [helper.make_tensor_value_info(n, ELEMENT[t], None) for n, t in zip(outputs, output_types, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(names, inputs, strict=True)))


def ties(scale):
    """Return values that include every tie between two integers, both ends of the range, and what lies beyond."""
    steps = np.arange(-400, 401, dtype=np.float32) / 2
    wild = np.random.default_rng(1).normal(0, 300, 5000).astype(np.float32)
    return np.concatenate([steps, wild, np.float32([1e30, -1e30, np.inf, -np.inf])]) * np.float32(scale)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("scale", [1.0, 0.25, 0.0371, 3.3])
def test_quantize_linear_equals_onnxruntime(dtype, scale):
    """One scale for all: the same integers, ties to even, saturated at both ends."""
    zero_point = np.array(3, dtype)
    x = ties(scale)
    (expected,) = run_onnxruntime("QuantizeLinear", [x, np.array(scale, np.float32), zero_point], [dtype])
    np.testing.assert_array_equal(quantize_linear(x, np.array(scale, np.float32), zero_point), expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_quantization_per_axis_equals_onnxruntime(dtype, axis):
    """One scale and zero point for each index of an axis, there and back."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 3, (3, 4, 5)).astype(np.float32)
    scale = rng.uniform(0.01, 0.2, x.shape[axis]).astype(np.float32)
    zero_point = rng.integers(0, 20, x.shape[axis]).astype(dtype)
    (expected,) = run_onnxruntime("QuantizeLinear", [x, scale, zero_point], [dtype], axis=axis)
    found = quantize_linear(x, scale, zero_point, axis=axis)
    np.testing.assert_array_equal(found, expected)
    (back,) = run_onnxruntime("DequantizeLinear", [expected, scale, zero_point], ["float32"], axis=axis)
    np.testing.assert_array_equal(dequantize_linear(found, scale, zero_point, axis=axis), back)


@pytest.mark.parametrize("axis", [0, 1])
def test_quantization_in_blocks_equals_onnxruntime(axis):
    """One scale for each block along an axis, there and back."""
    rng = np.random.default_rng(6)
    x = rng.normal(0, 3, (6, 8)).astype(np.float32)
    shape = (3, 8) if axis == 0 else (6, 4)
    scale = rng.uniform(0.01, 0.2, shape).astype(np.float32)
    zero_point = rng.integers(-20, 20, shape).astype(np.int8)
    attrs = {"axis": axis, "block_size": 2}
    (expected,) = run_onnxruntime("QuantizeLinear", [x, scale, zero_point], ["int8"], **attrs)
    found = quantize_linear(x, scale, zero_point, **attrs)
    np.testing.assert_array_equal(found, expected)
    (back,) = run_onnxruntime("DequantizeLinear", [expected, scale, zero_point], ["float32"], **attrs)
    np.testing.assert_array_equal(dequantize_linear(found, scale, zero_point, **attrs), back)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32"])
def test_dequantize_linear_equals_onnxruntime(dtype):
    """Every integer comes back as the same float32, bit for bit."""
    limits = np.iinfo(dtype)
    x = np.linspace(limits.min, limits.max, 4001).astype(dtype)
    zero_point = np.array(0 if dtype == "int32" else 7, dtype)
    scale = np.array(0.0173, np.float32)
    (expected,) = run_onnxruntime("DequantizeLinear", [x, scale, zero_point], ["float32"])
    np.testing.assert_array_equal(dequantize_linear(x, scale, zero_point), expected)


def test_dequantize_linear_in_float16_equals_onnxruntime():
    """A float16 scale gives float16 values."""
    x = np.arange(-128, 128).astype(np.int8)
    scale = np.array(0.0371, np.float16)
    (expected,) = run_onnxruntime("DequantizeLinear", [x, scale], ["float16"])
    found = dequantize_linear(x, scale)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(-6, 6), shift=st.floats(-3, 3))
def test_dynamic_quantize_equals_onnxruntime(seed, spread, shift):
    """The range that values have gives the same scale, zero point and integers, at any size of values."""
    x = ((np.random.default_rng(seed).normal(size=257) + shift) * 10.0**spread).astype(np.float32)
    expected = run_onnxruntime("DynamicQuantizeLinear", [x], ["uint8", "float32", "uint8"])
    for found, wanted in zip(dynamic_quantize(x), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_dynamic_quantize_of_zeros_has_scale_one():
    """A tensor of zeros, or an empty one, has no range; its scale is 1, as onnxruntime's."""
    zeros = np.zeros((2, 3), np.float32)
    for found, wanted in zip(
        dynamic_quantize(zeros),
        run_onnxruntime("DynamicQuantizeLinear", [zeros], ["uint8", "float32", "uint8"]),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)
    assert dynamic_quantize(np.zeros((0,), np.float32))[1] == 1
