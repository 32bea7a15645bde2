"""Operators that put tensors into larger frames, cut them, or lay patches back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.shaping import numbers
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integers, needed, normal_axes, text

Index: TypeAlias = tuple[Any, ...]


def _widths(x: Array, pads: Array, axes: Array | None) -> list[tuple[int, int]]:
    """Return (before, after) of every axis; negative numbers cut."""
    sizes = numbers(pads)
    along = range(x.ndim) if axes is None else normal_axes(numbers(axes), x.ndim)
    half = len(sizes) // 2
    widths = [(0, 0)] * x.ndim
    for axis, before, after in zip(along, sizes[:half], sizes[half:], strict=True):
        widths[axis] = (before, after)
    return widths


def pad(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Pad with a constant, the edge, a reflection or the other end; negative pads cut first."""
    x, pads = needed(inputs, 2)
    value = given(inputs, 2)
    widths = _widths(x, pads, given(inputs, 3))
    cut = x[tuple(slice(max(0, -a), size - max(0, -b)) for (a, b), size in zip(widths, x.shape, strict=True))]
    grow = [(max(0, before), max(0, after)) for before, after in widths]
    mode: Any = text(attrs, "mode", "constant")
    if mode != "constant":
        return (np.pad(cut, grow, mode=mode),)
    fill = x.dtype.type(0) if value is None else value.reshape(-1)[0]
    out = np.full([a + size + b for (a, b), size in zip(grow, cut.shape, strict=True)], fill, x.dtype)
    out[tuple(slice(a, a + size) for (a, _b), size in zip(grow, cut.shape, strict=True))] = cut
    return (out,)


def center_crop_pad(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Cut or pad with zeros around the middle, so that the named axes get the given sizes."""
    x, wanted = needed(inputs, 2)
    axes = normal_axes(integers(attrs, "axes") or range(x.ndim), x.ndim)
    sizes = list(x.shape)
    source, target = [slice(None)] * x.ndim, [slice(None)] * x.ndim
    for axis, size in zip(axes, numbers(wanted), strict=True):
        kept = min(size, x.shape[axis])
        source[axis] = slice((x.shape[axis] - kept) // 2, (x.shape[axis] - kept) // 2 + kept)
        target[axis] = slice((size - kept) // 2, (size - kept) // 2 + kept)
        sizes[axis] = size
    out = np.zeros(sizes, x.dtype)
    out[tuple(target)] = x[tuple(source)]
    return (out,)


def col2im(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Add columns of patches (N, C x patch, places) back into images (N, C, ...)."""
    x, wanted, patch = needed(inputs, 3)
    image, block = numbers(wanted), numbers(patch)
    rank = len(image)
    dilations = integers(attrs, "dilations") or (1,) * rank
    strides = integers(attrs, "strides") or (1,) * rank
    pads = integers(attrs, "pads") or (0,) * (2 * rank)
    framed = [size + pads[axis] + pads[axis + rank] for axis, size in enumerate(image)]
    counts = [
        (size - dilation * (side - 1) - 1) // stride + 1
        for size, side, dilation, stride in zip(framed, block, dilations, strides, strict=True)
    ]
    channels = x.shape[1] // prod(block)
    columns = x.reshape(x.shape[0], channels, *block, *counts)
    out = np.zeros((x.shape[0], channels, *framed), x.dtype)
    for offset in product(*map(range, block)):
        steps = zip(offset, dilations, strides, counts, strict=True)
        place: Index = (..., *(slice(at * d, at * d + s * (count - 1) + 1, s) for at, d, s, count in steps))
        taken: Index = (slice(None), slice(None), *offset)
        out[place] += columns[taken]
    inner: Index = (..., *(slice(pads[axis], pads[axis] + size) for axis, size in enumerate(image)))
    return (out[inner],)


PADDING: Mapping[str, Kernel] = MappingProxyType({"CenterCropPad": center_crop_pad, "Col2Im": col2im, "Pad": pad})
"""Kernels of the operators that pad and cut."""
