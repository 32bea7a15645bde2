"""Functions that make arrays.

What NumPy makes of numbers alone (ranges, windows, places of a triangle) it makes here too; on the device it is a
constant of the program. Values that are given as lists or arrays come from the host and count as such.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows, numpy_function
from npusdk.array.functions.operand import (
    Values,
    cast,
    constant,
    context_of,
    copied,
    filled,
    host,
    on_device,
    sizes_of,
    xp,
)  # fmt: skip
from npusdk.array.functions.shaping import broadcast_to, moveaxis, reshape


def array(
    context: Context,
    *,
    object: Any,  # noqa: A002 - NumPy's name
    dtype: Any = None,
    copy: bool | None = True,
    ndmin: int = 0,
) -> Any:
    """Return values on the device; a new array unless `copy` allows the one that is given.

    Texts, dates and Python objects stay on the host, as NumPy makes them.
    """
    if isinstance(object, DeviceArray):
        result = object if dtype is None else cast(object, dtype)
        result = copied(result) if copy and result is object else result
    elif context_of([object]) is None:
        found = np.array(object, dtype)
        if found.dtype.kind in "OSUVmM":
            return np.array(found, ndmin=ndmin, copy=None)
        result = on_device(context, found)
    else:
        result = on_device(context, object)
        result = result if dtype is None else cast(result, dtype)
    if result.ndim < ndmin:
        return reshape(result, shape=(1,) * (ndmin - result.ndim) + result.shape)
    return result


def asarray(context: Context, *, a: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    """Return values on the device; an array that is there already is itself."""
    return array(context, object=a, dtype=dtype, copy=bool(copy))


def asarray_chkfinite(context: Context, *, a: Any, dtype: Any = None) -> Any:
    """Return values on the device, all of which have to be numbers."""
    result = asarray(context, a=a, dtype=dtype)
    if result.dtype.kind == "f" and not bool(np.all(np.isfinite(result))):
        message = "array must not contain infs or NaNs"
        raise ValueError(message)
    return result


def _full_of(value: int) -> Callable[..., Values]:
    def make(context: Context, *, shape: Any, dtype: Any = None) -> Values:
        return filled(context, value, sizes_of(shape), np.float64 if dtype is None else dtype)

    return make


def full(context: Context, *, shape: Any, fill_value: Any, dtype: Any = None) -> Values:
    """Return a shape filled with a value, or with values that broadcast to it."""
    sizes = sizes_of(shape)
    if context_of([fill_value]) is None and np.ndim(fill_value) == 0:
        return filled(context, fill_value, sizes, np.asarray(fill_value).dtype if dtype is None else dtype)
    values = on_device(context, fill_value)
    values = values if dtype is None else cast(values, dtype)
    return copied(broadcast_to(values, shape=sizes))


def _full_like(value: int) -> Callable[..., Values]:
    def make(a: Values, *, dtype: Any = None, shape: Any = None) -> Values:
        sizes = a.shape if shape is None else sizes_of(shape)
        return filled(a.context, value, sizes, a.dtype if dtype is None else dtype)

    return make


def _empty_like(prototype: Values, **how: Any) -> Values:
    return _full_like(0)(prototype, **how)


def full_like(a: Values, *, fill_value: Any, dtype: Any = None, shape: Any = None) -> Values:
    """Return an array of the same shape and type, filled with a value."""
    kind = a.dtype if dtype is None else dtype
    return full(a.context, shape=a.shape if shape is None else shape, fill_value=fill_value, dtype=kind)


def _made(name: str) -> Callable[..., Any]:
    """Return a function that lets NumPy make arrays of numbers, as constants of the program."""

    def make(context: Context, *, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        plain = [host(value) for value in args]
        named = {key: host(value) for key, value in kwargs.items() if key not in ("like", "device")}
        return _constants(context, numpy_function(name)(*plain, **named))

    return make


def _constants(context: Context, made: Any) -> Any:
    if isinstance(made, np.ndarray):
        return constant(context, made)
    if isinstance(made, (tuple, list)):
        return type(made)(_constants(context, item) for item in made)
    return made


def _host_values(name: str) -> Callable[..., Any]:
    """Return a function that lets NumPy read values of this computer, and brings them to the device."""

    def make(context: Context, *, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = numpy_function(name)(*args, **kwargs)
        return asarray(context, a=found) if isinstance(found, np.ndarray) else found

    return make


def linspace(
    context: Context, *, start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    """Return evenly spaced numbers from `start` to `stop`."""
    if context_of([start, stop]) is None:
        return _constants(context, xp.linspace(start, stop, num, endpoint, retstep, dtype, axis))
    first, last = (cast(value, np.result_type(value.dtype, 0.0)) if isinstance(value, DeviceArray)
                   else on_device(context, value) for value in (start, stop))  # fmt: skip
    apart = last - first
    parts = max(num - 1 if endpoint else num, 1)
    steps = constant(context, (np.arange(num) / parts).reshape(-1, *(1,) * apart.ndim))
    values = steps * apart + first
    if endpoint and num > 1:
        values[-1] = last
    values = moveaxis(values, source=0, destination=axis)
    values = values if dtype is None else cast(values, dtype)
    return (values, apart / parts) if retstep else values


def meshgrid(*, xi: list[Values], copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Return the coordinates of a grid, one array for each axis."""
    if indexing not in ("xy", "ij"):
        xp.meshgrid(indexing=indexing)
    rank = len(xi)
    order = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    grown = [
        reshape(x, shape=tuple(x.size if at == order[number] else 1 for at in range(rank)))
        for number, x in enumerate(xi)
    ]
    if not sparse:
        shape = np.broadcast_shapes(*(x.shape for x in grown))
        grown = [broadcast_to(x, shape=shape) for x in grown]
    return tuple(copied(x) if copy else x for x in grown)


