"""Pooling over windows (ONNX, MaxPool, AveragePool and LpPool)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import allocate, channels_last, run
from npusdk.kernels.prepared_pooling import Pooling, counts, lowest
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, integer, needed
from npusdk.kernels.windows import Window, interior, read_window, windows_of


def pool(x: Array, pooling: Pooling) -> Array:
    """Return the pooled `x` (N, C, ...) as a view of memory with the channels last."""
    out = np.moveaxis(np.empty((x.shape[0], *pooling.window.positions, x.shape[1]), x.dtype), -1, 1)
    run(pooling.bind(x, out, allocate(pooling.scratch(x))))
    return out


def max_pool(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
    """Take the largest element of each window and, as a second output, its position in the input."""
    (x,) = needed(inputs, 1)
    window = read_window(attrs, x.shape[2:])
    if output_count == 1:
        return (pool(x, Pooling(window)),)
    return _max_with_position(x, window, column_major=bool(integer(attrs, "storage_order", 0)))


def _max_with_position(x: Array, window: Window, *, column_major: bool) -> Outputs:
    """Return the largest elements and their places in the flat input; the first of equals, taps in row-major order."""
    padded = np.full((x.shape[0], *window.padded, x.shape[1]), lowest(x.dtype), x.dtype)
    interior(padded, window)[...] = channels_last(x)
    windows = windows_of(padded, window)
    taps = windows.reshape(*windows.shape[: 1 + len(window.kernel)], prod(window.kernel), x.shape[1])
    best = taps.argmax(axis=-2)
    values = np.take_along_axis(taps, best[..., None, :], axis=-2)[..., 0, :]
    place = np.zeros(best.shape, np.int64)
    tap = np.unravel_index(best, window.kernel)
    sizes = window.sizes
    for axis in range(len(sizes)):
        starts = np.arange(window.positions[axis]) * window.strides[axis] - window.begins[axis]
        at = starts.reshape(-1, *(1,) * (len(sizes) - axis)) + tap[axis] * window.dilations[axis]
        place += at * prod(sizes[:axis] if column_major else sizes[axis + 1 :])
    image = np.arange(x.shape[0]).reshape(-1, *(1,) * (place.ndim - 1)) * x.shape[1] + np.arange(x.shape[1])
    place += image * prod(sizes)
    return np.moveaxis(values, -1, 1), np.moveaxis(place, -1, 1)


def average_pool(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Average each window; float16 is summed in float32."""
    (x,) = needed(inputs, 1)
    window = read_window(attrs, x.shape[2:])
    divisor = counts(window, with_padding=bool(integer(attrs, "count_include_pad", 0)))
    return (pool(_wide(x), Pooling(window, np.add, divisor)).astype(x.dtype, copy=False),)


def lp_pool(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Take the p-norm of each window."""
    (x,) = needed(inputs, 1)
    p = integer(attrs, "p", 2)
    total = pool(np.abs(_wide(x)) ** p, Pooling(read_window(attrs, x.shape[2:]), np.add))
    return ((total ** (1 / p)).astype(x.dtype, copy=False),)


def _wide(x: Array) -> Array:
    """Return `x` in float32 at least."""
    return x.astype(np.result_type(x.dtype, np.float32), copy=False)


POOLING: Mapping[str, Kernel] = MappingProxyType({"MaxPool": max_pool, "AveragePool": average_pool, "LpPool": lp_pool})
"""Kernels of pooling over windows."""
