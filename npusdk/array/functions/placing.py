"""Functions that write into an array."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import apply
from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, common_dtype, host, on_device
from npusdk.array.functions.reductions import truth
from npusdk.array.functions.selection import _MODES, places_of
from npusdk.array.functions.selection import where as choose_where
from npusdk.array.functions.shaping import ravel, reshape


def copyto(context: Context, *, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """Write values into an array, where a condition holds; into an array of this computer they are copied back."""
    if not isinstance(dst, DeviceArray):
        np.copyto(dst, host(src), casting, where=host(where))
        return
    kind = common_dtype(dst, src) if isinstance(src, (bool, int, float)) else common_dtype(src)
    if not np.can_cast(kind, dst.dtype, casting):
        np.copyto(np.empty(1, dst.dtype), np.zeros(1, kind), casting)
    if where is True:
        dst[...] = src
    else:
        values = cast(on_device(context, src), dst.dtype)
        dst[...] = choose_where(on_device(context, where), x=values, y=dst)


def _target(a: Any, name: str) -> Values:
    """Return the array that is written into, which has to be on the device."""
    if not isinstance(a, DeviceArray):
        refuse(f"numpy.{name} of a device array into one of this computer")
    return a


def _cycled(context: Context, values: Any, count: int, dtype: Any) -> Values:
    """Return `count` values, repeated from the first as often as it takes."""
    flat = cast(ravel(on_device(context, values)), dtype)
    if flat.size == count:
        return flat
    return apply("Gather", [flat, np.arange(count) % max(flat.size, 1)], {"axis": 0})


def putmask(a: Any, *, mask: Any, values: Any) -> None:
    """Write values, each at its own place, where a mask holds."""
    a = _target(a, "putmask")
    mask = on_device(a.context, mask)
    if mask.size != a.size:
        np.putmask(np.empty(a.shape), np.empty(mask.shape, np.bool_), 0)
    spread = reshape(_cycled(a.context, values, a.size, a.dtype), shape=a.shape)
    a[...] = choose_where(truth(reshape(mask, shape=a.shape)), x=spread, y=a)


def _write_at(a: Values, places: Any, values: Values) -> None:
    """Write one value at each place, counted along all axes; of equal places the last counts."""
    written = apply("ScatterElements", [ravel(a), places, values], {"axis": 0})
    a[...] = reshape(written, shape=a.shape)


def place(arr: Any, *, mask: Any, vals: Any) -> None:
    """Write values one after the other where a mask holds; where that is is read back."""
    arr = _target(arr, "place")
    places = np.flatnonzero(host(mask))
    if places.size:
        if not np.size(vals if not isinstance(vals, DeviceArray) else vals.shape):
            np.place(np.zeros(1), [True], [])
        _write_at(arr, places, _cycled(arr.context, vals, places.size, arr.dtype))


def put(a: Any, *, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values one after the other at places that are counted along all axes."""
    a = _target(a, "put")
    places = places_of(a.context, ind)
    if mode == "raise" and not isinstance(places, DeviceArray):
        np.take(np.broadcast_to(np.int8(0), a.size), places)
    flat = _MODES[mode](places, a.size).reshape(-1)
    if flat.size:
        _write_at(a, flat, _cycled(a.context, v, flat.size, a.dtype))


def fill_diagonal(a: Any, *, val: Any, wrap: bool = False) -> None:
    """Write values on the main diagonal."""
    a = _target(a, "fill_diagonal")
    mask = np.zeros(a.shape, np.bool_)
    np.fill_diagonal(mask, val=True, wrap=wrap)
    places = np.flatnonzero(mask)
    _write_at(a, places, _cycled(a.context, val, places.size, a.dtype))


PLACING: Rows = MappingProxyType(
    {
        "copyto": (copyto, "context dst src casting where"),
        "putmask": (putmask, "a mask values"),
        "place": (place, "arr mask vals"),
        "put": (put, "a ind v mode"),
        "fill_diagonal": (fill_diagonal, "a val wrap"),
    }
)
"""Functions that write."""
