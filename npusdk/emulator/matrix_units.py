"""Units of matrix products, elementwise chains and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from npusdk.emulator.links import Link, held_by, round_fused, to_fused
from npusdk.emulator.storage import Array, Storage, memory_order
from npusdk.emulator.units import Unit, round_in_place
from npusdk.kernels.blocks import Buffer, Calls
from npusdk.kernels.prepared_matrix import Product, Projection
from npusdk.kernels.prepared_vector import ROW_OPERATORS, bind_chain, bind_concat


@dataclass(eq=False)
class Projected(Unit):
    """A product with a constant matrix, and what follows.

    Parameters
    ----------
    weight
        (K, N), in any memory order.
    transposed
        Whether the input is a matrix to be read in columns.
    """

    weight: Array
    links: tuple[Link, ...]
    transposed: bool = False

    def held(self, storage: Storage) -> Sequence[Array]:
        """Return the matrix, and constants of the same size as the result."""
        return (self.weight, *held_by(self.links, storage))

    def _input(self, storage: Storage) -> Array:
        x = storage[self.reads[0]]
        return x.T if self.transposed else x

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Write rows."""
        self.projection = Projection(self.weight, self._input(storage))
        storage.add(self.writes[0])
        return self.projection.scratch

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Bind the prepared product."""
        (name,) = self.writes
        out = storage[name]
        fused = to_fused(self.links, storage, out.shape, range(out.ndim)) + round_fused(self.formats.get(name))
        return self.projection.bind(self._input(storage), out, scratch, fused)


@dataclass(eq=False)
class Multiplied(Unit):
    """A product of two computed tensors, and what follows.

    Parameters
    ----------
    operands
        The tensors' names.
    order
        Memory order of the result; None as it comes.
    transposed
        Which operands are matrices to be read in columns.
    """

    operands: tuple[str, str]
    links: tuple[Link, ...]
    order: tuple[int, ...] | None = None
    transposed: tuple[bool, bool] = (False, False)

    def _operands(self, storage: Storage) -> tuple[Array, Array]:
        found = [
            storage[name].T if turn else storage[name]
            for name, turn in zip(self.operands, self.transposed, strict=True)
        ]
        return found[0], found[1]

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Write in the order that the reader wants."""
        self.product = Product(*self._operands(storage))
        storage.add(self.writes[0], self.order)
        return self.product.scratch

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Bind the prepared product."""
        (name,) = self.writes
        out = storage[name]
        fused = to_fused(self.links, storage, out.shape, range(out.ndim))
        if self.order is None:
            fused += round_fused(self.formats.get(name))
            return self.product.bind(self._operands(storage), out, scratch, fused)
        calls = self.product.bind(self._operands(storage), out, scratch, fused)
        if name in self.formats:
            calls.append(partial(round_in_place, out, self.formats[name]))
        return calls


@dataclass(eq=False)
class Chained(Unit):
    """A chain of elementwise operators, softmax and normalisations, in the memory order of its largest input.

    Parameters
    ----------
    start
        Function that opens the chain; None copies its only operand.
    operands
        Names of what it reads.
    """

    start: np.ufunc | None
    operands: tuple[str, ...]
    links: tuple[Link, ...]

    def held(self, storage: Storage) -> Sequence[Array]:
        """Return the constants of the chain."""
        constants = [storage.constants[name] for name in self.operands if name in storage.constants]
        return (*constants, *held_by(self.links, storage))

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Take the memory order of the first operand as large as the result, unless rows have to stay together."""
        (name,) = self.writes
        shape = storage.tensors[name].sizes
        like = [storage[operand] for operand in self.operands if storage[operand].shape == shape]
        order = memory_order(like[0]) if like and like[0].size else tuple(range(len(shape)))
        if shape and any(link.op in ROW_OPERATORS for link in self.links) and order[-1] != len(shape) - 1:
            order = tuple(range(len(shape)))
        self.order = order
        storage.add(name, order)
        return ()

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Bind the chain, axes in memory order."""
        (name,) = self.writes
        out = storage[name]
        fused = to_fused(self.links, storage, out.shape, self.order) + round_fused(self.formats.get(name))
        sources = [np.broadcast_to(storage[operand], out.shape).transpose(self.order) for operand in self.operands]
        return bind_chain(self.start, sources, out.transpose(self.order), fused)


@dataclass(eq=False)
class Joined(Unit):
    """A concatenation."""

    operands: tuple[str, ...]
    axis: int

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Take the memory order of the largest input."""
        largest = max((storage[name] for name in self.operands), key=lambda array: array.size)
        storage.add(self.writes[0], memory_order(largest))
        return ()

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Copy each input to its place, then round."""
        (name,) = self.writes
        calls = bind_concat([storage[operand] for operand in self.operands], storage[name], self.axis)
        if name in self.formats:
            calls.append(partial(round_in_place, storage[name], self.formats[name]))
        return calls
