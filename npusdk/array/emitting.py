"""From the entries of a record to nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.graph import Attribute, Node

Array: TypeAlias = npt.NDArray[Any]
Entry: TypeAlias = tuple["str | Callable[..., Any]", tuple[int, ...], Any, int, int]

LEFT_OUT = -1
"""Number of an optional input that is not given."""


class Emitter:
    """Writes nodes and constants, and keeps which value has which name.

    Attributes
    ----------
    nodes, constants
        What was written.
    names
        Name of each value by its number.
    """

    def __init__(self, inputs: Mapping[int, str], constants: Mapping[int, Array]) -> None:
        self.nodes: list[Node] = []
        self.names: dict[int, str] = dict(inputs)
        self.constants: dict[str, Array] = {}
        self._reserved = set(inputs.values())
        self._ready = set(inputs.values())
        self._scalars: dict[tuple[str, float], str] = {}
        for number, value in constants.items():
            self.names[number] = self.constant(value)

    def _fresh(self, stem: str, number: int) -> str:
        name = f"{stem}_{number}"
        while name in self._reserved:
            name += "_"
        return name

    def constant(self, value: Array) -> str:
        """Add a constant and return its name."""
        name = self._fresh("constant", len(self.constants))
        self.constants[name] = value
        self._ready.add(name)
        return name

    def scalar(self, value: float, dtype: np.dtype[Any]) -> str:
        """Return the name of a constant without dimensions."""
        key = (dtype.char, value)
        if key not in self._scalars:
            self._scalars[key] = self.constant(np.array(value).astype(dtype))
        return self._scalars[key]

    def op(self, op: str, *inputs: str, **attrs: Attribute) -> str:
        """Add a node of one output and return its name."""
        return self.node(op, inputs, attrs, 1)[0]

    def node(self, op: str, inputs: tuple[str, ...], attrs: Mapping[str, Attribute], count: int) -> tuple[str, ...]:
        """Add a node and return the names of its outputs."""
        name = self._fresh(op, len(self.nodes))
        outputs = (name,) if count == 1 else tuple(f"{name}/{place}" for place in range(count))
        self.nodes.append(Node(op, name, inputs, outputs, dict(attrs)))
        return outputs

    def output_name(self, number: int) -> str:
        """Return the name that a value has as an output; what no node made passes through an Identity."""
        name = self.names[number]
        return f"{name}/out" if name in self._ready else name

    def identities(self, wanted: Iterable[str]) -> list[Node]:
        """Return the nodes that let inputs and constants be outputs."""
        passed = [name.removesuffix("/out") for name in wanted if name.endswith("/out")]
        return [Node("Identity", f"{name}/out", (name,), (f"{name}/out",)) for name in passed if name in self._ready]

    def leaves(self, wanted: Iterable[str]) -> list[str]:
        """Return an output of every node of which nobody reads or wants any."""
        used = {name for node in self.nodes for name in node.inputs}.union(wanted)
        return [node.outputs[0] for node in self.nodes if used.isdisjoint(node.outputs)]


def expand(entries: Sequence[Entry], inputs: Mapping[int, str], constants: Mapping[int, Array]) -> Emitter:
    """Return the nodes of all entries."""
    emitter = Emitter(inputs, constants)
    names = emitter.names
    names[LEFT_OUT] = ""
    for op, sources, attrs, first, count in entries:
        read = tuple([names[number] for number in sources])
        if isinstance(op, str):
            made = emitter.node(op, read, attrs or {}, count)
        else:
            found = op(emitter, read, attrs)
            made = (found,) if isinstance(found, str) else found
        for place, name in enumerate(made):
            names[first + place] = name
    return emitter
