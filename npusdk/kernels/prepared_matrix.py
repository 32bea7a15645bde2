"""Matrix products laid out before they run: constant right operands packed once, what follows applied in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from npusdk.kernels.blocks import Buffer, Calls, Index, cut, is_matrix, packed, reshaped, row_blocks
from npusdk.kernels.epilogue import BLOCK, Fused, bind_fused
from npusdk.kernels.signature import Array

_FEW_ROWS = 2
"""Up to so many rows a product reads its weights once, in either order."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The product of rows (..., K) with a constant matrix (K, N).

    Parameters
    ----------
    weight
        (K, N), in any memory order.
    x
        An input, or a phantom in its shape and memory order.
    """

    weight: Array
    x: Array

    @property
    def _rows(self) -> Array | None:
        """The input as one matrix without a copy, or None."""
        rows = reshaped(self.x, (-1, self.x.shape[-1]))
        return rows if rows is not None and is_matrix(rows) else None

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        """Memory wanted: a copy of the input where BLAS cannot read it as it lies."""
        return () if self._rows is not None else (Buffer(self.x.shape, self.x.dtype),)

    def bind(self, x: Array, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:
        """Return the calls that write the product to `out` (..., N), C-contiguous."""
        calls: Calls = []
        if scratch:
            calls.append(partial(np.copyto, scratch[0], x))
            x = scratch[0]
        rows = np.reshape(x, (-1, x.shape[-1]), copy=False)
        few = len(rows) <= _FEW_ROWS and self.weight.flags.aligned
        weight = self.weight if few else packed(self.weight)
        outer, width = out.shape[:-1], out.shape[-1]
        for index in cut(outer, row_blocks(len(rows), width)):
            result = out[index].reshape(-1, width)
            part = rows[_row_range(index, outer)]
            calls.append(partial(np.matmul, part, weight, result))
            calls += bind_fused(out, fused, index)
        return calls


def _row_range(index: Index, outer: tuple[int, ...]) -> slice:
    """Return the rows of the flattened matrix that `index` into the outer axes covers."""
    start, stop = 0, 0
    for part, size in zip(index, outer, strict=True):
        low, high, _ = part.indices(size)
        start, stop = start * size + low, stop * size + high - 1
    return slice(start, stop + 1)


@dataclass(frozen=True, eq=False)
class Product:
    """The product of two computed tensors, as `numpy.matmul` broadcasts them.

    Parameters
    ----------
    left, right
        Operands, or phantoms in their shapes and memory orders.
    """

    left: Array
    right: Array

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        """Memory wanted: copies of the operands that BLAS cannot read as they lie."""
        return tuple(Buffer(x.shape, x.dtype) for x in (self.left, self.right) if not _readable(x))

    def bind(
        self, operands: tuple[Array, Array], out: Array, scratch: Sequence[Array], fused: Sequence[Fused]
    ) -> Calls:
        """Return the calls that write the product to `out`, in any memory order that BLAS can write."""
        rest, ready = list(scratch), []
        calls: Calls = []
        for operand in operands:
            if _readable(operand):
                ready.append(operand)
                continue
            ready.append(rest.pop(0))
            calls.append(partial(np.copyto, ready[-1], operand))
        left, right = ready
        if not fused or not out.flags.c_contiguous or min(left.ndim, right.ndim) < 2:
            return [*calls, partial(np.matmul, left, right, out), *bind_fused(out, fused)]
        for index in cut(out.shape[:-2], max(1, 2 * BLOCK // max(1, out.shape[-1] * out.shape[-2]))):
            parts = [_batch_part(operand, out.ndim, index) for operand in (left, right)]
            calls.append(partial(np.matmul, *parts, out[index]))
            calls += bind_fused(out, fused, index)
        return calls


def _readable(operand: Array) -> bool:
    return operand.ndim < 2 or is_matrix(operand)


def _batch_part(operand: Array, rank: int, index: Index) -> Array:
    """Return the matrices of `operand` that make the part `index` of the batch axes of the result."""
    own = index[rank - operand.ndim :]
    return operand[tuple(part if size > 1 else slice(None) for part, size in zip(own, operand.shape, strict=False))]
