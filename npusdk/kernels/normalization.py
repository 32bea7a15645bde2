"""Operators that shift and scale by statistics; float16 is computed in float32 (ONNX's `stash_type`)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.inplace import BLOCK
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, integers, needed, number


def _wide(x: Array) -> np.dtype[Any]:
    """Return the type to compute in."""
    return np.dtype(np.float64 if x.dtype == np.float64 else np.float32)


def _of_channels(values: Array, rank: int, dtype: np.dtype[Any]) -> Array:
    """Return per-channel values in a shape that broadcasts against (N, C, ...)."""
    return values.astype(dtype, copy=False).reshape((-1,) + (1,) * (rank - 2))


def batch_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Shift and scale every channel by the statistics of training."""
    x, scale, bias, mean, variance = needed(inputs, 5)
    wide = _wide(x)
    factor = scale.astype(wide) / np.sqrt(variance.astype(wide) + number(attrs, "epsilon", 1e-5))
    offset = bias.astype(wide) - mean.astype(wide) * factor
    if x.ndim == 1:
        return ((x * factor + offset).astype(x.dtype),)
    out = x * _of_channels(factor, x.ndim, wide)
    out += _of_channels(offset, x.ndim, wide)
    return (out.astype(x.dtype, copy=False),)


def _normalize(rows: Array, epsilon: float, centred: bool) -> tuple[Array, Array]:
    """Scale each row of a matrix to unit power in place, centred first if asked; return means and reciprocal roots."""
    count = rows.dtype.type(rows.shape[1])
    mean = np.zeros((len(rows), 1), rows.dtype)
    if centred:
        mean = np.add.reduce(rows, 1, keepdims=True) / count
        rows -= mean
    power = np.einsum("rc,rc->r", rows, rows)[:, None] / count
    reciprocal = 1 / np.sqrt(power + epsilon)
    rows *= reciprocal
    return mean, reciprocal


def _over_rows(x: Array, axis: int, attrs: Attributes, centred: bool) -> tuple[Array, Array, Array]:
    """Normalise everything from `axis` on, in blocks that stay in the cache; return values, means, reciprocals."""
    out = x.astype(_wide(x), order="C", copy=True)
    lead = x.shape[:axis]
    rows = out.reshape(prod(lead), prod(x.shape[axis:]))
    mean, reciprocal = (np.empty((len(rows), 1), out.dtype) for _ in range(2))
    step = max(1, BLOCK // max(1, rows.shape[1]))
    epsilon = number(attrs, "epsilon", 1e-5)
    for start in range(0, len(rows), step):
        place = slice(start, start + step)
        mean[place], reciprocal[place] = _normalize(rows[place], epsilon, centred)
    sizes = lead + (1,) * (x.ndim - axis)
    return out, mean.reshape(sizes), reciprocal.reshape(sizes)


def layer_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
    """Normalise everything from `axis` on, then scale and shift; also give float32 means and reciprocal deviations."""
    x, scale = needed(inputs, 2)
    bias = given(inputs, 2)
    axis = integer(attrs, "axis", -1)
    out, mean, reciprocal = _over_rows(x, axis + x.ndim if axis < 0 else axis, attrs, centred=True)
    out *= scale
    if bias is not None:
        out += bias
    statistics = (mean.astype(np.float32, copy=False), reciprocal.astype(np.float32, copy=False))
    return (out.astype(x.dtype, copy=False), *statistics)[:output_count]


def rms_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Divide everything from `axis` on by its root mean square, then scale; the result has the scale's type."""
    x, scale = needed(inputs, 2)
    axis = integer(attrs, "axis", -1)
    out, _mean, _reciprocal = _over_rows(x, axis + x.ndim if axis < 0 else axis, attrs, centred=False)
    out *= scale
    return (out.astype(scale.dtype, copy=False),)


def instance_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Normalise every channel of every image, then scale and shift it."""
    x, scale, bias = needed(inputs, 3)
    out, _mean, _reciprocal = _over_rows(x, 2, attrs, centred=True)
    out *= _of_channels(scale, x.ndim, out.dtype)
    out += _of_channels(bias, x.ndim, out.dtype)
    return (out.astype(x.dtype, copy=False),)


def group_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Normalise every group of channels of every image, then scale and shift the channels."""
    x, scale, bias = needed(inputs, 3)
    groups = integer(attrs, "num_groups", 1)
    rows, _mean, _reciprocal = _over_rows(x.reshape(x.shape[0], groups, -1), 2, attrs, centred=True)
    out = rows.reshape(x.shape)
    out *= _of_channels(scale, x.ndim, out.dtype)
    out += _of_channels(bias, x.ndim, out.dtype)
    return (out.astype(x.dtype, copy=False),)


def mean_variance_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Centre and divide by the deviation over `axes`; ONNX adds 1e-9 to the deviation."""
    (x,) = needed(inputs, 1)
    axes = integers(attrs, "axes") or (0, 2, 3)
    out = x.astype(_wide(x))
    out -= out.mean(axes, keepdims=True)
    out /= np.sqrt(np.square(out).mean(axes, keepdims=True)) + 1e-9
    return (out.astype(x.dtype, copy=False),)


def lp_normalization(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Divide by the 1- or 2-norm along `axis`; zero where the norm is zero."""
    (x,) = needed(inputs, 1)
    axis = integer(attrs, "axis", -1)
    wide = x.astype(_wide(x))
    size = np.abs(wide).sum(axis, keepdims=True)
    if integer(attrs, "p", 2) == 2:
        size = np.sqrt(np.square(wide).sum(axis, keepdims=True))
    return (np.divide(wide, size, out=np.zeros_like(wide), where=size != 0).astype(x.dtype, copy=False),)


def lrn(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Divide by a power of the sum of squares over `size` neighbouring channels."""
    (x,) = needed(inputs, 1)
    size = integer(attrs, "size", 1)
    wide = x.astype(_wide(x), copy=False)
    before = (size - 1) // 2
    squares = np.square(wide)
    total = np.zeros_like(wide)
    for shift in range(-before, size - before):
        low, high = max(0, -shift), min(x.shape[1], x.shape[1] - shift)
        if low < high:
            total[:, low:high] += squares[:, low + shift : high + shift]
    total *= number(attrs, "alpha", 1e-4) / size
    total += number(attrs, "bias", 1.0)
    return ((wide / np.power(total, number(attrs, "beta", 0.75))).astype(x.dtype, copy=False),)


NORMALIZATION: Mapping[str, Kernel] = MappingProxyType(
    {
        "BatchNormalization": batch_normalization, "GroupNormalization": group_normalization,
        "InstanceNormalization": instance_normalization, "LRN": lrn, "LayerNormalization": layer_normalization,
        "LpNormalization": lp_normalization, "MeanVarianceNormalization": mean_variance_normalization,
        "RMSNormalization": rms_normalization,
    }
)  # fmt: skip
"""Kernels of the normalisations."""
