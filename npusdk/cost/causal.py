"""Causal attention: a query sees earlier keys only, so half of the scores are computed, and half of what follows."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Literal, TypeAlias

from npusdk.cost.work import Gemm, Work, work_of
from npusdk.graph import Graph

Part: TypeAlias = Literal["scores", "between", "sum"]


def causal_parts(graph: Graph, causal: AbstractSet[str]) -> dict[str, Part]:
    """Return by node name which part of an attention it is: `causal` names the products, not what is between them.

    A product whose left operand was made by a softmax, without another product between, is the weighted sum. Between
    the products are the operators on tensors as large as that softmax's.
    """
    parts: dict[str, Part] = {}
    for node in graph.nodes:
        if node.name not in causal:
            continue
        before = _nodes_before(graph, node.inputs[0])
        softmax = next((graph.nodes[index] for index in before if graph.nodes[index].op == "Softmax"), None)
        parts[node.name] = "sum" if softmax else "scores"
        if softmax:
            size = graph.tensors[softmax.outputs[0]].elements
            parts.update(
                (other.name, "between")
                for other in map(graph.nodes.__getitem__, before)
                if graph.tensors[other.outputs[0]].elements == size
            )
    return parts


def _nodes_before(graph: Graph, name: str) -> list[int]:
    """Return the nodes that lead to a tensor, back to matrix products."""
    found: list[int] = []
    open_names = [name]
    while open_names:
        index = graph.producers.get(open_names.pop())
        if index is None or index in found or work_of(graph.nodes[index], graph).gemms:
            continue
        found.append(index)
        open_names.extend(graph.nodes[index].inputs)
    return found


def halve(work: Work, part: Part) -> Work:
    """Return the work of one part of a causal attention: half the columns of the scores, half the depth of the sum."""
    gemms = tuple(
        Gemm(gemm.cnt, gemm.M, -(-gemm.N // 2), gemm.K)
        if part == "scores"
        else Gemm(gemm.cnt, gemm.M, gemm.N, -(-gemm.K // 2))
        for gemm in work.gemms
    )
    return replace(work, gemms=gemms, vector_ops=-(-work.vector_ops // 2))
