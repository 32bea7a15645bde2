"""Laws of binding."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.errors import ModelFormatError, ShapeError, UnsupportedOpError
from npusdk.graph import Graph, GraphBuilder, Node, Tensor, bind, check_graph, format_graph
from npusdk.graph.binding import ROOM_BYTES
from npusdk.importers import load_onnx
from npusdk.kernels import call
from tests.models.samples import TINY, feeds_of


def ops(graph: Graph) -> list[str]:
    """Return the operators of a graph, in order."""
    return [node.op for node in graph.nodes]


def flattened() -> Graph:
    """Return ``reshape(x, (shape(x)[0], -1))`` as exporters write it."""
    build = GraphBuilder("flattened")
    x = build.input("x", ("batch", 3, "side", "side"))
    first = build.op("Gather", build.op("Shape", x), build.constant(np.array([0])))
    target = build.op("Concat", first, build.constant(np.array([-1])), axis=0)
    return build.build([build.op("Reshape", x, target, outputs=["y"])])


@given(batch=st.integers(1, 9), side=st.integers(1, 9))
def test_bind_does_shape_arithmetic(batch, side):
    """Shape arithmetic becomes a constant, its nodes vanish, and what is left is bound and sound."""
    bound = bind(flattened(), {"x": (batch, 3, side, side)}, call)
    assert ops(bound) == ["Reshape"]
    assert bound.tensors["y"].shape == (batch, 3 * side * side)
    assert bound.is_bound
    assert set(bound.tensors) == {"x", "y", bound.nodes[0].inputs[1]}
    check_graph(bound)


def test_bind_leaves_the_open_graph_alone():
    """Binding twice, with other shapes, starts from the same open graph."""
    graph = flattened()
    bind(graph, {"x": (1, 3, 2, 2)}, call)
    assert bind(graph, {"x": (2, 3, 4, 4)}, call).tensors["y"].shape == (2, 48)


@pytest.mark.parametrize(
    ("op", "target", "shape"),
    [
        ("Identity", None, (100, 1, 100)),
        ("Transpose", None, (100, 1, 100)),
        ("Flatten", None, (100, 100)),
        ("Reshape", [-1, 50], (200, 50)),
        ("Unsqueeze", [0], (1, 100, 1, 100)),
        ("Squeeze", [1], (100, 100)),
    ],
)
def test_bind_keeps_views_of_weights_as_views(op, target, shape):
    """A view of a large constant is a constant on the same memory, in the shape that the kernel gives."""
    build = GraphBuilder()
    weight = np.arange(10_000, dtype=np.float32).reshape(100, 1, 100)
    targets = [] if target is None else [np.array(target)]
    inputs = [build.constant(value) for value in (weight, *targets)]
    bound = bind(build.build([build.op(op, *inputs, outputs=["y"])]), {}, call)
    made = bound.constants["y"]
    assert not bound.nodes
    assert np.shares_memory(made, weight)
    assert not made.flags.writeable
    assert made.shape == shape
    assert np.array_equal(made, call(op, [weight, *targets], {})[0])


@pytest.mark.parametrize("op", ["Slice", "Split"])
def test_bind_keeps_parts_of_weights_as_views(op):
    """A part of a large constant is a constant on the same memory."""
    build = GraphBuilder()
    weight = np.arange(20_000, dtype=np.float32).reshape(100, 200)
    inputs = [build.constant(weight)]
    inputs += [build.constant(np.array(value)) for value in ([0], [50], [1])] if op == "Slice" else []
    outputs = ["y"] if op == "Slice" else ["y", "z"]
    attrs = {} if op == "Slice" else {"axis": 1, "num_outputs": 2}
    bound = bind(build.build([build.op(op, *inputs, outputs=outputs, **attrs)]), {}, call)
    assert not bound.nodes
    assert np.shares_memory(bound.constants["y"], weight)
    assert np.array_equal(bound.constants["y"], weight[:, : 50 if op == "Slice" else 100])


def test_bind_makes_filled_weights_without_memory():
    """A large ConstantOfShape becomes a constant of one number, and a reshape of it still is."""
    build = GraphBuilder()
    shape = build.constant(np.array([1 << 15, 1 << 10]))
    filled = build.op("ConstantOfShape", shape, value=np.array([0.5], np.float32))
    wide = build.op("Reshape", filled, build.constant(np.array([1 << 10, -1])), outputs=["y"])
    bound = bind(build.build([wide]), {}, call)
    assert bound.constants["y"].shape == (1 << 10, 1 << 15)
    assert not any(bound.constants["y"].strides)


@pytest.mark.parametrize("op", ["DequantizeLinear", "Einsum", "MatMul"])
def test_bind_leaves_work_to_the_compiler(op):
    """Quantisation and products stay nodes, however small their inputs are."""
    build = GraphBuilder()
    if op == "DequantizeLinear":
        inputs = [build.constant(np.ones((2, 2), np.int8)), build.constant(np.float32(0.5))]
    else:
        inputs = [build.constant(np.ones((2, 2), np.float32)) for _input in range(2)]
    attrs = {"equation": "ij,jk"} if op == "Einsum" else {}
    assert ops(bind(build.build([build.op(op, *inputs, **attrs)]), {}, call)) == [op]


def test_bind_computes_small_constants_only():
    """A sum of constants is computed up to 4096 elements, and left to the network beyond."""
    for size, expected in ((4096, []), (4097, ["Add"])):
        build = GraphBuilder()
        ones = build.constant(np.ones(size, np.float32))
        assert ops(bind(build.build([build.op("Add", ones, ones)]), {}, call)) == expected


def test_bind_computes_no_more_than_there_is_room_for():
    """A file of a few kilobytes cannot ask for gigabytes of constants: beyond the limit, nodes stay."""
    build = GraphBuilder()
    value = build.constant(np.ones(4096))
    for _addition in range(3 * ROOM_BYTES // (8 * 4096)):
        value = build.op("Add", value, value)
    bound = bind(build.build([value]), {}, call)
    assert len(bound.nodes) == pytest.approx(2 * ROOM_BYTES // (8 * 4096), abs=2)


def test_bind_drops_what_no_output_needs():
    """Dead nodes, also broken ones, unused constants and unread outputs vanish; inputs stay."""
    build = GraphBuilder()
    x, unused = build.input("x", (2, 3)), build.input("unused", (1,))
    build.op("NonZero", x)
    build.op("Reshape", x, build.constant(np.array([5])))
    kept = build.op("Dropout", x, outputs=["y", "mask"])
    bound = bind(build.build([kept]), {}, call)
    assert bound.inputs == (x, unused)
    assert [node.outputs for node in bound.nodes] == [("y",)]
    assert not bound.constants


def test_bind_keeps_every_part_of_a_split():
    """An unread part of a Split keeps its place, so that the others keep theirs."""
    build = GraphBuilder()
    x = build.input("x", (2, 3))
    build.op("Split", x, axis=1, num_outputs=3, outputs=["a", "b", "c"])
    bound = bind(build.build(["b"]), {}, call)
    assert bound.nodes[0].outputs == ("", "b", "")
    assert bound.tensors["b"].shape == (2, 1)


@pytest.mark.parametrize("axis", [-3, -2, -1, 0, 1, 2])
@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
def test_bind_lowers_softmax_of_a_flattened_input(op, axis):
    """A Softmax from before opset 13 works on a matrix; where that changes nothing it becomes a plain one."""
    build = GraphBuilder()
    x = build.input("x", (2, 3, 4))
    graph = build.build([build.op(op, x, axis=axis, flatten=1, outputs=["y"])])
    bound = bind(graph, {}, call)
    check_graph(bound)
    assert ops(bound) == ([op] if axis in (-1, 2) else ["Flatten", op, "Reshape"])
    assert bound.tensors["y"].shape == (2, 3, 4)
    assert not any("flatten" in node.attrs for node in bound.nodes)


def test_bind_repeats_the_parameters_of_groups():
    """A GroupNormalization from before opset 21 gets one scale for each channel of a group."""
    build = GraphBuilder()
    x = build.input("x", (1, 6, 5))
    scale, shift = build.constant(np.array([1, 2], np.float32)), build.constant(np.array([3, 4], np.float32))
    graph = build.build([build.op("GroupNormalization", x, scale, shift, num_groups=2, per_group=1)])
    bound = bind(graph, {}, call)
    assert ops(bound) == ["GroupNormalization"]
    given = [bound.constants[name].tolist() for name in bound.nodes[0].inputs[1:]]
    assert given == [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]]


@pytest.mark.parametrize("shape", [(1, 5, 5), (1,)])
def test_bind_refuses_groups_that_channels_do_not_divide_into(shape):
    """Where groups do not suit the channels, the error names the node and both numbers."""
    build = GraphBuilder()
    x, scale = build.input("x", shape), build.constant(np.ones(2, np.float32))
    graph = build.build([build.op("GroupNormalization", x, scale, scale, num_groups=2, per_group=1, name="gn")])
    with pytest.raises(ShapeError, match=r"gn \(GroupNormalization\)"):
        bind(graph, {}, call)


def test_bind_names_the_type_of_cast_like():
    """CastLike becomes a Cast to the type that the second input turns out to have."""
    build = GraphBuilder()
    x, like = build.input("x", (2,)), build.input("like", (1,), "bfloat16")
    (node,) = bind(build.build([build.op("CastLike", x, like)]), {}, call).nodes
    assert (node.op, node.inputs, node.attrs["to"]) == ("Cast", ("x",), "bfloat16")


def test_bind_refuses_what_depends_on_data():
    """An output whose shape depends on values that come with the input is refused, naming node and operator."""
    build = GraphBuilder()
    x = build.input("x", (4,))
    with pytest.raises(UnsupportedOpError, match=r"found \(NonZero\).*run time"):
        bind(build.build([build.op("NonZero", x, name="found")]), {}, call)


@pytest.mark.parametrize("sizes", [(1 << 21, 1 << 21), (-1, 4), (1 << 41, 0), (1 << 62,)])
def test_bind_refuses_absurd_sizes_before_it_allocates(sizes):
    """A tensor of more than 2**40 elements, or of a negative size, is refused."""
    build = GraphBuilder()
    shape = build.constant(np.array(sizes))
    graph = build.build([build.op("ConstantOfShape", shape, name="huge")])
    with pytest.raises(ModelFormatError, match="huge"):
        bind(graph, {}, call)


def test_bind_tells_constants_that_cannot_be_computed():
    """A failure of the evaluation is an error about the node, not a traceback of it."""

    def fail(*_arguments):
        message = "boom"
        raise ValueError(message)

    build = GraphBuilder()
    one = build.constant(np.ones(2, np.int64))
    with pytest.raises(ModelFormatError, match=r"total \(Add\).*boom"):
        bind(build.build([build.op("Add", one, one, name="total")]), {}, fail)


def test_bind_refuses_operators_without_a_rule():
    """A graph that was not checked is refused all the same."""
    graph = Graph("g", (Node("Mystery", "n", ("x",), ("y",)),), ("x",), ("y",), {"x": Tensor("x", "float32", (1,))}, {})
    with pytest.raises(UnsupportedOpError, match=r"n: operator Mystery"):
        bind(graph, {}, call)


@pytest.mark.parametrize("name", sorted(TINY))
def test_bind_types_outputs_as_onnxruntime_makes_them(name):
    """The networks of the builders bind, at a batch of their own, to the shapes that onnxruntime gives."""
    model = TINY[name]()
    feeds = feeds_of(model, N=3, S=12)
    bound = bind(load_onnx(model), {key: value.shape for key, value in feeds.items()}, call)
    check_graph(bound)
    format_graph(bound)
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    found = [bound.tensors[output] for output in bound.outputs]
    assert [(tensor.shape, tensor.dtype) for tensor in found] == [(value.shape, str(value.dtype)) for value in expected]


def test_bind_refuses_shapes_that_do_not_fit():
    """A product of unequal inner sizes is refused, and the error names node, operator and shapes."""
    build = GraphBuilder()
    a, b = build.input("a", (2, 3)), build.input("b", (4, 5))
    with pytest.raises(ShapeError, match=r"product \(MatMul\).*3.*4"):
        bind(build.build([build.op("MatMul", a, b, name="product")]), {}, call)
