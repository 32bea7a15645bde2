"""Views and copies that are not subscripts."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

import numpy as np

from npusdk.array.device_array import UNRECORDED, DeviceArray, Step, wrap, wrap_view


def transpose(array: DeviceArray) -> DeviceArray:
    """Return a view with the axes in reverse order."""
    order = tuple(reversed(range(array.ndim)))
    return wrap_view(array, array._value.T, (("Transpose", (), {"perm": order}),) if len(order) > 1 else ())


def copy(array: DeviceArray, order: str = "K") -> DeviceArray:
    """Return the same elements in memory of their own; nothing is recorded until one of the two changes."""
    context = array.context
    context.require(array.nbytes)
    number = UNRECORDED if context.record is None else array.number()
    return wrap(context, array._value.copy(order=order), number, is_scalar=array._is_scalar)  # type: ignore[arg-type]  # NumPy's word


def diagonal(array: DeviceArray, offset: int, axis1: int, axis2: int) -> DeviceArray:
    """Return the diagonals of the planes of two axes as the last axis: a view that cannot be written to."""
    value = array._value.diagonal(offset, axis1, axis2)
    first, second = axis1 % array.ndim, axis2 % array.ndim
    rest = [axis for axis in range(array.ndim) if axis not in (first, second)]
    rows, columns = array.shape[first], array.shape[second]
    places = np.ascontiguousarray(np.arange(rows * columns, dtype=np.int64).reshape(rows, columns).diagonal(offset))
    flat = np.array([*(array.shape[axis] for axis in rest), rows * columns], np.int64)
    steps: list[Step] = [
        ("Reshape", (flat,), {"allowzero": 1}),
        ("Gather", (places,), {"axis": len(rest)}),
    ]
    if [*rest, first, second] != list(range(array.ndim)):
        steps.insert(0, ("Transpose", (), {"perm": (*rest, first, second)}))
    return wrap_view(array, value, tuple(steps))
