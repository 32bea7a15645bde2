"""Sorting along an axis, lane by lane: blocks of lanes let Ctrl-C be heard, and values alone need no places.

A single lane has no blocks: sorting a vector is one call of NumPy, however long it is.
"""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.device_array import UNRECORDED, DeviceArray, constant_number, wrap

Array: TypeAlias = npt.NDArray[Any]

BLOCK = 1 << 19
"""Elements that are sorted at a time: about a tenth of a second at worst."""

FEW = 1 << 12
"""Elements up to which places are sorted by NumPy's stable sorting, which is slow and needs no preparation."""


def sort(array: DeviceArray, axis: int) -> DeviceArray:
    """Return the elements in ascending order along an axis; what is not a number comes last."""
    return _along(array, axis, array.dtype, (0, _sorted))


def argsort(array: DeviceArray, axis: int) -> DeviceArray:
    """Return the places of the elements in ascending order; of equal ones the first comes first."""
    return _along(array, axis, np.dtype(np.int64), (1, _places))


def _sorted(lanes: Array, axis: int) -> Array:
    return np.sort(lanes, axis)


def _places(lanes: Array, axis: int) -> Array:
    """Return places in stable order: by sorting ranks of 32 bits with the place behind each, which is faster."""
    ranks = _ranks(lanes) if lanes.size > FEW else None
    if ranks is None:
        return np.argsort(lanes, axis, kind="stable")
    places = np.arange(lanes.shape[axis], dtype=np.uint64)
    ranks <<= np.uint64(32)
    ranks |= places.reshape((-1,) + (1,) * (lanes.ndim - 1 - axis % lanes.ndim))
    ranks.sort(axis)
    ranks &= np.uint64(0xFFFFFFFF)
    return ranks.view(np.int64)


def _ranks(values: Array) -> Array | None:
    """Return whole numbers below 2**32 in the order of the values; None where there are none."""
    if values.dtype.kind == "f":
        return _float_ranks(values.astype(np.float32)) if values.dtype.itemsize <= 4 else None
    low, high = int(values.min()), int(values.max())
    if high - low >> 32:
        return None
    return np.subtract(values.astype(np.uint64), np.uint64(low % (1 << 64)))


def _float_ranks(values: npt.NDArray[np.float32]) -> Array:
    """Return the bits of a float, turned so that they rise with it; zeros are equal, and NaNs come last."""
    values += np.float32(0)  # the negative zero becomes the positive
    bits = values.view(np.uint32)
    bits[np.isnan(values)] = 0x7FFFFFFF
    negative = bits >> 31 == 1
    np.bitwise_xor(bits, 0x80000000, out=bits)
    np.bitwise_xor(bits, 0x7FFFFFFF, out=bits, where=negative)
    return bits.astype(np.uint64)


def _along(
    array: DeviceArray, axis: int, dtype: np.dtype[Any], how: tuple[int, Callable[[Array, int], Array]]
) -> DeviceArray:
    """Return an output of a TopK that keeps every element."""
    place, order = how
    context, source = array.context, array._value
    context.require(source.size * context.width_bytes(dtype))
    if source.size <= BLOCK or source.ndim < 2:
        value = np.ascontiguousarray(order(source, axis))
    else:
        value = np.empty(source.shape, dtype)
        _fill(np.moveaxis(source, axis, -1), np.moveaxis(value, axis, -1), order)
    number = UNRECORDED
    if context.record is not None:
        count = constant_number(context, np.array([source.shape[axis]], np.int64))
        attrs = {"axis": axis, "largest": 0, "sorted": 1}
        number = context.record.add("TopK", (array.number(), count), attrs, 2) + place
    return wrap(context, value, number)


def _fill(lanes: Array, sorted_lanes: Array, order: Callable[[Array, int], Array]) -> None:
    """Sort blocks along the first axis; a block of one is cut along the next."""
    step = BLOCK * len(lanes) // lanes.size
    if step == 0 and lanes.ndim > 2:
        for one, other in zip(lanes, sorted_lanes, strict=True):
            _fill(one, other, order)
        return
    for start in range(0, len(lanes), max(1, step)):
        block = slice(start, start + max(1, step))
        sorted_lanes[block] = order(lanes[block], -1)
