"""Reading and writing by subscript.

Integers, slices, ellipses and new axes give views, as in NumPy; an element comes as a scalar, which is a copy. Arrays
of integers and truth values copy: their values are read back, and the record holds the places that were taken.
"""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import slice_step
from npusdk.array.device_array import UNRECORDED, DeviceArray, Step, wrap, wrap_view
from npusdk.array.record import Record
from npusdk.array.writing import assign, broadcast, operand, scattered, written

Array: TypeAlias = npt.NDArray[Any]
Key: TypeAlias = tuple[Any, ...]

_ALLOW_ZERO: Mapping[str, Any] = {"allowzero": 1}


def getitem(array: DeviceArray, key: object) -> DeviceArray:
    """Return what a subscript takes: a view, a scalar, or a copy.

    Raises
    ------
    IndexError
        NumPy's own.
    """
    items, is_basic = _normal(key)
    if not is_basic:
        return _taken(array, items)
    found = array._value[items]
    if isinstance(found, np.ndarray):
        return wrap_view(array, found, _steps(array, items))
    record = array.context.record
    number = UNRECORDED if record is None else _element(record, array, items)
    return wrap(array.context, np.asarray(found), number, is_scalar=True)


def setitem(array: DeviceArray, key: object, value: Any) -> None:
    """Write to what a subscript takes.

    Raises
    ------
    TypeError
        If the array is a scalar.
    IndexError, ValueError
        NumPy's own.
    """
    if array._is_scalar:
        text = f"a scalar of {array.dtype} does not support item assignment"
        raise TypeError(text)
    items, is_basic = _normal(key)
    if is_basic:
        if _is_element(array, items):
            _set_element(array, items, value)
            return
        whole = items if Ellipsis in items else (*items, Ellipsis)
        if whole is not items and len(items) == array.ndim and None not in items and not _has_slices(items):
            _require_one(array, value)
        assign(wrap_view(array, array._value[whole], _steps(array, items)), value)
    elif not _chosen(array, key, value):
        _placed(array, items, value)


def _normal(key: object) -> tuple[Key, bool]:
    """Return a subscript as a tuple whose arrays are on the host, and whether it is a basic one."""
    items: list[Any] = []
    is_basic = True
    for item in key if isinstance(key, tuple) else (key,):
        host: Any = item._value if isinstance(item, DeviceArray) else item
        if isinstance(host, (int, np.integer)) and not isinstance(host, bool):
            items.append(int(host))
        elif isinstance(host, slice):
            items.append(
                slice(*(None if part is None else _index(part) for part in (host.start, host.stop, host.step)))
            )
        elif host is None or host is Ellipsis:
            items.append(host)
        elif isinstance(item, DeviceArray) and not host.ndim and host.dtype.kind in "iu":
            items.append(int(host))
        else:
            items.append(_read(host))
            is_basic = False
    return tuple(items), is_basic


def _read(item: Any) -> Any:
    """Return a list of places with those on the device read back."""
    if isinstance(item, DeviceArray):
        return item._value
    if isinstance(item, (list, tuple)) and any(isinstance(one, (DeviceArray, list, tuple)) for one in item):
        return [_read(one) for one in item]
    return item


def _has_slices(items: Key) -> bool:
    return any(isinstance(item, slice) for item in items)


def _require_one(array: DeviceArray, value: Any) -> None:
    """Let NumPy refuse a value with axes for one element."""
    if isinstance(value, (int, float)) and not isinstance(value, DeviceArray):
        return
    shape = value.shape if isinstance(value, DeviceArray) else np.shape(value)
    if shape:
        np.empty(1, array.dtype)[0] = np.empty(shape, array.dtype)


def _index(value: Any) -> int:
    return int(value.__index__())


def _steps(array: DeviceArray, items: Key) -> tuple[Step, ...]:
    """Return the operators that lead to a basic subscript: a Slice, and a Reshape where axes come or go."""
    count = sum(item is not None and item is not Ellipsis for item in items)
    given = list(items) if Ellipsis in items else [*items, Ellipsis]
    place = given.index(Ellipsis)
    given[place : place + 1] = [slice(None)] * (array.ndim - count)
    cuts, shape, axis = [], [], 0
    for item in given:
        if item is None:
            shape.append(1)
            continue
        size = array.shape[axis]
        if isinstance(item, int):
            start = item + size if item < 0 else item
            part = (start, start + 1, 1)
        else:
            part = item.indices(size)
            shape.append(len(range(*part)))
            part = part if shape[-1] else (0, 0, 1)
        if part != (0, size, 1):
            start, end, step = part
            cuts.append((axis, start, end if end >= 0 else -size - 1, step))
        axis += 1
    return (*_slice_of(cuts), *_reshape_to(items, shape))


