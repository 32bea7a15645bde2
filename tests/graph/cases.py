"""Random valid nodes of every operator, for the laws of shape rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from npusdk.graph import TensorType
from npusdk.graph.shapes import SHAPE_RULES
from tests.graph.oracle import Case, f32

Builder = Callable[[DrawFn], Case]

CLASSES = {
    "F": ("float32", "float16", "bfloat16", "float64"),
    "N": ("float32", "int64", "uint8", "int32"),
    "S": ("float32", "int32", "int64"),
    "J": ("int8", "uint32", "int64"),
    "U": ("uint8", "uint64"),
    "A": ("float32", "bool", "int16", "bfloat16"),
    "B": ("bool",),
}


def ints(draw: DrawFn, least: int, most: int, count: int) -> tuple[int, ...]:
    """Draw `count` integers."""
    return tuple(draw(st.lists(st.integers(least, most), min_size=count, max_size=count)))


def shapes(draw: DrawFn, least: int = 0, most: int = 4, smallest: int = 1) -> tuple[int, ...]:
    """Draw a shape."""
    return tuple(draw(st.lists(st.integers(smallest, 6), min_size=least, max_size=most)))


def dtype(draw: DrawFn, kind: str) -> str:
    """Draw an element type of a class."""
    return draw(st.sampled_from(CLASSES[kind]))


def i64(*values: int) -> np.ndarray:
    """Return a vector of integers."""
    return np.array(values, np.int64)


def axis_of(draw: DrawFn, rank: int) -> int:
    """Draw an axis, counted from either end."""
    return draw(st.integers(-rank, rank - 1))


def some_axes(draw: DrawFn, rank: int) -> tuple[int, ...]:
    """Draw different axes, each counted from either end."""
    chosen = draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank)) if rank else []
    return tuple(axis - rank if draw(st.booleans()) else axis for axis in chosen)


def _narrowed(draw: DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Draw a shape that broadcasts to `shape`."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(1 if draw(st.booleans()) else size for size in kept)


def unary(op: str, kind: str) -> Builder:
    return lambda draw: Case(op, [TensorType(dtype(draw, kind), shapes(draw, smallest=0))])


def broadcast(op: str, kind: str, count: int = 2) -> Builder:
    def build(draw: DrawFn) -> Case:
        shape, element = shapes(draw), dtype(draw, kind)
        attrs = {"direction": "LEFT"} if op == "BitShift" else {}
        return Case(op, [TensorType(element, _narrowed(draw, shape)) for _input in range(count)], attrs)

    return build


def where(draw: DrawFn) -> Case:
    shape, element = shapes(draw), dtype(draw, "A")
    choices = [TensorType(element, _narrowed(draw, shape)) for _input in range(2)]
    return Case("Where", [TensorType("bool", _narrowed(draw, shape)), *choices])


def prelu(draw: DrawFn) -> Case:
    shape = shapes(draw)
    return Case("PRelu", [f32(*shape), f32(*_narrowed(draw, shape))])


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


def reshape(draw: DrawFn) -> Case:
    shape = shapes(draw)
    target = list(draw(st.permutations(shape)))
    if target and draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    target += [1] * draw(st.integers(0, 2))
    for axis, size in enumerate(target[: len(shape)]):
        if size == shape[axis] and draw(st.booleans()):
            target[axis] = 0
    return Case("Reshape", [TensorType(dtype(draw, "A"), shape), i64(*target)])


def flatten(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Flatten", [f32(*shape)], {"axis": draw(st.integers(-len(shape), len(shape)))})


def squeeze(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    chosen = [axis - len(shape) if draw(st.booleans()) else axis for axis in ones if draw(st.booleans())]
    return Case("Squeeze", [f32(*shape), *([i64(*chosen)] if chosen else [])])


def unsqueeze(draw: DrawFn) -> Case:
    shape, extra = shapes(draw), draw(st.integers(1, 3))
    rank = len(shape) + extra
    places = draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=extra, max_size=extra))
    return Case("Unsqueeze", [f32(*shape), i64(*(axis - rank if draw(st.booleans()) else axis for axis in places))])


def transpose(draw: DrawFn) -> Case:
    shape = shapes(draw)
    attrs = {"perm": tuple(draw(st.permutations(range(len(shape)))))} if shape and draw(st.booleans()) else {}
    return Case("Transpose", [f32(*shape)], attrs)


def expand(draw: DrawFn) -> Case:
    shape = shapes(draw)
    return Case("Expand", [f32(*_narrowed(draw, shape)), i64(*_narrowed(draw, shape))])


def tile(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Tile", [f32(*shape), i64(*ints(draw, 0, 3, len(shape)))])


def concat(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axis = axis_of(draw, len(shape))
    parts = [list(shape) for _part in range(draw(st.integers(1, 4)))]
    for part in parts:
        part[axis] = draw(st.integers(0, 4))
    return Case("Concat", [f32(*part) for part in parts], {"axis": axis})


def split(draw: DrawFn) -> Case:
    shape = list(shapes(draw, 1))
    axis, count = axis_of(draw, len(shape)), draw(st.integers(1, 4))
    if draw(st.booleans()):
        parts = ints(draw, 0, 4, count)
        shape[axis] = sum(parts)
        return Case("Split", [f32(*shape), i64(*parts)], {"axis": axis}, count)
    step = draw(st.integers(1, 3))
    shape[axis] = step * count - draw(st.integers(0, step - 1))
    return Case("Split", [f32(*shape)], {"axis": axis, "num_outputs": count}, count)


def slice_(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape))
    starts, ends = (ints(draw, -9, 9, len(axes)) for _bound in range(2))
    steps = tuple(draw(st.sampled_from((-3, -2, -1, 1, 2, 5))) for _axis in axes)
    ends = tuple(draw(st.sampled_from((end, 2**63 - 1, -(2**63)))) for end in ends)
    return Case("Slice", [f32(*shape), i64(*starts), i64(*ends), i64(*axes), i64(*steps)])


def pad(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape)) or None
    count = len(shape) if axes is None else len(axes)
    rest = [] if axes is None else [None, i64(*axes)]
    return Case("Pad", [f32(*shape), i64(*ints(draw, 0, 3, 2 * count)), *rest])


def blocks(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        block, shape = draw(st.integers(1, 3)), ints(draw, 1, 3, 4)
        scale = (1, block * block, 1, 1) if op == "DepthToSpace" else (1, 1, block, block)
        return Case(op, [f32(*(size * times for size, times in zip(shape, scale, strict=True)))], {"blocksize": block})

    return build


def trilu(draw: DrawFn) -> Case:
    return Case("Trilu", [f32(*shapes(draw, 2))], {"upper": draw(st.integers(0, 1))})


def center_crop_pad(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape))
    if not axes:
        return Case("CenterCropPad", [f32(*shape), i64(*ints(draw, 1, 8, len(shape)))])
    return Case("CenterCropPad", [f32(*shape), i64(*ints(draw, 1, 8, len(axes)))], {"axes": axes})


def gather(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Gather", [f32(*shape), TensorType("int32", shapes(draw, 0, 2))], {"axis": axis_of(draw, len(shape))})


def gather_elements(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axis = axis_of(draw, len(shape))
    indices = [draw(st.integers(1, size)) for size in shape]
    indices[axis] = draw(st.integers(1, 7))
    return Case("GatherElements", [f32(*shape), TensorType("int64", tuple(indices))], {"axis": axis})


def gather_nd(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    batch = draw(st.integers(0, len(shape) - 1))
    depth = draw(st.integers(1, len(shape) - batch))
    indices = (*shape[:batch], *shapes(draw, 0, 2), depth)
    return Case("GatherND", [f32(*shape), TensorType("int64", indices)], {"batch_dims": batch})


def scatter_elements(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    indices = tuple(draw(st.integers(1, size)) for size in shape)
    attrs = {"axis": axis_of(draw, len(shape)), "reduction": draw(st.sampled_from(("none", "add", "max")))}
    return Case("ScatterElements", [f32(*shape), TensorType("int64", indices), f32(*indices)], attrs)


def scatter_nd(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    depth, lead = draw(st.integers(1, len(shape))), shapes(draw, 0, 2)
    return Case("ScatterND", [f32(*shape), TensorType("int64", (*lead, depth)), f32(*lead, *shape[depth:])])


def one_hot(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    depth = np.array(draw(st.integers(1, 9)), np.int64)
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    return Case("OneHot", [TensorType("int32", shape), depth, TensorType("float16", (2,))], {"axis": axis})


def non_zero(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("NonZero", [np.ones(shape, np.float32)])


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


def column_to_image(draw: DrawFn) -> Case:
    image, block = ints(draw, 3, 6, 2), ints(draw, 1, 3, 2)
    strides, pads = ints(draw, 1, 2, 2), ints(draw, 0, 1, 4)
    windows = [(image[a] + pads[a] + pads[a + 2] - block[a]) // strides[a] + 1 for a in range(2)]
    columns = f32(2, 3 * prod(block), prod(windows))
    return Case("Col2Im", [columns, i64(*image), i64(*block)], {"strides": strides, "pads": pads})


def resize(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1)) if draw(st.booleans()) else None
    count = len(shape) if axes is None else len(axes)
    attrs = {} if axes is None else {"axes": tuple(axes)}
    if draw(st.booleans()):
        policy = draw(st.sampled_from(("stretch", "not_larger", "not_smaller")))
        sizes = i64(*ints(draw, 1, 9, count))
        return Case("Resize", [f32(*shape), None, None, sizes], {**attrs, "keep_aspect_ratio_policy": policy})
    scales = np.array(draw(st.lists(st.sampled_from((0.4, 0.5, 1.0, 1.5, 2.0, 3.3)), min_size=count, max_size=count)))
    return Case("Resize", [f32(*shape), None, scales.astype(np.float32)], attrs)


def matmul(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        lead, (rows, inner, columns) = shapes(draw, 0, 2), ints(draw, 1, 5, 3)
        vectors = draw(st.tuples(st.booleans(), st.booleans()))
        left = (inner,) if vectors[0] else (*_narrowed(draw, lead), rows, inner)
        right = (inner,) if vectors[1] else (*_narrowed(draw, lead), inner, columns)
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
    bias = [f32(*_narrowed(draw, (rows, columns)))] if draw(st.booleans()) else []
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


_UNARY = {
    "N": "Abs Shrink Sign", "S": "Neg Relu", "J": "BitwiseNot", "B": "Not", "A": "Identity",
    "F": """Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN
            LeakyRelu Log Mish Reciprocal Round Selu Sigmoid Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh
            ThresholdedRelu""",
}  # fmt: skip
_BROADCAST = {
    "N": "Add Div Mod Mul Sub Greater GreaterOrEqual Less LessOrEqual", "S": "Pow", "J": "BitwiseAnd BitwiseOr BitwiseXor",
    "B": "And Or Xor", "A": "Equal", "U": "BitShift",
}  # fmt: skip
_REDUCTIONS = [op for op in SHAPE_RULES if op.startswith("Reduce")]

BUILDERS: Mapping[str, Builder] = {
    **{op: unary(op, kind) for kind, ops in _UNARY.items() for op in ops.split()},
    **{op: broadcast(op, kind) for kind, ops in _BROADCAST.items() for op in ops.split()},
    **{op: broadcast(op, "F", 3) for op in ("Max", "Min", "Mean", "Sum")},
    **{op: reduction(op) for op in _REDUCTIONS},
    **{op: arg_extreme(op) for op in ("ArgMax", "ArgMin")},
    **{op: along_axis(op) for op in ("Softmax", "LogSoftmax", "Hardmax", "LpNormalization")},
    **{op: blocks(op) for op in ("DepthToSpace", "SpaceToDepth")},
    **{op: matmul(op) for op in ("MatMul", "MatMulInteger")},
    **{op: convolution(op) for op in ("Conv", "ConvInteger", "QLinearConv")},
    **{op: pool(op) for op in ("MaxPool", "AveragePool", "LpPool")},
    **{op: global_pool(op) for op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")},
    **{op: layer_normalisation(op) for op in ("LayerNormalization", "RMSNormalization")},
    **{op: quantise(op) for op in ("QuantizeLinear", "DequantizeLinear")},
    "Celu": lambda draw: Case("Celu", [f32(*shapes(draw))]), "Where": where, "PRelu": prelu, "Clip": clip,
    "Dropout": dropout, "Cast": cast, "CastLike": cast_like, "CumSum": cum_sum, "TopK": top_k,
    "ReverseSequence": reverse_sequence, "Reshape": reshape, "Flatten": flatten, "Squeeze": squeeze,
    "Unsqueeze": unsqueeze, "Transpose": transpose, "Expand": expand, "Tile": tile, "Concat": concat, "Split": split,
    "Slice": slice_, "Pad": pad, "Trilu": trilu, "CenterCropPad": center_crop_pad, "Gather": gather,
    "GatherElements": gather_elements, "GatherND": gather_nd, "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd, "OneHot": one_hot, "NonZero": non_zero, "Shape": shape_, "Size": size,
    "ConstantOfShape": constant_of_shape, "Range": range_, "EyeLike": eye_like, "Col2Im": column_to_image,
    "Resize": resize, "QLinearMatMul": qlinear_matmul, "Gemm": gemm, "Einsum": einsum,
    "ConvTranspose": transposed_convolution, "BatchNormalization": normalisation("BatchNormalization", 4),
    "InstanceNormalization": normalisation("InstanceNormalization", 2), "GroupNormalization": group_normalisation,
    "MeanVarianceNormalization": lambda draw: Case(
        "MeanVarianceNormalization", [f32(*shapes(draw, 4))], {"axes": (0, 2, 3)}
    ),
    "LRN": normalisation("LRN", 0, size=3), "DynamicQuantizeLinear": dynamic_quantise,
}  # fmt: skip
"""For each operator, a function that draws a valid node."""


def cases(op: str) -> SearchStrategy[Case]:
    """Return random valid nodes of an operator."""
    return st.composite(lambda draw: BUILDERS[op](draw))()


def damaged(op: str) -> SearchStrategy[Case]:
    """Return nodes that were valid before one dimension of one input changed, or vanished, or one was added."""

    def build(draw: DrawFn) -> Case:
        case = BUILDERS[op](draw)
        typed = [index for index, value in enumerate(case.inputs) if isinstance(value, TensorType)]
        if not typed:
            return case
        index = draw(st.sampled_from(typed))
        shape = list(case.inputs[index].shape)
        place = draw(st.integers(0, len(shape)))
        if place == len(shape):
            shape.append(draw(st.integers(1, 3)))
        elif draw(st.booleans()):
            del shape[place]
        else:
            shape[place] += draw(st.sampled_from((-1, 1, 2)))
        inputs = list(case.inputs)
        inputs[index] = TensorType(case.inputs[index].dtype, tuple(max(0, size) for size in shape))
        return Case(op, inputs, case.attrs, case.outputs)

    return st.composite(build)()
