"""Units on images: convolution, pooling, means over whole images. Results have their channels last in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from npusdk.emulator.links import Link, held_by, round_fused, to_fused
from npusdk.emulator.storage import Array, Storage
from npusdk.emulator.units import Unit, round_in_place
from npusdk.kernels.blocks import Buffer, Calls, channels_last, reshaped
from npusdk.kernels.prepared_convolution import Filters, Prepared, prepare_convolution
from npusdk.kernels.prepared_pooling import Pooling
from npusdk.kernels.windows import Window


def image_order(rank: int) -> tuple[int, ...]:
    """Return the axes of (N, C, ...) with the channels last."""
    return (0, *range(2, rank), 1)


@dataclass(eq=False)
class Convolved(Unit):
    """A convolution with constant weights, and what follows."""

    filters: Filters
    window: Window
    links: tuple[Link, ...]

    def held(self, storage: Storage) -> Sequence[Array]:
        """Return the constants that follow."""
        return held_by(self.links, storage)

    @property
    def own_bytes(self) -> int:
        """Bytes of the packed weights."""
        return self.prepared.packed_bytes

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Write channels last."""
        x = storage[self.reads[0]]
        storage.add(self.writes[0], image_order(x.ndim))
        self.prepared: Prepared = prepare_convolution(x, self.filters, self.window)
        return self.prepared.scratch

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Bind the prepared convolution."""
        (name,) = self.writes
        out = storage[name]
        fused = to_fused(self.links, storage, out.shape, image_order(out.ndim))
        fused += round_fused(self.formats.get(name))
        return self.prepared.bind(storage[self.reads[0]], out, scratch, fused)


@dataclass(eq=False)
class Pooled(Unit):
    """A maximum or a mean over windows."""

    pooling: Pooling

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Write channels last."""
        x = storage[self.reads[0]]
        storage.add(self.writes[0], image_order(x.ndim))
        return self.pooling.scratch(x)

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Bind the prepared pooling."""
        (name,) = self.writes
        calls = self.pooling.bind(storage[self.reads[0]], storage[name], scratch)
        if name in self.formats:
            calls.append(partial(round_in_place, storage[name], self.formats[name]))
        return calls


@dataclass(eq=False)
class Averaged(Unit):
    """The mean of every channel over its whole image: rows of ones over their number, times the image."""

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Ask for a copy of an image whose channels are not last."""
        x = storage[self.reads[0]]
        storage.add(self.writes[0])
        rows = reshaped(channels_last(x), (x.shape[0], prod(x.shape[2:]), x.shape[1]))
        return () if rows is not None else (Buffer((x.shape[0], *x.shape[2:], x.shape[1]), x.dtype),)

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Multiply, then round."""
        (name,) = self.writes
        x, out = channels_last(storage[self.reads[0]]), storage[name]
        calls: Calls = []
        if scratch:
            calls.append(partial(np.copyto, scratch[0], x))
            x = scratch[0]
        count = prod(x.shape[1:-1])
        weights = np.full((1, count), 1 / count, x.dtype)
        result = out.reshape(out.shape[0], 1, -1)
        calls.append(partial(np.matmul, weights, x.reshape(x.shape[0], count, -1), result))
        if name in self.formats:
            calls.append(partial(round_in_place, out, self.formats[name]))
        return calls
