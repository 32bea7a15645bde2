"""What the zoo says of a network beside its graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from npusdk.graph import Graph

Make: TypeAlias = Callable[["Size"], Graph]

LARGEST: Mapping[str, int] = MappingProxyType({"resolution": 1 << 14, "sequence": 1 << 20})
"""Largest sizes that are built: more pixels or tokens than any network of the zoo was published for, by far."""


@dataclass(frozen=True)
class Size:
    """Sizes of one sample.

    Parameters
    ----------
    resolution
        Pixels of a square image's side; 0 for a network of tokens or of another shape.
    sequence
        Tokens; 0 for a network of images.
    """

    resolution: int = 0
    sequence: int = 0


@dataclass(frozen=True)
class Entry:
    """One reference network.

    Parameters
    ----------
    make
        Builds its open graph: every input leads with the dimension `network.BATCH`.
    size
        Usual sizes of a sample; a size of 0 cannot be chosen.
    source
        Where the architecture is published.
    macs, parameters
        Multiply-accumulates of one sample of the usual size, and weights, as published in `counts`; 0 where none is.
    counts
        Where those two figures were read.
    multiple
        The resolution is a multiple of this.
    longest
        Most tokens, where the network has a table of positions; 0 where it has none.
    """

    make: Make
    size: Size
    source: str
    macs: float = 0
    parameters: float = 0
    counts: str = ""
    multiple: int = 1
    longest: int = 0
