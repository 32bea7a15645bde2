"""Functions that sort and search. Sorting is stable, and what is not a number comes last, as in NumPy."""

from __future__ import annotations

from operator import index
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array import sorting
from npusdk.array.apply import apply
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, common_dtype, constant, filled_like, on_device, xp
from npusdk.array.functions.selection import take_along_axis, where
from npusdk.array.functions.shaping import ravel


def _numbers(a: Values, axis: int | None) -> tuple[Values, int]:
    """Return values that can be sorted, and the axis from the front."""
    source = ravel(a) if axis is None else a
    along = normalize_axis_index(0 if axis is None else axis, source.ndim)
    return cast(source, np.uint8) if a.dtype == np.bool_ else source, along


def sort(a: Values, *, axis: int | None = -1) -> Values:
    """Return the elements in ascending order along an axis."""
    return cast(sorting.sort(*_numbers(a, axis)), a.dtype)


def argsort(a: Values, *, axis: int | None = -1) -> Values:
    """Return the places of the elements in ascending order; of equal ones the first comes first."""
    if not a.ndim:
        normalize_axis_index(0 if axis is None else axis, 1)
        return constant(a.context, np.zeros(1, np.int64))
    return sorting.argsort(*_numbers(a, axis))


def partition(a: Values, *, kth: Any, axis: int | None = -1) -> Values:
    """Return the elements so that those before place `kth` are not larger; here all of them are sorted."""
    _check_place(a, kth, axis)
    return sort(a, axis=axis)


def argpartition(a: Values, *, kth: Any, axis: int | None = -1) -> Values:
    """Return places so that the elements before place `kth` are not larger; here all of them are sorted."""
    _check_place(a, kth, axis)
    return argsort(a, axis=axis)


def _check_place(a: Values, kth: Any, axis: int | None) -> None:
    size = a.size if axis is None else a.shape[normalize_axis_index(axis, a.ndim)]
    for place in np.atleast_1d(kth).tolist():
        if not -size <= place < size:
            message = f"kth(={place}) out of bounds ({size})"
            raise ValueError(message)


def lexsort(keys: Any, *, axis: int = -1) -> Values:
    """Return the places in ascending order of the last key, ties by the key before it."""
    place = index(axis)
    rows = [keys[number] for number in range(len(keys))]
    if rows and not rows[0].ndim:
        normalize_axis_index(place, 1)
        return constant(rows[0].context, np.zeros((), np.int64))
    order = argsort(rows[0], axis=place)
    for key in rows[1:]:
        finer = argsort(take_along_axis(key, indices=order, axis=place), axis=place)
        order = take_along_axis(order, indices=finer, axis=place)
    return order


def searchsorted(a: Values, *, v: Any, side: str = "left", sorter: Any = None) -> Values:
    """Return where values belong in a sorted vector, by halving the distance in every step."""
    if a.ndim != 1 or side not in ("left", "right"):
        xp.searchsorted(np.empty(a.shape), 0, side=side)
    table = a if sorter is None else a[sorter]
    kind = common_dtype(table, v)
    wanted = on_device(a.context, v, kind)
    table, wanted = cast(table, kind), cast(wanted, kind)
    found = filled_like(wanted, 0, wanted.shape, np.int64)
    step = 1 << max(a.size.bit_length() - 1, 0)
    while step and a.size:
        ahead = found + step
        probe = apply("Gather", [table, np.minimum(ahead, a.size) - 1], {"axis": 0})
        within = np.logical_and(_before(probe, wanted, side), ahead <= a.size)
        found = where(within, x=ahead, y=found)
        step >>= 1
    return found


def _before(probe: Values, wanted: Values, side: str) -> Any:
    """Return which probes come before what is wanted; what is not a number comes after all numbers."""
    if side == "left":
        ahead = np.less(probe, wanted)
        if probe.dtype.kind == "f":
            ahead = np.logical_or(ahead, np.logical_and(np.isnan(wanted), np.logical_not(np.isnan(probe))))
        return ahead
    ahead = np.less_equal(probe, wanted)
    return np.logical_or(ahead, np.isnan(wanted)) if probe.dtype.kind == "f" else ahead


def digitize(x: Values, *, bins: Any, right: bool = False) -> Values:
    """Return the number of the bin of each element; whether bins rise or fall is read back."""
    edges = on_device(x.context, bins)
    values = edges.numpy()
    rising = bool(np.all(values[:-1] <= values[1:]))
    if not rising and not np.all(values[:-1] >= values[1:]):
        np.digitize(0.0, values)
    side = "left" if right else "right"
    if rising:
        return searchsorted(edges, v=x, side=side)
    return edges.size - searchsorted(edges[::-1], v=x, side=side)


ORDERING: Rows = MappingProxyType(
    {
        "sort": (sort, "@a axis ~kind ~order ~stable"),
        "argsort": (argsort, "@a axis ~kind ~order ~stable"),
        "partition": (partition, "@a kth axis ~kind ~order"),
        "argpartition": (argpartition, "@a kth axis ~kind ~order"),
        "lexsort": (lambda keys, axis=-1: lexsort(keys, axis=axis), "@[keys axis"),
        "searchsorted": (searchsorted, "@a v side sorter"),
        "digitize": (digitize, "@x bins right"),
    }
)
"""Functions that sort and search."""
