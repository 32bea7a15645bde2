"""Units: what runs as one prepared kernel, some nodes of a step.

A unit first lays itself out: it decides where its results go and in which memory order, and says which scratch it
wants, all on phantoms. Once every unit has done so, memory is there, and each is bound to its arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from npusdk.emulator.storage import Array, Storage, memory_order, storage_type
from npusdk.graph import Node
from npusdk.kernels import call
from npusdk.kernels.blocks import Buffer, Calls, reshaped
from npusdk.numerics import ELEMENT_TYPES, round_to

Formats = dict[str, str]


@dataclass(eq=False)
class Unit(ABC):
    """Some nodes of a step that run as one.

    Parameters
    ----------
    reads, writes
        Tensors, constants not counted.
    formats
        Number formats to which tensors that it writes are rounded.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    formats: Formats = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Add what the unit writes to `storage`; return the scratch that it wants."""

    def held(self, storage: Storage) -> Sequence[Array]:  # noqa: ARG002
        """Return the constants that the unit keeps for its runs."""
        return ()

    @property
    def own_bytes(self) -> int:
        """Bytes of constants that the unit made for itself when it laid itself out."""
        return 0

    @abstractmethod
    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:
        """Return the calls that run the unit."""


def round_in_place(array: Array, format_name: str) -> None:
    """Round an array of any memory order."""
    flat = reshaped(array.transpose(memory_order(array)), (-1,))
    if flat is not None and flat.flags.c_contiguous:
        round_to(flat, format_name, out=flat)
    else:
        np.copyto(array, round_to(array, format_name))


@dataclass(eq=False)
class Rounded(Unit):
    """A copy of a tensor rounded to a number format: what crosses from the host to the device."""

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Keep the memory order."""
        storage.add(self.writes[0], memory_order(storage[self.reads[0]]))
        return ()

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Copy, then round."""
        (name,) = self.writes
        out = storage[name]
        return [partial(np.copyto, out, storage[self.reads[0]]), partial(round_in_place, out, self.formats[name])]


@dataclass(eq=False)
class View(Unit):
    """A node that moves no bytes if its input lies right and need not be rounded; it is copied otherwise."""

    look: Callable[[Array], Array | None]

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Make the output a view of the input, or a buffer in an order into which the input can be copied."""
        (source,), (name,) = self.reads, self.writes
        view = self.look(storage[source])
        if view is not None and name not in self.formats:
            storage.alias(name, source, view)
            return ()
        out = storage.add(name)
        last = (0, *range(2, out.ndim), 1)
        if view is None and out.ndim > 2 and storage[source].strides[-1] != out.itemsize:
            channels_last = storage.add(name, last)
            if reshaped(channels_last, storage[source].shape) is None:
                storage.add(name)
        return ()

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Copy where there is no view."""
        source, (name,) = storage[self.reads[0]], self.writes
        out, view = storage[name], self.look(source)
        rounds: Calls = [partial(round_in_place, out, format_name) for format_name in self.formats.values()]
        if view is not None:
            return [partial(np.copyto, out, view), *rounds] if rounds else []
        shaped = reshaped(out, source.shape)
        copy = partial(_copy_reshaped, out, source) if shaped is None else partial(np.copyto, shaped, source)
        return [copy, *rounds]


def _copy_reshaped(out: Array, source: Array) -> None:
    np.copyto(out, source.reshape(out.shape))


@dataclass(eq=False)
class Called(Unit):
    """A node that its plain kernel computes, see `npusdk.kernels.call`; it takes memory of its own while it runs."""

    node: Node

    def held(self, storage: Storage) -> Sequence[Array]:
        """Return the constants among the node's inputs."""
        return [storage.constants[name] for name in self.node.inputs if name in storage.constants]

    def lay_out(self, storage: Storage) -> Sequence[Buffer]:
        """Keep the memory order of an input of the same shape."""
        for name in self.writes:
            shape = storage.tensors[name].sizes
            like = [storage[read] for read in self.reads if storage[read].shape == shape]
            storage.add(name, memory_order(like[0]) if like else self._like_image(storage, shape))
        return ()

    def _like_image(self, storage: Storage, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """Return channels last if the first input lies so and has the rank of the output."""
        source = storage[self.reads[0]] if self.reads else None
        if source is None or source.ndim != len(shape) or source.ndim < 3:
            return None
        last = (0, *range(2, source.ndim), 1)
        return last if source.transpose(last).flags.c_contiguous and not source.flags.c_contiguous else None

    def bind(self, storage: Storage, scratch: Sequence[Array]) -> Calls:  # noqa: ARG002
        """Call the kernel on the tensors' own types, copy what it gives, and round it."""
        inputs = [storage[name] if name else None for name in self.node.inputs]
        narrow = [self._narrow(storage, name) for name in self.node.inputs]
        outs = [storage[name] if name else None for name in self.node.outputs]
        calls: Calls = [partial(_call, self.node, inputs, narrow, outs)]
        for name, format_name in self.formats.items():
            calls.append(partial(round_in_place, storage[name], format_name))
        return calls

    @staticmethod
    def _narrow(storage: Storage, name: str) -> np.dtype[np.generic] | None:
        """Return the type that a tensor has to be brought to, where the emulator keeps it in a wider one."""
        if not name or name not in storage.tensors:
            return None
        own = ELEMENT_TYPES[storage.tensors[name].dtype].storage
        return None if own == storage_type(storage.tensors[name].dtype) else own


def _call(
    node: Node, inputs: list[Array | None], narrow: list[np.dtype[np.generic] | None], outs: list[Array | None]
) -> None:
    pairs = zip(inputs, narrow, strict=True)
    given = [x if x is None or dtype is None else x.astype(dtype) for x, dtype in pairs]
    for out, value in zip(outs, call(node.op, given, node.attrs, len(node.outputs)), strict=False):
        if out is not None:
            np.copyto(out, value)
