"""Shape rules of convolutions and pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import integer, need_rank, need_shape, optional, refuse, source
from npusdk.graph.shapes.windows import read_window, slide, spread
from npusdk.language import _


def _convolved(call: Call, weight_index: int, bias_index: int) -> tuple[int, ...]:
    """Return the output shape of a convolution of input 0 (N, C, ...) with a weight (M, C / group, ...)."""
    data = need_rank(call, 0, 3)
    weight = need_rank(call, weight_index, len(data), len(data))
    group = integer(call, "group", 1)
    if group < 1 or weight[1] * group != data[1] or weight[0] % group:
        template = _("Node {node} ({op}): weight {weight} in {group} groups does not suit an input of shape {shape}.")
        refuse(call, template, weight=weight, group=group, shape=data)
    need_shape(call, bias_index, (weight[0],))
    return (data[0], weight[0], *slide(call, data[2:], read_window(call, len(data) - 2, weight[2:])))


def convolution(call: Call) -> Sequence[TensorType]:
    """Give (N, M, ...)."""
    return (TensorType(source(call).dtype, _convolved(call, 1, 2)),)


def integer_convolution(call: Call) -> Sequence[TensorType]:
    """Give (N, M, ...) as int32; zero points are scalars, the weight's may have one for each filter."""
    shape = _convolved(call, 1, len(call.types))
    _scalar(call, 2)
    _scalar(call, 3, per_channel=shape[1])
    return (TensorType("int32", shape),)


def quantised_convolution(call: Call) -> Sequence[TensorType]:
    """Give (N, M, ...) in the type of the output's zero point."""
    shape = _convolved(call, 3, 8)
    for index in (1, 2, 6, 7):
        _scalar(call, index)
    for index in (4, 5):
        _scalar(call, index, per_channel=shape[1])
    return (TensorType(source(call, 7).dtype, shape),)


def _scalar(call: Call, index: int, per_channel: int | None = None) -> None:
    given = optional(call, index)
    if given is not None and given.shape not in ((), (1,)):
        need_shape(call, index, () if per_channel is None else (per_channel,))


def transposed_convolution(call: Call) -> Sequence[TensorType]:
    """Give (N, M, ...); the weight is (C, M / group, ...)."""
    x = source(call)
    data = need_rank(call, 0, 3)
    weight = need_rank(call, 1, len(data), len(data))
    group = integer(call, "group", 1)
    if group < 1 or weight[0] != data[1] or weight[0] % group:
        template = _("Node {node} ({op}): weight {weight} in {group} groups does not suit an input of shape {shape}.")
        refuse(call, template, weight=weight, group=group, shape=data)
    channels = weight[1] * group
    need_shape(call, 2, (channels,))
    sizes = spread(call, data[2:], read_window(call, len(data) - 2, weight[2:]))
    return (TensorType(x.dtype, (data[0], channels, *sizes)),)


def pool(call: Call) -> Sequence[TensorType]:
    """Give (N, C, ...); MaxPool also gives positions."""
    x = source(call)
    need_rank(call, 0, 3)
    shape = (*x.shape[:2], *slide(call, x.shape[2:], read_window(call, len(x.shape) - 2)))
    return (TensorType(x.dtype, shape), TensorType("int64", shape))[: 2 if call.op == "MaxPool" else 1]


def global_pool(call: Call) -> Sequence[TensorType]:
    """Give (N, C, 1, ...)."""
    shape = need_rank(call, 0, 2)
    return (TensorType(source(call).dtype, (*shape[:2], *(1 for _size in shape[2:]))),)


CONVOLUTION: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "Conv": ("F F F?", convolution),
        "ConvTranspose": ("F F F?", transposed_convolution),
        "ConvInteger": ("Q1 Q2 Q1? Q2?", integer_convolution),
        "QLinearConv": ("Q1 float32 Q1 Q2 float32 Q2 float32 Q3 int32?", quantised_convolution),
        "MaxPool": ("P", pool),
        **dict.fromkeys(("AveragePool", "LpPool"), ("F", pool)),
        **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), ("F", global_pool)),
    }
)
"""Signature and shape rule by operator."""
