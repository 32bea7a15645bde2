"""Shape rules of operators that read or write at positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import (
    integer,
    known,
    need_rank,
    need_shape,
    normal_axis,
    refuse,
    source,
    text,
    value_of,
)  # fmt: skip
from npusdk.language import _

_COUNTED = 1 << 24
"""Most elements among which those that are not zero are counted."""

_REDUCTIONS = ("none", "add", "mul", "max", "min")


def _check_indices(call: Call, size: int, axis: int) -> None:
    """Check indices, where they are known, against the size of the axis that they point into."""
    indices = value_of(call, 1)
    if indices is None or not indices.size:
        return
    least, most = int(indices.min()), int(indices.max())
    if least < -size or most >= size:
        template = _("Node {node} ({op}): indices from {least} to {most} leave axis {axis} of size {size}.")
        refuse(call, template, least=least, most=most, axis=axis, size=size)


def gather(call: Call) -> Sequence[TensorType]:
    """Give the input with `axis` replaced by the axes of the indices."""
    x, indices = source(call), source(call, 1)
    axis = normal_axis(call, integer(call, "axis", 0), len(x.shape))
    _check_indices(call, x.shape[axis], axis)
    return (TensorType(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])),)


def gather_elements(call: Call) -> Sequence[TensorType]:
    """Give the shape of the indices, which lie within the input on every other axis."""
    x, indices = source(call), source(call, 1)
    _check_elements(call, indices.shape)
    return (TensorType(x.dtype, indices.shape),)


def _check_elements(call: Call, indices: tuple[int, ...]) -> None:
    shape = need_rank(call, 0, 1)
    axis = normal_axis(call, integer(call, "axis", 0), len(shape))
    fits = len(indices) == len(shape) and all(
        at == axis or inner <= outer for at, (inner, outer) in enumerate(zip(indices, shape, strict=True))
    )
    if not fits:
        template = _("Node {node} ({op}): indices of shape {indices} do not suit axis {axis} of shape {shape}.")
        refuse(call, template, indices=indices, axis=axis, shape=shape)
    _check_indices(call, shape[axis], axis)


def gather_nd(call: Call) -> Sequence[TensorType]:
    """Give the batch, the leading axes of the indices, and the axes that an index leaves whole."""
    x = source(call)
    indices = need_rank(call, 1, 1)
    batch = integer(call, "batch_dims", 0)
    fits = 0 <= batch < min(len(x.shape), len(indices)) and indices[:batch] == x.shape[:batch]
    if not fits or not 1 <= indices[-1] <= len(x.shape) - batch:
        template = _(
            "Node {node} ({op}): indices of shape {indices} with {batch} batch axes do not suit shape {shape}."
        )
        refuse(call, template, indices=indices, batch=batch, shape=x.shape)
    return (TensorType(x.dtype, (*indices[:-1], *x.shape[batch + indices[-1] :])),)


def scatter_elements(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input; updates have the shape of the indices."""
    text(call, "reduction", _REDUCTIONS)
    indices = source(call, 1).shape
    _check_elements(call, indices)
    need_shape(call, 2, indices)
    return (source(call),)


def scatter_nd(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input; updates have the shape that GatherND would give."""
    text(call, "reduction", _REDUCTIONS)
    x = source(call)
    indices = need_rank(call, 1, 1)
    if not 0 <= indices[-1] <= len(x.shape):
        template = _(
            "Node {node} ({op}): indices of shape {indices} with {batch} batch axes do not suit shape {shape}."
        )
        refuse(call, template, indices=indices, batch=0, shape=x.shape)
    need_shape(call, 2, (*indices[:-1], *x.shape[indices[-1] :]))
    return (x,)


def one_hot(call: Call) -> Sequence[TensorType]:
    """Give the indices' shape with an axis of `depth` at `axis`."""
    shape = need_rank(call, 0, 1)
    depths = known(call, 1).ravel()
    if depths.size != 1 or not 0 <= depths[0] < np.inf:
        refuse(call, _("Node {node} ({op}): depth {depth} is no size."), depth=depths.tolist())
    need_shape(call, 2, (2,))
    axis = normal_axis(call, integer(call, "axis", -1), len(shape) + 1)
    return (TensorType(source(call, 2).dtype, (*shape[:axis], int(depths[0]), *shape[axis:])),)


def non_zero(call: Call) -> Sequence[TensorType]:
    """Give one row for each axis and one column for each element that is not zero; the input has to be known."""
    return (TensorType("int64", (len(source(call).shape), int(np.count_nonzero(known(call, 0, _COUNTED))))),)


INDEXING: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "Gather": ("A I", gather),
        "GatherElements": ("A I", gather_elements),
        "GatherND": ("A int64", gather_nd),
        "ScatterElements": ("A I A", scatter_elements),
        "ScatterND": ("A int64 A", scatter_nd),
        "OneHot": ("N1 N2 A", one_hot),
        "NonZero": ("A", non_zero),
    }
)
"""Signature and shape rule by operator."""
