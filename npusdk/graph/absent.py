"""Weights that are not there: an array of their shape that takes no memory, and reads as NaN if anybody uses it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npusdk.graph.ir import Array


def absent_weight(shape: Sequence[int]) -> Array:
    """Return a stand-in for float32 weights of `shape`; views of it are stand-ins too."""
    return np.broadcast_to(np.float32(np.nan), tuple(shape))


def is_absent(value: Array) -> bool:
    """Return whether an array is such a stand-in."""
    return value.size > 0 and value.dtype.kind == "f" and not any(value.strides) and bool(np.isnan(value.flat[0]))
