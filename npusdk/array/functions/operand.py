"""What the implementations share: bringing arguments to the device, types, shapes, reading back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import apply, put, run
from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.filling import filled as one_value

Array: TypeAlias = npt.NDArray[Any]
xp: Any = np
"""NumPy for calls that its stubs do not foresee: on device arrays, or to raise its own errors."""

Values: TypeAlias = Any
"""A `DeviceArray`: NumPy's functions are called on it, whose stubs know NumPy's own arrays only."""

_LARGEST: Mapping[str, float] = MappingProxyType(
    {"bf16": (2 - 2**-7) * 2.0**127, "fp16": 65504.0, "tf32": (2 - 2**-10) * 2.0**127}
)
"""Largest finite number of each format that is narrower than its storage."""


_NOTHING = bytes(1)


def context_of(values: Iterable[object]) -> Context | None:
    """Return the context of the first device array among `values` and what lies in them, or None."""
    for value in values:
        if isinstance(value, DeviceArray):
            return value.context
        if isinstance(value, (list, tuple)):
            found = context_of(value)
            if found is not None:
                return found
    return None


def constant(context: Context, value: Array) -> Values:
    """Return a value that is part of the program: on the device without coming from the host."""
    return run(context, "Identity", [np.asarray(value)])


def filled(context: Context, value: Any, shape: tuple[int, ...], dtype: Any) -> Values:
    """Return an array of one value, made on the device."""
    return one_value(context, np.array([value]).astype(dtype), shape)


def filled_like(a: Values, value: Any, shape: tuple[int, ...], dtype: Any = None) -> Values:
    """Return an array of one value where `a` is, in its type by default."""
    return filled(a.context, value, shape, a.dtype if dtype is None else dtype)


def on_device(context: Context | None, value: Any, kind: Any = None) -> Values:
    """Return a value on the device: numbers as constants, arrays and lists as what comes from the host.

    Parameters
    ----------
    kind
        Type of a number that has none of its own, as Python's; NumPy's default by default.
    """
    if isinstance(value, DeviceArray):
        return value
    context = context or context_of([value])
    if context is None:
        message = "there is no device array among the arguments"
        raise TypeError(message)
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return constant(context, np.asarray(value, kind))
    if isinstance(value, np.generic):
        return constant(context, np.asarray(value))
    if context_of([value]) is not None:
        return _nested(context, value)
    return put(context, np.asarray(value))


def _nested(context: Context, items: Sequence[Any]) -> Values:
    """Return a nested list with device arrays in it as one array."""
    parts = [on_device(context, item) for item in items]
    kind = common_dtype(*parts)
    if any(part.shape != parts[0].shape for part in parts):
        np.array([phantom(part.shape) for part in parts])
    one = np.array((1, *parts[0].shape), np.int64)
    rows = [apply("Reshape", [cast(part, kind), one], {"allowzero": 1}) for part in parts]
    return apply("Concat", rows, {"axis": 0})


def cast(a: Values, dtype: Any) -> Values:
    """Return the array in a type, as the context holds it; itself if it has it."""
    wanted = a.context.storage(np.dtype(dtype))
    return a if a.dtype == wanted else apply("Cast", [a], {"to": str(wanted)})


def copied(a: Values) -> Values:
    """Return a copy on the device."""
    return apply("Identity", [a])


def floating(a: Values) -> Values:
    """Return the array in floating point."""
    return a if a.dtype.kind == "f" else cast(a, np.float64)


def stored(context: Context, dtype: Any) -> np.dtype[Any]:
    """Return the type in which the context holds values of a type."""
    return context.storage(np.dtype(dtype))


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """Return NumPy's common type of arrays, types and numbers; Python's numbers give way to arrays (NEP 50)."""
    return np.result_type(*[_weak(operand) for operand in operands])


def _weak(operand: Any) -> Any:
    dtype = getattr(operand, "dtype", None)
    if dtype is not None:
        return dtype
    if isinstance(operand, (list, tuple)):
        return (
            np.result_type(*[getattr(leaf, "dtype", np.asarray(0).dtype) for leaf in operand])
            if context_of(operand) is not None
            else np.asarray(operand).dtype
        )
    return operand


def largest(a: Values) -> float:
    """Return the largest finite number that an array of floats can hold on its device."""
    limit = float(np.finfo(a.dtype).max)
    return min(limit, _LARGEST.get(a.context.precision, limit))


def transfer(context: Context, values: Array) -> Values:
    """Bring what was read back and worked out here to the device again."""
    return put(context, values)


def host(value: Any) -> Any:
    """Return a value on this computer: device arrays, also in lists, are read back."""
    if isinstance(value, DeviceArray):
        return value.numpy()
    if isinstance(value, (list, tuple)) and context_of(value) is not None:
        return type(value)(host(item) for item in value)
    return value


def sizes_of(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of integers; a number alone is one size."""
    if isinstance(shape, DeviceArray):
        shape = shape.numpy().tolist()
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    return tuple(index(size) for size in shape)


def phantom(shape: Iterable[int]) -> Any:
    """Return an array of a shape without memory, from which NumPy works out shapes and raises its own errors."""
    sizes = tuple(shape)
    return np.ndarray(sizes, np.int8, _NOTHING, strides=(0,) * len(sizes))
