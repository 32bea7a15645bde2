"""Laws of how dimensions get their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from npusdk.errors import ShapeError
from npusdk.graph import GraphBuilder, bind, rebatch_shapes, resolve_input_shapes
from npusdk.kernels import call


def graph_of(**shapes):
    """Return a graph of inputs alone."""
    build = GraphBuilder()
    for name, shape in shapes.items():
        build.input(name, shape)
    return build.build([])


@pytest.mark.parametrize(
    ("shapes", "given", "expected"),
    [
        ({"x": (1, 3)}, {}, {"x": (1, 3)}),
        ({"x": ("n", 3)}, {}, {"x": (1, 3)}),
        ({"x": ("n", 3), "y": (4, "n")}, {}, {"x": (1, 3), "y": (4, 1)}),
        ({"x": ("n", "s"), "y": ("n", "s")}, {"x": (2, 7)}, {"x": (2, 7), "y": (2, 7)}),
        ({"x": ("n", 3), "y": ("m", 2)}, {"x": (5, 3)}, {"x": (5, 3), "y": (5, 2)}),
        ({"x": (4, 3), "y": ("m", 2)}, {}, {"x": (4, 3), "y": (1, 2)}),
        ({"x": ("...",)}, {"x": (2, 3)}, {"x": (2, 3)}),
        ({"x": ()}, {}, {"x": ()}),
    ],
)
def test_shapes_resolve(shapes, given, expected):
    """A name has one number wherever it occurs; a leading name that nobody gave is the first input's batch, or 1."""
    assert resolve_input_shapes(graph_of(**shapes), given) == expected


@pytest.mark.parametrize(
    ("shapes", "given", "words"),
    [
        ({"x": (1, 3)}, {"y": (1, 3)}, ["y", "x"]),
        ({"x": (1, 3)}, {"x": (1, 4)}, ["x", "4"]),
        ({"x": (1, 3)}, {"x": (1, 3, 1)}, ["x", "[1, 3, 1]"]),
        ({"x": ("n", 3)}, {"x": (-2, 3)}, ["x", "-2"]),
        ({"x": ("n", "n")}, {"x": (2, 3)}, ["x", "[2, 2]"]),
        ({"x": ("n", 3, "side")}, {}, ["x", "side", 'input_shapes={"x": (1, 3, N)}']),
        ({"x": ("...",)}, {}, ["x", 'input_shapes={"x": (N,)}']),
    ],
)
def test_shapes_that_contradict_or_stay_open_are_refused(shapes, given, words):
    """The error names the input, what is wrong, and for an open dimension the argument that closes it."""
    with pytest.raises(ShapeError) as refusal:
        resolve_input_shapes(graph_of(**shapes), given)
    assert all(word in str(refusal.value) for word in words)


@pytest.mark.parametrize(
    ("shapes", "given", "batch", "expected"),
    [
        ({"x": ("n", 3)}, {}, 8, {"x": (8, 3)}),
        ({"x": (1, 3), "y": (1, 5), "z": (2, 1)}, {}, 8, {"x": (8, 3), "y": (8, 5), "z": (2, 1)}),
        ({"x": ("n", 3), "y": (7, "n")}, {"x": (2, 3)}, 4, {"x": (4, 3), "y": (7, 4)}),
    ],
)
def test_batch_is_the_leading_dimension_of_the_first_input(shapes, given, batch, expected):
    """Inputs whose leading dimension has the same name or number follow."""
    assert rebatch_shapes(graph_of(**shapes), given, batch) == expected


@pytest.mark.parametrize(("shapes", "batch"), [({"x": ()}, 2), ({}, 2), ({"x": ("n",)}, 0)])
def test_batch_needs_a_dimension_and_a_positive_number(shapes, batch):
    """A model without a leading dimension, and a batch below 1, are refused."""
    with pytest.raises(ShapeError, match="batch"):
        rebatch_shapes(graph_of(**shapes), {}, batch)


def static_network(*target):
    """Return a network of static shape that reshapes to `target` on its way."""
    build = GraphBuilder()
    x = build.input("x", (1, 4, 2))
    flat = build.op("Reshape", x, build.constant(np.array(target)), name="flat")
    weight = build.constant(np.ones((8, 3), np.float32))
    return build.build([build.op("MatMul", flat, weight, outputs=["y"])])


def test_bind_takes_another_batch_where_the_file_states_one():
    """A static network that copies its batch runs with any."""
    bound = bind(static_network(0, -1), {}, call, batch=6)
    assert (bound.tensors["x"].shape, bound.tensors["y"].shape) == ((6, 4, 2), (6, 3))


@pytest.mark.parametrize("target", [(1, -1), (1, 8)])
def test_bind_names_the_node_that_bakes_the_batch_in(target):
    """A static network with the batch in a reshape runs with its own only; the error names the node and the way out."""
    graph = static_network(*target)
    assert bind(graph, {}, call, batch=1).tensors["y"].shape == (1, 3)
    with pytest.raises(ShapeError, match=r"flat \(Reshape\)(.|\n)*dynamic batch"):
        bind(graph, {}, call, batch=6)
