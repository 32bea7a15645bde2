"""Methods of a device array: those of ndarray, by NumPy's functions of the same name."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import apply
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import refuse
from npusdk.array.functions import ROWS
from npusdk.array.views import copy, transpose


def _arguments(given: tuple[Any, ...]) -> Any:
    """Return sizes or axes, which may come as one tuple or one by one."""
    return given[0] if len(given) == 1 else given


def reshape(array: DeviceArray, *shape: Any, **keywords: Any) -> Any:
    """Return the array in another shape, a view where NumPy has one."""
    return ROWS["reshape"](array, _arguments(shape), **keywords)


def transposed(array: DeviceArray, *axes: Any) -> Any:
    """Return a view with the axes in another order."""
    if not axes or axes == (None,):
        return transpose(array)
    return ROWS["transpose"](array, _arguments(axes))


def astype(
    array: DeviceArray,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    *,
    subok: bool = True,  # noqa: ARG001 - NumPy's own signature
    copy: bool = True,
) -> DeviceArray:
    """Return the values in another type; in a context that rounds, floats of every width have its format."""
    wanted = array.context.storage(np.dtype(dtype))
    if not np.can_cast(array.dtype, wanted, casting):  # type: ignore[arg-type]  # the caller's word
        np.empty(1, array.dtype).astype(np.dtype(dtype), casting=casting)  # type: ignore[call-overload]  # raises
    if wanted == array.dtype:
        return _copied(array, order) if copy else array
    made: DeviceArray = apply("Cast", [array], {"to": wanted.name})
    return made


def _copied(array: DeviceArray, order: str = "C") -> DeviceArray:
    return copy(array, order)


def flatten(array: DeviceArray, order: str = "C") -> Any:
    """Return a copy with one axis."""
    return ROWS["ravel"](_copied(array), order=order)


def fill(array: DeviceArray, value: Any) -> None:
    """Write one value to all elements."""
    array[...] = value


def sort(array: DeviceArray, axis: int = -1, **keywords: Any) -> None:
    """Sort along an axis, in place."""
    array[...] = ROWS["sort"](array, axis, **keywords)


def partition(array: DeviceArray, kth: Any, axis: int = -1, **keywords: Any) -> None:
    """Partition along an axis, in place."""
    array[...] = ROWS["partition"](array, kth, axis, **keywords)


def compress(array: DeviceArray, condition: Any, *args: Any, **keywords: Any) -> Any:
    """Return the slices along an axis for which a condition holds."""
    return ROWS["compress"](condition, array, *args, **keywords)


def item(array: DeviceArray, *args: Any) -> Any:
    """Return an element as a number of Python."""
    return array._value.item(*args)


def tolist(array: DeviceArray) -> Any:
    """Return the values as nested lists of Python."""
    return array._value.tolist()


def itself(array: DeviceArray) -> DeviceArray:
    """Return the array: that is what NumPy's `conj` does where nothing is complex."""
    return array


def view(array: DeviceArray, *args: Any, **keywords: Any) -> Any:
    """Return a view of the same elements; another type of them is refused."""
    if args or keywords:
        refuse("ndarray.view(dtype)")
    return array[...]


_SPECIAL: Mapping[str, Callable[..., Any]] = {
    "astype": astype, "compress": compress, "conj": itself, "conjugate": itself, "copy": _copied,
    "fill": fill, "flatten": flatten, "item": item, "partition": partition, "reshape": reshape, "sort": sort,
    "tolist": tolist, "transpose": transposed, "view": view,
}  # fmt: skip

_NAMES = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum", "diagonal",
    "dot", "max", "mean", "min", "nonzero", "prod", "put", "ravel", "repeat", "round", "searchsorted", "squeeze",
    "std", "sum", "swapaxes", "take", "trace", "var",
)  # fmt: skip

METHODS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {**{name: ROWS[name] for name in _NAMES if name in ROWS}, **_SPECIAL}
)
"""Name of a method -> implementation, which takes the array first."""
