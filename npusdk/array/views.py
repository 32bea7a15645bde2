"""Views and copies that are not subscripts."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from npusdk.array.device_array import UNRECORDED, DeviceArray, wrap, wrap_view


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
