"""Functions that call a function of the cell's, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array.functions.call import Rows
from npusdk.array.functions.joining import stack
from npusdk.array.functions.operand import Values, on_device
from npusdk.array.functions.shaping import moveaxis, reshape


def apply_along_axis(
    func1d: Callable[..., Any], *, axis: int, arr: Values, args: Any = (), kwargs: Any = MappingProxyType({})
) -> Values:
    """Call a function of vectors with every vector along an axis."""
    along = normalize_axis_index(axis, arr.ndim)
    moved = moveaxis(arr, source=along, destination=-1)
    count = prod(moved.shape[:-1])
    if not count:
        np.apply_along_axis(lambda x: x, axis, np.empty(arr.shape))
    rows = reshape(moved, shape=(count, moved.shape[-1]))
    results = [on_device(arr.context, func1d(rows[row], *args, **kwargs)) for row in range(count)]
    inner = results[0].ndim
    joined = reshape(stack(results), shape=(*moved.shape[:-1], *results[0].shape))
    lead = arr.ndim - 1
    return moveaxis(joined, source=tuple(range(lead, lead + inner)), destination=tuple(range(along, along + inner)))


def apply_over_axes(func: Callable[..., Any], *, a: Values, axes: Any) -> Values:
    """Call a function of an array and an axis for one axis after the other; axes that vanish become ones."""
    result = a
    for axis in np.atleast_1d(axes).tolist():
        along = normalize_axis_index(axis, a.ndim)
        folded = func(result, along)
        result = folded if folded.ndim == a.ndim else np.expand_dims(folded, along)
    return result


REPEATED: Rows = MappingProxyType(
    {
        "apply_along_axis": (
            lambda func1d, axis, arr, args=(), kwargs=MappingProxyType({}): apply_along_axis(
                func1d, axis=axis, arr=arr, args=args, kwargs=kwargs
            ),
            "func1d axis @arr *args **kwargs",
        ),
        "apply_over_axes": (apply_over_axes, "func @a axes"),
    }
)
"""Functions that call functions."""
