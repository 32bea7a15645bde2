"""Weights that are not there: an array of their shape that takes no memory, and reads as NaN if anybody uses it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npusdk.graph.ir import Array

_MARK = np.uint32(0x7FC0_AB5E)
"""Bits of the stand-in's NaN, which no computation gives: a file may hold NaN of its own."""


def absent_weight(shape: Sequence[int]) -> Array:
    """Return a stand-in for float32 weights of `shape`; views of it are stand-ins too."""
    return np.broadcast_to(_MARK.view(np.float32), tuple(shape))


def is_absent(value: Array) -> bool:
    """Return whether an array is such a stand-in, or a copy of one."""
    return value.dtype == np.float32 and value.size > 0 and value[(0,) * value.ndim].view(np.uint32) == _MARK
