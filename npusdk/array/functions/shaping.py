"""Functions that give an array another shape or order; views where NumPy gives views."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from npusdk.array import views
from npusdk.array.apply import apply
from npusdk.array.device_array import wrap_view
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, constant, copied, host, phantom, sizes_of

_ALLOW_ZERO = {"allowzero": 1}


def reshape(a: Values, *, shape: Any, order: str = "C", copy: bool | None = None) -> Values:
    """Give the same elements another shape; a copy only where `copy` is true or the elements do not lie so."""
    sizes = sizes_of(shape)
    if order == "F":
        return transpose(reshape(transpose(a), shape=phantom(a.shape).reshape(sizes, order="F").shape[::-1]))
    return shaped(copied(a) if copy else a, phantom(a.shape).reshape(sizes).shape)


def shaped(a: Values, sizes: tuple[int, ...]) -> Values:
    """Return the elements in a shape of as many elements; the array itself if it has that shape."""
    if a.shape == sizes:
        return a
    others = (np.array(sizes, np.int64),)
    value = a._value.reshape(sizes)
    if np.may_share_memory(value, a._value):
        return wrap_view(a, value, (("Reshape", others, _ALLOW_ZERO),))
    return apply("Reshape", [a, *others], _ALLOW_ZERO)


def ravel(a: Values, *, order: str = "C") -> Values:
    """Return all elements as one axis."""
    return shaped(transpose(a) if order == "F" else a, (a.size,))


def along(a: Values, axis: int | None) -> tuple[Values, int]:
    """Return an array and one of its axes; all elements as one axis for None, and a single element as one, as NumPy."""
    if axis is None or not a.ndim:
        return ravel(a), normalize_axis_index(axis or 0, max(a.ndim, 1))
    return a, normalize_axis_index(axis, a.ndim)


def transpose(a: Values, *, axes: Any = None) -> Values:
    """Return the axes in another order, reversed by default."""
    order = tuple(range(a.ndim))[::-1] if axes is None else normalize_axis_tuple(sizes_of(axes), a.ndim)
    value = a._value.transpose(order)
    return wrap_view(a, value, (("Transpose", (), {"perm": order}),) if a.ndim > 1 else ())


def matrix_transpose(x: Values) -> Values:
    """Exchange the last two axes."""
    phantom(x.shape).mT  # noqa: B018 - raises NumPy's own error for less than two axes
    return swapaxes(x, axis1=-1, axis2=-2)


def swapaxes(a: Values, *, axis1: int, axis2: int) -> Values:
    """Exchange two axes."""
    order = list(range(a.ndim))
    first, second = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    order[first], order[second] = order[second], order[first]
    return transpose(a, axes=order)


def moveaxis(a: Values, *, source: Any, destination: Any) -> Values:
    """Bring axes to other places; the others keep their order."""
    marks = np.moveaxis(phantom(range(a.ndim)), source, destination)
    return transpose(a, axes=marks.shape)


def rollaxis(a: Values, *, axis: int, start: int = 0) -> Values:
    """Bring one axis before axis `start`."""
    return transpose(a, axes=np.rollaxis(phantom(range(a.ndim)), axis, start).shape)


def expand_dims(a: Values, *, axis: Any) -> Values:
    """Insert axes of size one."""
    if isinstance(axis, int):
        place = normalize_axis_index(axis, a.ndim + 1)
        return shaped(a, (*a.shape[:place], 1, *a.shape[place:]))
    return shaped(a, np.expand_dims(phantom(a.shape), axis).shape)


def squeeze(a: Values, *, axis: Any = None) -> Values:
    """Drop axes of size one."""
    return shaped(a, phantom(a.shape).squeeze(axis).shape)


def broadcast_to(array: Values, *, shape: Any) -> Values:
    """Repeat an array along new axes and axes of size one, as a view."""
    sizes = np.broadcast_to(phantom(array.shape), sizes_of(shape)).shape
    return apply("Expand", [array, np.array(sizes, np.int64)])


def broadcast_arrays(*, args: Sequence[Values]) -> tuple[Values, ...]:
    """Broadcast arrays against each other."""
    shape = np.broadcast_shapes(*(array.shape for array in args))
    return tuple(broadcast_to(array, shape=shape) for array in args)


def _at_least(rank: int) -> Any:
    grow = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}[rank]

    def atleast(*, arys: Sequence[Values]) -> Any:
        grown = tuple(
            array if array.ndim >= rank else reshape(array, shape=grow(phantom(array.shape)).shape) for array in arys
        )
        return grown[0] if len(grown) == 1 else grown

    return atleast


def flip(m: Values, *, axis: Any = None) -> Values:
    """Reverse the order along axes, all of them by default."""
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if at in axes else slice(None) for at in range(m.ndim))]


def _flipped(axis: int) -> Any:
    def flip_one(m: Values) -> Values:
        phantom(m.shape)[(slice(None),) * axis + (slice(None, None, -1),)]
        return flip(m, axis=axis)

    return flip_one


def rot90(m: Values, *, k: int = 1, axes: Any = (0, 1)) -> Values:
    """Turn by 90 degrees `k` times, from the first of two axes towards the second."""
    np.rot90(phantom(m.shape), 1, axes)
    first, second = normalize_axis_tuple(tuple(axes), m.ndim)
    turns = k % 4
    if turns == 0:
        return m[...]
    if turns == 2:
        return flip(m, axis=(first, second))
    if turns == 1:
        return swapaxes(flip(m, axis=second), axis1=first, axis2=second)
    return flip(swapaxes(m, axis1=first, axis2=second), axis=second)


def roll(a: Values, *, shift: Any, axis: Any = None) -> Values:
    """Move elements along axes; what leaves at the end returns at the front."""
    if axis is None:
        return reshape(_rolled(ravel(a), int(np.sum(host(shift))), 0), shape=a.shape)
    result = copied(a)
    axes = normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    places, shifts = np.broadcast_arrays(np.atleast_1d(np.asarray(axes)), np.atleast_1d(host(shift)))
    for place, amount in zip(places.tolist(), shifts.tolist(), strict=True):
        result = _rolled(result, int(amount), place)
    return result


def _rolled(a: Values, shift: int, axis: int) -> Values:
    size = a.shape[axis]
    amount = shift % size if size else 0
    if not amount:
        return copied(a)
    lead = (slice(None),) * axis
    return apply("Concat", [a[(*lead, slice(size - amount, None))], a[(*lead, slice(0, size - amount))]],
                 {"axis": axis})  # fmt: skip


def repeat(a: Values, *, repeats: Any, axis: int | None = None) -> Values:
    """Repeat each element along an axis."""
    source, place = along(a, axis)
    order = np.repeat(np.arange(source.shape[place]), host(repeats))
    return apply("Gather", [source, order], {"axis": place})


def tile(a: Values, *, reps: Any) -> Values:
    """Repeat the whole array along every axis."""
    times = sizes_of(reps)
    rank = max(a.ndim, len(times))
    grown = reshape(a, shape=(1,) * (rank - a.ndim) + a.shape) if rank > a.ndim else a
    times = (1,) * (rank - len(times)) + times
    return apply("Tile", [grown, np.array(times, np.int64)]) if any(n != 1 for n in times) else copied(grown)


def resize(a: Values, *, new_shape: Any) -> Values:
    """Return an array of the new shape, the elements repeated as often as it takes."""
    sizes = sizes_of(new_shape)
    order = np.resize(np.arange(a.size), sizes)
    if a.size == 0:
        return constant(a.context, np.zeros(sizes, a.dtype))
    return apply("Gather", [ravel(a), order], {"axis": 0})


def unstack(x: Values, *, axis: int = 0) -> tuple[Values, ...]:
    """Cut into arrays of one rank less along an axis."""
    if x.ndim == 0:
        np.unstack(np.zeros(()))
    moved = moveaxis(x, source=axis, destination=0)
    return tuple(moved[index] for index in range(moved.shape[0]))


def diagonal(a: Values, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Values:
    """Return diagonals of the planes of two axes, as the last axis."""
    return views.diagonal(a, offset, axis1, axis2)


def linalg_diagonal(x: Values, *, offset: int = 0) -> Values:
    """Return diagonals of the last two axes."""
    return diagonal(x, offset=offset, axis1=-2, axis2=-1)


SHAPING: Rows = MappingProxyType(
    {
        "reshape": (reshape, "@a shape order copy"),
        "ravel": (ravel, "@a order"),
        "transpose": (transpose, "@a axes"),
        "permute_dims": (transpose, "@a axes"),
        "matrix_transpose": (matrix_transpose, "@x"),
        "linalg.matrix_transpose": (matrix_transpose, "@x"),
        "swapaxes": (swapaxes, "@a axis1 axis2"),
        "moveaxis": (moveaxis, "@a source destination"),
        "rollaxis": (rollaxis, "@a axis start"),
        "expand_dims": (expand_dims, "@a axis"),
        "squeeze": (squeeze, "@a axis"),
        "broadcast_to": (broadcast_to, "@array shape ~subok"),
        "broadcast_arrays": (broadcast_arrays, "@*args ~subok"),
        "atleast_1d": (_at_least(1), "@*arys"),
        "atleast_2d": (_at_least(2), "@*arys"),
        "atleast_3d": (_at_least(3), "@*arys"),
        "flip": (flip, "@m axis"),
        "flipud": (_flipped(0), "@m"),
        "fliplr": (_flipped(1), "@m"),
        "rot90": (rot90, "@m k axes"),
        "roll": (roll, "@a shift axis"),
        "repeat": (repeat, "@a repeats axis"),
        "tile": (lambda A, reps: tile(A, reps=reps), "@A reps"),
        "resize": (resize, "@a new_shape"),
        "unstack": (unstack, "@x axis"),
        "diagonal": (diagonal, "@a offset axis1 axis2"),
        "linalg.diagonal": (linalg_diagonal, "@x offset"),
    }
)
"""Functions that give an array another shape or order."""
