"""Finds attention: a softmax between two matrix products, with the scale, the mask and the transpositions around it."""

from __future__ import annotations

from collections.abc import Iterator

from npusdk.graph import Graph, Node

_BEFORE_SOFTMAX = frozenset({"Add", "Sub", "Mul", "Div", "Where", "Cast", "Identity", "Reshape"})
_AFTER_SOFTMAX = frozenset({"Cast", "Identity", "Dropout", "Where"})
_ARRANGES = frozenset({"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Split", "Slice", "Gather", "Mul", "Div"})
_FOLLOWS = frozenset({"Transpose", "Reshape"})


def find_attention(graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Return the node indices of every attention, ascending; inner results are read by nobody outside.

    A pattern is: product of two computed tensors; scale and mask; softmax over the last axis; product with a third
    computed tensor. What only arranges or scales the operands, or arranges the result, belongs to it; so does the guard
    that exporters put behind a softmax whose mask may hide a whole row, Where(IsNaN(p), 0, p).
    """
    found = (_from_softmax(graph, index) for index, node in enumerate(graph.nodes) if node.op == "Softmax")
    return tuple(tuple(sorted(indices)) for indices in found if indices)


def _from_softmax(graph: Graph, softmax: int) -> set[int]:
    node = graph.nodes[softmax]
    if node.attrs.get("axis", -1) not in (-1, len(graph.tensors[node.inputs[0]].shape) - 1):
        return set()
    scores = _walk_back(graph, node.inputs[0])
    weighted = _walk_forward(graph, softmax)
    if not scores or not weighted:
        return set()
    first, last = scores[-1], weighted[-1]
    operands = [*graph.nodes[first].inputs[:2], graph.nodes[last].inputs[1]]
    inside = {softmax, *scores, *weighted}
    return inside | _moved_before(graph, operands, inside) | set(_moved_after(graph, last))


def _walk_back(graph: Graph, name: str) -> list[int]:
    """Return the nodes from the softmax's input back to the product of queries and keys, that product last."""
    chain: list[int] = []
    while _is_private(graph, name) and name in graph.producers:
        index = graph.producers[name]
        node = graph.nodes[index]
        chain.append(index)
        if node.op == "MatMul":
            return chain if not set(node.inputs) & set(graph.constants) else []
        if node.op not in _BEFORE_SOFTMAX:
            return []
        data = [i for i in node.inputs if i in graph.producers and _is_scores(graph, node, i)]
        if not data:
            return []
        name = next((i for i in data if _leads_to_product(graph, i)), data[0])
    return []


def _is_scores(graph: Graph, node: Node, operand: str) -> bool:
    """Whether an operand holds what the node gives: as large, or the same rows in another arrangement."""
    before, after = graph.tensors[operand].shape, graph.tensors[node.outputs[0]].shape
    return before == after or (node.op == "Reshape" and before[-1:] == after[-1:])


def _leads_to_product(graph: Graph, name: str) -> bool:
    node = graph.nodes[graph.producers[name]]
    return node.op == "MatMul" or node.op in _BEFORE_SOFTMAX


def _walk_forward(graph: Graph, softmax: int) -> list[int]:
    """Return the nodes from the softmax to the product with the values, that product last."""
    name = graph.nodes[softmax].outputs[0]
    chain = _nan_guard(graph, name)
    name = graph.nodes[chain[-1]].outputs[0] if chain else name
    while _is_private(graph, name):
        index = graph.consumers[name][0]
        node = graph.nodes[index]
        chain.append(index)
        if node.op == "MatMul":
            return chain if node.inputs[0] == name and node.inputs[1] not in graph.constants else []
        if node.op not in _AFTER_SOFTMAX:
            return []
        name = node.outputs[0]
    return []


def _nan_guard(graph: Graph, name: str) -> list[int]:
    """Return the nodes of Where(IsNaN(p), 0, p) behind a softmax `name`; none where it is read otherwise."""
    readers = graph.consumers.get(name, ())
    if len(readers) != 2 or name in graph.outputs:
        return []
    test, choice = (graph.nodes[index] for index in readers)
    guards = test.op == "IsNaN" and choice.op == "Where" and choice.inputs[0] == test.outputs[0]
    return list(readers) if guards and _is_private(graph, test.outputs[0]) else []


def _moved_before(graph: Graph, operands: list[str], inside: set[int]) -> set[int]:
    """Return the nodes that only arrange or scale the operands: transpositions, splits, reshapes, constant factors."""
    found: set[int] = set()
    waiting = list(operands)
    while waiting:
        index = graph.producers.get(waiting.pop())
        if index is None or index in found:
            continue
        node = graph.nodes[index]
        if node.op not in _ARRANGES or any(other not in graph.constants for other in node.inputs[1:] if other):
            continue
        readers = {i for name in node.outputs for i in graph.consumers.get(name, ())}
        if readers <= inside | found and not set(node.outputs) & set(graph.outputs):
            found.add(index)
            waiting.append(node.inputs[0])
    return found


def _moved_after(graph: Graph, last: int) -> Iterator[int]:
    """Yield the transposition and the reshape that follow the last product."""
    name = graph.nodes[last].outputs[0]
    while _is_private(graph, name):
        index = graph.consumers[name][0]
        node = graph.nodes[index]
        if node.op not in _FOLLOWS or node.inputs[0] != name:
            return
        yield index
        name = node.outputs[0]


def _is_private(graph: Graph, name: str) -> bool:
    """Whether exactly one node reads the tensor."""
    return len(graph.consumers.get(name, ())) == 1 and name not in graph.outputs
