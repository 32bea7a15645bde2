"""Methods of ufuncs on device arrays: reduce, accumulate, outer, at."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.apply import common_context, put
from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray, wrap
from npusdk.array.dispatch import refuse
from npusdk.array.emitting import Emitter
from npusdk.array.quiet import QUIET
from npusdk.array.ufuncs import evaluate
from npusdk.array.updating import evaluate_into
from npusdk.array.writing import broadcast, number_as, operand, scattered, written

Array: TypeAlias = npt.NDArray[Any]

_REDUCTIONS: Mapping[np.ufunc, str] = MappingProxyType(
    {
        np.add: "ReduceSum", np.multiply: "ReduceProd", np.maximum: "ReduceMax", np.minimum: "ReduceMin",
        np.logical_and: "ReduceMin", np.logical_or: "ReduceMax", np.bitwise_and: "", np.bitwise_or: "",
        np.bitwise_xor: "", np.logaddexp: "ReduceLogSumExp",
    }
)  # fmt: skip
"""What the record calls a reduction; a fold of the elementwise operator where ONNX has none."""

_SCATTERS: Mapping[np.ufunc, str] = MappingProxyType(
    {np.add: "add", np.multiply: "mul", np.maximum: "max", np.minimum: "min"}
)

_FOLDED: Mapping[np.ufunc, str] = MappingProxyType(
    {
        np.add: "Add", np.multiply: "Mul", np.maximum: "Max", np.minimum: "Min", np.bitwise_and: "BitwiseAnd",
        np.bitwise_or: "BitwiseOr", np.bitwise_xor: "BitwiseXor",
    }
)  # fmt: skip
_ON_BOOLS: Mapping[str, str] = MappingProxyType(
    {"Add": "Or", "Mul": "And", "Max": "Or", "Min": "And", "BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor"}
)


def reduce(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, **keywords: Any) -> Any:
    """Return a reduction as ``ufunc.reduce`` computes it.

    Raises
    ------
    UnsupportedOpError
        If the ufunc, or a keyword, has no reduction on a device.
    """
    out = keywords.pop("out", None)
    where, initial = keywords.pop("where", True), keywords.pop("initial", np._NoValue)
    keepdims = keywords.pop("keepdims", False)
    if ufunc not in _REDUCTIONS or where is not True or initial is not np._NoValue or keywords:
        refuse(f"numpy.{ufunc.__name__}.reduce")
    context = common_context((array,))
    total = _summed_type(context, ufunc, array.dtype, dtype)
    context.require(context.width_bytes(total))
    value = np.asarray(QUIET.run(_reduced, ufunc, array._value, (axis, total, keepdims)))
    context.round(value)
    number = UNRECORDED
    if context.record is not None:
        axes = tuple(range(array.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
        what = (ufunc, tuple(sorted(one % max(array.ndim, 1) for one in axes)), bool(keepdims), array.shape)
        source = number_as(array, np.dtype(bool) if ufunc in (np.logical_and, np.logical_or) else total)
        number = context.record.add(_emit_reduction, (source,), (what, total))
    made = wrap(context, value, number, is_scalar=not value.ndim)
    if out is None or out[0] is None:
        return made
    return evaluate_into(
        context,
        np.positive if total.kind != "b" else np.logical_or,
        (made,) if total.kind != "b" else (made, made),
        out,
    )[0]


def _reduced(ufunc: np.ufunc, array: Array, how: tuple[Any, np.dtype[Any], bool]) -> Any:
    axis, dtype, keepdims = how
    return ufunc.reduce(array, axis=axis, dtype=dtype, keepdims=keepdims)


def _summed_type(context: Context, ufunc: np.ufunc, given: np.dtype[Any], dtype: Any) -> np.dtype[Any]:
    """Return the type of a reduction: NumPy's own choice, as the context holds it."""
    if dtype is not None:
        return context.storage(np.dtype(dtype))
    with np.errstate(all="ignore"):
        return context.storage(ufunc.reduce(np.ones(1, given)).dtype)


def _emit_reduction(emit: Emitter, x: tuple[str, ...], how: tuple[Any, np.dtype[Any]]) -> str:
    """Write a reduction; truth values are counted as int32, and what ONNX lacks is folded in halves."""
    (ufunc, axes, keepdims, shape), dtype = how
    op = _REDUCTIONS[ufunc]
    if op and (
        dtype.kind == "f" or dtype.name in ("int32", "int64", "uint32", "uint64") or op in ("ReduceMax", "ReduceMin")
    ):
        if dtype.name in ("int16", "uint16"):
            return emit.op(
                "Cast", _reduce_op(emit, op, emit.op("Cast", x[0], to="int32"), (axes, keepdims)), to=dtype.name
            )
        return _reduce_op(emit, op, x[0], (axes, keepdims))
    if op:
        return emit.op("Cast", _reduce_op(emit, op, emit.op("Cast", x[0], to="int64"), (axes, keepdims)), to=dtype.name)
    name = _FOLDED[ufunc]
    name = _ON_BOOLS[name] if dtype.kind == "b" else name
    return _fold(emit, name, x[0], (axes, keepdims, shape))


