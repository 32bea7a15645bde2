"""Finds rotary position embeddings (Su et al. 2021, equation 34): x cos + rotate(x) sin, as exporters write them out.

rotate(x) is the second half of x, negated, before the first half: Slice or Split, Neg and Concat. Written out it is six
or seven operators, of which none does more than move or scale what the others read.
"""

from __future__ import annotations

from npusdk.compiler.patterns import Either, Match, Op, Var, find
from npusdk.graph import Graph

_X = Var("x")
_FIRST = Either((Op("Slice", (_X,)), Op("Split", (_X,))))
_SECOND = Either((Op("Slice", (_X,)), Op("Split", (_X,))))
_ROTATED = Op("Concat", (Op("Neg", (_SECOND,)), _FIRST))
_ROTATION = Op("Add", (Op("Mul", (_X, Var("cos"))), Op("Mul", (_ROTATED, Var("sin")))))


def find_rotations(graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Return the node indices of every rotation, ascending; inner results are read by nobody outside."""
    matches = (find(graph, _ROTATION, index) for index, node in enumerate(graph.nodes) if node.op == "Add")
    return tuple(tuple(sorted((*match.nodes, *_parted(graph, match)))) for match in matches if match is not None)


def _parted(graph: Graph, match: Match) -> tuple[int, ...]:
    """Return the Split that alone reads what was turned, if one does."""
    (turned,) = graph.nodes[max(match.nodes)].outputs
    readers = graph.consumers.get(turned, ())
    alone = len(readers) == 1 and turned not in graph.outputs
    return readers if alone and graph.nodes[readers[0]].op == "Split" else ()
