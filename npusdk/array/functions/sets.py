"""Sets of elements. How many there are depends on the values, so that the places of the first of each are read back."""

from __future__ import annotations

from collections import namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array.apply import apply
from npusdk.array.functions.accumulations import cumsum
from npusdk.array.functions.call import Rows
from npusdk.array.functions.joining import concatenate
from npusdk.array.functions.operand import Values, cast, common_dtype, constant, filled_like, transfer
from npusdk.array.functions.ordering import argsort, lexsort, searchsorted, sort
from npusdk.array.functions.reductions import any_, truth
from npusdk.array.functions.selection import take
from npusdk.array.functions.shaping import moveaxis, ravel, reshape

UniqueAll = namedtuple("UniqueAll", ["values", "indices", "inverse_indices", "counts"])  # noqa: PYI024
UniqueCounts = namedtuple("UniqueCounts", ["values", "counts"])  # noqa: PYI024
UniqueInverse = namedtuple("UniqueInverse", ["values", "inverse_indices"])  # noqa: PYI024


def unique(
    ar: Values, *, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, equal_nan: bool = True,
) -> Any:  # fmt: skip
    """Return each value once, in ascending order, with where it first stands, which it is, and how often it occurs."""
    if axis is not None and ar.ndim == 1:
        normalize_axis_index(axis, 1)
        axis = None
    rows = ravel(ar)[:, None] if axis is None else _rows(ar, axis)
    needs_places = return_index or return_inverse or axis is not None
    order = _row_order(rows) if needs_places else None
    ordered = take(rows, indices=order, axis=0) if needs_places else sort(ravel(ar))[:, None]
    fresh = _fresh(ordered, equal_nan and axis is None)
    places = transfer(ar.context, np.flatnonzero(fresh.numpy()))
    values = take(ordered, indices=places, axis=0)
    found: list[Values] = [_restored(values, ar, axis)]
    if return_index:
        found.append(take(order, indices=places))
    if return_inverse:
        number = cumsum(cast(fresh, np.int64)) - 1
        inverse = apply("ScatterElements", [number, order, number], {"axis": 0})
        found.append(reshape(inverse, shape=ar.shape) if axis is None else inverse)
    if return_counts:
        ends = constant(ar.context, np.array([ordered.shape[0]], np.int64))
        bounds = concatenate([places, ends])
        found.append(bounds[1:] - bounds[:-1])
    return found[0] if len(found) == 1 else tuple(found)


def _rows(ar: Values, axis: int) -> Values:
    moved = moveaxis(ar, source=axis, destination=0)
    return reshape(moved, shape=(moved.shape[0], moved.size // max(moved.shape[0], 1)))


def _row_order(rows: Values) -> Values:
    """Return the stable ascending order of rows, the first column first."""
    if not rows.shape[1]:
        return constant(rows.context, np.arange(rows.shape[0]))
    if rows.shape[1] == 1:
        return argsort(rows[:, 0])
    return lexsort([rows[:, column] for column in reversed(range(rows.shape[1]))])


def _fresh(ordered: Values, equal_nan: bool) -> Values:
    """Return which rows differ from the one before."""
    after, before = ordered[1:], ordered[:-1]
    differs = np.not_equal(after, before)
    if equal_nan and ordered.dtype.kind == "f":
        both = np.logical_and(np.isnan(after), np.isnan(before))
        differs = np.logical_and(differs, np.logical_not(both))
    first = filled_like(ordered, 1, (min(ordered.shape[0], 1),), np.bool_)
    return concatenate([first, any_(differs, axis=1)])


def _restored(values: Values, ar: Values, axis: int | None) -> Values:
    if axis is None:
        return values[:, 0]
    moved = moveaxis(ar, source=axis, destination=0).shape
    return moveaxis(reshape(values, shape=(values.shape[0], *moved[1:])), source=0, destination=axis)


def unique_all(x: Values) -> UniqueAll:
    """Return each value once, where it first stands, which it is everywhere, and how often it occurs."""
    return UniqueAll(*unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False))


def unique_counts(x: Values) -> UniqueCounts:
    """Return each value once, and how often it occurs."""
    return UniqueCounts(*unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x: Values) -> UniqueInverse:
    """Return each value once, and which it is everywhere."""
    return UniqueInverse(*unique(x, return_inverse=True, equal_nan=False))


def unique_values(x: Values) -> Values:
    """Return each value once."""
    return unique(x, equal_nan=False)


def isin(element: Values, *, test_elements: Values, invert: bool = False) -> Values:
    """Return which elements occur among others."""
    kind = common_dtype(element, test_elements)
    numbers = np.dtype(np.uint8) if kind == np.bool_ else kind
    wanted, others = cast(element, numbers), cast(ravel(test_elements), numbers)
    if not others.size:
        return filled_like(element, invert, element.shape, np.bool_)
    table = others[argsort(others)]
    places = np.minimum(searchsorted(table, v=wanted), others.size - 1)
    same = np.equal(apply("Gather", [table, places], {"axis": 0}), wanted)
    return np.logical_not(same) if invert else same


def union1d(ar1: Values, *, ar2: Values) -> Values:
    """Return what occurs in either array, once each."""
    return unique(concatenate([ar1, ar2], axis=None))


def _kept(a: Values, keep: Values) -> Values:
    return take(a, indices=np.flatnonzero(truth(keep).numpy()))


def intersect1d(ar1: Values, *, ar2: Values, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """Return what occurs in both arrays, with where it first stands in each."""
    del assume_unique
    kind = common_dtype(ar1, ar2)
    one, place_one = unique(cast(ravel(ar1), kind), return_index=True)
    two, place_two = unique(cast(ravel(ar2), kind), return_index=True)
    keep_one = isin(one, test_elements=two)
    common = _kept(one, keep_one)
    if not return_indices:
        return common
    return common, _kept(place_one, keep_one), _kept(place_two, isin(two, test_elements=one))


def setdiff1d(ar1: Values, *, ar2: Values, assume_unique: bool = False) -> Values:
    """Return what occurs in the first array only."""
    ours = ravel(ar1) if assume_unique else unique(ar1)
    return _kept(ours, isin(ours, test_elements=ar2, invert=True))


def setxor1d(ar1: Values, *, ar2: Values) -> Values:
    """Return what occurs in one array only."""
    return unique(concatenate([setdiff1d(ar1, ar2=ar2), setdiff1d(ar2, ar2=ar1)]))


SETS: Rows = MappingProxyType(
    {
        "unique": (unique, "@ar return_index return_inverse return_counts axis equal_nan ~sorted"),
        "unique_all": (unique_all, "@x"),
        "unique_counts": (unique_counts, "@x"),
        "unique_inverse": (unique_inverse, "@x"),
        "unique_values": (unique_values, "@x"),
        "isin": (isin, "@element @test_elements ~assume_unique invert ~kind"),
        "union1d": (union1d, "@ar1 @ar2"),
        "intersect1d": (intersect1d, "@ar1 @ar2 assume_unique return_indices"),
        "setdiff1d": (setdiff1d, "@ar1 @ar2 assume_unique"),
        "setxor1d": (setxor1d, "@ar1 @ar2 ~assume_unique"),
    }
)
"""Sets of elements."""
