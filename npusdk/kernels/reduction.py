"""Operators that fold axes away: the reductions, and pooling over whole images.

Sums of float16 are kept in float32. Reducing an empty set of axes still applies what a reduction does to each element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.shaping import numbers
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, needed

Axes: TypeAlias = tuple[int, ...] | None
Reduction: TypeAlias = Callable[[Array, Axes, bool], Any]


def _sum(x: Array, axes: Axes, keep: bool) -> Any:
    return np.sum(x, axes, x.dtype, keepdims=keep)


def _product(x: Array, axes: Axes, keep: bool) -> Any:
    return np.prod(x, axes, x.dtype, keepdims=keep)


def _count(x: Array, axes: Axes) -> int:
    return int(np.prod([x.shape[axis] for axis in (range(x.ndim) if axes is None else axes)], dtype=np.int64))


def _mean(x: Array, axes: Axes, keep: bool) -> Any:
    total = _sum(x, axes, keep)
    count = _count(x, axes)
    if x.dtype.kind == "f":
        return total / x.dtype.type(count)
    return np.trunc(total / count).astype(x.dtype)


def _extreme(function: np.ufunc, highest: bool) -> Reduction:
    def reduce(x: Array, axes: Axes, keep: bool) -> Any:
        if x.size:
            return function.reduce(x, axes, keepdims=keep)
        return function.reduce(x, axes, keepdims=keep, initial=_bound(x.dtype, highest))

    return reduce


def _bound(dtype: np.dtype[Any], highest: bool) -> Any:
    """Return the value that is lost in every comparison."""
    if dtype.kind == "f":
        return np.inf if highest else -np.inf
    if dtype.kind == "b":
        return highest
    return np.iinfo(dtype).max if highest else np.iinfo(dtype).min


def _log_sum_exp(x: Array, axes: Axes, keep: bool) -> Any:
    peak = np.maximum.reduce(x, axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, x.dtype.type(0))
    total = np.log(_sum(np.exp(x - peak), axes, keep=True)) + peak
    return total if keep else total.reshape(_sum(x, axes, keep=False).shape)


def _floating(reduction: Reduction) -> Reduction:
    """Make a reduction of integers compute in float64 and truncate, as roots and logarithms are no integers."""

    def reduce(x: Array, axes: Axes, keep: bool) -> Any:
        wide = x if x.dtype.kind == "f" else x.astype(np.float64)
        return np.asarray(reduction(wide, axes, keep)).astype(x.dtype)

    return reduce


_REDUCTIONS: Mapping[str, Reduction] = {
    "ReduceL1": lambda x, axes, keep: _sum(np.abs(x), axes, keep),
    "ReduceL2": _floating(lambda x, axes, keep: np.sqrt(_sum(np.square(x), axes, keep))),
    "ReduceLogSum": _floating(lambda x, axes, keep: np.log(_sum(x, axes, keep))),
    "ReduceLogSumExp": _floating(_log_sum_exp),
    "ReduceMax": _extreme(np.maximum, highest=False),
    "ReduceMean": _mean,
    "ReduceMin": _extreme(np.minimum, highest=True),
    "ReduceProd": _product,
    "ReduceSum": _sum,
    "ReduceSumSquare": lambda x, axes, keep: _sum(np.square(x), axes, keep),
}


def _apply(reduction: Reduction, x: Array, axes: Axes, keep: bool) -> Array:
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    return np.asarray(reduction(wide, axes, keep)).astype(x.dtype, copy=False)


def _reduce(reduction: Reduction) -> Kernel:
    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        (x,) = needed(inputs, 1)
        chosen = given(inputs, 1)
        axes: Axes = None if chosen is None else numbers(chosen)
        if not axes:
            axes = () if integer(attrs, "noop_with_empty_axes", 0) else None
        return (_apply(reduction, x, axes, bool(integer(attrs, "keepdims", 1))),)

    return kernel


def _global(reduction: Reduction) -> Kernel:
    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        (x,) = needed(inputs, 1)
        pooled = _apply(reduction, x.reshape(*x.shape[:2], prod(x.shape[2:])), (2,), keep=False)
        return (pooled.reshape(x.shape[:2] + (1,) * (x.ndim - 2)),)

    return kernel


def global_lp_pool(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
    """Return the p-norm of every channel."""
    p = integer(attrs, "p", 2)

    def norm(x: Array, axes: Axes, keep: bool) -> Any:
        return np.power(_sum(np.power(np.abs(x), p), axes, keep), x.dtype.type(1 / p))

    return _global(norm)(inputs, attrs, output_count)


REDUCTION: Mapping[str, Kernel] = MappingProxyType(
    {op: _reduce(reduction) for op, reduction in _REDUCTIONS.items()}
    | {
        "GlobalAveragePool": _global(_mean),
        "GlobalLpPool": global_lp_pool,
        "GlobalMaxPool": _global(_REDUCTIONS["ReduceMax"]),
    }
)
"""Kernels of the reductions."""
