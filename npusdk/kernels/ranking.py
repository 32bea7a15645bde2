"""Operators that order or accumulate along one axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, integer, needed


def _arg(function: Callable[..., Array]) -> Kernel:
    """Make a kernel that finds the first extreme value along `axis`, or the last one."""

    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        (x,) = needed(inputs, 1)
        axis = integer(attrs, "axis", 0)
        keep = bool(integer(attrs, "keepdims", 1))
        if integer(attrs, "select_last_index", 0):
            places = x.shape[axis] - 1 - function(np.flip(x, axis), axis, keepdims=keep)
        else:
            places = function(x, axis, keepdims=keep)
        return (np.asarray(places, np.int64),)

    return kernel


def cum_sum(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Add up along an axis, from the back if `reverse`, each element without itself if `exclusive`."""
    x, where = needed(inputs, 2)
    axis = int(where.reshape(-1)[0])
    ordered = np.flip(x, axis) if integer(attrs, "reverse", 0) else x
    total = np.add.accumulate(ordered, axis, x.dtype)
    if integer(attrs, "exclusive", 0) and x.shape[axis]:
        total = np.roll(total, 1, axis)
        np.moveaxis(total, axis, 0)[0] = 0
    return (np.flip(total, axis) if integer(attrs, "reverse", 0) else total,)


def top_k(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
    """Return the k largest (or smallest) values along `axis` and their places; of equal ones the first come first."""
    x, count = needed(inputs, 2)
    axis = integer(attrs, "axis", -1)
    if integer(attrs, "largest", 1):
        ascending = np.argsort(np.flip(x, axis), axis, kind="stable")
        order = x.shape[axis] - 1 - np.flip(ascending, axis)
    else:
        order = np.argsort(x, axis, kind="stable")
    places = np.take(order, np.arange(int(count.reshape(-1)[0])), axis)
    return (np.take_along_axis(x, places, axis), places.astype(np.int64, copy=False))[:output_count]


RANKING: Mapping[str, Kernel] = MappingProxyType(
    {"ArgMax": _arg(np.argmax), "ArgMin": _arg(np.argmin), "CumSum": cum_sum, "TopK": top_k}
)
"""Kernels of the operators that order or accumulate."""
