"""Small models for tests of the importer, and an interpreter for what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from npusdk.graph import bind
from npusdk.importers import load_onnx
from npusdk.kernels import call

Arrays = Mapping[str, NDArray[Any]]


def float_input(name: str, *shape: int | str, dtype: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """Return an input or output of stated shape."""
    return helper.make_tensor_value_info(name, dtype, shape)


def model_of(
    nodes: Sequence[onnx.NodeProto], inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[str], **parts: Any
) -> onnx.ModelProto:
    """Return a model.

    Parameters
    ----------
    **parts
        `weights` (arrays by name), `opset` (17 by default), `functions`, `domains`.
    """
    weights = [numpy_helper.from_array(value, name) for name, value in parts.get("weights", {}).items()]
    infos = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = helper.make_graph(nodes, "small", inputs, infos, weights)
    opsets = [helper.make_opsetid("", parts.get("opset", 17))]
    opsets += [helper.make_opsetid(domain, 1) for domain in parts.get("domains", ())]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=parts.get("functions", ()))


def linear(**parts: Any) -> onnx.ModelProto:
    """Return ``relu(x w + b)`` with weights large enough to be cut out of the file."""
    rng = np.random.default_rng(5)
    weights = {"w": rng.standard_normal((32, 16), np.float32), "b": rng.standard_normal(16, np.float32)}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], "product"),
        helper.make_node("Add", ["h", "b"], ["s"], "sum"),
        helper.make_node("Relu", ["s"], ["y"], "relu"),
    ]
    return model_of(nodes, [float_input("x", "n", 32)], ["y"], weights=weights, **parts)


def run(source: object, feeds: Arrays) -> list[NDArray[Any]]:
    """Import, bind and compute a model, node by node."""
    graph = load_onnx(source)
    bound = bind(graph, {name: value.shape for name, value in feeds.items()}, call)
    values = {**bound.constants, **feeds}
    for node in bound.nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        made = call(node.op, inputs, node.attrs, len(node.outputs))
        values.update({name: value for name, value in zip(node.outputs, made, strict=True) if name})
        for name in node.outputs:
            if name:
                assert values[name].shape == bound.tensors[name].shape
    return [values[name] for name in bound.outputs]
