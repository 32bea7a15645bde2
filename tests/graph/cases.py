"""Random valid nodes of every operator, for the laws of shape rules."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from npusdk.graph import TensorType
from npusdk.graph.shapes import SHAPE_RULES
from tests.graph.drawing import Builder, shapes
from tests.graph.elementwise_cases import (
    along_axis,
    arg_extreme,
    broadcast,
    cast,
    cast_like,
    clip,
    constant_of_shape,
    cum_sum,
    dropout,
    eye_like,
    prelu,
    range_,
    reduction,
    reverse_sequence,
    shape_,
    size,
    top_k,
    unary,
    where,
)
from tests.graph.matrix_cases import (
    convolution,
    dynamic_quantise,
    einsum,
    gemm,
    global_pool,
    group_normalisation,
    layer_normalisation,
    matmul,
    normalisation,
    pool,
    qlinear_matmul,
    quantise,
    transposed_convolution,
)
from tests.graph.movement_cases import (
    blocks,
    center_crop_pad,
    column_to_image,
    concat,
    expand,
    flatten,
    gather,
    gather_elements,
    gather_nd,
    grid_sample,
    non_zero,
    one_hot,
    pad,
    reshape,
    resize,
    scatter_elements,
    scatter_nd,
    slice_,
    split,
    squeeze,
    tile,
    transpose,
    trilu,
    unsqueeze,
)
from tests.graph.oracle import Case, f32

_UNARY = {
    "N": "Abs Shrink Sign", "S": "Neg Relu", "J": "BitwiseNot", "B": "Not", "A": "Identity",
    "F": """Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN
            LeakyRelu Log Mish Reciprocal Round Selu Sigmoid Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh
            ThresholdedRelu""",
}  # fmt: skip
_BROADCAST = {
    "N": "Add Div Mod Mul Sub Greater GreaterOrEqual Less LessOrEqual", "S": "Pow",
    "J": "BitwiseAnd BitwiseOr BitwiseXor",
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
    "Resize": resize, "GridSample": grid_sample, "QLinearMatMul": qlinear_matmul, "Gemm": gemm, "Einsum": einsum,
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
    return st.composite(BUILDERS[op])()


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
