"""GridSample: each place of the grid as a few neighbours along every axis and their weights.

Formulas: ONNX, GridSample-22. A coordinate of -1 to 1 spans the axis from the first to the last centre
(`align_corners`) or from the first to the last edge. The cubic is that of R. G. Keys (IEEE Trans. ASSP 29(6), 1981)
with -0.75. Coordinates and weights are computed in the grid's element type, at least in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, integer, needed, text

Taps: TypeAlias = list[tuple[Array, Array]]
"""Index and weight of each neighbour along one axis."""

_KEYS = -0.75
_OFFSETS: Mapping[str, tuple[int, ...]] = MappingProxyType({"nearest": (0,), "linear": (0, 1), "cubic": (-1, 0, 1, 2)})
"""Neighbours of a place, counted from the one before it, by mode."""


def _cubic(distance: Array) -> Array:
    """Return Keys' weight of a neighbour at a distance of at most 2."""
    far = ((distance - 5) * distance + 8) * distance - 4
    near = ((_KEYS + 2) * distance - (_KEYS + 3)) * distance**2 + 1
    return np.where(distance <= 1, near, _KEYS * far)


_WEIGHTS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {"nearest": np.ones_like, "linear": lambda distance: 1 - distance, "cubic": _cubic}
)
"""Weight of a neighbour by its distance, by mode."""


def _reflected(place: Array, low: float, high: float) -> Array:
    """Return places folded back at both ends until they lie between them."""
    span = high - low
    if span <= 0:
        return np.zeros_like(place)
    turns = np.mod(place - low, 2 * span)
    return low + np.minimum(turns, 2 * span - turns)


def _taps(coordinate: Array, size: int, attrs: Attributes) -> Taps:
    """Return the neighbours of each coordinate along an axis of `size`."""
    low, high = _ends(size, attrs)
    place = low + (coordinate + 1) / 2 * (high - low)
    mode = text(attrs, "mode", "linear")
    if mode == "nearest":
        place = np.rint(place)
    return [_tap(place, offset, size, attrs) for offset in _OFFSETS[mode]]


def _tap(place: Array, offset: int, size: int, attrs: Attributes) -> tuple[Array, Array]:
    """Return index and weight of one neighbour; an index of -1 stands for a zero beside the input."""
    index = np.floor(place) + offset
    weight = _WEIGHTS[text(attrs, "mode", "linear")](np.abs(place - index))
    outside = (index < 0) | (index > size - 1)
    padding = text(attrs, "padding_mode", "zeros")
    if padding == "zeros":
        index, weight = np.where(outside, -1, index), np.where(outside, 0, weight)
    elif padding == "reflection":
        index = np.where(outside, np.trunc(_reflected(index, *_ends(size, attrs))), index)
    least = -1 if padding == "zeros" else 0
    return np.clip(np.nan_to_num(index), least, size - 1).astype(np.intp), weight


def _ends(size: int, attrs: Attributes) -> tuple[float, float]:
    """Return the places where an axis begins and ends."""
    return (0.0, size - 1.0) if integer(attrs, "align_corners", 0) else (-0.5, size - 0.5)


def grid_sample(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the values of input 0 at the places of the grid; the last axis of the grid counts axes from the back."""
    x, grid = needed(inputs, 2)
    sizes, shape = x.shape[2:], (*x.shape[:2], *grid.shape[1:-1])
    if 0 in sizes or 0 in shape:
        return (np.zeros(shape, x.dtype),)
    coordinates = grid.astype(np.promote_types(grid.dtype, np.float32)).reshape(len(grid), -1, len(sizes))
    axes = [_taps(coordinates[..., -1 - axis], size, attrs) for axis, size in enumerate(sizes)]
    source = np.concatenate([x.reshape(*x.shape[:2], prod(sizes)), np.zeros((*x.shape[:2], 1), x.dtype)], axis=2)
    if text(attrs, "mode", "linear") == "nearest":
        return (_pick(source, [taps[0][0] for taps in axes], sizes).reshape(shape),)
    computed = source.astype(x.dtype if x.dtype.kind == "f" else np.float64, copy=False)
    total = np.zeros((*x.shape[:2], coordinates.shape[1]), np.promote_types(computed.dtype, coordinates.dtype))
    for taps in product(*axes):
        weight = np.prod([weight for _index, weight in taps], axis=0)
        total += _pick(computed, [index for index, _weight in taps], sizes) * weight[:, None]
    return (total.astype(x.dtype).reshape(shape),)


def _pick(source: Array, indices: list[Array], sizes: tuple[int, ...]) -> Array:
    """Return the elements at an index along each axis; behind the last one stands the zero."""
    outside = np.any([index < 0 for index in indices], axis=0)
    flat = np.ravel_multi_index([np.maximum(index, 0) for index in indices], sizes)
    return np.take_along_axis(source, np.where(outside, prod(sizes), flat)[:, None], axis=2)


SAMPLING: Mapping[str, Kernel] = MappingProxyType({"GridSample": grid_sample})
"""Kernels of the operators that sample at computed places."""
