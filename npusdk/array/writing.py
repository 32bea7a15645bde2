"""Writing to arrays: the memory changes, and the record gives the root a new value.

What is written is a value in single-assignment form as well: the whole root where all of it is replaced, slices joined
around the new part where a box is, scattered elements otherwise.
"""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import refuse_mix, slice_step
from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray
from npusdk.array.precision import round_number
from npusdk.array.quiet import QUIET
from npusdk.array.record import Record
from npusdk.numerics import round_to

Array: TypeAlias = npt.NDArray[Any]
Box: TypeAlias = tuple[tuple[int, int, int], ...]
"""Start, end and step of a part along each axis."""

_SCATTERED = 1 << 12
"""Most indices of a box that is scattered; a larger one is joined from slices."""

_RESHAPING = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})


def assign(array: DeviceArray, value: Any) -> None:
    """Write a value to all elements of an array, broadcast and converted as NumPy does it.

    Raises
    ------
    ValueError
        If the value does not broadcast to the array.
    """
    if isinstance(value, DeviceArray):
        if value.context is not array.context:
            refuse_mix(array.context, value.context)
        if _is_same_memory(array._value, value._value):
            return
    values, number = operand(array, value)
    _check_writeable(array)
    array._value[...] = values
    written(array, broadcast(array.context, number, values.shape, array.shape))


def _check_writeable(array: DeviceArray) -> None:
    if not array._value.flags.writeable:
        raise ValueError("assignment destination is read-only")


def _is_same_memory(left: Array, right: Array) -> bool:
    same = left.shape == right.shape and left.strides == right.strides and left.dtype == right.dtype
    return same and left.__array_interface__["data"][0] == right.__array_interface__["data"][0]


def operand(array: DeviceArray, value: Any) -> tuple[Array, int]:
    """Return a value as `array` would hold it, and what the record calls it; shapes may still broadcast.

    A host value is part of the program if it is a scalar, and comes to the device as an input otherwise.
    """
    context, dtype = array.context, array._value.dtype
    if isinstance(value, DeviceArray):
        if value.context is not context:
            refuse_mix(context, value.context)
        same = value._value.dtype == dtype
        return value._value if same else _converted(context, value._value, dtype), number_as(value, dtype)
    host = np.asarray(value)
    storage, record = context.storage(host.dtype), context.record
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    feed = np.array(value, dtype) if is_integer else QUIET.run(host.astype, storage)
    number = UNRECORDED
    if record is not None and host.ndim:
        number = record.input(feed, "", feed.size * context.width_bytes(feed.dtype))
        number = number if feed.dtype == dtype else record.add("Cast", (number,), {"to": dtype.name})
    elif record is not None:
        number = record.scalar(feed.astype(dtype).item(), dtype)
    return _converted(context, feed, dtype), number


def _converted(context: Context, value: Array, dtype: np.dtype[Any]) -> Array:
    """Return a value in another type and in the context's format."""
    cast = QUIET.run(value.astype, dtype)
    if not cast.ndim and context.rounds and dtype.kind == "f":
        return np.array(round_number(float(cast), context.precision), dtype)
    return round_to(cast, context.precision) if context.rounds and dtype.kind == "f" else cast


def number_as(array: DeviceArray, dtype: np.dtype[Any]) -> int:
    """Return what the record calls an array's values in another element type."""
    record = array.context.record
    if record is None:
        return UNRECORDED
    number = array.number()
    return number if array._value.dtype == dtype else record.add("Cast", (number,), {"to": dtype.name})


def broadcast(context: Context, number: int, shape: Sequence[int], target: Sequence[int]) -> int:
    """Return what the record calls a value broadcast to `target`; leading axes of one that NumPy drops are dropped."""
    record = context.record
    if record is None or tuple(shape) == tuple(target):
        return number
    if len(shape) > len(target):
        shape = shape[len(shape) - len(target) :]
        number = record.add("Reshape", (number, record.numbers(shape)), {"allowzero": 1})
    if tuple(shape) == tuple(target):
        return number
    return record.add("Expand", (number, record.numbers(target)))


def written(array: DeviceArray, number: int) -> None:
    """Tell the record that an array now holds value `number`, which has its shape and type.

    The memory has changed already. The root gets a new version; other views see it when they are read.
    """
    root, record = array._root, array.context.record
    if root is None:
        array._number = number
        array._version += 1
        return
    if record is not None:
        root._number = _placed(record, root, array, number) if record.is_complete else record.skip(1)
    root._version += 1
    if record is not None:
        array._number, array._version = number, root._version


def _placed(record: Record, root: DeviceArray, view: DeviceArray, number: int) -> int:
    """Return what the record calls the root after `number` was written to a view of it."""
    whole = _undone(record, view, number)
    if whole is not None:
        return whole
    box = _box(root, view)
    if box is None:
        return scattered(record, root, positions(view), number)
    sizes = tuple(len(range(*part)) for part in box)
    if sizes != view.shape:
        number = record.add("Reshape", (number, record.numbers(sizes)), {"allowzero": 1})
    last = max((axis for axis, size in enumerate(root.shape) if box[axis] != (0, size, 1)), default=0)
    count = prod(sizes[: last + 1]) * (last + 1)
    if count <= _SCATTERED or any(step != 1 for _start, _end, step in box):
        return _scattered_rows(record, root, box[: last + 1], number)
    return _joined(record, root._number, (root.shape, box), number)


