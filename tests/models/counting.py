"""Parameters and multiply-accumulates of an ONNX model, counted from shapes alone."""

from __future__ import annotations

import math

import onnx
from onnx import TensorProto, shape_inference

STATISTICS = ("running_mean", "running_var")
"""What BatchNormalization holds beside its parameters."""


def parameters_of(model: onnx.ModelProto) -> int:
    """Count the float32 initialisers' elements, without the statistics of BatchNormalization."""
    tensors = (tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT)
    return sum(math.prod(tensor.dims) for tensor in tensors if not tensor.name.endswith(STATISTICS))


def macs_of(model: onnx.ModelProto) -> int:
    """Count the multiply-accumulates of Conv, Gemm and MatMul in a model of static shapes."""
    graph = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    return sum(
        math.prod(shapes[node.output[0]]) * _depth(node, shapes) for node in graph.node if node.op_type in _DEPTHS
    )


_DEPTHS = {"Conv": (1, slice(1, None)), "MatMul": (0, slice(-1, None)), "Gemm": (0, slice(-1, None))}
"""Which dimensions of which input one output element sums over (no Gemm here transposes its first input)."""


def _depth(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> int:
    position, dims = _DEPTHS[node.op_type]
    return math.prod(shapes[node.input[position]][dims])
