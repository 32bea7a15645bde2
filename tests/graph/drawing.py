"""Parts of random nodes: sizes, shapes, axes, element types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.graph.oracle import Case

Builder = Callable[[DrawFn], Case]

CLASSES = {
    "F": ("float32", "float16", "bfloat16", "float64"),
    "N": ("float32", "int64", "uint8", "int32"),
    "S": ("float32", "int32", "int64"),
    "J": ("int8", "uint32", "int64"),
    "U": ("uint8", "uint64"),
    "A": ("float32", "bool", "int16", "bfloat16"),
    "B": ("bool",),
}


def ints(draw: DrawFn, least: int, most: int, count: int) -> tuple[int, ...]:
    """Draw `count` integers."""
    return tuple(draw(st.lists(st.integers(least, most), min_size=count, max_size=count)))


def shapes(draw: DrawFn, least: int = 0, most: int = 4, smallest: int = 1) -> tuple[int, ...]:
    """Draw a shape."""
    return tuple(draw(st.lists(st.integers(smallest, 6), min_size=least, max_size=most)))


def dtype(draw: DrawFn, kind: str) -> str:
    """Draw an element type of a class."""
    return draw(st.sampled_from(CLASSES[kind]))


def i64(*values: int) -> np.ndarray:
    """Return a vector of integers."""
    return np.array(values, np.int64)


def axis_of(draw: DrawFn, rank: int) -> int:
    """Draw an axis, counted from either end."""
    return draw(st.integers(-rank, rank - 1))


def some_axes(draw: DrawFn, rank: int) -> tuple[int, ...]:
    """Draw different axes, each counted from either end."""
    chosen = draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank)) if rank else []
    return tuple(axis - rank if draw(st.booleans()) else axis for axis in chosen)


def narrowed(draw: DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Draw a shape that broadcasts to `shape`."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(1 if draw(st.booleans()) else size for size in kept)
