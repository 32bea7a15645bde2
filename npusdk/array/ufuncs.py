"""NumPy's ufuncs on arrays of a device: operators, calls, and calls in place."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import put, refuse_mix
from npusdk.array.blocking import blockwise
from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray, wrap
from npusdk.array.elementwise import compute
from npusdk.array.precision import round_number
from npusdk.array.promotion import Loop, find_loop
from npusdk.array.quiet import QUIET
from npusdk.array.sizing import require_room
from npusdk.array.writing import number_as
from npusdk.kernels import KERNELS

Array: TypeAlias = npt.NDArray[Any]

_WEAK = (int, float, bool)
"""Scalars of Python, which take the type of what they meet."""


def binary(ufunc: np.ufunc, left: Any, right: Any) -> Any:
    """Return an operator of two operands, of which one is a device array; NotImplemented for a stranger."""
    if isinstance(left, DeviceArray):
        context = left.context
        if isinstance(right, DeviceArray):
            if right.context is not context:
                refuse_mix(context, right.context)
        elif type(right) not in _WEAK and not _is_operand(right):
            return NotImplemented
    else:
        context = right.context
        if type(left) not in _WEAK and not _is_operand(left):
            return NotImplemented
    return evaluate(context, ufunc, (left, right))


def unary(ufunc: np.ufunc, array: DeviceArray) -> Any:
    """Return an operator of one operand."""
    return evaluate(array.context, ufunc, (array,))


def _is_operand(value: object) -> bool:
    if isinstance(value, (np.ndarray, np.generic, list, tuple, complex)):
        return True
    return not hasattr(value, "__array_ufunc__") and hasattr(value, "__array__")


def evaluate(context: Context, ufunc: np.ufunc, operands: Sequence[Any], dtype: np.dtype[Any] | None = None) -> Any:
    """Return a ufunc of operands, or a tuple where it has several results."""
    values, kinds, sources = prepared(context, operands)
    loop = find_loop(context, ufunc, kinds, dtype)
    if not loop.is_direct:
        values = [converted(value, to) for value, to in zip(values, loop.inputs, strict=True)]
    if loop.compares:
        values, sources = _in_format(context, values, sources)
    made = results_of(context, ufunc, values, loop)
    number = UNRECORDED
    if context.record is not None:
        number = recorded(context, loop, sources, len(made))
    if len(made) == 1:
        value = made[0]
        return wrap(context, value, number, is_scalar=not value.ndim)
    return tuple(wrap(context, one, number + place, is_scalar=not one.ndim) for place, one in enumerate(made))


def prepared(context: Context, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Return each operand's values, its type, and what the record knows it by: a device array or a scalar."""
    values, kinds, sources = [], [], []
    for operand in operands:
        source = operand
        if isinstance(operand, DeviceArray):
            value: Any = operand._value
            kind: Any = value.dtype
        elif type(operand) in _WEAK:
            value, kind = operand, type(operand)
        elif isinstance(operand, (np.generic, complex)):
            value = np.asarray(operand)
            kind = value.dtype
            if kind.kind in "biuf":
                value = source = value.astype(context.storage(kind))
        else:
            source = put(context, operand)
            value, kind = source._value, source.dtype
            if operand_dtype := getattr(operand, "dtype", None):
                kind = np.dtype(operand_dtype)
        values.append(value)
        kinds.append(kind)
        sources.append(source)
    return values, kinds, sources


def _in_format(context: Context, values: Sequence[Any], sources: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the operands of a comparison with those scalars rounded that are not on the device (NEP 50)."""
    fresh = [value if isinstance(source, DeviceArray) else round_number(float(value), context.precision)
             for value, source in zip(values, sources, strict=True)]  # fmt: skip
    return fresh, [
        source if isinstance(source, DeviceArray) else value for value, source in zip(fresh, sources, strict=True)
    ]


def converted(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array in another type; a scalar of Python stays as it is."""
    return value.astype(dtype, copy=False) if isinstance(value, np.ndarray) else value


def results_of(context: Context, ufunc: np.ufunc, values: Sequence[Any], loop: Loop) -> list[Array]:
    """Return the rounded results of a ufunc of values in the loop's types."""
    if ufunc.signature is None:
        return compute(context, ufunc, values, loop.outputs)
    arrays = [np.asarray(value) for value in values]
    if ufunc is np.matmul:
        if min(array.ndim for array in arrays) > 0 and arrays[0].shape[-1] == arrays[1].shape[-min(2, arrays[1].ndim)]:
            require_room(context, "MatMul", arrays, {}, outputs=1)
        made = blockwise("MatMul", KERNELS["MatMul"], arrays, {}) if min(one.ndim for one in arrays) > 1 else None
        result = made[0] if made else np.asarray(QUIET.run(ufunc, *arrays))
    else:
        result = np.asarray(QUIET.run(ufunc, *arrays))
    context.round(result)
    return [result]


def recorded(context: Context, loop: Loop, sources: Sequence[Any], outputs: int) -> int:
    """Write down a ufunc, and return the number of its first result."""
    record = context.record
    if record is None:
        return UNRECORDED
    numbers = []
    for source, dtype in zip(sources, loop.inputs, strict=True):
        if isinstance(source, DeviceArray):
            number = source.number() if source._value.dtype is dtype else number_as(source, dtype)
        else:
            number = record.scalar(source.item() if isinstance(source, np.ndarray) else source, dtype)
        numbers.append(number)
    op, attrs = loop.recording
    return record.add(op, tuple(numbers), attrs, outputs)
