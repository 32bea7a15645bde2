"""Functions that choose elements by conditions and by places. Shapes that depend on values are read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array.apply import apply
from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import (
    Values,
    cast,
    common_dtype,
    constant,
    context_of,
    host,
    on_device,
    phantom,
    sizes_of,
    transfer,
)  # fmt: skip
from npusdk.array.functions.reductions import truth
from npusdk.array.functions.shaping import along, ravel, reshape

_MODES: dict[str, Callable[[Any, int], Any]] = {
    "raise": lambda places, size: places,  # noqa: ARG005
    "wrap": lambda places, size: places % max(size, 1),
    "clip": lambda places, size: np.clip(places, 0, max(size - 1, 0)),
}
"""What NumPy does with places outside an axis, by the name of the mode."""

MISSING = object()
"""Stands for an argument that was not given."""


def where(condition: Values, *, x: Any = MISSING, y: Any = MISSING) -> Any:
    """Choose elements of `x` where the condition holds and of `y` elsewhere; alone, tell where it holds."""
    if x is MISSING and y is MISSING:
        return nonzero(condition)
    if x is MISSING or y is MISSING:
        message = "either both or neither of x and y should be given"
        raise ValueError(message)
    context = condition.context
    kind = common_dtype(x, y)
    parts = [cast(on_device(context, part, kind), kind) for part in (x, y)]
    return apply("Where", [truth(condition), *parts])


def nonzero(a: Values) -> tuple[Values, ...]:
    """Return where elements are not zero, one array of places for each axis; they are read back."""
    if not a.ndim:
        np.nonzero(np.zeros(()))
    return tuple(transfer(a.context, places) for places in np.nonzero(truth(a).numpy()))


def argwhere(a: Values) -> Values:
    """Return where elements are not zero, one row each; they are read back."""
    return transfer(a.context, np.argwhere(truth(a).numpy()))


def flatnonzero(a: Values) -> Values:
    """Return where elements are not zero, counted along all axes; they are read back."""
    return nonzero(ravel(a))[0]


def select(condlist: Sequence[Values], *, choicelist: Sequence[Any], default: Any = 0) -> Values:
    """Choose elements from the first choice whose condition holds."""
    if len(condlist) != len(choicelist) or not condlist:
        np.select([np.True_] * len(condlist), [0] * len(choicelist))
    context = condlist[0].context
    kind = common_dtype(*choicelist, default)
    result = cast(on_device(context, default, kind), kind)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, x=cast(on_device(context, choice, kind), kind), y=result)
    shape = np.broadcast_shapes(*(condition.shape for condition in condlist), result.shape)
    return result if result.shape == shape else np.broadcast_to(result, shape)


def piecewise(x: Values, *, condlist: Any, funclist: Any, args: Any = (), kw: Any) -> Values:
    """Apply to each element the function of the last condition that holds; functions see all elements."""
    conditions = condlist if isinstance(condlist, (list, tuple)) else [condlist]
    conditions = [on_device(x.context, condition) for condition in conditions]
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        np.piecewise(np.zeros(1), [np.zeros(1, np.bool_)] * len(conditions), funclist)
    result = np.zeros_like(x)
    if len(funclist) == len(conditions) + 1:
        result = _piece(x, funclist[-1], args, kw)
    for condition, function in zip(conditions, funclist, strict=False):
        result = where(condition, x=_piece(x, function, args, kw), y=result)
    return result


def _piece(x: Values, function: Any, args: Any, kw: Any) -> Values:
    value = function(x, *args, **kw) if callable(function) else function
    return cast(on_device(x.context, value), x.dtype)


def choose(a: Values, *, choices: Any, mode: str = "raise") -> Values:
    """Choose each element from the array whose number stands at its place."""
    parts = [on_device(a.context, choice) for choice in choices]
    shape = np.broadcast_shapes(a.shape, *(part.shape for part in parts))
    stacked = np.stack([np.broadcast_to(part, shape) for part in parts])
    places = np.broadcast_to(_MODES[mode](a, len(parts)), shape)
    return take_along_axis(stacked, indices=places[None], axis=0)[0]


def places_of(context: Context, indices: Any) -> Any:
    """Return indices as ONNX takes them: a constant where they are written in the cell, int64 on the device else."""
    if isinstance(indices, DeviceArray):
        return indices if indices.dtype in (np.int32, np.int64) else cast(indices, np.int64)
    if context_of([indices]) is not None:
        return cast(on_device(context, indices), np.int64)
    found = np.asarray(indices)
    if found.dtype.kind not in "iub" and found.size:
        np.take(np.zeros(1), found)
    return found.astype(np.int64)


def take(a: Values, *, indices: Any, axis: int | None = None, mode: str = "raise") -> Values:
    """Take what stands at some places of an axis."""
    source, place = along(a, axis)
    places = _MODES[mode](places_of(a.context, indices), source.shape[place])
    return apply("Gather", [source, places], {"axis": place})


def _aligned(arr: Values, indices: Any, axis: int) -> tuple[Values, Values]:
    """Return array and places broadcast against each other along all other axes."""
    places = on_device(arr.context, places_of(arr.context, indices))
    if places.ndim != arr.ndim:
        np.take_along_axis(np.empty(arr.shape), np.empty(places.shape, np.int64), axis)
    along = normalize_axis_index(axis, arr.ndim)
    lead = tuple(1 if at == along else size for at, size in enumerate(arr.shape))
    other = tuple(1 if at == along else size for at, size in enumerate(places.shape))
    shape = np.broadcast_shapes(lead, other)

    def spread(x: Values) -> Values:
        wanted = tuple(x.shape[along] if at == along else size for at, size in enumerate(shape))
        return x if x.shape == wanted else np.broadcast_to(x, wanted)

    return spread(arr), spread(places)


def take_along_axis(arr: Values, *, indices: Any, axis: int | None = -1) -> Values:
    """Take one element for each place, its own along the other axes."""
    source = ravel(arr) if axis is None else arr
    along = normalize_axis_index(0 if axis is None else axis, source.ndim)
    values, places = _aligned(source, indices, along)
    return apply("GatherElements", [values, places], {"axis": along})


def put_along_axis(arr: Values, *, indices: Any, values: Any, axis: int | None) -> None:
    """Write one element for each place, in place."""
    source = ravel(arr) if axis is None else arr
    along = normalize_axis_index(axis or 0, source.ndim)
    _spread, places = _aligned(source, indices, along)
    updates = np.broadcast_to(cast(on_device(arr.context, values), arr.dtype), places.shape)
    written = apply("ScatterElements", [source, places, updates], {"axis": along})
    arr[...] = reshape(written, shape=arr.shape)


def compress(condition: Any, *, a: Values, axis: int | None = None) -> Values:
    """Take what stands where a condition holds; where that is is read back."""
    kept = np.flatnonzero(host(condition))
    return take(a, indices=kept, axis=axis)


def extract(condition: Any, *, arr: Values) -> Values:
    """Take the elements for which a condition holds; which they are is read back."""
    return take(ravel(arr), indices=np.flatnonzero(host(condition)))


def unravel_index(indices: Values, *, shape: Any, order: str = "C") -> tuple[Values, ...]:
    """Return the places along each axis of elements that are counted along all of them."""
    sizes = sizes_of(shape)
    rest, found = cast(indices, np.int64), []
    for size in sizes if order == "F" else reversed(sizes):
        found.append(rest % size)
        rest = rest // size
    return tuple(found if order == "F" else reversed(found))


def ravel_multi_index(multi_index: Sequence[Values], *, dims: Any, mode: Any = "raise", order: str = "C") -> Values:
    """Return the number of each element, counted along all axes."""
    sizes = sizes_of(dims)
    modes = (mode,) * len(sizes) if isinstance(mode, str) else mode
    parts = [_MODES[how](cast(part, np.int64), size) for how, part, size in zip(modes, multi_index, sizes, strict=True)]
    steps = np.cumprod([1, *(sizes[:-1] if order == "F" else sizes[:0:-1])]).tolist()
    total = None
    for part, step in zip(parts, steps if order == "F" else reversed(steps), strict=True):
        total = part * step if total is None else total + part * step
    return total


def clip(a: Values, *, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Values:
    """Bring every element between two bounds; the upper one wins."""
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    if low is None and high is None:
        return np.positive(a)
    plain = all(bound is None or isinstance(bound, (int, float)) for bound in (low, high))
    kind = common_dtype(a, *(bound for bound in (low, high) if bound is not None))
    if plain and kind == a.dtype and a.dtype.kind != "b":
        return apply("Clip", [a, *(_bound(bound, kind) for bound in (low, high))])
    result = a if low is None else np.maximum(a, low)
    return result if high is None else np.minimum(result, high)


def _bound(bound: Any, kind: np.dtype[Any]) -> Any:
    """Return a bound in the type of the elements; one that no element can reach is none."""
    if bound is None or kind.kind == "f":
        return None if bound is None else np.asarray(bound, kind)
    limits = np.iinfo(kind)
    return np.asarray(min(max(bound, int(limits.min)), int(limits.max)), kind)


def indices_from(name: str) -> Callable[..., Any]:
    """Return a function that gives the places of a triangle or a diagonal of an array's shape."""

    def places(arr: Values, *, k: int | None = None) -> tuple[Values, ...]:
        found = getattr(np, name)(phantom(arr.shape), *(() if k is None else (k,)))
        return tuple(constant(arr.context, place) for place in found)

    return places


SELECTION: Rows = MappingProxyType(
    {
        "where": (where, "@condition x y"),
        "nonzero": (nonzero, "@a"),
        "argwhere": (argwhere, "@a"),
        "flatnonzero": (flatnonzero, "@a"),
        "select": (select, "@[condlist choicelist default"),
        "piecewise": (piecewise, "@x condlist funclist *args **kw"),
        "choose": (choose, "@a choices out mode"),
        "take": (take, "@a indices axis out mode"),
        "take_along_axis": (take_along_axis, "@arr indices axis"),
        "put_along_axis": (put_along_axis, "@arr indices values axis"),
        "compress": (compress, "condition @a axis out"),
        "extract": (extract, "condition @arr"),
        "unravel_index": (unravel_index, "@indices shape order"),
        "ravel_multi_index": (ravel_multi_index, "@[multi_index dims mode order"),
        "clip": (clip, "@a a_min a_max out min max ~dtype ~casting"),
        "tril_indices_from": (indices_from("tril_indices_from"), "@arr k"),
        "triu_indices_from": (indices_from("triu_indices_from"), "@arr k"),
        "diag_indices_from": (indices_from("diag_indices_from"), "@arr"),
    }
)
"""Functions that choose."""
