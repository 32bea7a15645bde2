"""What units of exact sums share: the total, gathered in float64 where it comes in parts, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from npusdk.emulator.links import Link, to_fused
from npusdk.emulator.storage import Array, Storage
from npusdk.emulator.units import Unit
from npusdk.kernels.blocks import Buffer, Calls
from npusdk.kernels.epilogue import Fused, bind_fused
from npusdk.kernels.prepared_integer import Grid, storing


@dataclass(frozen=True, eq=False)
class Target:
    """What becomes of an exact total.

    Parameters
    ----------
    bias
        Integers that are added first, in a shape that broadcasts; None for none.
    links
        What is applied to the total as float32: its scale, activations.
    grid
        Grid of the integers that come out; None leaves floats.
    low, high
        Smallest and largest integer that may come out.
    """

    bias: Array | None
    links: tuple[Link, ...]
    grid: Grid | None
    low: int = 0
    high: int = 0


class Part(Protocol):
    """A prepared product of integers, given as floats."""

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        """Memory that it wants."""

    def bind(self, x: Any, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:
        """Return the calls that write the product to `out`."""


@dataclass(eq=False)
class Total(Unit):
    """A sum of exact products, then what becomes of it."""

    target: Target

    def order(self, rank: int) -> tuple[int, ...]:
        """Return the memory order of the result."""
        return tuple(range(rank))

    def totals(self, storage: Storage, count: int, dtype: np.dtype[Any]) -> list[Buffer]:
        """Add the result; return the buffers of the total: float32, and float64 unless it comes in one exact part."""
        (name,) = self.writes
        out = storage.add(name, self.order(len(storage.tensors[name].sizes)))
        kinds = (np.float32,) if count == 1 and dtype == np.float32 else (np.float32, np.float64)
        return [Buffer(out.shape, np.dtype(kind)) for kind in kinds]

    def fused(self, storage: Storage, bias: Array | None) -> list[Fused]:
        """Return what is applied to the total: a bias if it is given, the links, and the way to integers."""
        (name,) = self.writes
        out, target = storage[name], self.target
        order = self.order(out.ndim)
        links = target.links if bias is None else (Link("Add", (bias.astype(np.float32),)), *target.links)
        fused = to_fused(links, storage, out.shape, order)
        if target.grid is not None:
            fused.append(storing(out.transpose(order), target.grid, target.low, target.high))
        return fused

    def bind_parts(
        self, storage: Storage, parts: Sequence[tuple[Part, Any]], totals: Sequence[Array], scratch: Sequence[Array]
    ) -> Calls:
        """Return the calls: one exact part has everything fused behind it, others are gathered in float64 first."""
        out = storage[self.writes[0]]
        order = self.order(out.ndim)
        physical = [total.reshape([out.shape[axis] for axis in order]) for total in totals]
        narrow, *wide = (total.transpose(np.argsort(order)) for total in physical)
        if not wide:
            ((part, x),) = parts
            calls = part.bind(x, narrow, scratch, self.fused(storage, self.target.bias))
        else:
            calls = self._gathered(parts, narrow, wide[0], list(scratch))
            calls.append(partial(np.copyto, narrow, wide[0]))
            calls += bind_fused(physical[0], self.fused(storage, None))
        return calls if self.target.grid is not None else [*calls, partial(np.copyto, out, narrow)]

    def _gathered(self, parts: Sequence[tuple[Part, Any]], narrow: Array, wide: Array, scratch: list[Array]) -> Calls:
        """Return the calls that leave the total of all parts and the bias in float64."""
        bias = np.zeros(1) if self.target.bias is None else self.target.bias.astype(np.float64)
        if len(parts) == 1:
            ((part, x),) = parts
            return [*part.bind(x, wide, scratch, []), partial(np.add, wide, bias, wide)]
        calls: Calls = [partial(np.copyto, wide, bias)]
        for part, x in parts:
            taken, scratch = scratch[: len(part.scratch)], scratch[len(part.scratch) :]
            calls += [*part.bind(x, narrow, taken, []), partial(np.add, wide, narrow, wide)]
        return calls
