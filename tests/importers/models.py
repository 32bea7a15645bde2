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


def handing_on(node: onnx.NodeProto, name: str, attribute: str) -> onnx.NodeProto:
    """Return a node with an attribute that is an attribute of the function around it."""
    node.attribute.add(name=name, ref_attr_name=attribute, type=onnx.AttributeProto.FLOAT)
    return node


def function(name: str, nodes: Sequence[onnx.NodeProto], attributes: Sequence[str] = ()) -> onnx.FunctionProto:
    """Return a function of the domain "local", from x to y."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_function("local", name, ["x"], ["y"], nodes, opsets, list(attributes))


def call_of(name: str, source: str, target: str, **attrs: float) -> onnx.NodeProto:
    """Return a node that calls a function."""
    return helper.make_node(name, [source], [target], domain="local", **attrs)


def with_functions() -> onnx.ModelProto:
    """Return a model with a function that calls another and hands on an attribute."""
    leaky = handing_on(helper.make_node("LeakyRelu", ["x"], ["y"]), "alpha", "slope")
    handed = handing_on(call_of("inner", "x", "h"), "slope", "slope")
    functions = [
        function("inner", [leaky], attributes=["slope"]),
        function("outer", [handed, helper.make_node("Neg", ["h"], ["y"])], attributes=["slope"]),
    ]
    nodes = [call_of("outer", "a", "t", slope=0.5), call_of("outer", "t", "b", slope=0.25)]
    return model_of(nodes, [float_input("a", 2)], ["b"], functions=functions, domains=["local"])


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
