"""Pass 4: groups of nodes become frozen steps, each with the arithmetic it runs in."""

from __future__ import annotations

from npusdk.compiler.fusion import MATRIX, QUANTIZERS, Group
from npusdk.compiler.plan import Arithmetic, Step
from npusdk.graph import Graph, Node


def make_steps(graph: Graph, groups: list[Group], precision: str) -> tuple[Step, ...]:
    """Return one step for each group, in order; what only its own nodes read does not cross its border."""
    readers: dict[str, set[int]] = {}
    for place, group in enumerate(groups):
        for index in group.nodes:
            for name in graph.nodes[index].inputs:
                readers.setdefault(name, set()).add(place)
    members: dict[int, set[int]] = {}
    for place, group in enumerate(groups):
        for index in group.nodes:
            members.setdefault(index, set()).add(place)
    steps = []
    for group in groups:
        nodes = [(index, graph.nodes[index]) for index in sorted(group.nodes)]
        made = {name for _, node in nodes for name in node.outputs if name}
        inputs = dict.fromkeys(n for _, node in nodes for n in node.inputs if n and n not in made)
        outputs = [
            name
            for index, node in nodes
            for name in node.outputs
            if name and (name in graph.outputs or readers.get(name, set()) - members[index])
        ]
        ordered = tuple(node for _, node in nodes)
        steps.append(
            Step(
                name=_main(ordered).name,
                kind=group.kind,
                nodes=ordered,
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                placement=group.placement,
                arithmetic=_arithmetic(ordered, group, precision),
            )
        )
    return tuple(steps)


def _main(nodes: tuple[Node, ...]) -> Node:
    """Return the node that gives a step its work."""
    products = [node for node in nodes if node.op in MATRIX]
    others = [node for node in nodes if node.op not in QUANTIZERS]
    return (products or others or list(nodes))[0]


def _arithmetic(nodes: tuple[Node, ...], group: Group, precision: str) -> Arithmetic:
    """Return how a step computes (see `Step`)."""
    if precision == "exact" or group.placement == "host":
        return "exact"
    if precision.startswith("int"):
        is_quantized = nodes[-1].op == "QuantizeLinear" and any(node.op == "DequantizeLinear" for node in nodes)
        return "integer" if is_quantized else "exact"
    return "rounded"
