"""Depthwise convolution laid out before it runs: runs of a row of an image, all channels, as one vector for each tap.

`numpy.einsum` adds a product of vectors to a vector in 0.11 ns per element if the vectors are long. Positions of a row
are neighbours in memory where the stride is 1. For a stride of s the padded copy is made of s planes, plane r holding
the columns r, r + s, r + 2 s, ...; a tap then reads neighbours within one plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import gcd, prod

import numpy as np

from npusdk.kernels.blocks import Buffer, Calls, channels_last, cut, packed
from npusdk.kernels.epilogue import BLOCK, Fused, bind_fused
from npusdk.kernels.signature import Array
from npusdk.kernels.windows import Window

_VECTOR = 1 << 13
"""Most elements of a vector."""

_SHORT = 1 << 10
"""Elements under which a vector is not worth a call of its own."""


@dataclass(frozen=True, eq=False)
class Depthwise:
    """A convolution in which every channel has one filter of its own.

    Parameters
    ----------
    x
        An input (N, ..., C), or a phantom in its shape and memory order.
    weight
        (C, 1, *kernel).
    window
        The geometry.
    """

    x: Array
    weight: Array
    window: Window

    @property
    def scratch(self) -> tuple[Buffer, ...]:
        """Memory wanted: the padded planes, and sums of a second plane."""
        planes = () if self._lies_ready else (Buffer(self._planes_shape, self.x.dtype),)
        if len(self._tap_groups) == 1:
            return planes
        rows = (self.x.shape[0], *self.window.positions[:-1])
        width = self.window.positions[-1] * self.x.shape[-1]
        most = max(np.zeros(rows, np.bool_)[index].size for index in cut(rows, max(1, BLOCK // width)))
        return (*planes, Buffer((most * width,), self.x.dtype))

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights, repeated along a run."""
        return self.weight.nbytes * self._run

    @property
    def _run(self) -> int:
        """Positions of a row that are one vector: a divisor of the row, of `_VECTOR` elements at most."""
        row, channels = self.window.positions[-1], self.x.shape[-1]
        fitting = [count for count in range(1, row + 1) if row % count == 0 and count * channels <= _VECTOR]
        best = max(fitting, default=1)
        return best if best * channels >= _SHORT else row

    @property
    def _lies_ready(self) -> bool:
        """Whether the input itself is the one plane."""
        x = self.x
        together = x.strides[-1] == x.itemsize and x.strides[-2] == x.shape[-1] * x.itemsize
        return self.window.strides[-1] == 1 and self.window.padded == self.window.sizes and together

    @property
    def _planes_shape(self) -> tuple[int, ...]:
        """(N, ..., stride, columns of a plane, C)."""
        stride, padded = self.window.strides[-1], self.window.padded
        return (self.x.shape[0], *padded[:-1], stride, -(-padded[-1] // stride), self.x.shape[-1])

    @property
    def _tap_groups(self) -> list[slice]:
        """The taps of the last axis that read one plane."""
        stride, dilation, taps = self.window.strides[-1], self.window.dilations[-1], self.window.kernel[-1]
        step = stride // gcd(stride, dilation)
        return [slice(first, None, step) for first in range(min(step, taps))]

    def bind(self, x: Array, out: Array, scratch: Sequence[Array], fused: Sequence[Fused]) -> Calls:
        """Return the calls: per block one sum over the taps of each plane, and what is fused behind them."""
        x, out = channels_last(x), channels_last(out)
        planes, calls = (x[..., None, :, :], []) if self._lies_ready else (scratch[0], self._fill(x, scratch[0]))
        result = out.reshape(*out.shape[:-2], -1, self._run * out.shape[-1])
        groups = [self._group(planes, taps, result.shape) for taps in self._tap_groups]
        for index in cut(result.shape[:-2], max(1, BLOCK // prod(result.shape[-2:]))):
            for number, (subscripts, windows, weight) in enumerate(groups):
                target = result[index] if not number else scratch[-1][: result[index].size].reshape(result[index].shape)
                calls.append(partial(np.einsum, subscripts, windows[index], weight, out=target))
                if number:
                    calls.append(partial(np.add, result[index], target, result[index]))
            calls += bind_fused(out, fused, index)
        return calls

    def _fill(self, x: Array, planes: Array) -> Calls:
        """Return the calls that copy the input into the planes, zeros around it."""
        window, stride = self.window, self.window.strides[-1]
        calls: Calls = []
        rows: tuple[slice | int, ...] = (slice(None),)
        for begin, size in zip(window.begins[:-1], window.sizes[:-1], strict=True):
            borders = (planes[(*rows, slice(0, begin))], planes[(*rows, slice(begin + size, None))])
            calls += [partial(border.fill, 0) for border in borders if border.size]
            rows = (*rows, slice(begin, begin + size))
        begin, size = window.begins[-1], window.sizes[-1]
        for place in range(stride):
            first = (place - begin) % stride
            start, count = (begin + first) // stride, len(range(first, size, stride))
            inside = planes[(*rows, place)]
            borders = (inside[..., :start, :], inside[..., start + count :, :])
            calls += [partial(border.fill, 0) for border in borders if border.size]
            if count:
                calls.append(partial(np.copyto, inside[..., start : start + count, :], x[..., first::stride, :]))
        return calls

    def _group(self, planes: Array, taps: slice, shape: tuple[int, ...]) -> tuple[str, Array, Array]:
        """Return the sum over one plane's taps for `numpy.einsum`: subscripts, windows, weights."""
        window = self.window
        weight = np.moveaxis(self.weight[:, 0], 0, -1)[..., taps, :]
        first = range(window.kernel[-1])[taps][0] * window.dilations[-1]
        step = taps.step * window.dilations[-1] // window.strides[-1]
        place, start = first % window.strides[-1], first // window.strides[-1]
        plane = planes[..., place, start:, :]
        rows = [pitch * stride for pitch, stride in zip(plane.strides[1:-2], window.strides, strict=False)]
        reads = [pitch * dilation for pitch, dilation in zip(plane.strides[1:-2], window.dilations, strict=False)]
        run = self._run * plane.strides[-2]
        strides = (plane.strides[0], *rows, run, *reads, step * plane.strides[-2], plane.itemsize)
        sizes = (*shape[:-1], *weight.shape[:-1], shape[-1])
        windows = np.lib.stride_tricks.as_strided(plane, sizes, strides, subok=False, writeable=False)
        return _subscripts(len(shape) - 1, weight.ndim - 1), windows, packed(np.tile(weight, self._run))


def _subscripts(positions: int, taps: int) -> str:
    """Return the sum over taps: windows (positions, taps, z) and weights (taps, z)."""
    outer, inner = "abcdefgh"[:positions], "ijklmnop"[:taps]
    return f"{outer}{inner}z,{inner}z->{outer}z"
