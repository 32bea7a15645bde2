"""The graph: tensors, nodes, and a whole network, all immutable.

Operators keep ONNX's names and the semantics of opset `OPSET`; an importer rewrites older forms (attributes that became
inputs, flattening softmax, ...) before a graph is made. A graph comes in two states. *Open*: fresh from an importer;
input shapes may hold names for dimensions and `tensors` knows only inputs and constants. *Bound* (see `bind`): every
dimension is a number, every tensor has its type, and what could be computed from shapes alone has become a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import prod
from types import MappingProxyType
from typing import TypeAlias, Union

import numpy as np
import numpy.typing as npt

from npusdk.numerics import ELEMENT_TYPES

OPSET = 23
"""The ONNX opset whose semantics the operators of a graph have."""

Array: TypeAlias = npt.NDArray[np.generic]
Attribute: TypeAlias = Union[int, float, str, tuple[int, ...], tuple[float, ...], tuple[str, ...], Array, "Graph"]
Attributes: TypeAlias = Mapping[str, Attribute]


@lru_cache(maxsize=1 << 14)
def _sizes(shape: tuple[int | str, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if isinstance(size, int))


@lru_cache(maxsize=1 << 14)
def _elements(shape: tuple[int | str, ...]) -> int:
    return prod(_sizes(shape))


@dataclass(frozen=True, slots=True)
class Tensor:
    """Type of a value that flows through a graph.

    Parameters
    ----------
    name
        Unique in its graph.
    dtype
        A key of `npusdk.numerics.ELEMENT_TYPES`.
    shape
        Sizes; a name stands for a size that is not known yet (open graphs only).
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of a bound tensor, all numbers."""
        return _sizes(self.shape)

    @property
    def elements(self) -> int:
        """Number of elements of a bound tensor; 1 for a scalar."""
        return _elements(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of a bound tensor in its own element type, as a device stores it."""
        return (self.elements * ELEMENT_TYPES[self.dtype].bits + 7) // 8


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a graph.

    Parameters
    ----------
    op
        ONNX's operator name ("Conv").
    name
        Unique in its graph; the file's own name where it has one.
    inputs
        Tensor names; "" for an optional input that is left out.
    outputs
        Tensor names; "" for an optional output that nobody wants.
    attrs
        Attributes that differ from the operator's defaults or are required.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Attributes = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Graph:
    """A network: nodes in topological order, and what they read.

    Parameters
    ----------
    name
        The model's own name.
    nodes
        Every node after the nodes whose outputs it reads.
    inputs, outputs
        Names of the tensors that a caller gives and gets, in order.
    tensors
        Types by name: of inputs and constants always, of everything once bound.
    constants
        Values that are part of the model; large ones are memory-mapped and must not be written to.
    opset
        ONNX opset of the file that the graph was read from; operators have the semantics of `OPSET` all the same.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    constants: Mapping[str, Array]
    opset: int = OPSET

    @cached_property
    def producers(self) -> Mapping[str, int]:
        """Index of the node that makes each tensor; inputs and constants are absent."""
        return {name: index for index, node in enumerate(self.nodes) for name in node.outputs if name}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[int, ...]]:
        """Indices of the nodes that read each tensor, ascending; absent where there is none."""
        readers: dict[str, list[int]] = {}
        for index, node in enumerate(self.nodes):
            for name in dict.fromkeys(node.inputs):
                if name:
                    readers.setdefault(name, []).append(index)
        return {name: tuple(indices) for name, indices in readers.items()}

    @property
    def is_bound(self) -> bool:
        """Whether every dimension is a number and every tensor has its type."""
        return all(name in self.tensors for node in self.nodes for name in node.outputs if name) and all(
            isinstance(size, int) for tensor in self.tensors.values() for size in tensor.shape
        )

    def weight_bytes(self) -> int:
        """Bytes of the constants in their own element types."""
        return sum(self.tensors[name].size_bytes for name in self.constants)
