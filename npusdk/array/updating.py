"""Ufuncs that write into arrays that are there: operators in place, ``out=`` and ``where=``."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import put
from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray
from npusdk.array.elementwise import fill
from npusdk.array.filling import filled
from npusdk.array.floating_errors import tell
from npusdk.array.promotion import Loop, find_loop
from npusdk.array.quiet import BLOCK, QUIET
from npusdk.array.ufuncs import binary, converted, prepared, recorded, results_of
from npusdk.array.writing import broadcast, written

Array: TypeAlias = npt.NDArray[Any]


def in_place(ufunc: np.ufunc, array: DeviceArray, other: Any) -> Any:
    """Return what ``array op= other`` leaves: the array itself, or a new scalar in the place of a scalar."""
    if array._is_scalar:
        return binary(ufunc, array, other)
    evaluate_into(array.context, ufunc, (array, other), (array,))
    return array


def evaluate_into(
    context: Context,
    ufunc: np.ufunc,
    operands: Sequence[Any],
    outs: Sequence[DeviceArray | None],
    *,
    where: Any = True,
    dtype: np.dtype[Any] | None = None,
    casting: str = "same_kind",
) -> tuple[DeviceArray, ...]:
    """Run a ufunc and write its results where they are wanted.

    Parameters
    ----------
    outs
        One for each result; a new array for None.
    where
        Truth values that broadcast to the results; the other elements stay, and are zero in a new array.
    casting
        NumPy's word for the conversions that are allowed.

    Raises
    ------
    TypeError
        If a result cannot be converted to the type of its array; NumPy's own.
    """
    values, kinds, sources = prepared(context, operands)
    loop = find_loop(context, ufunc, kinds, dtype)
    for out, given in zip(outs, loop.outputs, strict=True):
        if out is not None and not np.can_cast(given, out.dtype, casting):  # type: ignore[arg-type]  # the caller's word
            _refuse_casting(ufunc, kinds, outs, casting)
    values = [converted(value, to) for value, to in zip(values, loop.inputs, strict=True)]
    (first, *rest) = outs
    if where is True and not rest and first is not None and _fits_directly(ufunc, values, loop, first):
        _write_directly(context, ufunc, values, first)
        written(first, recorded(context, loop, sources, 1))
        return (first,)
    made = results_of(context, ufunc, values, loop)
    number = recorded(context, loop, sources, len(made))
    mask = _mask(context, where)
    return tuple(
        _store(context, (out, value, number + place if context.record else UNRECORDED), mask)
        for place, (out, value) in enumerate(zip(outs, made, strict=True))
    )


def _refuse_casting(ufunc: np.ufunc, kinds: Sequence[Any], outs: Sequence[DeviceArray | None], casting: str) -> None:
    """Let NumPy word the error."""
    empty = [kind(1) if isinstance(kind, type) else np.ones((1,) * 2, kind) for kind in kinds]
    targets = tuple(None if out is None else np.ones((1,) * 2, out.dtype) for out in outs)
    with np.errstate(all="ignore"):
        ufunc(*empty, out=targets, casting=casting)


def _fits_directly(ufunc: np.ufunc, values: Sequence[Any], loop: Loop, out: DeviceArray) -> bool:
    target = out._value
    if ufunc.signature is not None or loop.outputs[0] != target.dtype:
        return False
    for value in values:
        if not isinstance(value, np.ndarray):
            continue
        if value.ndim > target.ndim:
            return False
        if target.size > BLOCK // 2 and value is not target and np.may_share_memory(value, target):
            return False
    return target.flags.writeable


def _write_directly(context: Context, ufunc: np.ufunc, values: Sequence[Any], out: DeviceArray) -> None:
    target = out._value
    if target.size > BLOCK // 2:
        np.broadcast_shapes(target.shape, *(value.shape for value in values if isinstance(value, np.ndarray)))
        fill(context, ufunc, values, [target])
        return
    QUIET.watch(ufunc, *values, out=target)
    if QUIET.noted:
        tell(ufunc)
    context.round(target)


def _mask(context: Context, where: Any) -> DeviceArray | None:
    if where is True:
        return None
    return where if isinstance(where, DeviceArray) else put(context, np.asarray(where, np.bool_))


def _store(context: Context, result: tuple[DeviceArray | None, Array, int], mask: DeviceArray | None) -> DeviceArray:
    """Write one result into its array, or into a new one."""
    out, value, number = result
    if out is None:
        shape = value.shape if mask is None else np.broadcast_shapes(value.shape, mask.shape)
        out = filled(context, np.zeros(1, value.dtype), shape)
    if np.broadcast_shapes(value.shape, out.shape) != out.shape:
        text = (
            f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {value.shape}"
        )
        raise ValueError(text)
    record = context.record
    if record is not None:
        if value.dtype != out.dtype:
            number = record.add("Cast", (number,), {"to": out.dtype.name})
        if mask is not None:
            number = record.add("Where", (mask.number(), number, out.number()))
        shape = value.shape if mask is None else np.broadcast_shapes(value.shape, mask.shape, out.shape)
        number = broadcast(context, number, shape, out.shape)
    chosen: Any = True if mask is None else mask._value
    with np.errstate(all="ignore"):
        np.copyto(out._value, value, casting="unsafe", where=chosen)
    if value.dtype != out.dtype:
        context.round(out._value)
    written(out, number)
    return out
