"""Quantised operators laid out before they run, with the integer arithmetic of onnxruntime after its QDQ fusion.

Products of integers are exact in float32 while partial sums stay under 2^24 (`npusdk.kernels.integer`); where they may
not, the sum is split, and its parts are added in float64. A total is converted to float32 once, multiplied by one
float32 scale, rounded half to even, shifted by the zero point and saturated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import Calls, cut
from npusdk.kernels.epilogue import BLOCK, Fused
from npusdk.kernels.inplace import Others
from npusdk.kernels.integer import EXACT
from npusdk.kernels.signature import Array, integer


@dataclass(frozen=True, eq=False)
class Grid:
    """How integers stand for reals: ``scale * (integer - zero_point)``.

    Parameters
    ----------
    scale
        float32, one value or one for each channel.
    zero_point
        In the type of the integers, of the same shape.
    """

    scale: Array
    zero_point: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the integers."""
        return self.zero_point.dtype

    @property
    def largest(self) -> int:
        """Largest distance of an integer from the zero point."""
        limits = np.iinfo(self.dtype)
        return int(max(limits.max - int(self.zero_point.min()), int(self.zero_point.max()) - limits.min))

    def equals(self, other: Grid) -> bool:
        """Whether two grids give the same reals to the same integers."""
        pairs = ((self.scale, other.scale), (self.zero_point, other.zero_point))
        return self.dtype == other.dtype and all(np.array_equal(a.reshape(-1), b.reshape(-1)) for a, b in pairs)

    def nearest(self, value: float) -> int:
        """Return the integer that a real is quantised to, for a grid of one scale."""
        limits = np.iinfo(self.dtype)
        exact = float(np.rint(np.float32(value) / np.float32(self.scale.reshape(())))) + int(
            self.zero_point.reshape(())
        )
        return int(min(max(exact, limits.min), limits.max))


def split_sum(weight: Array, largest: int, bias: Array | None) -> list[slice]:
    """Return slices of the summed axis whose sums of products float32 holds exactly.

    Parameters
    ----------
    weight
        (filters, summed axis, further summed axes): integers as float32.
    largest
        Largest absolute value that the weights are multiplied with.
    bias
        What is added to a sum that is not split; None for nothing.
    """
    steps = np.abs(weight).reshape(*weight.shape[:2], -1).sum(axis=2, dtype=np.float64) * largest
    addend = 0.0 if bias is None else float(np.abs(bias.astype(np.float64)).max(initial=0))
    total = steps.cumsum(axis=1)
    if total[:, -1].max(initial=0) + addend < EXACT:
        return [slice(0, weight.shape[1])]
    slices, start = [], 0
    base = np.zeros(len(weight))
    while start < weight.shape[1]:
        reach = (total[:, start:] - base[:, None]).max(axis=0, initial=0)
        stop = start + max(1, int(np.searchsorted(reach, EXACT)))
        slices.append(slice(start, stop))
        base, start = total[:, stop - 1], stop
    return slices


def _store(block: Array, others: Others, attrs: Attributes) -> None:
    """Round float32 values, shift and saturate them, and write them to the integers that lie alike."""
    (out,) = others
    assert out is not None  # noqa: S101 - storing() gives it
    np.rint(block, out=block)
    zero_point = integer(attrs, "zero_point", 0)
    if zero_point:
        np.add(block, np.float32(zero_point), out=block)
    np.clip(block, integer(attrs, "low", 0), integer(attrs, "high", 0), out=block)
    np.copyto(out, block, casting="unsafe")


def storing(out: Array, grid: Grid, low: int, high: int) -> Fused:
    """Return the operator that ends a chain: its float32 values become integers of `out`, within bounds."""
    attrs: Attributes = {"zero_point": int(grid.zero_point.reshape(())), "low": low, "high": high}
    return Fused(_store, (out,), attrs=attrs)


def centre(x: Array, grid: Grid, out: Array) -> Calls:
    """Return the calls that write integers less their zero point to floats of the same shape."""
    zero_point = int(grid.zero_point.reshape(()))
    calls: Calls = [partial(np.copyto, out, x)]
    return calls if not zero_point else [*calls, partial(np.subtract, out, out.dtype.type(zero_point), out)]


@dataclass(frozen=True, eq=False)
class QuantisedSum:
    """The sum of two quantised tensors of one shape, as onnxruntime computes it on x86.

    fma(a, ra, fma(b, rb, fixed)) in float32. ``ra`` and ``rb`` are the scales over the output's, ``fixed`` is the
    output's zero point less fma(ra, za, rb zb) with the zero points of the inputs. int8 counts as uint8 there, 128 up.
    A fused multiply-add is a sum in float64 here, which is exact, rounded once.
    """

    left: Grid
    right: Grid
    out: Grid
    low: int
    high: int

    def bind(self, left: Array, right: Array, out: Array, scratch: Sequence[Array]) -> Calls:
        """Return the calls; arrays have their axes in one physical order, scratch is a float64 and a float32 block."""
        ratios = [np.float32(grid.scale.reshape(()) / self.out.scale.reshape(())) for grid in (self.left, self.right)]
        zeros = [np.float32(int(grid.zero_point.reshape(())) + _lift(grid)) for grid in (self.left, self.right)]
        shift = np.float64(ratios[0]) * zeros[0] + np.float64(ratios[1] * zeros[1])
        fixed = np.float32(int(self.out.zero_point.reshape(())) + _lift(self.out)) - np.float32(shift)
        ends: Attributes = {"zero_point": -_lift(self.out), "low": self.low, "high": self.high}
        calls: Calls = []
        for index in cut(out.shape, BLOCK):
            target = out[index]
            wide, narrow = (buffer[: target.size].reshape(target.shape) for buffer in scratch)
            terms = (
                (right[index], self.right, ratios[1], np.float64(fixed)),
                (left[index], self.left, ratios[0], narrow),
            )
            for x, grid, ratio, addend in terms:
                calls.append(partial(np.add, x, np.float64(_lift(grid)), wide))
                calls.append(partial(np.multiply, wide, np.float64(ratio), wide))
                calls.append(partial(np.add, wide, addend, wide))
                calls.append(partial(np.copyto, narrow, wide))
            calls.append(partial(_store, narrow, (target,), ends))
        return calls


def _lift(grid: Grid) -> int:
    """Return what makes an integer of a grid unsigned."""
    return 128 if grid.dtype == np.int8 else 0


def bind_table(table: Array, x: Array, out: Array) -> Calls:
    """Return the calls that replace 8-bit integers by the entries of a table with 256, in the order of their bits."""
    calls: Calls = []
    for index in cut(out.shape, BLOCK):
        calls.append(partial(_look_up, table, x.view(np.uint8)[index], out[index]))
    return calls


def _look_up(table: Array, x: Array, out: Array) -> None:
    np.copyto(out, table[x])