def _slice_of(cuts: Sequence[tuple[int, int, int, int]]) -> tuple[Step, ...]:
    if not cuts:
        return ()
    axes, starts, ends, steps = zip(*cuts, strict=True)
    return (slice_step(axes, starts, ends, steps if set(steps) != {1} else None),)


def _reshape_to(items: Key, shape: Sequence[int]) -> tuple[Step, ...]:
    if all(isinstance(item, slice) or item is Ellipsis for item in items):
        return ()
    return (("Reshape", (np.array(shape, np.int64).reshape(len(shape)),), {"allowzero": 1}),)


def _element(record: Record, array: DeviceArray, items: Key) -> int:
    """Return what the record calls an element, taken now."""
    if not record.is_complete:
        return record.skip(2)
    starts = _from_front(array, [item for item in items if item is not None and item is not Ellipsis])
    parts = (starts, tuple([start + 1 for start in starts]), range(len(starts)))
    number = array.number()
    if starts:
        number = record.add("Slice", (number, *[record.numbers(part) for part in parts]))
    return record.add("Reshape", (number, record.numbers(())), _ALLOW_ZERO)


def _from_front(array: DeviceArray, items: Sequence[int]) -> tuple[int, ...]:
    return tuple([item + size if item < 0 else item for item, size in zip(items, array.shape, strict=True)])


def _is_element(array: DeviceArray, items: Key) -> bool:
    return 0 < len(items) == array.ndim and array._root is None and all(type(item) is int for item in items)


def _set_element(array: DeviceArray, items: Key, value: Any) -> None:
    """Write one element of an array that owns its memory."""
    _require_one(array, value)
    values, number = operand(array, value)
    array._value[items] = values
    record = array.context.record
    if record is not None and record.is_complete:
        number = record.add("ScatterND", (array._number, record.numbers(_from_front(array, items)), number))
    elif record is not None:
        number = record.skip(1)
    written(array, number)


def _taken(array: DeviceArray, items: Key) -> DeviceArray:
    """Return a copy of what an advanced subscript takes."""
    value: Array = np.asarray(array._value[items])
    value = np.array(value, order="K") if value.base is not None or not value.flags.forc else value
    record = array.context.record
    array.context.require(value.size * array.context.width_bytes(value.dtype))
    number = UNRECORDED if record is None else _gathered(record, array, items)
    return wrap(array.context, value, number, is_scalar=not value.ndim)


def _gathered(record: Record, array: DeviceArray, items: Key) -> int:
    """Return what the record calls the elements that an advanced subscript takes."""
    arrays = [np.asarray(item) if _is_advanced(item) else item for item in items]
    places = [place for place, item in enumerate(arrays) if isinstance(item, np.ndarray)]
    ahead = all(isinstance(item, slice) and item == slice(None) for item in arrays[: places[0]])
    behind = all(isinstance(item, slice) and item == slice(None) for item in arrays[places[0] + 1 :])
    if len(places) == 1 and ahead and behind:
        axis, index = places[0], arrays[places[0]]
        if index.dtype.kind == "b" and index.ndim == 1:
            index = np.flatnonzero(index)
        if index.dtype.kind in "iu":
            where = record.constant(np.where(index < 0, index + array.shape[axis], index).astype(np.int64))
            return record.add("Gather", (array.number(), where), {"axis": axis})
    flat = np.arange(array.size).reshape(array.shape)[tuple(arrays)]
    source = record.add("Reshape", (array.number(), record.numbers((-1,))))
    return record.add("Gather", (source, record.constant(np.array(flat, np.int64))), {"axis": 0})


def _is_advanced(item: object) -> bool:
    return not (item is None or item is Ellipsis or isinstance(item, slice))


def _chosen(array: DeviceArray, key: object, value: Any) -> bool:
    """Write a scalar where a mask on the device says so: a choice, element by element; False for anything else."""
    record = array.context.record
    mask = key if isinstance(key, DeviceArray) else None
    is_scalar = isinstance(value, (int, float, np.generic)) or (isinstance(value, DeviceArray) and not value.ndim)
    if record is None or mask is None or mask.dtype.kind != "b" or mask.shape != array.shape or not is_scalar:
        return False
    values, number = operand(array, value)
    chosen = record.add("Where", (mask.number(), number, array.number()))
    array._value[mask._value] = values
    written(array, chosen)
    return True


def _placed(array: DeviceArray, items: Key, value: Any) -> None:
    """Write to the places that an advanced subscript names."""
    values, number = operand(array, value)
    context = array.context
    array._value[items] = values
    if context.record is None:
        written(array, UNRECORDED)
        return
    places = np.arange(array.size).reshape(array.shape)[items]
    number = broadcast(context, number, values.shape, places.shape)
    written(array, scattered(context.record, array, np.asarray(places), number))
