"""Making a graph node by node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from npusdk.graph.checking import check_graph
from npusdk.graph.ir import Array, Attribute, Graph, Node, Tensor


class GraphBuilder:
    """Collects inputs, constants and nodes, and builds an open graph of them.

    Examples
    --------
    >>> build = GraphBuilder("line")
    >>> x = build.input("x", (1, 3))
    >>> w = build.constant(np.ones((3, 2), np.float32), "w")
    >>> graph = build.build([build.op("MatMul", x, w)])
    >>> graph.inputs, graph.outputs
    (('x',), ('MatMul_1',))
    """

    def __init__(self, name: str = "graph") -> None:
        self.name = name
        self._nodes: list[Node] = []
        self._inputs: list[str] = []
        self._tensors: dict[str, Tensor] = {}
        self._constants: dict[str, Array] = {}

    def _fresh(self, stem: str) -> str:
        return f"{stem}_{len(self._nodes) + len(self._constants)}"

    def input(self, name: str, shape: Sequence[int | str], dtype: str = "float32") -> str:
        """Add an input and return its name."""
        self._inputs.append(name)
        self._tensors[name] = Tensor(name, dtype, tuple(shape))
        return name

    def constant(self, value: npt.ArrayLike, name: str = "", dtype: str = "") -> str:
        """Add a constant and return its name; `dtype` is needed for bfloat16 only, which float32 stores."""
        array = np.asarray(value)
        name = name or self._fresh("constant")
        self._constants[name] = array
        self._tensors[name] = Tensor(name, dtype or str(array.dtype), array.shape)
        return name

    def op(self, op: str, *inputs: str, outputs: Sequence[str] = (), name: str = "", **attrs: Attribute) -> str:
        """Add a node and return the name of its first output.

        Parameters
        ----------
        outputs
            Names of the outputs; one with the node's name by default.
        """
        name = name or (outputs[0] if outputs else self._fresh(op))
        self._nodes.append(Node(op, name, inputs, tuple(outputs) or (name,), attrs))
        return self._nodes[-1].outputs[0]

    def build(self, outputs: Sequence[str]) -> Graph:
        """Return the graph, checked."""
        graph = Graph(
            self.name, tuple(self._nodes), tuple(self._inputs), tuple(outputs), self._tensors, self._constants
        )
        check_graph(graph)
        return graph