def _reduce_op(emit: Emitter, op: str, x: str, how: tuple[tuple[int, ...], bool]) -> str:
    axes, keepdims = how
    if not axes:
        return emit.op("Identity", x)
    return emit.op(op, x, emit.constant(np.array(axes, np.int64)), keepdims=int(keepdims))


def _fold(emit: Emitter, op: str, x: str, how: tuple[tuple[int, ...], bool, tuple[int, ...]]) -> str:
    """Join the halves of each axis until one element is left."""
    axes, keepdims, shape = how
    for axis in axes:
        size = shape[axis]
        while size > 1:
            half = size // 2
            parts = [_part(emit, x, axis, bounds) for bounds in ((0, half), (half, 2 * half))]
            joined = emit.op(op, *parts)
            x = emit.op("Concat", joined, _part(emit, x, axis, (2 * half, size)), axis=axis) if size % 2 else joined
            size = half + size % 2
    kept = [1 if axis in axes else size for axis, size in enumerate(shape) if keepdims or axis not in axes]
    return emit.op("Reshape", x, emit.constant(np.array(kept, np.int64).reshape(len(kept))))


def _part(emit: Emitter, x: str, axis: int, bounds: tuple[int, int]) -> str:
    return emit.op("Slice", x, *(emit.constant(np.array([one], np.int64)) for one in (*bounds, axis)))


def accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, **keywords: Any) -> Any:
    """Return ``ufunc.accumulate``: a running sum by CumSum, others by joining ever longer stretches.

    Raises
    ------
    UnsupportedOpError
        If the ufunc has none on a device.
    """
    if ufunc not in _FOLDED or keywords:
        refuse(f"numpy.{ufunc.__name__}.accumulate")
    context = common_context((array,))
    total = _summed_type(context, ufunc, array.dtype, dtype)
    context.require(array.size * context.width_bytes(total))
    value = np.asarray(QUIET.run(ufunc.accumulate, array._value, axis, total))
    context.round(value)
    number = UNRECORDED
    if context.record is not None:
        source = number_as(array, total)
        number = context.record.add(_emit_accumulation, (source,), (ufunc, axis % array.ndim, array.shape, total))
    return wrap(context, value, number)


def _emit_accumulation(emit: Emitter, x: tuple[str, ...], how: tuple[Any, int, tuple[int, ...], np.dtype[Any]]) -> str:
    ufunc, axis, shape, dtype = how
    wide = dtype.kind == "f" or dtype.itemsize > 2
    if ufunc is np.add and wide and dtype.kind != "b":
        return emit.op("CumSum", x[0], emit.constant(np.array(axis, np.int64)))
    op = _ON_BOOLS[_FOLDED[ufunc]] if dtype.kind == "b" else _FOLDED[ufunc]
    current, reach = x[0], 1
    while reach < shape[axis]:
        head = _part(emit, current, axis, (0, reach))
        tail = _part(emit, current, axis, (reach, shape[axis]))
        shifted = _part(emit, current, axis, (0, shape[axis] - reach))
        current = emit.op("Concat", head, emit.op(op, tail, shifted), axis=axis)
        reach *= 2
    return emit.op("Identity", current)


def outer(ufunc: np.ufunc, left: Any, right: Any, **keywords: Any) -> Any:
    """Return a ufunc of every pair of elements."""
    context = common_context((left, right))
    first, second = (one if isinstance(one, DeviceArray) else put(context, one) for one in (left, right))
    if keywords:
        refuse(f"numpy.{ufunc.__name__}.outer({next(iter(keywords))}=)")
    return evaluate(context, ufunc, (first[(..., *(None,) * second.ndim)], second))


def at(ufunc: np.ufunc, array: Any, indices: Any, values: Any = None) -> None:
    """Combine values with the elements that subscripts name, each as often as it is named.

    Raises
    ------
    UnsupportedOpError
        If the device has no such scatter.
    """
    if ufunc not in _SCATTERS or not isinstance(array, DeviceArray):
        refuse(f"numpy.{ufunc.__name__}.at")
    context = array.context
    key = tuple(_host(item) for item in indices) if isinstance(indices, tuple) else _host(indices)
    given, number = operand(array, values)
    QUIET.run(ufunc.at, array._value, key, given)
    context.round(array._value)
    if context.record is None:
        written(array, UNRECORDED)
        return
    places = np.asarray(np.arange(array.size).reshape(array.shape)[key])
    number = broadcast(context, number, given.shape, places.shape)
    written(array, scattered(context.record, array, places, number, reduction=_SCATTERS[ufunc]))


def _host(item: Any) -> Any:
    return item._value if isinstance(item, DeviceArray) else item
