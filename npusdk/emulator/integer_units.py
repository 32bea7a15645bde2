"""Units of quantised steps: integers in, integers out, exact sums between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from npusdk.emulator.image_units import image_order
from npusdk.emulator.integer_totals import Total
from npusdk.emulator.storage import Array, Storage, memory_order
from npusdk.emulator.units import Unit
from npusdk.kernels.blocks import Buffer, Calls, phantom
from npusdk.kernels.epilogue import BLOCK, bind_fused
from npusdk.kernels.prepared_convolution import Filters, prepare_convolution
from npusdk.kernels.prepared_integer import Grid, QuantisedSum, bind_table, centre
from npusdk.kernels.prepared_matrix import Product, Projection
from npusdk.kernels.windows import Window


@dataclass(eq=False)
class IntegerConvolved(Total):
    """A convolution of integers.

    Parameters
    ----------
    grid
        Grid of the input.
    filters
        Weights less their zero points, as float32 (float64 where float32 would round).
    splits
        Slices of the input channels that are summed exactly, each alone.
    """

    grid: Grid
    filters: Filters
    window: Window
    splits: tuple[slice, ...]

    def order(self, rank: int) -> tuple[int, ...]:
        """Return channels last."""
        return image_order(rank)

    def held(self, storage: Storage) -> Sequence[Array]:  # noqa: ARG002
        """Return the weights."""
        return (self.filters.weight,)

    def _centred(self, x: Array) -> Buffer:
        return Buffer(tuple(x.shape[axis] for axis in image_order(x.ndim)), self.filters.weight.dtype)

    def _part_input(self, centred: Array, channels: slice) -> Array:
        """Return the channels of a part of the centred input (N, ..., C) as (N, C, ...)."""
        whole = np.moveaxis(centred, -1, 1)
        return whole if len(self.splits) == 1 else whole[:, channels]

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Ask for the centred input, the total, and what the parts want."""
        centred = self._centred(storage[self.reads[0]])
        standing = phantom(centred.shape, centred.dtype)
        self.parts = []
        for channels in self.splits:
            weight = self.filters.weight if len(self.splits) == 1 else self.filters.weight[:, channels]
            part = prepare_convolution(
                self._part_input(standing, channels), Filters(weight, self.filters.groups), self.window
            )
            self.parts.append(part)
        totals = self.totals(storage, len(self.parts), centred.dtype)
        self.count = len(totals) + 1
        return [centred, *totals, *(buffer for part in self.parts for buffer in part.scratch)]

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Centre, multiply, requantise."""
        x = storage[self.reads[0]]
        centred, *totals = scratch[: self.count]
        calls = centre(x.transpose(image_order(x.ndim)), self.grid, centred)
        parts = [
            (part, self._part_input(centred, channels)) for part, channels in zip(self.parts, self.splits, strict=True)
        ]
        return calls + self.bind_parts(storage, parts, totals, scratch[self.count :])


@dataclass(eq=False)
class IntegerProjected(Total):
    """A product of integers with a constant matrix.

    Parameters
    ----------
    grid
        Grid of the input.
    weight
        (K, N), less its zero points, as float32.
    splits
        Slices of K that are summed exactly, each alone.
    """

    grid: Grid
    weight: Array
    splits: tuple[slice, ...]

    def held(self, storage: Storage) -> Sequence[Array]:  # noqa: ARG002
        """Return the matrix."""
        return (self.weight,)

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Ask for the centred input, the total, and what the parts want."""
        centred = Buffer(storage[self.reads[0]].shape, np.dtype(np.float32))
        standing = phantom(centred.shape, centred.dtype)
        self.parts = [Projection(self.weight[inner], standing[..., inner]) for inner in self.splits]
        totals = self.totals(storage, len(self.parts), centred.dtype)
        self.count = len(totals) + 1
        return [centred, *totals, *(buffer for part in self.parts for buffer in part.scratch)]

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Centre, multiply, requantise."""
        centred, *totals = scratch[: self.count]
        calls = centre(storage[self.reads[0]], self.grid, centred)
        parts = [(part, centred[..., inner]) for part, inner in zip(self.parts, self.splits, strict=True)]
        return calls + self.bind_parts(storage, parts, totals, scratch[self.count :])


@dataclass(eq=False)
class IntegerMultiplied(Total):
    """A product of two tensors of integers, in float64 where float32 could round.

    Parameters
    ----------
    operands
        Names of the tensors.
    grids
        Their grids.
    dtype
        Type of the sums.
    """

    operands: tuple[str, str]
    grids: tuple[Grid, Grid]
    dtype: np.dtype[Any]

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Ask for the centred operands, and the total."""
        centred = [Buffer(storage[name].shape, self.dtype) for name in self.operands]
        self.part = Product(*(phantom(buffer.shape, self.dtype) for buffer in centred))
        totals = self.totals(storage, 1, self.dtype)
        self.count = len(totals) + 2
        return [*centred, *totals, *self.part.scratch]

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Centre, multiply, requantise."""
        left, right, *totals = scratch[: self.count]
        calls = [
            call
            for name, grid, out in zip(self.operands, self.grids, (left, right), strict=True)
            for call in centre(storage[name], grid, out)
        ]
        return calls + self.bind_parts(storage, [(self.part, (left, right))], totals, scratch[self.count :])


@dataclass(eq=False)
class IntegerAveraged(Total):
    """The mean of every channel over its whole image, as an exact sum times a scale."""

    grid: Grid

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Ask for the centred image and the total."""
        x = storage[self.reads[0]]
        totals = self.totals(storage, 1, np.dtype(np.float32))
        return [Buffer((x.shape[0], prod(x.shape[2:]), x.shape[1]), np.dtype(np.float32)), *totals]

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Centre, add up, requantise."""
        x, out = storage[self.reads[0]], storage[self.writes[0]]
        centred, total = scratch
        image = centred.reshape([x.shape[axis] for axis in image_order(x.ndim)])
        calls = centre(x.transpose(image_order(x.ndim)), self.grid, image)
        ones = np.ones((1, centred.shape[1]), np.float32)
        calls.append(partial(np.matmul, ones, centred, total.reshape(x.shape[0], 1, x.shape[1])))
        calls += bind_fused(total, self.fused(storage, None))
        return calls if self.target.grid is not None else [*calls, partial(np.copyto, out, total)]


@dataclass(eq=False)
class IntegerAdded(Unit):
    """The sum of two quantised tensors."""

    operands: tuple[str, str]
    total: QuantisedSum

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Keep the memory order of the first operand."""
        self.order = memory_order(storage[self.operands[0]])
        storage.add(self.writes[0], self.order)
        return (Buffer((BLOCK,), np.dtype(np.float64)), Buffer((BLOCK,), np.dtype(np.float32)))

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Add, block after block."""
        left, right, out = (storage[name].transpose(self.order) for name in (*self.operands, self.writes[0]))
        return self.total.bind(left, right, out, scratch)


@dataclass(eq=False)
class Tabled(Unit):
    """A function of one 8-bit integer, worked out for all 256 beforehand.

    Parameters
    ----------
    table
        Results in the order of the bits of the input.
    """

    table: Array

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Keep the memory order."""
        self.order = memory_order(storage[self.reads[0]])
        storage.add(self.writes[0], self.order)
        return ()

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Look every integer up."""
        x, out = (storage[name].transpose(self.order) for name in (self.reads[0], self.writes[0]))
        return bind_table(self.table, x, out)
