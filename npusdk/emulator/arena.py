"""Where buffers lie in one block of memory, so that those that never live together share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ALIGNMENT = 64
"""Bytes of a cache line, and of the widest vector registers."""


@dataclass(slots=True)
class Lifetime:
    """A buffer, from the unit that writes it first to the one that reads it last, both counted in.

    Parameters
    ----------
    size_bytes
        Bytes that it takes.
    first, last
        Numbers of those units; inputs live from -1.
    """

    size_bytes: int
    first: int
    last: int


def aligned(size_bytes: int) -> int:
    """Return a size rounded up to whole cache lines."""
    return -(-size_bytes // _ALIGNMENT) * _ALIGNMENT


def pack(buffers: Sequence[Lifetime]) -> tuple[list[int], int]:
    """Return an offset for each buffer, and the bytes of all of them together.

    The largest buffer is placed first, each into the tightest gap that is free during its life (greedy by size:
    Y. Pisarchyk and J. Lee, Efficient Memory Management for Deep Neural Net Inference, 2020, section 5.2).
    """
    offsets = [0] * len(buffers)
    placed: list[int] = []
    total = 0
    for index in sorted(range(len(buffers)), key=lambda i: (-buffers[i].size_bytes, buffers[i].first)):
        buffer = buffers[index]
        end = 0
        best, best_gap = -1, -1
        for other in placed:
            if buffers[other].last < buffer.first or buffers[other].first > buffer.last:
                continue
            gap = offsets[other] - end
            if gap >= buffer.size_bytes and (best < 0 or gap < best_gap):
                best, best_gap = end, gap
            end = max(end, offsets[other] + aligned(buffers[other].size_bytes))
        offsets[index] = best if best >= 0 else end
        total = max(total, offsets[index] + aligned(buffer.size_bytes))
        placed.append(index)
        placed.sort(key=offsets.__getitem__)
    return offsets, total


def largest_live_set(buffers: Sequence[Lifetime]) -> int:
    """Return the most bytes that live at one time."""
    changes: dict[int, int] = {}
    for buffer in buffers:
        changes[buffer.first] = changes.get(buffer.first, 0) + buffer.size_bytes
        changes[buffer.last + 1] = changes.get(buffer.last + 1, 0) - buffer.size_bytes
    most = live = 0
    for moment in sorted(changes):
        live += changes[moment]
        most = max(most, live)
    return most
