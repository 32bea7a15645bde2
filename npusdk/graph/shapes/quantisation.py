"""Shape rules of quantisation: per tensor, per axis, or in blocks along an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.elementwise import named_dtype
from npusdk.graph.shapes.reading import integer, malformed, need_shape, normal_axis, refuse, source
from npusdk.language import _


def _check_scale(call: Call) -> None:
    """Check that scale and zero point are scalars, suit an axis, or suit blocks along it."""
    shape, scale = source(call).shape, source(call, 1).shape
    zero_point = call.types[2] if len(call.types) > 2 else None
    if zero_point is not None and not {scale, zero_point.shape} <= {(), (1,)}:
        need_shape(call, 2, scale)
    block = integer(call, "block_size", 0)
    if block < 0:
        malformed(call, _("Node {node} ({op}): {attribute} {value} is negative."), attribute="block_size", value=block)
    if scale in ((), (1,)) and not block:
        return
    axis = normal_axis(call, integer(call, "axis", 1), len(shape))
    expected = (shape[axis],) if not block else (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :])
    if scale != expected:
        template = _(
            "Node {node} ({op}): scales {scale} do not suit axis {axis} of shape {shape} in blocks of {block}."
        )
        refuse(call, template, scale=scale, axis=axis, shape=shape, block=block or shape[axis])


def quantise(call: Call) -> Sequence[TensorType]:
    """Give the input's shape in the zero point's type, else in `output_dtype`, else as uint8."""
    _check_scale(call)
    named = named_dtype(call, "output_dtype", "uint8")
    zero_point = call.types[2] if len(call.types) > 2 else None
    if zero_point is not None and "output_dtype" in call.attrs and named != zero_point.dtype:
        template = _("Node {node} ({op}): output_dtype {named} is not the zero point's {dtype}.")
        malformed(call, template, named=named, dtype=zero_point.dtype)
    return (TensorType(zero_point.dtype if zero_point else named, source(call).shape),)


def dequantise(call: Call) -> Sequence[TensorType]:
    """Give the input's shape in `output_dtype`, else in the scale's type."""
    _check_scale(call)
    return (TensorType(named_dtype(call, "output_dtype", source(call, 1).dtype), source(call).shape),)


def quantise_dynamically(call: Call) -> Sequence[TensorType]:
    """Give the input as uint8, its scale and its zero point."""
    return (TensorType("uint8", source(call).shape), TensorType("float32", ()), TensorType("uint8", ()))


QUANTISATION: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "QuantizeLinear": ("G1 G2 H?", quantise),
        "DequantizeLinear": ("D L D?", dequantise),
        "DynamicQuantizeLinear": ("float32", quantise_dynamically),
    }
)
"""Signature and shape rule by operator."""
