"""Resize: every axis on its own, as a few neighbours of every output place and their weights.

Where an output place falls in the input is a table of formulas (ONNX, Resize-19, `coordinate_transformation_mode`).
The weights are the triangle (linear) or Keys' cubic convolution (R. G. Keys, IEEE Trans. ASSP 29(6), 1981), stretched
by the scale when `antialias` shrinks an axis. Coordinates are computed in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, isclose, prod
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.inplace import BLOCK
from npusdk.kernels.shaping import numbers
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
    number,
    text,
)


@dataclass(frozen=True, slots=True)
class _Axis:
    """How one axis is resized: sizes before, after and before rounding down, scale, and the part that is looked at."""

    axis: int
    size: int
    resized: int
    exact: float
    scale: float
    start: float
    end: float

    @property
    def is_identity(self) -> bool:
        whole = isclose(self.start, 0.0, abs_tol=1e-12) and isclose(self.end, 1.0)
        return self.size == self.resized and isclose(self.scale, 1.0) and whole


def _half_pixel(axis: _Axis, place: Array) -> Array:
    return (place + 0.5) / axis.scale - 0.5


def _half_pixel_symmetric(axis: _Axis, place: Array) -> Array:
    return _half_pixel(axis, place) + axis.size / 2 * (1 - axis.resized / axis.exact)


def _pytorch_half_pixel(axis: _Axis, place: Array) -> Array:
    return np.full_like(place, -0.5) if axis.exact == 1 else _half_pixel(axis, place)


def _align_corners(axis: _Axis, place: Array) -> Array:
    return np.zeros_like(place) if axis.exact == 1 else place * (axis.size - 1) / (axis.exact - 1)


def _asymmetric(axis: _Axis, place: Array) -> Array:
    return place / axis.scale


def _tf_crop_and_resize(axis: _Axis, place: Array) -> Array:
    span = (axis.end - axis.start) * (axis.size - 1)
    steps = np.full_like(place, span / 2) if axis.exact == 1 else place * span / (axis.exact - 1)
    return steps + axis.start * (axis.size - 1)


_COORDINATES: Mapping[str, Callable[[_Axis, Array], Array]] = MappingProxyType(
    {
        "align_corners": _align_corners, "asymmetric": _asymmetric, "half_pixel": _half_pixel,
        "half_pixel_symmetric": _half_pixel_symmetric, "pytorch_half_pixel": _pytorch_half_pixel,
        "tf_crop_and_resize": _tf_crop_and_resize,
    }
)  # fmt: skip

_ROUNDINGS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "ceil": np.ceil,
        "floor": np.floor,
        "round_prefer_ceil": lambda place: np.floor(place + 0.5),
        "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    }
)

_Neighbours: TypeAlias = tuple[Array, Array | None]
"""Indices (resized, taps), and their weights; None where there is one tap of weight one."""


def _triangle(distance: Array, _coefficient: float) -> Array:
    return np.asarray(np.clip(1 - np.abs(distance), 0, 1))


def _keys(distance: Array, a: float) -> Array:
    d = np.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0.0)))


_FILTERS: Mapping[str, tuple[int, Callable[[Array, float], Array]]] = MappingProxyType(
    {"linear": (1, _triangle), "cubic": (2, _keys)}
)
"""Half width in pixels, and weight by distance."""


def _neighbours(axis: _Axis, attrs: Attributes) -> _Neighbours:
    """Return where every output place reads."""
    mode = text(attrs, "mode", "nearest")
    place = _COORDINATES[_coordinate_mode(attrs)](axis, np.arange(axis.resized, dtype=np.float64))
    if mode == "nearest":
        index = _ROUNDINGS[text(attrs, "nearest_mode", "round_prefer_floor")](place)
        return np.clip(index, 0, axis.size - 1).astype(np.int64)[:, None], None
    width, weight = _FILTERS[mode]
    antialias = bool(integer(attrs, "antialias", 0))
    stretch = min(axis.scale, 1.0) if antialias else 1.0
    half = ceil(width / stretch)
    index = np.ceil(place)[:, None] + np.arange(-half, half)
    weights = weight((index - place[:, None]) * stretch, number(attrs, "cubic_coeff_a", -0.75))
    if integer(attrs, "exclude_outside", 0):
        weights = np.where((index < 0) | (index >= axis.size), 0.0, weights)
    if antialias or integer(attrs, "exclude_outside", 0):
        weights = weights / weights.sum(1, keepdims=True)
    return np.clip(index, 0, axis.size - 1).astype(np.int64), weights


def _coordinate_mode(attrs: Attributes) -> str:
    return text(attrs, "coordinate_transformation_mode", "half_pixel")


def _pick(x: Array, axis: int, index: Array) -> Array:
    """Return elements along an axis, by repetition where every one is taken equally often."""
    times, rest = divmod(len(index), x.shape[axis])
    if not rest and np.array_equal(index, np.repeat(np.arange(x.shape[axis]), times)):
        return np.repeat(x, times, axis)
    return np.take(x, index, axis)


def _resample(x: Array, axis: _Axis, attrs: Attributes) -> Array:
    """Resize one axis of `x`; a weighted sum goes over the axes before it in blocks that stay in the cache."""
    index, weights = _neighbours(axis, attrs)
    if weights is None:
        return _pick(x, axis.axis, index[:, 0])
    before, after = x.shape[: axis.axis], x.shape[axis.axis + 1 :]
    source = x.reshape(prod(before), axis.size, prod(after))
    out = np.empty((len(source), axis.resized, source.shape[2]), x.dtype)
    columns = weights.astype(x.dtype)[:, :, None]
    step = max(1, BLOCK // max(1, axis.resized * source.shape[2]))
    for start in range(0, len(source), step):
        part, target = source[start : start + step], out[start : start + step]
        np.multiply(np.take(part, index[:, 0], 1), columns[:, 0], out=target)
        for tap in range(1, index.shape[1]):
            target += np.take(part, index[:, tap], 1) * columns[:, tap]
    return out.reshape(*before, axis.resized, *after)


def _outside(axis: _Axis, attrs: Attributes) -> Array:
    """Tell which output places look beyond the input."""
    place = _COORDINATES[_coordinate_mode(attrs)](axis, np.arange(axis.resized, dtype=np.float64))
    return (place < 0) | (place > axis.size - 1)


def _plan(x: Array, inputs: Inputs, attrs: Attributes) -> list[_Axis]:
    """Read scales or sizes, and the region of interest, for every axis that is resized."""
    axes = normal_axes(integers(attrs, "axes") or range(x.ndim), x.ndim)
    roi, scales, sizes = (value if value is not None and value.size else None for value in _optional(inputs))
    before = [x.shape[axis] for axis in axes]
    starts, ends = np.repeat(np.array([[0], [1]], np.float32), len(axes), 1)
    if _coordinate_mode(attrs) == "tf_crop_and_resize" and roi is not None:
        starts, ends = np.split(roi.astype(np.float32), 2)
    if sizes is not None:
        wanted, exact, factors = _fitted(before, numbers(sizes), attrs)
    else:
        wanted, exact, factors = _scaled(before, ends - starts, cast("Array", scales))
    rows = zip(axes, before, wanted, exact, factors, starts.tolist(), ends.tolist(), strict=True)
    return [_Axis(*row) for row in rows]


def _optional(inputs: Inputs) -> tuple[Array | None, ...]:
    return tuple(given(inputs, index) for index in (1, 2, 3))


def _scaled(before: list[int], spans: Array, scales: Array) -> tuple[list[int], list[float], list[float]]:
    """Return sizes rounded down (in float32, as shapes are inferred), sizes as they are, and scales."""
    wanted = np.array(before, np.float32) * spans * scales.astype(np.float32)
    exact = np.array(before, np.float64) * spans * scales
    return wanted.astype(np.int64).tolist(), exact.tolist(), scales.tolist()


def _fitted(before: list[int], after: tuple[int, ...], attrs: Attributes) -> tuple[list[int], list[float], list[float]]:
    """Return sizes under the policy for the aspect ratio, sizes as they are, and scales."""
    factors = [new / old for new, old in zip(after, before, strict=True)]
    policy = text(attrs, "keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return list(after), [float(size) for size in after], factors
    common = min(factors) if policy == "not_larger" else max(factors)
    exact = [common * old for old in before]
    return [int(size + 0.5) for size in exact], exact, [common] * len(before)


def resize(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Resize the axes by `scales` or to `sizes`."""
    (x,) = needed(inputs, 1)
    plan = _plan(x, inputs, attrs)
    nearest = text(attrs, "mode", "nearest") == "nearest"
    out = x if nearest else x.astype(_computed(x.dtype), copy=False)
    for axis in plan:
        if not axis.is_identity:
            out = _resample(out, axis, attrs)
    if _coordinate_mode(attrs) == "tf_crop_and_resize":
        out = out.copy()
        for axis in plan:
            np.moveaxis(out, axis.axis, 0)[_outside(axis, attrs)] = number(attrs, "extrapolation_value", 0.0)
    return (_narrowed(out, x.dtype),)


def _computed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float32 if dtype in (np.float16, np.float32) else np.float64)


def _narrowed(values: Array, dtype: np.dtype[Any]) -> Array:
    """Return values as `dtype`; integers are rounded and saturate."""
    if dtype.kind in "iu" and values.dtype != dtype:
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(dtype, copy=False)


RESAMPLING: Mapping[str, Kernel] = MappingProxyType({"Resize": resize})
"""Kernels of the operators that resample."""
