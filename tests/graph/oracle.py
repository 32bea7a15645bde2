"""Types of one node's outputs as onnx infers them, and as the shape rules do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper

from npusdk.graph import Node, TensorType, infer
from npusdk.importers.onnx_tensors import DTYPES

NUMBERS = {name: number for number, name in DTYPES.items()}

Value = TensorType | np.ndarray | None


@dataclass(frozen=True)
class Case:
    """One node: its operator, types or known values of its inputs, attributes, and how many outputs it names."""

    op: str
    inputs: Sequence[Value]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1


def f32(*shape: int) -> TensorType:
    """Return a float32 type."""
    return TensorType("float32", shape)


def ours(case: Case) -> list[TensorType]:
    """Return what the shape rule says."""
    names = [f"i{index}" if value is not None else "" for index, value in enumerate(case.inputs)]
    types, values = {}, {}
    for name, value in zip(names, case.inputs, strict=True):
        if isinstance(value, np.ndarray):
            values[name] = value
            types[name] = TensorType(str(value.dtype), value.shape)
        elif value is not None:
            types[name] = value
    outputs = tuple(f"o{index}" for index in range(case.outputs))
    return list(infer(Node(case.op, "node", tuple(names), outputs, case.attrs), types, values))


def theirs(case: Case) -> list[TensorType]:
    """Return what onnx's strict shape inference says."""
    model = as_model(case)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found = {value.name: value.type.tensor_type for value in (*inferred.graph.output, *inferred.graph.value_info)}
    types = []
    for index in range(case.outputs):
        kind = found[f"o{index}"]
        types.append(TensorType(DTYPES[kind.elem_type], tuple(dim.dim_value for dim in kind.shape.dim)))
    return types


def as_model(case: Case, opset: int = 0) -> onnx.ModelProto:
    """Return a model of one node, whose known inputs are initialisers."""
    names, inputs, weights = [], [], []
    for index, value in enumerate(case.inputs):
        names.append("" if value is None else f"i{index}")
        if isinstance(value, np.ndarray):
            weights.append(onnx.numpy_helper.from_array(value, names[-1]))
        elif value is not None:
            inputs.append(helper.make_tensor_value_info(names[-1], NUMBERS[value.dtype], value.shape))
    attrs = {name: _numbered(case.op, name, value) for name, value in case.attrs.items()}
    outputs = [f"o{index}" for index in range(case.outputs)]
    node = helper.make_node(case.op, names, outputs, "node", **attrs)
    infos = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = helper.make_graph([node], "case", inputs, infos, weights)
    newest = max(23, onnx.defs.get_schema(case.op).since_version if case.op == "Swish" else 23)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset or newest)], ir_version=10)


def _numbered(op: str, name: str, value: object) -> object:
    if (op, name) in {("Cast", "to"), ("EyeLike", "dtype"), ("QuantizeLinear", "output_dtype")}:
        return NUMBERS[str(value)]
    return onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
