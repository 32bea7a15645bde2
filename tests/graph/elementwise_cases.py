"""Random valid nodes of elementwise operators, reductions and generators."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from npusdk.graph import TensorType
from tests.graph.drawing import Builder, axis_of, dtype, i64, ints, narrowed, shapes, some_axes
from tests.graph.oracle import Case, f32


def unary(op: str, kind: str) -> Builder:
    return lambda draw: Case(op, [TensorType(dtype(draw, kind), shapes(draw, smallest=0))])


def broadcast(op: str, kind: str, count: int = 2) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape, element = shapes(draw), dtype(draw, kind)
        attrs = {"direction": "LEFT"} if op == "BitShift" else {}
        return Case(op, [TensorType(element, narrowed(draw, shape)) for _input in range(count)], attrs)

    return build


def where(draw: DrawFn) -> Case:
    shape, element = shapes(draw), dtype(draw, "A")
    choices = [TensorType(element, narrowed(draw, shape)) for _input in range(2)]
    return Case("Where", [TensorType("bool", narrowed(draw, shape)), *choices])


def prelu(draw: DrawFn) -> Case:
    shape = shapes(draw)
    return Case("PRelu", [f32(*shape), f32(*narrowed(draw, shape))])


def clip(draw: DrawFn) -> Case:
    element = dtype(draw, "N")
    bounds = [TensorType(element, ()) if draw(st.booleans()) else None for _bound in range(2)]
    return Case("Clip", [TensorType(element, shapes(draw)), *bounds])


def dropout(draw: DrawFn) -> Case:
    return Case("Dropout", [TensorType(dtype(draw, "F"), shapes(draw))], {}, draw(st.integers(1, 2)))


def cast(draw: DrawFn) -> Case:
    return Case("Cast", [TensorType(dtype(draw, "A"), shapes(draw))], {"to": dtype(draw, "A")})


def cast_like(draw: DrawFn) -> Case:
    return Case("CastLike", [TensorType(dtype(draw, "A"), shapes(draw)), TensorType(dtype(draw, "A"), (2,))])


def reduction(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw)
        attrs = {"keepdims": draw(st.integers(0, 1)), "noop_with_empty_axes": draw(st.integers(0, 1))}
        axes = [i64(*some_axes(draw, len(shape)))] if draw(st.booleans()) else []
        return Case(op, [f32(*shape), *axes], attrs)

    return build


def arg_extreme(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw, 1)
        attrs = {"axis": axis_of(draw, len(shape)), "keepdims": draw(st.integers(0, 1))}
        return Case(op, [TensorType(dtype(draw, "N"), shape)], attrs)

    return build


def along_axis(op: str, kind: str = "F") -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw, 1)
        return Case(op, [TensorType(dtype(draw, kind), shape)], {"axis": axis_of(draw, len(shape))})

    return build


def cum_sum(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("CumSum", [f32(*shape), np.array(axis_of(draw, len(shape)), np.int64)])


def top_k(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axis = axis_of(draw, len(shape))
    count = draw(st.integers(0, shape[axis]))
    return Case("TopK", [TensorType(dtype(draw, "N"), shape), i64(count)], {"axis": axis}, 2)


def reverse_sequence(draw: DrawFn) -> Case:
    shape, batch = shapes(draw, 2), draw(st.integers(0, 1))
    lengths = TensorType("int64", (shape[batch],))
    return Case("ReverseSequence", [f32(*shape), lengths], {"batch_axis": batch, "time_axis": 1 - batch})


def shape_(draw: DrawFn) -> Case:
    attrs = {name: draw(st.integers(-5, 5)) for name in ("start", "end") if draw(st.booleans())}
    return Case("Shape", [f32(*shapes(draw))], attrs)


def size(draw: DrawFn) -> Case:
    return Case("Size", [f32(*shapes(draw))])


def constant_of_shape(draw: DrawFn) -> Case:
    value = {"value": np.array([1], draw(st.sampled_from(("int64", "float16", "bool"))))} if draw(st.booleans()) else {}
    return Case("ConstantOfShape", [i64(*shapes(draw, smallest=0))], value)


def range_(draw: DrawFn) -> Case:
    element = draw(st.sampled_from(("int64", "float32")))
    step = draw(st.sampled_from((-3, -1, 1, 2)))
    numbers = (draw(st.integers(-9, 9)), draw(st.integers(-9, 9)), step)
    return Case("Range", [np.array(number, element) for number in numbers])


def eye_like(draw: DrawFn) -> Case:
    return Case("EyeLike", [f32(*ints(draw, 1, 5, 2))], {"dtype": "int32"} if draw(st.booleans()) else {})
