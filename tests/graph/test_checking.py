"""Laws of the checker, the builder and the text form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from npusdk.errors import ModelError
from npusdk.graph import Graph, GraphBuilder, Node, Tensor, bind, check_graph, format_graph
from npusdk.kernels import call


def good() -> Graph:
    """Return a small bound graph."""
    build = GraphBuilder("good")
    x, w = build.input("x", ("n", 3)), build.constant(np.ones((3, 2), np.float32), "w")
    return bind(build.build([build.op("Relu", build.op("MatMul", x, w, name="product"), outputs=["y"])]), {}, call)


def nodes_with(**fields) -> dict[str, object]:
    """Return the nodes of the good graph with fields of the second replaced."""
    product, relu = good().nodes
    return {"nodes": (product, replace(relu, **fields))}


def tensors_with(name, dtype, shape) -> dict[str, object]:
    """Return the tensors of the good graph with one replaced."""
    return {"tensors": {**good().tensors, name: Tensor(name, dtype, shape)}}


def constants_with(name, shape, dtype) -> dict[str, object]:
    """Return the constants of the good graph with one replaced or added."""
    return {"constants": {**good().constants, name: np.ones(shape, dtype)}}


DAMAGES = {
    "same node name": (nodes_with(name="product"), "product"),
    "defined twice": (nodes_with(outputs=("product",)), "product"),
    "over an input": (nodes_with(outputs=("x",)), "x"),
    "order": ({"nodes": good().nodes[::-1]}, "product"),
    "unknown operator": (nodes_with(op="Mystery"), "Mystery"),
    "attribute": (nodes_with(attrs={"alpha": object()}), "alpha"),
    "no type": ({"tensors": {name: tensor for name, tensor in good().tensors.items() if name != "w"}}, "w"),
    "element type": (tensors_with("x", "float7", (1, 3)), "float7"),
    "size": (tensors_with("x", "float32", (1, -3)), "x"),
    "wrong type": (tensors_with("y", "float32", (1, 5)), "y"),
    "constant's shape": (constants_with("w", (3, 3), np.float32), "w"),
    "constant's type": (constants_with("w", (3, 2), np.float64), "w"),
    "input and constant": (constants_with("x", (1, 3), np.float32), "x"),
    "output": ({"outputs": ("nowhere",)}, "nowhere"),
    "same input": ({"inputs": ("x", "x")}, "x"),
}


@pytest.mark.parametrize("kind", sorted(DAMAGES))
def test_checker_refuses_broken_promises(kind):
    """A sound graph passes; with one promise broken it is refused, and the error names the culprit."""
    changes, named = DAMAGES[kind]
    check_graph(good())
    with pytest.raises(ModelError, match=named):
        check_graph(replace(good(), **changes))


def test_builder_checks_what_it_builds():
    """A builder never hands out a graph that breaks a promise."""
    build = GraphBuilder()
    build.op("Relu", "nothing")
    with pytest.raises(ModelError, match="nothing"):
        build.build([])


def test_text_shows_types_where_they_are_known():
    """Inputs, constants and typed outputs carry element type and sizes; names of nodes follow where they differ."""
    assert format_graph(good()).splitlines() == [
        "good(x: float32[1, 3]) -> y",
        "  product: float32[1, 2] = MatMul(x, w: float32[3, 2])",
        "  y: float32[1, 2] = Relu(product)",
    ]


def test_text_shows_left_out_inputs_and_long_attributes_short():
    """A missing input is "_", an array in an attribute is its type unless it is short."""
    node = Node("Clip", "c", ("x", "", "h"), ("y",), {"a": np.arange(2), "b": np.zeros((3, 4))})
    graph = Graph("g", (node,), ("x", "h"), ("y",), {name: Tensor(name, "float32", ()) for name in "xh"}, {})
    assert format_graph(graph).splitlines()[1] == "  y = Clip(x, _, h, a=[0, 1], b=float64[3, 4])  # c"
