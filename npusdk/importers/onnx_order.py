"""Names and order of nodes: unique names, single assignment, every node after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from npusdk.graph import Node
from npusdk.importers.onnx_refusals import broken
from npusdk.language import _


@dataclass
class Names:
    """Names that are taken.

    Parameters
    ----------
    taken
        All of them.
    """

    taken: set[str] = field(default_factory=set)
    _next: dict[str, int] = field(default_factory=dict)

    def fresh(self, stem: str) -> str:
        """Take and return `stem`, or `stem` with the first free number from 2 on."""
        name, number = stem, self._next.get(stem, 2)
        while name in self.taken:
            name = f"{stem}_{number}"
            number += 1
        self._next[stem] = number
        self.taken.add(name)
        return name


def unique_names(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes with names of their own; a name that occurs again gets a number."""
    names = Names()
    return [replace(node, name=names.fresh(node.name)) for node in nodes]


def sort_nodes(nodes: Sequence[Node], known: Iterable[str]) -> list[Node]:
    """Return the nodes in topological order, as near to the given one as can be.

    Parameters
    ----------
    known
        Names of inputs and constants.

    Raises
    ------
    ModelFormatError
        If a tensor is made twice or by nothing, or nodes wait for each other in a circle.
    """
    makers = _makers(nodes, known)
    available = {name for name, index in makers.items() if index < 0}
    ordered: list[Node] = []
    for node in nodes:
        if not all(name in available for name in node.inputs if name):
            break
        ordered.append(node)
        available.update(node.outputs)
    if len(ordered) < len(nodes):
        return _sorted(nodes, makers)
    return ordered


def _makers(nodes: Sequence[Node], known: Iterable[str]) -> dict[str, int]:
    """Return which node makes each tensor; -1 for inputs and constants."""
    makers = dict.fromkeys(known, -1)
    for index, node in enumerate(nodes):
        for name in node.outputs:
            if name in makers:
                broken(
                    _("Node {node} ({op}): output {tensor} is already defined."),
                    node=node.name,
                    op=node.op,
                    tensor=name,
                )
            if name:
                makers[name] = index
    for node in nodes:
        for name in node.inputs:
            if name and name not in makers:
                template = _(
                    "Node {node} ({op}): input {tensor} is neither an input, nor an initializer, nor an output."
                )
                broken(template, node=node.name, op=node.op, tensor=name)
    return makers


def _sorted(nodes: Sequence[Node], makers: dict[str, int]) -> list[Node]:
    waits = {
        index: {makers[name] for name in node.inputs if name and makers[name] >= 0} for index, node in enumerate(nodes)
    }
    try:
        return [nodes[index] for index in TopologicalSorter(waits).static_order()]
    except CycleError as error:
        node = nodes[error.args[1][0]]
        broken(_("Node {node} ({op}) reads what it makes itself, by way of other nodes."), node=node.name, op=node.op)