def _undone(record: Record, view: DeviceArray, number: int) -> int | None:
    """Return a value brought back to the root through transposes and reshapes; None where the view leaves elements out.

    Nothing is recorded in that case.
    """
    chain: list[tuple[DeviceArray, str, Any]] = []
    current = view
    while current._parent is not None:
        parent = current._parent
        if current.size != parent.size or len(current._steps) > 1:
            return None
        for op, _others, attrs in current._steps:
            if op != "Transpose" and op not in _RESHAPING:
                return None
            chain.append((parent, op, attrs))
        current = parent
    for parent, op, attrs in chain:
        if op == "Transpose":
            order = (attrs or {}).get("perm") or tuple(reversed(range(parent.ndim)))
            number = record.add("Transpose", (number,), {"perm": tuple(int(axis) for axis in np.argsort(order))})
        else:
            number = record.add("Reshape", (number, record.numbers(parent.shape)), {"allowzero": 1})
    return number


def _box(root: DeviceArray, view: DeviceArray) -> Box | None:
    """Return the box of the root that a view is, where it is a slice of the root itself."""
    steps = view._steps
    if view._parent is not root or not steps or steps[0][0] != "Slice":
        return None
    if any(op not in _RESHAPING for op, _others, _attrs in steps[1:]):
        return None
    others = [other.tolist() for other in steps[0][1]]
    starts, ends, axes = others[:3]
    strides = others[3] if len(others) > 3 else [1] * len(axes)
    box = [(0, size, 1) for size in root.shape]
    for axis, start, end, step in zip(axes, starts, ends, strides, strict=True):
        box[axis] = (start, max(end, -1), step)
    return tuple(box)


def _scattered_rows(record: Record, root: DeviceArray, box: Box, number: int) -> int:
    """Write a box by the indices of its leading axes; the other axes are whole."""

    def indices() -> Array:
        grid = np.meshgrid(*(np.arange(*part, dtype=np.int64) for part in box), indexing="ij")
        return np.stack(grid, -1)

    places = record.once(("rows", box), indices)
    return record.add("ScatterND", (root._number, places, number))


def _joined(record: Record, current: int, within: tuple[Sequence[int], Box], number: int) -> int:
    """Write a box by joining what lies before, the new part, and what lies behind, axis by axis."""
    shape, box = within
    axis = next((axis for axis, size in enumerate(shape) if box[axis] != (0, size, 1)), None)
    if axis is None:
        return number
    start, end, size = box[axis][0], box[axis][1], shape[axis]
    middle_shape = [*shape[:axis], end - start, *shape[axis + 1 :]]
    rest = tuple((0, end - start, 1) if place == axis else part for place, part in enumerate(box))
    if any(rest[place] != (0, length, 1) for place, length in enumerate(middle_shape)):
        number = _joined(record, cut(record, current, (axis, start, end)), (middle_shape, rest), number)
    parts = [number]
    if start:
        parts.insert(0, cut(record, current, (axis, 0, start)))
    if end < size:
        parts.append(cut(record, current, (axis, end, size)))
    return record.add("Concat", tuple(parts), {"axis": axis})


def cut(record: Record, number: int, part: tuple[int, int, int]) -> int:
    """Return what the record calls a slice: axis, start, end."""
    axis, start, end = part
    op, others, attrs = slice_step((axis,), (start,), (end,))
    return record.add(op, (number, *[record.numbers(other.tolist()) for other in others]), attrs)


def scattered(
    record: Record, array: DeviceArray, places: Array, number: int, *, reduction: str = "none"
) -> int:  # fmt: skip
    """Return what the record calls an array after values were written to flat positions of it.

    Parameters
    ----------
    places
        Positions in row-major order, of the shape of the values.
    reduction
        ONNX's word for how values are combined with what is there.
    """
    flat = record.add("Reshape", (array._number if array._root is None else array.number(), record.numbers((-1,))))
    where = record.constant(places.reshape(-1).astype(np.int64))
    values = number if places.ndim == 1 else record.add("Reshape", (number, record.numbers((-1,))))
    attrs = {"axis": 0, "reduction": reduction} if reduction != "none" else {"axis": 0}
    spread = record.add("ScatterElements", (flat, where, values), attrs)
    return record.add("Reshape", (spread, record.numbers(array.shape)), {"allowzero": 1})


def positions(view: DeviceArray) -> Array:
    """Return the row-major position in the root of each element of a view."""
    root = view if view._root is None else view._root
    base, value = root._value, view._value
    item = base.itemsize
    offset = (value.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // item
    places = np.full(value.shape, offset, np.int64)
    for axis, (size, stride) in enumerate(zip(value.shape, value.strides, strict=True)):
        places += (np.arange(size) * (stride // item)).reshape((size,) + (1,) * (value.ndim - axis - 1))
    if base.flags.c_contiguous:
        return places
    order = sorted(range(base.ndim), key=lambda axis: -base.strides[axis])
    by_memory = np.arange(base.size).reshape(base.shape).transpose(order).reshape(-1)
    return np.asarray(by_memory[places])
