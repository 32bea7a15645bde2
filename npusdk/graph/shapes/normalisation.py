"""Shape rules of normalisations: the output has the input's shape, the parameters suit its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.elementwise import broadcast
from npusdk.graph.shapes.reading import (
    integer,
    malformed,
    need_rank,
    need_shape,
    normal_axis,
    optional,
    refuse,
    source,
    unsupported,
)  # fmt: skip
from npusdk.language import _


def _per_channel(call: Call, indices: Sequence[int], least_rank: int = 2) -> tuple[int, ...]:
    shape = need_rank(call, 0, least_rank)
    for index in indices:
        need_shape(call, index, (shape[1] if len(shape) > 1 else 1,))
    return shape


def batch(call: Call) -> Sequence[TensorType]:
    """Give the type of the input; scale, shift, mean and variance have one value for each channel."""
    if integer(call, "training_mode", 0):
        unsupported(call, _("Node {node} ({op}): training mode; only inference runs here."))
    _per_channel(call, (1, 2, 3, 4), least_rank=1)
    return (source(call),)


def instance(call: Call) -> Sequence[TensorType]:
    """Give the type of the input; scale and shift have one value for each channel."""
    _per_channel(call, (1, 2), least_rank=3)
    return (source(call),)


def group(call: Call) -> Sequence[TensorType]:
    """Give the type of the input, whose channels divide into `num_groups`."""
    shape = _per_channel(call, (1, 2))
    groups = integer(call, "num_groups")
    if groups < 1 or shape[1] % groups:
        template = _("Node {node} ({op}): {channels} channels do not divide into {groups} groups.")
        refuse(call, template, channels=shape[1], groups=groups)
    return (source(call),)


def layer(call: Call) -> Sequence[TensorType]:
    """Give the type of the input, and mean and inverse deviation in float32, reduced from `axis` on."""
    x = source(call)
    axis = _trailing_parameters(call, x.shape)
    if integer(call, "stash_type", 1) != 1:
        template = _("Node {node} ({op}): stash_type {value}; sums are kept in float32 (1) here.")
        unsupported(call, template, value=integer(call, "stash_type", 1))
    reduced = TensorType("float32", (*x.shape[:axis], *(1 for _size in x.shape[axis:])))
    return (x, reduced, reduced)


def root_mean_square(call: Call) -> Sequence[TensorType]:
    """Give the shape of the input in the type of the scale."""
    x = source(call)
    _trailing_parameters(call, x.shape)
    return (TensorType(source(call, 1).dtype, x.shape),)


def _trailing_parameters(call: Call, shape: tuple[int, ...]) -> int:
    """Return the first normalised axis; scale and shift have to broadcast to the sizes from there on."""
    axis = normal_axis(call, integer(call, "axis", -1), len(shape))
    for index in (1, 2):
        given = optional(call, index)
        if given is not None and broadcast(call, [given.shape, shape[axis:]]) != shape[axis:]:
            template = _("Node {node} ({op}): input {index} of shape {shape} does not broadcast to {expected}.")
            refuse(call, template, index=index, shape=given.shape, expected=shape[axis:])
    return axis


def local_response(call: Call) -> Sequence[TensorType]:
    """Give the type of the input; `size` channels are summed."""
    need_rank(call, 0, 3)
    if integer(call, "size") < 1:
        malformed(
            call,
            _("Node {node} ({op}): {attribute} {value} has to be positive."),
            attribute="size",
            value=integer(call, "size"),
        )
    return (source(call),)


NORMALISATION: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "BatchNormalization": ("F F1 F1 F2 F2", batch),
        "InstanceNormalization": ("F F F", instance),
        "GroupNormalization": ("F F F", group),
        "LayerNormalization": ("F F F?", layer),
        "RMSNormalization": ("F F1", root_mean_square),
        "LRN": ("F", local_response),
    }
)
"""Signature and shape rule by operator."""
