"""A small language for patterns of nodes: operators around variables and scalars, and a matcher that binds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import TypeAlias

import numpy as np

from npusdk.graph import Graph, Node

COMMUTATIVE = frozenset({"Add", "Mul"})


@dataclass(frozen=True, eq=False)
class Var:
    """Any tensor; the same variable stands for the same tensor everywhere in a pattern."""

    name: str


@dataclass(frozen=True, eq=False)
class Scalar:
    """A constant with one element, near `value` (relative 1e-3); None matches any."""

    value: float | None = None


@dataclass(frozen=True, eq=False)
class Op:
    """An operator applied to patterns; the same object twice in a pattern stands for the same tensor.

    Parameters
    ----------
    op
        Operator name.
    operands
        One pattern for each of the first inputs; further inputs are free.
    holds
        A further condition on the node.
    """

    op: str
    operands: tuple[Pattern, ...]
    holds: Callable[[Graph, Node], bool] = field(default=lambda _graph, _node: True)


@dataclass(frozen=True, eq=False)
class Either:
    """One of several patterns, tried in order."""

    choices: tuple[Pattern, ...]


Pattern: TypeAlias = Var | Scalar | Op | Either


@dataclass(frozen=True)
class Match:
    """What a pattern was found to be.

    Parameters
    ----------
    tensors
        Tensor of each pattern, by the pattern's identity.
    nodes
        Indices of the nodes that the pattern covers, the root's included.
    """

    tensors: dict[int, str]
    nodes: frozenset[int]

    def __getitem__(self, pattern: Pattern) -> str:
        return self.tensors[id(pattern)]

    def bind(self, pattern: Pattern, name: str, node: int | None = None) -> Match:
        """Return the match with one more pattern known."""
        nodes = self.nodes if node is None else self.nodes | {node}
        return Match({**self.tensors, id(pattern): name}, nodes)


def _is_scalar(graph: Graph, name: str, value: float | None) -> bool:
    constant = graph.constants.get(name)
    if constant is None or constant.size != 1 or constant.dtype.kind not in "fiu":
        return False
    return value is None or bool(np.isclose(float(constant.reshape(-1)[0]), value, rtol=1e-3, atol=0))


def _matches(graph: Graph, pattern: Pattern, name: str, match: Match) -> Iterator[Match]:
    """Yield every way in which `pattern` is the tensor `name`, given what is bound already."""
    if id(pattern) in match.tensors:
        if match[pattern] == name:
            yield match
    elif isinstance(pattern, Var):
        yield match.bind(pattern, name)
    elif isinstance(pattern, Scalar):
        if _is_scalar(graph, name, pattern.value):
            yield match.bind(pattern, name)
    elif isinstance(pattern, Either):
        for choice in pattern.choices:
            yield from (found.bind(pattern, name) for found in _matches(graph, choice, name, match))
    else:
        index = graph.producers.get(name)
        if index is not None:
            yield from _matches_node(graph, pattern, index, match.bind(pattern, name, index))


def _matches_node(graph: Graph, pattern: Op, index: int, match: Match) -> Iterator[Match]:
    node = graph.nodes[index]
    if node.op != pattern.op or len(node.inputs) < len(pattern.operands) or not pattern.holds(graph, node):
        return
    given = node.inputs[: len(pattern.operands)]
    orders = permutations(given) if node.op in COMMUTATIVE else iter((given,))
    for order in orders:
        yield from _matches_all(graph, tuple(zip(pattern.operands, order, strict=True)), match)


def _matches_all(graph: Graph, pairs: tuple[tuple[Pattern, str], ...], match: Match) -> Iterator[Match]:
    if not pairs:
        yield match
        return
    operand, name = pairs[0]
    for found in _matches(graph, operand, name, match):
        yield from _matches_all(graph, pairs[1:], found)


def find(graph: Graph, pattern: Op, index: int) -> Match | None:
    """Return how the node at `index` is the root of `pattern`, or None.

    A match whose inner results are read by anybody outside it, or are outputs of the graph, does not count.
    """
    root = graph.nodes[index]
    start = Match({}, frozenset({index})).bind(pattern, root.outputs[0], index)
    return next((m for m in _matches_node(graph, pattern, index, start) if _is_closed(graph, m, index)), None)


def _is_closed(graph: Graph, match: Match, root: int) -> bool:
    inner = (name for index in match.nodes if index != root for name in graph.nodes[index].outputs if name)
    return all(name not in graph.outputs and match.nodes.issuperset(graph.consumers.get(name, ())) for name in inner)
