"""What prepared kernels share: calls, buffers, blocks that stay in the cache, and views that never copy.

A prepared kernel knows its shapes before it runs. It says which scratch it wants, and is bound once to its arrays; what
comes out is a list of calls without arguments, which may be repeated for ever and take no memory of their own. While it
plans, arrays are *phantoms*: shape, type and strides without memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from npusdk.kernels.signature import Array

Call: TypeAlias = Callable[[], object]
Calls: TypeAlias = list[Call]
Index: TypeAlias = tuple[slice, ...]

LEAST_ROWS = 192
"""Fewest rows of a matrix product that are worth packing the weights for, where there are as many."""

_OUTPUT = 1 << 17
"""Most elements of a result that one matrix product makes before what follows is applied."""

_COLUMNS = 1 << 19
"""Most elements of the columns of a convolution: 2 MiB of float32."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """Scratch memory that a prepared kernel wants while it runs, C-contiguous."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size_bytes(self) -> int:
        """Bytes of the buffer."""
        return prod(self.shape) * self.dtype.itemsize


def phantom(shape: Sequence[int], dtype: np.dtype[Any], strides: Sequence[int] | None = None) -> Array:
    """Return an array of any size without memory, whose elements must not be touched; C-contiguous by default."""
    if strides is None:
        strides = [prod(shape[axis + 1 :]) * dtype.itemsize for axis in range(len(shape))]
    return np.lib.stride_tricks.as_strided(
        np.empty(1, dtype), tuple(shape), tuple(strides), subok=False, writeable=False
    )


def allocate(buffers: Sequence[Buffer]) -> list[Array]:
    """Return memory for `buffers`."""
    return [np.empty(buffer.shape, buffer.dtype) for buffer in buffers]


def run(calls: Calls) -> None:
    """Run every call in order."""
    for call in calls:
        call()


def reshaped(array: Array, shape: Sequence[int]) -> Array | None:
    """Return a view of `array` with another shape, or None where that takes a copy."""
    try:
        return np.reshape(array, tuple(shape), copy=False)
    except ValueError:
        return None


def packed(array: Array) -> Array:
    """Return an array C-contiguous and aligned, so that NumPy hands it to BLAS as it is; files seldom align weights."""
    return np.require(array, requirements=("C", "A"))


def channels_last(array: Array) -> Array:
    """Return a view of (N, C, ...) as (N, ..., C)."""
    return np.moveaxis(array, 1, -1)


def cut(shape: Sequence[int], limit: int) -> list[Index]:
    """Return indices that cut an array into blocks, contiguous where the array is, of nearly equal size.

    Parameters
    ----------
    shape
        Shape of the array, or of its outer axes where the inner ones are to stay whole.
    limit
        Most elements of a block; at least one is taken.
    """
    if not shape or not prod(shape):
        return [tuple(slice(None) for _ in shape)]
    axis = next(a for a in range(len(shape)) if prod(shape[a + 1 :]) <= limit or a == len(shape) - 1)
    count = -(-shape[axis] // max(1, limit // prod(shape[axis + 1 :])))
    step = -(-shape[axis] // count)
    ranges = [[slice(i, i + 1) for i in range(size)] for size in shape[:axis]]
    ranges.append([slice(i, min(i + step, shape[axis])) for i in range(0, shape[axis], step)])
    rest = (slice(None),) * (len(shape) - axis - 1)
    return [(*index, *rest) for index in product(*ranges)]


def row_blocks(rows: int, filters: int, depth: int = 0) -> int:
    """Return the rows that one matrix product takes, so that its result is still in the cache when it is used.

    Parameters
    ----------
    rows
        Rows altogether.
    filters
        Columns of the result.
    depth
        Columns of a copy that is made of the rows; 0 where there is none.
    """
    most = max(LEAST_ROWS, min(_OUTPUT // max(1, filters), _COLUMNS // depth if depth else rows))
    return max(1, -(-rows // max(1, rows // most)))


def is_matrix(array: Array) -> bool:
    """Whether BLAS can read the last two axes as they lie: rows or columns contiguous, the others a stride apart."""
    item = array.itemsize
    (rows, columns), (down, along) = array.shape[-2:], array.strides[-2:]
    if down % item or along % item:
        return False
    by_rows = (along == item or columns == 1) and (down >= columns * item or rows == 1)
    by_columns = (down == item or rows == 1) and (along >= rows * item or columns == 1)
    return bool(by_rows or by_columns)
