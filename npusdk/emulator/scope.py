"""A step under recognition: its nodes, who reads what inside it, and what crosses its border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from npusdk.emulator.links import Link
from npusdk.emulator.storage import Array, storage_type
from npusdk.graph import Graph, Node, Tensor
from npusdk.kernels.epilogue import COMMUTATIVE
from npusdk.kernels.inplace import INPLACE
from npusdk.kernels.prepared_vector import ROW_OPERATORS


@dataclass(eq=False)
class Scope:
    """What the recognition of one step knows.

    Parameters
    ----------
    nodes
        Nodes of the step that are still to run, in order.
    tensors, constants
        Types and known values by name.
    borders
        Tensors that are read outside the step.
    formats
        Number formats to which tensors are rounded.
    fuses
        Whether nodes may be joined: not where every node rounds its own output.
    graph
        The whole graph.
    """

    nodes: Sequence[Node]
    tensors: dict[str, Tensor]
    constants: dict[str, Array]
    borders: frozenset[str]
    formats: dict[str, str]
    fuses: bool
    graph: Graph
    used: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.readers: dict[str, list[int]] = {}
        for index, node in enumerate(self.nodes):
            for name in node.inputs:
                self.readers.setdefault(name, []).append(index)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return self.tensors[name].sizes

    def is_float(self, name: str) -> bool:
        """Whether a tensor is kept in float32 or float64."""
        return bool(storage_type(self.tensors[name].dtype).kind == "f")

    def same_type(self, names: Sequence[str]) -> bool:
        """Whether tensors are kept in one floating-point type."""
        return len({storage_type(self.tensors[name].dtype) for name in names if name}) == 1 and self.is_float(names[0])

    def known(self, node: Node) -> list[Array | None]:
        """Return the values of a node's inputs that are known beforehand."""
        return [self.constants.get(name) if name else None for name in node.inputs]

    def reads(self, *names: str) -> tuple[str, ...]:
        """Return those of the names that are computed tensors, each once."""
        return tuple(dict.fromkeys(name for name in names if name and name not in self.constants))

    def only_reader(self, name: str) -> int | None:
        """Return the one node that reads a tensor, if it is in the step and free."""
        found = self.readers.get(name, [])
        if not self.fuses or name in self.borders or len(found) != 1 or found[0] in self.used:
            return None
        return found[0]

    def follow(self, name: str, *, rows: bool = True) -> tuple[list[Link], str]:
        """Return the operators that can be applied to a result in place, and what comes out; their nodes are used.

        Parameters
        ----------
        rows
            Whether the last axis lies together in the result, as operators over it need.
        """
        links: list[Link] = []
        while (index := self.only_reader(name)) is not None:
            found = self.links(self.nodes[index], name)
            if found is None or (not rows and any(link.op in ROW_OPERATORS for link in found)):
                break
            links += found
            self.used.add(index)
            name = self.nodes[index].outputs[0]
        return links, name

    def links(self, node: Node, name: str) -> list[Link] | None:
        """Return a node as operators on its input `name`, or None where it cannot run in place."""
        (out, *rest), shape = node.outputs, self.shape(name)
        if any(rest) or self.shape(out) != shape or not self.same_type([name, out]) or not shape:
            return None
        if node.op == "BatchNormalization":
            return self._batch_normalization(node, name)
        if node.op in ROW_OPERATORS:
            return self._row_operator(node, name)
        if node.op not in INPLACE:
            return None
        others = list(node.inputs)
        if node.op in COMMUTATIVE or others[0] == name:
            others.remove(name)
        if len(others) == len(node.inputs) or not self.same_type([name, *others]):
            return None
        return [Link(node.op, tuple(others), node.attrs)]

    def _row_operator(self, node: Node, name: str) -> list[Link] | None:
        axis = node.attrs.get("axis", -1)
        width = self.shape(name)[-1]
        last = axis in (-1, len(self.shape(name)) - 1)
        if (
            node.inputs[0] != name
            or not last
            or any(self.shape(other) != (width,) for other in node.inputs[1:] if other)
        ):
            return None
        return [Link(node.op, node.inputs[1:], node.attrs)]

    def _batch_normalization(self, node: Node, name: str) -> list[Link] | None:
        affine = self.affine(node)
        if affine is None or node.inputs[0] != name:
            return None
        shape = (-1, *(1,) * (len(self.shape(name)) - 2))
        kind = storage_type(self.tensors[name].dtype)
        factor, offset = (value.reshape(shape).astype(kind) for value in affine)
        return [Link("Mul", (factor,)), Link("Add", (offset,))]

    def affine(self, node: Node) -> tuple[Array, Array] | None:
        """Return the factor and the offset of each channel of a BatchNormalization whose parameters are known."""
        values = self.known(node)[1:]
        if node.op != "BatchNormalization" or any(value is None for value in values) or any(node.outputs[1:]):
            return None
        scale, bias, mean, variance = (np.asarray(value, np.float64) for value in values)
        epsilon = node.attrs.get("epsilon", 1e-5)
        factor = scale / np.sqrt(variance + float(np.float32(epsilon)))  # type: ignore[arg-type] # checked by the shape rule
        return factor, bias - mean * factor
