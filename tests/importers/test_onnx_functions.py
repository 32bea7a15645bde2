"""Laws of model-local functions and of the order and names of nodes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from npusdk.errors import ModelFormatError, UnsupportedOpError
from npusdk.graph import check_graph
from npusdk.importers import load_onnx
from npusdk.importers.onnx_order import Names
from tests.importers.models import call_of, float_input, function, linear, model_of, run, with_functions


def model_with(functions, nodes):
    """Return a model that calls functions."""
    return model_of(nodes, [float_input("a", 2)], ["b"], functions=functions, domains=["local"])


def test_functions_are_inlined():
    """Functions that call functions, with attributes that they hand on, compute what their bodies say."""
    model = with_functions()
    graph = load_onnx(model)
    check_graph(graph)
    assert [node.op for node in graph.nodes] == ["LeakyRelu", "Neg"] * 2
    assert run(model, {"a": np.array([2, -2], np.float32)})[0].tolist() == [0.5, -1.0]


@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ([function("f", [call_of("g", "x", "y")]), function("g", [call_of("f", "x", "y")])], "calls itself"),
        ([function("f", [call_of("f", "x", "y")])], "f calls itself"),
        ([function("f", [helper.make_node("Relu", ["x"], ["y"])])] * 2, "f is defined twice"),
    ],
)
def test_functions_that_do_not_end_are_refused(functions, words):
    """Recursion and double definitions are refused, naming the function."""
    with pytest.raises(ModelFormatError, match=words):
        load_onnx(model_with(functions, [call_of("f", "a", "b")]))


def test_functions_that_explode_are_refused():
    """Forty functions that each call the next twice would come to 2**40 nodes, and are refused before that."""
    functions = [
        function(f"f{index}", [call_of(f"f{index + 1}", "x", "h"), call_of(f"f{index + 1}", "h", "y")])
        for index in range(40)
    ]
    functions.append(function("f40", [helper.make_node("Relu", ["x"], ["y"])]))
    with pytest.raises(ModelFormatError, match=str(2**40)):
        load_onnx(model_with(functions, [call_of("f0", "a", "b")]))


def test_functions_that_multiply_their_data_are_refused():
    """A body with a megabyte, called three hundred times, is refused before it is copied."""
    value = onnx.numpy_helper.from_array(np.zeros(1 << 18, np.float32), "large")
    body = [helper.make_node("Constant", [], ["c"], value=value), helper.make_node("Identity", ["x"], ["y"])]
    nodes = [call_of("f", "a", f"b{index}") for index in range(300)]
    model = model_of(nodes, [float_input("a", 2)], ["b0"], functions=[function("f", body)], domains=["local"])
    with pytest.raises(ModelFormatError, match="bytes"):
        load_onnx(model)


def test_functions_that_hide_graphs_are_refused():
    """A graph in an attribute of an operator that has none is refused before inlining goes into it."""
    body = helper.make_node("Relu", ["x"], ["y"], "hider")
    body.attribute.add(name="then", type=onnx.AttributeProto.GRAPH).g.name = "hidden"
    with pytest.raises(ModelFormatError, match=r"f/hider.*then"):
        load_onnx(model_with([function("f", [body])], [call_of("f", "a", "b")]))


def test_functions_that_nothing_calls_do_not_matter():
    """A function with unknown operators that no node calls does not keep a model from loading."""
    unused = function("unused", [helper.make_node("Mystery", ["x"], ["y"])])
    model = model_with([unused], [helper.make_node("Relu", ["a"], ["b"])])
    assert [node.op for node in load_onnx(model).nodes] == ["Relu"]


def test_names_that_all_collide_are_told_apart_quickly():
    """Thirty thousand nodes of one name get as many names, in time that grows with their number alone."""
    names = Names()
    assert len({names.fresh("same") for _node in range(30_000)}) == 30_000


def test_functions_with_unknown_operators_are_named():
    """What a function lacks is told like what a graph lacks."""
    body = [helper.make_node("Mystery", ["x"], ["y"], "secret")]
    with pytest.raises(UnsupportedOpError, match=r"f/secret: operator Mystery"):
        load_onnx(model_with([function("f", body)], [call_of("f", "a", "b")]))


def test_nodes_come_into_order():
    """Nodes in any order give the same network."""
    model = linear()
    expected = load_onnx(model).nodes
    turned = linear()
    del turned.graph.node[:]
    turned.graph.node.extend(reversed(model.graph.node))
    assert load_onnx(turned).nodes == expected


def test_nodes_in_order_stay_as_they_are():
    """The file's order is kept where it is one in which the nodes can run."""
    paths = [("x", "b"), ("b", "d"), ("d", "a"), ("x", "e"), ("e", "c")]
    nodes = [helper.make_node("Relu", [source], [target], target) for source, target in paths]
    graph = load_onnx(model_of(nodes, [float_input("x", 1)], ["a", "c"]))
    assert [node.name for node in graph.nodes] == list("bdaec")


def test_names_of_nodes_become_unique():
    """A missing name is operator and place; a name that occurs again gets a number."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "same"),
        helper.make_node("Relu", ["a"], ["b"], "same"),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Relu", ["c"], ["y"], "same_2"),
    ]
    graph = load_onnx(model_of(nodes, [float_input("x", 1)], ["y"]))
    assert [node.name for node in graph.nodes] == ["same", "same_2", "Relu_2", "same_2_2"]


@pytest.mark.parametrize(
    ("dims", "shape"),
    [(("n", 3), ("n", 3)), ((None, 3), ("x.0", 3)), ((2, None), (2, "x.1")), ((), ()), (None, ("...",))],
)
def test_open_dimensions_have_names(dims, shape):
    """A name of a dimension is kept; one without a name gets its own; an unknown rank is told apart."""
    value = helper.make_tensor_value_info("x", 1, dims)
    graph = load_onnx(model_of([helper.make_node("Relu", ["x"], ["y"])], [value], ["y"]))
    assert graph.tensors["x"].shape == shape
