"""The record of what ran: a graph in single-assignment form, written while arrays compute.

Every value that an operator made has a number. An entry is a tuple (operator, numbers of the inputs, attributes, number
of the first output, count of outputs); nodes are built from it when somebody asks for the graph. Instead of an operator
an entry may hold a *recipe*, which writes one function of NumPy as several operators (see `recipes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import copysign
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.emitting import Emitter, Entry, expand
from npusdk.errors import DoesNotFitError
from npusdk.graph import Graph, Tensor, bind, check_graph
from npusdk.kernels import call
from npusdk.language import _

if TYPE_CHECKING:
    from npusdk.array.device_array import DeviceArray

Array: TypeAlias = npt.NDArray[Any]

RECORD_LIMIT = 10_000
"""Operators that a record keeps; with one more it forgets them, and only counts what is computed.

A prediction takes about a tenth of a millisecond for each.
"""


class Record:
    """What ran in a context.

    Attributes
    ----------
    operations
        Operators that ran, recorded or not.
    in_bytes
        Bytes that went from the host to the device, in the device's format.
    is_complete
        Whether everything that ran is recorded.
    """

    def __init__(self) -> None:
        self.operations = 0
        self.in_bytes = 0
        self.is_complete = True
        self._next = 0
        self._entries: list[Entry] = []
        self._inputs: dict[int, str] = {}
        self._feeds: dict[str, Array] = {}
        self._constants: dict[int, Array] = {}
        self._scalars: dict[tuple[str, object, float], int] = {}
        self._made: dict[tuple[object, ...], int] = {}
        self._expanded: tuple[int, Emitter] | None = None

    @property
    def feeds(self) -> Mapping[str, Array]:
        """What entered from the host, before rounding, by the input's name."""
        return MappingProxyType(self._feeds)

    def add(self, op: str | Callable[..., Any], inputs: tuple[int, ...], attrs: Any = None, outputs: int = 1) -> int:
        """Write down one operator or recipe, and return the number of its first output."""
        number = self._next
        self._next = number + outputs
        self.operations += 1
        if self.is_complete:
            entries = self._entries
            if len(entries) >= RECORD_LIMIT:
                self._stop()
                return number
            entries.append((op, inputs, attrs, number, outputs))
        return number

    def skip(self, operations: int) -> int:
        """Count what runs after recording has stopped."""
        self.operations += operations
        return self._next

    def _stop(self) -> None:
        """Forget everything but the counts."""
        self.is_complete = False
        for kept in (self._entries, self._inputs, self._feeds, self._constants, self._scalars, self._made):
            kept.clear()

    def input(self, feed: Array, name: str, size_bytes: int) -> int:
        """Write down a value from the host, which must not change any more, and return its number."""
        self.in_bytes += size_bytes
        number = self._next
        self._next += 1
        if self.is_complete:
            unique = name = name or f"input_{len(self._inputs)}"
            while unique in self._feeds:
                unique += "_"
            self._inputs[number] = unique
            self._feeds[unique] = feed
        return number

    def constant(self, value: Array) -> int:
        """Write down a value that is part of the program, which must not change any more, and return its number."""
        number = self._next
        self._next += 1
        if self.is_complete:
            self._constants[number] = value
        return number

    def scalar(self, value: object, dtype: np.dtype[Any]) -> int:
        """Return the number of a constant without dimensions; equal ones share it."""
        if not self.is_complete:
            return self._next
        key = (dtype.char, value, copysign(1.0, value) if isinstance(value, float) else 0.0)
        found = self._scalars.get(key)
        if found is None:
            found = self.constant(np.asarray(value).astype(dtype))
            self._scalars[key] = found
        return found

    def numbers(self, values: Sequence[int]) -> int:
        """Return the number of a constant list of integers; equal ones share it."""
        if not self.is_complete:
            return self._next
        key = ("", tuple(values), 0.0)
        found = self._scalars.get(key)
        if found is None:
            found = self._scalars[key] = self.constant(np.array(values, np.int64).reshape(len(values)))
        return found

    def once(self, key: tuple[object, ...], make: Callable[[], Array]) -> int:
        """Return the number of a constant that is made only where no equal key has made it before."""
        if not self.is_complete:
            return self._next
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self.constant(make())
        return found

    def name_of(self, array: DeviceArray) -> str:
        """Return the name that an array has among the outputs of `graph`."""
        return self._emitted((array,)).output_name(array.number())

    def graph(self, name: str, outputs: Sequence[DeviceArray]) -> Graph:
        """Return what ran as one bound graph, whose inputs are what entered from the host.

        Parameters
        ----------
        outputs
            Arrays that are wanted, see `name_of`; results that nobody read are outputs too.

        Raises
        ------
        DoesNotFitError
            If more ran than a record keeps.
        """
        if not self.is_complete:
            raise DoesNotFitError(
                _("the cell ran {count} operators, and a prediction covers {limit} at most"),
                hint=_("Run fewer steps of the loop to see what the device would take for them."),
                count=self.operations,
                limit=RECORD_LIMIT,
            )
        emitted = self._emitted(outputs)
        wanted = dict.fromkeys(emitted.output_name(array.number()) for array in outputs)
        nodes = [*emitted.nodes, *emitted.identities(wanted)]
        graph = Graph(
            name,
            tuple(nodes),
            tuple(self._inputs.values()),
            tuple(dict.fromkeys([*wanted, *emitted.leaves(wanted)])),
            self._tensors(emitted),
            dict(emitted.constants),
        )
        check_graph(graph)
        return bind(graph, {}, call)

    def _emitted(self, arrays: Sequence[DeviceArray]) -> Emitter:
        """Return the nodes of all entries, written once; views among `arrays` get entries of their own."""
        for array in arrays:
            array.number()
        count = len(self._entries)
        if self._expanded is None or self._expanded[0] != count:
            self._expanded = (count, expand(self._entries, self._inputs, self._constants))
        return self._expanded[1]

    def _tensors(self, emitted: Emitter) -> dict[str, Tensor]:
        values = {**self._feeds, **emitted.constants}
        return {name: Tensor(name, str(value.dtype), value.shape) for name, value in values.items()}
