"""Convolutions whose weights are packed and whose loops are laid out before they run; channels last throughout.

============ ==================================================================================================
pointwise    a 1x1 window of every element is a matrix product of the input as it lies
dense        the windows of some output rows are copied to a column buffer (0.01 ns per multiply-add), then multiplied
             by the packed weights; the buffer stays in the L2 cache. Groups are a batch of products.
depthwise    each channel alone, see `npusdk.kernels.prepared_depthwise`
============ ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Protocol

import numpy as np

from npusdk.kernels.blocks import (
    Buffer,
    Calls,
    Index,
    channels_last,
    cut,
    is_matrix,
    packed,
    phantom,
    reshaped,
    row_blocks,
)
from npusdk.kernels.epilogue import Fused, bind_fused
from npusdk.kernels.prepared_depthwise import Depthwise
from npusdk.kernels.signature import Array
from npusdk.kernels.windows import Window, borders, interior, windows_of


@dataclass(frozen=True, eq=False)
class Filters:
    """Weights of a convolution with their meaning.

    Parameters
    ----------
    weight
        (M, C / groups, *kernel).
    groups
        Number of groups of channels that do not see each other.
    """

    weight: Array
    groups: int

    @property
    def count(self) -> int:
        """Number of filters."""
        return int(self.weight.shape[0])

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has one filter of its own."""
        return self.weight.shape[1] == 1 and self.count == self.groups > 1


class Prepared(Protocol):
    """A convolution laid out for inputs of one shape and memory order."""

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        """Memory that it wants while it runs."""

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights as they are kept."""

    def bind(self, x: Array, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:
        """Return the calls that write the convolution of `x` (N, C, ...) to `out` (N, M, ...), channels last."""


def prepare_convolution(x: Array, filters: Filters, window: Window) -> Prepared:
    """Return the convolution laid out for inputs like `x` (N, C, ...), which may be a phantom."""
    source = _Source(channels_last(x), window)
    if filters.is_depthwise:
        return Depthwise(source.x, filters.weight, window)
    if window.is_point and _Pointwise.reads_as_it_lies(source.x, filters):
        return _Pointwise(source, filters)
    return _Dense(source, filters)


@dataclass(frozen=True, eq=False)
class _Source:
    """Input (N, ..., C) of a convolution, and the padded copy of it that is made where one is needed."""

    x: Array
    window: Window

    @property
    def is_padded(self) -> bool:
        """Whether a copy is made: for padding, or to bring the channels together."""
        together = self.x.strides[-1] == self.x.itemsize or self.x.shape[-1] == 1
        return self.window.padded != self.window.sizes or not together

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        shape = (self.x.shape[0], *self.window.padded, self.x.shape[-1])
        return (Buffer(shape, self.x.dtype),) if self.is_padded else ()

    def bind(self, x: Array, scratch: Sequence[Array]) -> tuple[Array, Calls]:
        """Return the array that the windows slide over, and the calls that fill it."""
        if not self.is_padded:
            return x, []
        padded = scratch[0]
        calls: Calls = [partial(border.fill, 0) for border in borders(padded, self.window)]
        inside = interior(padded, self.window)
        if x.shape[-1] <= 4 and x.strides[-1] != x.itemsize:
            calls += [partial(np.copyto, inside[..., c], x[..., c]) for c in range(x.shape[-1])]
        else:
            calls.append(partial(np.copyto, inside, x))
        return padded, calls


@dataclass(frozen=True, eq=False)
class _Pointwise:
    source: _Source
    filters: Filters
    scratch: tuple[Buffer, ...] = ()

    @property
    def packed_bytes(self) -> int:
        return self.filters.weight.nbytes

    @staticmethod
    def reads_as_it_lies(x: Array, filters: Filters) -> bool:
        """Whether every block of `x` (N, ..., C) is a matrix for BLAS; phantoms will do."""
        if filters.groups != 1:
            return False
        blocks = cut(x.shape[:-1], row_blocks(prod(x.shape[:-1]), filters.count))
        matrices = [reshaped(x[index], (-1, x.shape[-1])) for index in blocks]
        return all(matrix is not None and is_matrix(matrix) for matrix in matrices)

    def bind(self, x: Array, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:  # noqa: ARG002
        x, out = channels_last(x), channels_last(out)
        weight = packed(self.filters.weight.reshape(self.filters.count, -1).T)
        calls: Calls = []
        for index in cut(out.shape[:-1], row_blocks(prod(out.shape[:-1]), self.filters.count)):
            matrix, result = x[index].reshape(-1, x.shape[-1]), out[index].reshape(-1, out.shape[-1])
            calls.append(partial(np.matmul, matrix, weight, result))
            calls += bind_fused(out, fused, index)
        return calls


@dataclass(frozen=True, eq=False)
class _Dense:
    source: _Source
    filters: Filters

    @property
    def packed_bytes(self) -> int:
        return self.filters.weight.nbytes

    @property
    def depth(self) -> int:
        """Multiply-adds for each element of the result."""
        return prod(self.filters.weight.shape[1:])

    @property
    def blocks(self) -> list[Index]:
        shape = (self.source.x.shape[0], *self.source.window.positions)
        return cut(shape, row_blocks(prod(shape), self.filters.count, self.depth * self.filters.groups))

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        shape = (self.source.x.shape[0], *self.source.window.positions)
        positions = phantom(shape, np.dtype(np.bool_))
        rows = max((positions[index].size for index in self.blocks), default=0)
        columns = Buffer((rows * self.depth * self.filters.groups,), self.source.x.dtype)
        return (*self.source.buffers, columns)

    def matrices(self) -> Array:
        """Return the weights as (groups, kernel x C / groups, M / groups)."""
        weight, groups = self.filters.weight, self.filters.groups
        grouped = weight.reshape(groups, self.filters.count // groups, *weight.shape[1:])
        order = (0, *range(3, grouped.ndim), 2, 1)
        return packed(grouped.transpose(order)).reshape(groups, self.depth, -1)

    def bind(self, x: Array, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:
        """Return the calls: per block the columns, the product, and what is fused behind it."""
        source, calls = self.source.bind(channels_last(x), scratch)
        out, weight, groups = channels_last(out), self.matrices(), self.filters.groups
        windows = windows_of(source, self.source.window)
        grouped = np.moveaxis(windows.reshape(*windows.shape[:-1], groups, -1, copy=False), -2, 0)
        for index in self.blocks:
            view = grouped[(slice(None), *index)]
            columns = scratch[-1][: view.size].reshape(view.shape)
            matrix = columns.reshape(groups, -1, self.depth)
            result = out[index].reshape(-1, groups, out.shape[-1] // groups).transpose(1, 0, 2)
            calls.append(partial(np.copyto, columns, view))
            calls.append(_product(matrix, weight, result))
            calls += bind_fused(out, fused, index)
        return calls


def _product(matrix: Array, weight: Array, result: Array) -> Any:
    if len(weight) == 1:
        return partial(np.matmul, matrix[0], weight[0], result[0])
    return partial(np.matmul, matrix, weight, result)
