"""Shape rules of operators that work element by element, with ONNX's (NumPy's) broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.errors import DtypeError
from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import known, need_shape, optional, refuse, source, unsupported, value_of
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES


def broadcast(call: Call, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the common shape of `shapes` under multidirectional broadcasting (ONNX, Broadcasting.md)."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    rank = max(map(len, shapes))
    sizes = []
    for column in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        wanted = {size for size in column if size != 1}
        if len(wanted) > 1:
            refuse(call, _("Node {node} ({op}): shapes {shapes} do not broadcast."), shapes=list(shapes))
        sizes.append(wanted.pop() if wanted else 1)
    return tuple(sizes)


def same(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input."""
    return (source(call),)


def predicate(call: Call) -> Sequence[TensorType]:
    """Give the shape of the first input, as truth values."""
    return (TensorType("bool", source(call).shape),)


def merged(call: Call) -> Sequence[TensorType]:
    """Give the broadcast shape, in the first input's type."""
    return (TensorType(source(call).dtype, broadcast(call, [given.shape for given in call.types if given])),)


def comparison(call: Call) -> Sequence[TensorType]:
    """Give the broadcast shape, as truth values."""
    return (TensorType("bool", merged(call)[0].shape),)


def where(call: Call) -> Sequence[TensorType]:
    """Give the shape that all three inputs broadcast to, in the type of the choices."""
    return (TensorType(source(call, 1).dtype, merged(call)[0].shape),)


def prelu(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input, to which the slope must broadcast."""
    x = source(call)
    if broadcast(call, [x.shape, source(call, 1).shape]) != x.shape:
        need_shape(call, 1, x.shape)
    return (x,)


def clip(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input; the bounds are scalars."""
    for index in (1, 2):
        given = optional(call, index)
        if given is not None and given.shape not in ((), (1,)):
            need_shape(call, index, ())
    return (source(call),)


def dropout(call: Call) -> Sequence[TensorType]:
    """Give the input and a mask, as inference does."""
    training = value_of(call, 2)
    if optional(call, 2) is not None and (training is None or known(call, 2).any()):
        unsupported(call, _("Node {node} ({op}): training mode; only inference runs here."))
    x = source(call)
    return (x, TensorType("bool", x.shape))


def cast(call: Call) -> Sequence[TensorType]:
    """Give the input in the element type that `to` names."""
    return (TensorType(named_dtype(call, "to"), source(call).shape),)


def cast_like(call: Call) -> Sequence[TensorType]:
    """Give the first input in the element type of the second."""
    return (TensorType(source(call, 1).dtype, source(call).shape),)


def named_dtype(call: Call, attribute: str, default: str | None = None) -> str:
    """Return the element type that an attribute names."""
    name = call.attrs.get(attribute, default)
    if not isinstance(name, str) or name not in ELEMENT_TYPES or name == "string":
        raise DtypeError(
            _("Node {node} ({op}): attribute {attribute} names element type {dtype}, which is not supported."),
            hint=_("Use one of: {known}."),
            node=call.node,
            op=call.op,
            attribute=attribute,
            dtype=repr(name),
            known=", ".join(known_name for known_name in ELEMENT_TYPES if known_name != "string"),
        )
    return name


def _group(rule: ShapeRule, signature: str, names: str) -> dict[str, tuple[str, ShapeRule]]:
    return dict.fromkeys(names.split(), (signature, rule))


_FLOAT_UNARY = """Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish
LeakyRelu Log Mish Reciprocal Round Selu Sigmoid Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu"""

ELEMENTWISE: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        **_group(same, "F", _FLOAT_UNARY),
        **_group(same, "N", "Abs Shrink Sign"),
        **_group(same, "S", "Neg Relu"),
        **_group(same, "J", "BitwiseNot"),
        **_group(same, "B", "Not"),
        **_group(same, "A", "Identity"),
        **_group(predicate, "F", "IsInf IsNaN"),
        **_group(merged, "N N", "Add Div Mod Mul Sub"),
        **_group(merged, "E N", "Pow"),
        **_group(merged, "J J", "BitShift BitwiseAnd BitwiseOr BitwiseXor"),
        **_group(merged, "B B", "And Or Xor"),
        **_group(merged, "N*", "Max Min"),
        **_group(merged, "F*", "Mean Sum"),
        **_group(comparison, "A A", "Equal"),
        **_group(comparison, "N N", "Greater GreaterOrEqual Less LessOrEqual"),
        "Where": ("B A A", where),
        "PRelu": ("W W", prelu),
        "Clip": ("N N? N?", clip),
        "Dropout": ("F F1? B?", dropout),
        "Cast": ("A", cast),
        "CastLike": ("A A1", cast_like),
    }
)
"""Signature and shape rule by operator."""
