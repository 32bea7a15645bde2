"""The arrays of a plan: first phantoms, whose shapes and memory orders units decide on, then places in one arena.

Every tensor is a root, which has a buffer, or a view of one. Images are kept with their channels last where a unit
wants it so; whoever reads them sees an array of the graph's shape with other strides. float16 tensors are kept in
float32, which holds each of their values; so are bfloat16 tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from npusdk.emulator.arena import Lifetime, aligned, pack
from npusdk.graph import Tensor
from npusdk.kernels.blocks import Buffer, phantom
from npusdk.numerics import ELEMENT_TYPES

Array = npt.NDArray[Any]


def storage_type(dtype: str) -> np.dtype[Any]:
    """Return the NumPy type in which the emulator keeps a tensor."""
    return np.dtype(np.float32) if dtype == "float16" else ELEMENT_TYPES[dtype].storage


@dataclass(slots=True)
class _Place:
    """A root's buffer and life."""

    strides: tuple[int, ...]
    life: Lifetime


class Storage:
    """Arrays by tensor name.

    Parameters
    ----------
    tensors
        Types of every tensor.
    constants
        Values that are known; none is written to, one that lies unaligned is copied when it is first read.
    """

    def __init__(self, tensors: Mapping[str, Tensor], constants: dict[str, Array]) -> None:
        self.tensors = tensors
        self.constants = constants
        self.now = -1
        self._arrays: dict[str, Array] = {}
        self._root_of: dict[str, str] = {}
        self._places: dict[str, _Place] = {}
        self._scratch: list[list[str]] = []

    def __getitem__(self, name: str) -> Array:
        """Return the array of a tensor: a phantom until `allocate`."""
        found = self._arrays.get(name)
        if found is not None:
            return found
        constant = self.constants[name]
        if not constant.flags.aligned:
            constant = self.constants[name] = constant.copy()
        return constant

    def __contains__(self, name: str) -> bool:
        return name in self._arrays or name in self.constants

    def add(self, name: str, order: Sequence[int] | None = None) -> Array:
        """Give a tensor a buffer of its own from now on.

        Parameters
        ----------
        order
            Axes from the slowest to the fastest in memory; as they come by default.
        """
        tensor = self.tensors[name]
        dtype = storage_type(tensor.dtype)
        strides, step = [0] * len(tensor.sizes), dtype.itemsize
        for axis in reversed(order if order is not None else range(len(strides))):
            strides[axis] = step
            step *= max(1, tensor.sizes[axis])
        life = Lifetime(prod(tensor.sizes) * dtype.itemsize, self.now, self.now)
        self._places[name] = _Place(tuple(strides), life)
        self._root_of[name] = name
        self._arrays[name] = phantom(tensor.sizes, dtype, strides)
        return self._arrays[name]

    def alias(self, name: str, source: str, view: Array) -> None:
        """Make a tensor a view of another one's memory; of a constant it is a constant."""
        self._arrays[name] = view
        if source in self._root_of:
            self._root_of[name] = self._root_of[source]

    def read(self, names: Sequence[str]) -> None:
        """Keep tensors alive until now."""
        for name in names:
            if name in self._root_of:
                self._places[self._root_of[name]].life.last = self.now

    def add_scratch(self, buffers: Sequence[Buffer]) -> None:
        """Give the unit of now its scratch."""
        names = []
        for number, buffer in enumerate(buffers):
            name = f"\0{self.now}.{number}"
            self._places[name] = _Place((), Lifetime(buffer.size_bytes, self.now, self.now))
            self._root_of[name] = name
            self._arrays[name] = phantom(buffer.shape, buffer.dtype)
            names.append(name)
        self._scratch.append(names)

    def scratch(self, unit: int) -> list[Array]:
        """Return the scratch of a unit by its number."""
        return [self._arrays[name] for name in self._scratch[unit]]

    def lifetimes(self) -> list[Lifetime]:
        """Return every buffer's life."""
        return [place.life for place in self._places.values()]

    def roots(self) -> list[tuple[str, Lifetime]]:
        """Return every buffer that holds a tensor, by the tensor's name."""
        return [(name, place.life) for name, place in self._places.items() if name in self.tensors]

    def measure(self) -> int:
        """Return the bytes that the buffers take together."""
        self._offsets, total = pack(self.lifetimes())
        return total

    def allocate(self) -> None:
        """Turn phantoms into arrays; `measure` comes first."""
        offsets = dict(zip(self._places, self._offsets, strict=True))
        ends = [o + aligned(p.life.size_bytes) for o, p in zip(self._offsets, self._places.values(), strict=True)]
        self.memory = np.empty(max(ends, default=0) + aligned(1), np.uint8)
        start = -_address(self.memory) % aligned(1)
        bases = {name: _address(self._arrays[name]) for name in self._places}
        for name, root in self._root_of.items():
            old = self._arrays[name]
            offset = start + offsets[root] + _address(old) - bases[root]
            self._arrays[name] = np.ndarray(
                old.shape, old.dtype, self.memory.data, offset if old.size else 0, old.strides
            )


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def memory_order(array: Array) -> tuple[int, ...]:
    """Return the axes of an array from the slowest to the fastest in memory, axes of one element where they stand."""
    wide = [axis for axis in range(array.ndim) if array.shape[axis] > 1]
    ranked = iter(sorted(wide, key=lambda axis: -abs(array.strides[axis])))
    return tuple(next(ranked) if array.shape[axis] > 1 else axis for axis in range(array.ndim))
