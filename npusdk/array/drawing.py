"""Drawing many numbers in blocks, bit for bit what one call draws, so that Ctrl-C is heard between two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from operator import index
from types import MappingProxyType
from typing import Any

import numpy as np

BLOCK = 1 << 22
"""Numbers that are drawn at a time: a tenth of a second at worst."""

_PLACES: Mapping[str, int] = MappingProxyType(
    {"random": 0, "standard_normal": 0, "standard_exponential": 0, "exponential": 1, "normal": 2, "uniform": 2}
)
"""Where each method takes its size; each draws float64 values one after another."""


def draw(method: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return what a method of a generator draws."""
    place = _PLACES.get(method.__name__)
    others = [*args, *(value for name, value in named.items() if name != "size")]
    size = named.get("size", args[place] if place is not None and len(args) > place else None)
    if place is None or len(args) > place + 1 or size is None or "dtype" in named or "out" in named:
        return method(*args, **named)
    shape = tuple(map(index, size)) if isinstance(size, (tuple, list)) else (index(size),)
    if prod(shape) <= BLOCK or any(np.ndim(value) for value in others if value is not size):
        return method(*args, **named)
    rest = {name: value for name, value in named.items() if name != "size"}
    drawn = np.empty(prod(shape))
    for start in range(0, drawn.size, BLOCK):
        part = drawn[start : start + BLOCK]
        part[:] = method(*args[:place], size=part.size, **rest)
    return drawn.reshape(shape)
