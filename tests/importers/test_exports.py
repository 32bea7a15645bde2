"""Patterns that exporters write, by hand: imported, bound and computed as onnxruntime computes them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from npusdk.graph import bind
from npusdk.importers import load_onnx
from npusdk.kernels import call
from tests.importers.models import float_input, model_of, run


def node(op, inputs, output, **attrs):
    """Return a node from inputs separated by blanks to one output."""
    return helper.make_node(op, inputs.split(), [output], **attrs)


def i64(*values):
    """Return integers."""
    return np.array(values, np.int64)


def resize_to_twice():
    """Return interpolate(scale_factor=2) of a dynamic image, with sizes computed from the input's."""
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s two four zero", "hw"),
        node("Cast", "hw", "float", to=TensorProto.FLOAT),
        node("Mul", "float factor", "scaled"),
        node("Cast", "scaled", "sizes", to=TensorProto.INT64),
        node("Slice", "s zero two zero", "nc"),
        node("Concat", "nc sizes", "all", axis=0),
        helper.make_node(
            "Resize", ["x", "", "", "all"], ["y"], mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
    ]  # fmt: skip
    weights = {"zero": i64(0), "two": i64(2), "four": i64(4), "factor": np.array([2, 2], np.float32)}
    return model_of(nodes, [float_input("x", "n", 3, "h", "w")], ["y"], weights=weights, opset=13)


def pad_as_torch_writes_it():
    """Return pad(x, (1, 2, 3, 4)) whose pads are turned from torch's order into ONNX's by other nodes."""
    nodes = [
        node("ConstantOfShape", "four", "zeros", value=helper.make_tensor("v", TensorProto.INT64, [1], [0])),
        node("Concat", "pads zeros", "eight", axis=0),
        node("Reshape", "eight pairs", "rows"),
        node("Slice", "rows last first zero minus", "turned"),
        node("Transpose", "turned", "columns", perm=[1, 0]),
        node("Reshape", "columns flat", "all"),
        node("Cast", "all", "ready", to=TensorProto.INT64),
        node("Pad", "x ready", "y", mode="constant"),
    ]
    weights = {
        "four": i64(4), "pads": i64(1, 2, 3, 4), "pairs": i64(-1, 2), "last": i64(-1), "first": i64(-(2**63) + 1),
        "zero": i64(0), "minus": i64(-1), "flat": i64(-1),
    }  # fmt: skip
    return model_of(nodes, [float_input("x", "n", 3, "h", "w")], ["y"], weights=weights, opset=13)


def expand_with_minus_one():
    """Return expand(-1, 4, -1): a size of -1 keeps the input's, by way of Where."""
    nodes = [
        node("Equal", "target minus", "keep"),
        node("Where", "keep ones target", "sizes"),
        node("Expand", "x sizes", "y"),
    ]
    weights = {"target": i64(-1, 4, -1), "minus": i64(-1), "ones": i64(1, 1, 1)}
    return model_of(nodes, [float_input("x", "n", 1, "w")], ["y"], weights=weights, opset=13)


def embedded_positions():
    """Return x plus embeddings of the positions 0 to length - 1."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s one", "length", axis=0),
        node("Range", "zero length step", "positions"),
        node("Unsqueeze", "positions first", "row"),
        node("Gather", "table row", "embedded", axis=0),
        node("Add", "x embedded", "y"),
    ]
    table = np.arange(64 * 5, dtype=np.float32).reshape(64, 5)
    weights = {"one": np.array(1), "zero": np.array(0), "step": np.array(1), "first": i64(0), "table": table}
    return model_of(nodes, [float_input("x", "n", "s", 5)], ["y"], weights=weights, opset=14)


def causal_scores():
    """Return a softmax over scores whose upper triangle is masked, the mask cut from a stored one."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s last", "length", axis=0),
        node("Unsqueeze", "length first", "end"),
        node("Slice", "stored zero end two", "rows"),
        node("Slice", "rows zero end three", "mask"),
        node("Where", "mask x low", "masked"),
        node("Softmax", "masked", "y", axis=-1),
    ]
    weights = {
        "last": np.array(-1), "first": i64(0), "zero": i64(0), "two": i64(2), "three": i64(3),
        "stored": np.tril(np.ones((1, 1, 32, 32), np.bool_)), "low": np.array(-1e4, np.float32),
    }  # fmt: skip
    return model_of(nodes, [float_input("x", "n", 2, "s", "s")], ["y"], weights=weights, opset=13)


def flattened_head():
    """Return a linear layer behind view(size(0), -1), whose weight is turned by a node."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n first", "rows"),
        node("Concat", "rows rest", "target", axis=0),
        node("Reshape", "x target", "flat"),
        node("Transpose", "w", "wt", perm=[1, 0]),
        node("MatMul", "flat wt", "h"),
        node("Add", "h b", "y"),
    ]
    rng = np.random.default_rng(3)
    weights = {
        "zero": np.array(0), "first": i64(0), "rest": i64(-1), "w": rng.standard_normal((5, 12), np.float32),
        "b": rng.standard_normal(5, np.float32),
    }  # fmt: skip
    return model_of(nodes, [float_input("x", "n", 3, 2, 2)], ["y"], weights=weights, opset=13)


PATTERNS = {
    "resize_to_twice": (resize_to_twice, (2, 3, 4, 5), ["Resize"]),
    "pad_as_torch_writes_it": (pad_as_torch_writes_it, (1, 3, 4, 5), ["Pad"]),
    "expand_with_minus_one": (expand_with_minus_one, (2, 1, 3), ["Expand"]),
    "embedded_positions": (embedded_positions, (2, 7, 5), ["Add"]),
    "causal_scores": (causal_scores, (1, 2, 6, 6), ["Where", "Softmax"]),
    "flattened_head": (flattened_head, (2, 3, 2, 2), ["Reshape", "MatMul", "Add"]),
}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_exported_patterns_reduce_to_their_work(name):
    """Only the operators that touch data stay, and they compute what onnxruntime computes."""
    build, shape, left = PATTERNS[name]
    model = build()
    x = np.random.default_rng(1).standard_normal(shape, np.float32)
    bound = bind(load_onnx(model), {"x": shape}, call)
    assert [item.op for item in bound.nodes] == left
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    np.testing.assert_allclose(run(model, {"x": x})[0], expected, rtol=1e-5, atol=1e-6)
