"""Random valid nodes of products, convolutions, pooling, normalisation and quantisation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from npusdk.graph import TensorType
from tests.graph.drawing import Builder, axis_of, dtype, ints, narrowed, shapes
from tests.graph.oracle import Case, f32


def matmul(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        lead, (rows, inner, columns) = shapes(draw, 0, 2), ints(draw, 1, 5, 3)
        vectors = draw(st.tuples(st.booleans(), st.booleans()))
        left = (inner,) if vectors[0] else (*narrowed(draw, lead), rows, inner)
        right = (inner,) if vectors[1] else (*narrowed(draw, lead), inner, columns)
        if op == "MatMulInteger":
            return Case(op, [TensorType("uint8", left), TensorType("int8", right)])
        return Case(op, [f32(*left), f32(*right)])

    return build


def qlinear_matmul(draw: DrawFn) -> Case:
    rows, inner, columns = ints(draw, 1, 5, 3)
    left, right = TensorType("uint8", (2, rows, inner)), TensorType("int8", (inner, columns))
    per_column = draw(st.booleans())
    right_scale, right_zero = (
        (f32(columns), TensorType("int8", (columns,))) if per_column else (f32(), TensorType("int8", ()))
    )
    return Case(
        "QLinearMatMul",
        [left, f32(), TensorType("uint8", ()), right, right_scale, right_zero, f32(), TensorType("uint8", ())],
    )


def gemm(draw: DrawFn) -> Case:
    rows, inner, columns = ints(draw, 1, 5, 3)
    turned = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
    a = (inner, rows) if turned[0] else (rows, inner)
    b = (columns, inner) if turned[1] else (inner, columns)
    bias = [f32(*narrowed(draw, (rows, columns)))] if draw(st.booleans()) else []
    return Case("Gemm", [f32(*a), f32(*b), *bias], {"transA": turned[0], "transB": turned[1]})


def einsum(draw: DrawFn) -> Case:
    sizes = dict(zip("abcd", ints(draw, 1, 4, 4), strict=True))
    terms = ["".join(draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3))) for _term in range(2)]
    letters = sorted(set("".join(terms)))
    kept = "".join(draw(st.lists(st.sampled_from(letters), unique=True))) if letters else ""
    dots = "..." if draw(st.booleans()) else ""
    equation = ",".join(dots + term for term in terms) + (f"->{dots}{kept}" if draw(st.booleans()) else "")
    lead = (2, 3) if dots else ()
    return Case("Einsum", [f32(*lead, *(sizes[letter] for letter in term)) for term in terms], {"equation": equation})


def _window(draw: DrawFn, rank: int) -> dict[str, Any]:
    attrs: dict[str, Any] = {"strides": ints(draw, 1, 3, rank), "dilations": ints(draw, 1, 2, rank)}
    mode = draw(st.sampled_from(("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")))
    if mode == "NOTSET":
        attrs["pads"] = ints(draw, 0, 2, 2 * rank)
    else:
        attrs["auto_pad"] = mode
    return attrs


def _image(draw: DrawFn, kernel: tuple[int, ...]) -> tuple[int, ...]:
    """Draw spatial sizes that hold a kernel dilated by 2."""
    return tuple(2 * size + draw(st.integers(0, 5)) for size in kernel)


def convolution(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        rank = draw(st.integers(1, 3))
        kernel, group = ints(draw, 1, 3, rank), draw(st.integers(1, 2))
        channels, filters = group * draw(st.integers(1, 3)), group * draw(st.integers(1, 3))
        data = (draw(st.integers(1, 2)), channels, *_image(draw, kernel))
        weight = (filters, channels // group, *kernel)
        attrs = {**_window(draw, rank), "group": group}
        if op == "ConvInteger":
            return Case(op, [TensorType("uint8", data), TensorType("int8", weight)], attrs)
        if op == "QLinearConv":
            point, scale = TensorType("uint8", ()), f32()
            quantised = [TensorType("uint8", data), scale, point, TensorType("uint8", weight), f32(filters)]
            return Case(op, [*quantised, TensorType("uint8", (filters,)), scale, point], attrs)
        bias = [f32(filters)] if draw(st.booleans()) else []
        return Case(op, [f32(*data), f32(*weight), *bias], attrs)

    return build


def transposed_convolution(draw: DrawFn) -> Case:
    rank = draw(st.integers(1, 2))
    kernel, group = ints(draw, 1, 3, rank), draw(st.integers(1, 2))
    data = (1, 2 * group, *ints(draw, 5, 8, rank))
    attrs = {**_window(draw, rank), "group": group}
    if "auto_pad" in attrs:
        attrs["strides"] = (1,) * rank
    elif draw(st.booleans()):
        attrs["output_padding"] = tuple(stride - 1 for stride in attrs["strides"])
        attrs["pads"] = (0,) * (2 * rank)
    return Case("ConvTranspose", [f32(*data), f32(2 * group, 3, *kernel)], attrs)


def pool(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        rank = draw(st.integers(1, 3))
        kernel = ints(draw, 1, 3, rank)
        attrs = {**_window(draw, rank), "kernel_shape": kernel, "ceil_mode": draw(st.integers(0, 1))}
        if "pads" in attrs:
            attrs["pads"] = tuple(min(pad, kernel[at % rank] - 1) for at, pad in enumerate(attrs["pads"]))
        data = (1, 2, *_image(draw, kernel))
        return Case(op, [f32(*data)], attrs, draw(st.integers(1, 2)) if op == "MaxPool" else 1)

    return build


def global_pool(op: str) -> Builder:
    return lambda draw: Case(op, [TensorType(dtype(draw, "F"), shapes(draw, 3))])


def normalisation(op: str, parameters: int, **attrs: object) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw, 3)
        return Case(op, [f32(*shape), *[f32(shape[1])] * parameters], attrs)

    return build


def group_normalisation(draw: DrawFn) -> Case:
    groups, each = ints(draw, 1, 3, 2)
    channels = f32(groups * each)
    return Case("GroupNormalization", [f32(2, groups * each, 3), channels, channels], {"num_groups": groups})


def layer_normalisation(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw, 1)
        axis = axis_of(draw, len(shape))
        outputs = draw(st.integers(1, 3)) if op == "LayerNormalization" else 1
        return Case(op, [f32(*shape), f32(*shape[axis:])], {"axis": axis}, outputs)

    return build


def quantise(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape = shapes(draw, 1)
        axis, quantised = axis_of(draw, len(shape)), draw(st.sampled_from(("uint8", "int8", "int16")))
        data, point = (f32(*shape), quantised) if op == "QuantizeLinear" else (TensorType(quantised, shape), quantised)
        if draw(st.booleans()):
            return Case(op, [data, f32(), TensorType(point, ())])
        return Case(op, [data, f32(shape[axis]), TensorType(point, (shape[axis],))], {"axis": axis})

    return build


def dynamic_quantise(draw: DrawFn) -> Case:
    return Case("DynamicQuantizeLinear", [f32(*shapes(draw))], {}, 3)
