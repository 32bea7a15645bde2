"""Operators that move elements or look at shapes and compute nothing; outputs are views wherever NumPy can."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import (
    Array,
    Inputs,
    Kernel,
    Outputs,
    given,
    integer,
    integers,
    needed,
    normal_axes,
    text,
)


def numbers(values: Array) -> tuple[int, ...]:
    """Return an integer tensor of any rank as Python integers."""
    return tuple(int(value) for value in values.reshape(-1))


def shape(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the sizes from axis `start` up to `end`."""
    (x,) = needed(inputs, 1)
    end = attrs.get("end")
    stop = None if end is None else integer(attrs, "end", 0)
    return (np.array(x.shape[integer(attrs, "start", 0) : stop], np.int64),)


def size(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the number of elements."""
    return (np.array(needed(inputs, 1)[0].size, np.int64),)


def reshape(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Give the same elements another shape; 0 copies a size unless `allowzero` is set, -1 takes the rest."""
    x, wanted = needed(inputs, 2)
    sizes = list(numbers(wanted))
    if not integer(attrs, "allowzero", 0):
        sizes = [x.shape[axis] if value == 0 else value for axis, value in enumerate(sizes)]
    if -1 in sizes:
        rest = -prod(sizes)
        sizes[sizes.index(-1)] = x.size // rest if rest else 0
    return (x.reshape(sizes),)


def flatten(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Fold the axes before `axis` into one and the others into a second."""
    (x,) = needed(inputs, 1)
    axis = integer(attrs, "axis", 1)
    rows = prod(x.shape[: axis + x.ndim if axis < 0 else axis])
    return (x.reshape(rows, x.size // rows if rows else prod(x.shape[axis:])),)


def squeeze(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Drop the axes of size one that are named, or all of them."""
    (x,) = needed(inputs, 1)
    axes = given(inputs, 1)
    return (np.squeeze(x, None if axes is None else numbers(axes)),)


def unsqueeze(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Insert axes of size one at the places that they have in the output."""
    x, axes = needed(inputs, 2)
    return (np.expand_dims(x, numbers(axes)),)


def transpose(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Reorder the axes as `perm` says, reversed by default."""
    return (np.transpose(needed(inputs, 1)[0], integers(attrs, "perm")),)


def expand(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Broadcast to the shape that the given one and the input's make together."""
    x, wanted = needed(inputs, 2)
    return (np.broadcast_to(x, np.broadcast_shapes(x.shape, numbers(wanted))),)


def tile(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Repeat the tensor along every axis."""
    x, repeats = needed(inputs, 2)
    return (np.tile(x, numbers(repeats)),)


def concat(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Join the inputs along `axis`."""
    return (np.concatenate(needed(inputs, len(inputs)), integer(attrs, "axis", 0)),)


def split(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
    """Cut along `axis` into the given sizes, or into equal parts of which the last may be smaller."""
    (x,) = needed(inputs, 1)
    axis = integer(attrs, "axis", 0)
    sizes = given(inputs, 1)
    if sizes is not None:
        return tuple(np.split(x, np.cumsum(numbers(sizes))[:-1], axis))
    parts = integer(attrs, "num_outputs", output_count)
    step = -(-x.shape[axis] // parts)
    return tuple(np.split(x, [step * part for part in range(1, parts)], axis))


def slice_(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Take every `step`-th element between `start` and `end` along the named axes."""
    x, starts, ends = needed(inputs, 3)
    axes, steps = given(inputs, 3), given(inputs, 4)
    cut = [slice(None)] * x.ndim
    along = range(starts.size) if axes is None else normal_axes(numbers(axes), x.ndim)
    strides = [1] * starts.size if steps is None else numbers(steps)
    for axis, start, end, step in zip(along, numbers(starts), numbers(ends), strides, strict=True):
        cut[axis] = _extent(x.shape[axis], start, end, step)
    return (x[tuple(cut)],)


def _extent(size: int, start: int, end: int, step: int) -> slice:
    """Return the slice that ONNX means, whose bounds never leave the axis."""
    first = max(start + size if start < 0 else start, 0)
    last = end + size if end < 0 else end
    if step > 0:
        return slice(first, max(last, 0), step)
    return slice(min(first, max(size - 1, 0)), None if last < 0 else last, step)


def depth_to_space(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Spread channels over blocks of pixels, in order DCR (depth first) or CRD (columns first)."""
    (x,) = needed(inputs, 1)
    block = integer(attrs, "blocksize", 1)
    batch, channels, height, width = x.shape
    depth = channels // block**2
    if text(attrs, "mode", "DCR") == "DCR":
        parts = x.reshape(batch, block, block, depth, height, width).transpose(0, 3, 4, 1, 5, 2)
    else:
        parts = x.reshape(batch, depth, block, block, height, width).transpose(0, 1, 4, 2, 5, 3)
    return (parts.reshape(batch, depth, height * block, width * block),)


def space_to_depth(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Gather blocks of pixels into channels, in order DCR (depth last) or CRD (depth first; ONNX from opset 28 on)."""
    (x,) = needed(inputs, 1)
    block = integer(attrs, "blocksize", 1)
    batch, channels, height, width = x.shape
    parts = x.reshape(batch, channels, height // block, block, width // block, block)
    order = (0, 3, 5, 1, 2, 4) if text(attrs, "mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    return (parts.transpose(order).reshape(batch, channels * block**2, height // block, width // block),)


def dropout(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Pass the input on, as inference does, with a mask of ones if it is wanted."""
    (x,) = needed(inputs, 1)
    return (x, np.ones(x.shape, np.bool_))[:output_count]


SHAPING: Mapping[str, Kernel] = MappingProxyType(
    {
        "Concat": concat, "DepthToSpace": depth_to_space, "Dropout": dropout, "Expand": expand, "Flatten": flatten,
        "Reshape": reshape, "Shape": shape, "Size": size, "Slice": slice_, "SpaceToDepth": space_to_depth,
        "Split": split, "Squeeze": squeeze, "Tile": tile, "Transpose": transpose, "Unsqueeze": unsqueeze,
    }
)  # fmt: skip
"""Kernels of the operators that only move elements."""
