"""Functions that join arrays and cut them."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array.apply import apply
from npusdk.array.context import Context
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import (
    Values,
    cast,
    common_dtype,
    constant,
    copied,
    host,
    on_device,
    phantom,
)  # fmt: skip
from npusdk.array.functions.shaping import expand_dims, ravel, reshape


def concatenate(arrays: Sequence[Values], *, axis: int | None = 0, dtype: Any = None) -> Values:
    """Join arrays along an axis that they have; None joins all their elements."""
    parts = [ravel(array) for array in arrays] if axis is None else list(arrays)
    along = axis or 0
    if not parts or any(part.shape != parts[0].shape for part in parts) or parts[0].ndim == 0:
        np.concatenate([phantom(part.shape) for part in parts], along)
    along = normalize_axis_index(along, parts[0].ndim)
    kind = common_dtype(*parts) if dtype is None else np.dtype(dtype)
    return apply("Concat", [cast(part, kind) for part in parts], {"axis": along})


def stack(arrays: Sequence[Values], *, axis: int = 0, dtype: Any = None) -> Values:
    """Join arrays of one shape along a new axis."""
    if not arrays or any(array.shape != arrays[0].shape for array in arrays):
        np.stack([phantom(array.shape) for array in arrays], axis)
    along = normalize_axis_index(axis, arrays[0].ndim + 1)
    return concatenate([expand_dims(array, axis=along) for array in arrays], axis=along, dtype=dtype)


def _grown(arrays: Sequence[Values], grow: Any) -> list[Values]:
    return [reshape(array, shape=grow(phantom(array.shape)).shape) for array in arrays]


def vstack(tup: Sequence[Values], *, dtype: Any = None) -> Values:
    """Join arrays row by row."""
    return concatenate(_grown(tup, np.atleast_2d), axis=0, dtype=dtype)


def hstack(tup: Sequence[Values], *, dtype: Any = None) -> Values:
    """Join arrays column by column, vectors end to end."""
    grown = _grown(tup, np.atleast_1d)
    return concatenate(grown, axis=0 if grown and grown[0].ndim == 1 else 1, dtype=dtype)


def dstack(tup: Sequence[Values]) -> Values:
    """Join arrays along the third axis."""
    return concatenate(_grown(tup, np.atleast_3d), axis=2)


def column_stack(tup: Sequence[Values]) -> Values:
    """Join vectors as columns, and matrices side by side."""
    return concatenate([reshape(array, shape=(array.size, 1)) if array.ndim < 2 else array for array in tup], axis=1)


def block(context: Context, *, arrays: Any) -> Values:
    """Join a nested list of arrays, the innermost lists along the last axis."""
    depth, rank = _depth(arrays), 0
    leaves = _leaves(context, arrays)
    rank = max([depth, *(leaf.ndim for leaf in _flat(leaves))])
    return copied(_joined(leaves, depth, rank))


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(item) for item in arrays}
    if len(depths) != 1:
        message = "block() takes lists that are not empty and are nested equally deep"
        raise ValueError(message)
    return depths.pop() + 1


def _leaves(context: Context, arrays: Any) -> Any:
    return [_leaves(context, item) for item in arrays] if isinstance(arrays, list) else on_device(context, arrays)


def _flat(leaves: Any) -> list[Values]:
    return [found for item in leaves for found in _flat(item)] if isinstance(leaves, list) else [leaves]


def _joined(leaves: Any, depth: int, rank: int) -> Values:
    if not isinstance(leaves, list):
        return reshape(leaves, shape=(1,) * (rank - leaves.ndim) + leaves.shape)
    return concatenate([_joined(item, depth - 1, rank) for item in leaves], axis=rank - depth)


def append(arr: Values, *, values: Values, axis: int | None = None) -> Values:
    """Join values to the end of an array."""
    return concatenate([arr, values], axis=axis)


def delete(arr: Values, *, obj: Any, axis: int | None = None) -> Values:
    """Leave out what stands at some places of an axis."""
    source = ravel(arr) if axis is None else arr
    along = normalize_axis_index(axis or 0, source.ndim)
    kept = np.delete(np.arange(source.shape[along]), obj if isinstance(obj, slice) else host(obj))
    return apply("Gather", [source, kept], {"axis": along})


def insert(arr: Values, *, obj: Any, values: Values, axis: int | None = None) -> Values:
    """Put values before some places of an axis."""
    source = ravel(arr) if axis is None else arr
    along = normalize_axis_index(axis or 0, source.ndim)
    places = obj if isinstance(obj, slice) else host(obj)
    size = source.shape[along]
    single = not isinstance(places, slice) and np.ndim(places) == 0
    if isinstance(places, slice):
        count = len(range(*places.indices(size)))
    elif np.asarray(places).dtype == np.bool_:
        count = int(np.count_nonzero(places))
    else:
        count = int(np.size(places))
    added = cast(values, source.dtype)
    if single:
        added = _as_slab(added, along, source.ndim)
        count = np.broadcast_shapes(added.shape, (*(1,) * along, count, *(1,) * (source.ndim - along - 1)))[along]
    slab = np.broadcast_to(added, (*source.shape[:along], count, *source.shape[along + 1 :]))
    where = np.repeat(np.asarray(places).reshape(-1), count) if single else places
    order = np.insert(np.arange(size), where, size + np.arange(count))
    return apply("Gather", [apply("Concat", [source, slab], {"axis": along}), order], {"axis": along})


def _as_slab(values: Values, axis: int, rank: int) -> Values:
    """Return values for a single place with their first axis where they are inserted, as NumPy reads them."""
    grown = reshape(values, shape=(1,) * (rank - values.ndim) + values.shape)
    return np.moveaxis(grown, 0, axis)


def array_split(ary: Values, *, indices_or_sections: Any, axis: int = 0) -> list[Values]:
    """Cut into parts, of which the first may be larger by one."""
    along = normalize_axis_index(axis, ary.ndim)
    parts = np.array_split(np.arange(ary.shape[along]), _sections(indices_or_sections))
    return _cut(ary, parts, along)


def split(ary: Values, *, indices_or_sections: Any, axis: int = 0) -> list[Values]:
    """Cut into equal parts, or before some places."""
    along = normalize_axis_index(axis, ary.ndim)
    parts = np.split(np.arange(ary.shape[along]), _sections(indices_or_sections))
    return _cut(ary, parts, along)


def _sections(value: Any) -> Any:
    read = host(value)
    return int(read) if np.ndim(read) == 0 else [int(place) for place in read]


def _cut(ary: Values, parts: Sequence[Any], axis: int) -> list[Values]:
    """Return the views whose places along `axis` the parts hold, each a run."""
    lead = (slice(None),) * axis
    runs = [slice(int(part[0]), int(part[-1]) + 1) if len(part) else slice(0, 0) for part in parts]
    return [ary[(*lead, run)] for run in runs]


def _split_along(axis: int, least: int) -> Any:
    def split_one(ary: Values, *, indices_or_sections: Any) -> list[Values]:
        if ary.ndim < least:
            message = f"an array of {least} or more dimensions is needed; this one has {ary.ndim}"
            raise ValueError(message)
        return split(ary, indices_or_sections=indices_or_sections, axis=axis if ary.ndim > 1 else 0)

    return split_one


def trim_zeros(filt: Values, *, trim: str = "fb") -> Values:
    """Cut the zeros from the front and the back of a vector; which they are is read back."""
    places = np.flatnonzero((filt != 0).numpy())
    if filt.ndim != 1:
        message = f"trim_zeros() takes vectors; this array has {filt.ndim} dimensions"
        raise ValueError(message)
    first = int(places[0]) if places.size and "f" in trim.lower() else 0
    last = int(places[-1]) + 1 if places.size and "b" in trim.lower() else filt.size
    return filt[first:last] if places.size else filt[:0]


class Join:
    """What `numpy.r_` and `numpy.c_` do: arrays and ranges between brackets are joined.

    Parameters
    ----------
    context
        Where ranges are made.
    columns
        Whether vectors become columns, as `numpy.c_` has it.
    """

    def __init__(self, context: Context, *, columns: bool) -> None:
        self._context = context
        self._columns = columns

    def __getitem__(self, key: Any) -> Values:
        parts = [self._part(item) for item in (key if isinstance(key, tuple) else (key,))]
        if self._columns:
            parts = [reshape(part, shape=(part.size, 1)) if part.ndim < 2 else part for part in parts]
            return concatenate(parts, axis=-1)
        return concatenate([reshape(part, shape=(1,)) if part.ndim == 0 else part for part in parts], axis=0)

    def _part(self, item: Any) -> Values:
        if isinstance(item, slice):
            return constant(self._context, np.r_[item])
        return on_device(self._context, item)


JOINING: Rows = MappingProxyType(
    {
        "concatenate": (concatenate, "@[arrays axis out dtype ~casting"),
        "concat": (concatenate, "@[arrays axis out dtype ~casting"),
        "stack": (stack, "@[arrays axis out dtype ~casting"),
        "vstack": (vstack, "@[tup dtype ~casting"),
        "hstack": (hstack, "@[tup dtype ~casting"),
        "dstack": (dstack, "@[tup"),
        "column_stack": (column_stack, "@[tup"),
        "block": (block, "context arrays"),
        "append": (append, "@arr @values axis"),
        "delete": (delete, "@arr obj axis"),
        "insert": (insert, "@arr obj @values axis"),
        "array_split": (array_split, "@ary indices_or_sections axis"),
        "split": (split, "@ary indices_or_sections axis"),
        "hsplit": (_split_along(1, 1), "@ary indices_or_sections"),
        "vsplit": (_split_along(0, 2), "@ary indices_or_sections"),
        "dsplit": (_split_along(2, 3), "@ary indices_or_sections"),
        "trim_zeros": (trim_zeros, "@filt trim"),
    }
)
"""Functions that join and cut."""