def fromfunction(context: Context, *, function: Any, shape: Any, dtype: Any = float, kwargs: Any) -> Any:
    """Call a function once with the coordinates of every element of a shape."""
    places = constant(context, np.indices(sizes_of(shape), dtype))
    return function(*(places[axis] for axis in range(len(sizes_of(shape)))), **kwargs)


def copy(a: Values) -> Values:
    """Return a copy."""
    return copied(a)


def ix_(context: Context, *, args: tuple[Any, ...]) -> tuple[Values, ...]:
    """Return places along each axis that together choose a grid; where a mask holds is read back."""
    return tuple(constant(context, places) for places in np.ix_(*(host(value) for value in args)))


class Grid:
    """What `numpy.mgrid` and `numpy.ogrid` do: coordinates of the ranges between brackets."""

    def __init__(self, context: Context, name: str) -> None:
        self._context, self._grid = context, getattr(np, name)

    def __getitem__(self, key: Any) -> Any:
        return _constants(self._context, self._grid[key])


def require(context: Context, *, a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """Return values on the device; what is required of memory holds for every array there."""
    if requirements is not None and set(requirements) & {"F", "F_CONTIGUOUS", "FORTRAN"}:
        refuse("numpy.require(requirements='F')")
    return asarray(context, a=a, dtype=dtype)


_MADE = (
    "arange", "eye", "identity", "tri", "indices", "logspace", "geomspace", "bartlett", "blackman", "hamming",
    "hanning", "kaiser", "tril_indices", "triu_indices", "diag_indices",
)  # fmt: skip
"""What NumPy makes of numbers alone."""

_FROM_HOST = ("frombuffer", "fromiter", "fromstring", "fromfile", "load", "loadtxt", "genfromtxt", "from_dlpack")
"""What NumPy reads from this computer."""

CREATION: Rows = MappingProxyType(
    {
        "array": (array, "context object dtype copy ~order ~subok ndmin ~like"),
        "asarray": (asarray, "context a dtype ~order ~device copy ~like"),
        "asanyarray": (asarray, "context a dtype ~order ~device copy ~like"),
        "ascontiguousarray": (lambda context, **how: array(context, copy=False, ndmin=1, object=how.pop("a"), **how),
                              "context a dtype ~like"),
        "asfortranarray": (asarray, "context a dtype ~like"),
        "asarray_chkfinite": (asarray_chkfinite, "context a dtype ~order"),
        "require": (require, "context a dtype requirements ~like"),
        "copy": (copy, "@a ~order ~subok"),
        "zeros": (_full_of(0), "context shape dtype ~order ~device ~like"),
        "ones": (_full_of(1), "context shape dtype ~order ~device ~like"),
        "empty": (_full_of(0), "context shape dtype ~order ~device ~like"),
        "full": (full, "context shape fill_value dtype ~order ~device ~like"),
        "zeros_like": (_full_like(0), "@a dtype ~order ~subok shape ~device"),
        "ones_like": (_full_like(1), "@a dtype ~order ~subok shape ~device"),
        "empty_like": (_empty_like, "@prototype dtype ~order ~subok shape ~device"),
        "full_like": (full_like, "@a fill_value dtype ~order ~subok shape ~device"),
        "linspace": (linspace, "context start stop num endpoint retstep dtype axis ~device"),
        "meshgrid": (meshgrid, "@*xi copy sparse indexing"),
        "fromfunction": (fromfunction, "context function shape dtype **kwargs"),
        "ix_": (ix_, "context *args"),
        **{name: (_made(name), "context *args **kwargs") for name in _MADE},
        **{name: (_host_values(name), "context *args **kwargs") for name in _FROM_HOST},
    }
)  # fmt: skip
"""Functions that make arrays."""
