"""Names for what lies in memory already: views, and joins and cuts that move nothing.

A `Concat` or `Split` along axis 1, the outermost axis of a sample (the channels of an image), is done in place by
compilers for inference: makers write, and readers read, the parts where they lie. It moves nothing where a step on the
device made all that it joins or cuts, and no caller and no step on the host gets any of it: those want one buffer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from npusdk.compiler.plan import Plan, Step
from npusdk.cost.work import Work
from npusdk.graph import Graph, Node

IN_PLACE: Mapping[str, int | None] = MappingProxyType({"Concat": None, "Split": 0})
"""Operators that join or cut, and the default of their axis."""

Portions: TypeAlias = tuple[tuple[str, int], ...]
"""What a name stands for: values, in the order of axis 1, each with the elements of it that are meant."""


def moving_steps(plan: Plan, works: Sequence[Sequence[Work]]) -> tuple[bool, ...]:
    """Return whether each step of a plan moves bytes: a view does not, nor does what joins or cuts in place."""
    views = [
        step.kind == "view" or not any(work.moves for work in group)
        for step, group in zip(plan.steps, works, strict=True)
    ]
    made, taken = _made(plan, views), _taken(plan, views)
    return tuple(
        not (is_view or (_joins_or_cuts(step, plan.graph) and _touched(step) <= made - taken))
        for step, is_view in zip(plan.steps, views, strict=True)
    )


def _made(plan: Plan, views: Sequence[bool]) -> set[str]:
    """Return the names of what steps on the device made, under whatever shape."""
    made: set[str] = set()
    for step, is_view in zip(plan.steps, views, strict=True):
        if is_view:
            for node in step.nodes:
                made.update(node.outputs if node.inputs[0] in made else ())
        elif step.placement == "device":
            made.update(step.outputs)
    return made


def _taken(plan: Plan, views: Sequence[bool]) -> set[str]:
    """Return the names of what a caller or a step on the host gets, under whatever shape."""
    taken = set(plan.graph.outputs)
    for step, is_view in zip(reversed(plan.steps), reversed(views), strict=True):
        if is_view:
            for node in reversed(step.nodes):
                taken.update(node.inputs[:1] if not taken.isdisjoint(node.outputs) else ())
        elif step.placement == "host":
            taken.update(step.inputs)
    return taken


def _joins_or_cuts(step: Step, graph: Graph) -> bool:
    """Whether a step does nothing but join or cut along axis 1."""
    node = step.nodes[0]
    if len(step.nodes) > 1 or node.op not in IN_PLACE:
        return False
    axis = node.attrs.get("axis", IN_PLACE[node.op])
    rank = len(graph.tensors[node.inputs[0]].shape)
    return rank > 1 and axis in (1, 1 - rank) and all(node.outputs)


def _touched(step: Step) -> set[str]:
    return {*_viewed(step.nodes[0]), *step.nodes[0].outputs}


def _viewed(node: Node) -> tuple[str, ...]:
    """Return the inputs of which the outputs of a node that moves nothing are made."""
    return node.inputs if node.op == "Concat" else node.inputs[:1]


class Aliases:
    """What every name stands for, as the steps that move nothing are added one after another.

    Parameters
    ----------
    graph
        The plan's graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._portions: dict[str, Portions] = {}

    def portions(self, name: str) -> Portions:
        """Return the values of which a tensor is made; their elements add up to the tensor's."""
        own = self._portions.get(name)
        return ((name, self._graph.tensors[name].elements),) if own is None else own

    def deal(self, amount: int, name: str) -> Portions:
        """Return `amount`, such as the bytes that are read of a tensor, dealt out to the values that it is made of."""
        own = self._portions.get(name)
        return ((name, amount),) if own is None else deal(amount, own)

    def add(self, step: Step) -> None:
        """Let the outputs of a step that moves nothing be names of parts of what it views."""
        for node in step.nodes:
            whole = _joined(part for name in _viewed(node) for part in self.portions(name))
            start = 0
            for name in filter(None, node.outputs):
                elements = self._graph.tensors[name].elements
                cut = _cut(whole, start, start + elements) if node.op == "Split" else deal(elements, whole)
                self._portions[name] = cut
                start += elements


def _joined(parts: Iterable[tuple[str, int]]) -> Portions:
    """Return parts in their order, neighbours of one value as one."""
    joined: list[tuple[str, int]] = []
    for root, elements in parts:
        if joined and joined[-1][0] == root:
            joined[-1] = (root, joined[-1][1] + elements)
        else:
            joined.append((root, elements))
    return tuple(joined)


def _cut(portions: Portions, start: int, stop: int) -> Portions:
    """Return the portions of the elements from `start` to `stop`."""
    found: list[tuple[str, int]] = []
    first = 0
    for root, elements in portions:
        inside = min(first + elements, stop) - max(first, start)
        if inside > 0:
            found.append((root, inside))
        first += elements
    return tuple(found)


def deal(amount: int, portions: Portions) -> Portions:
    """Return `amount` dealt out in proportion to the elements of the portions; nothing of it is lost by rounding."""
    if len(portions) == 1:
        return ((portions[0][0], amount),)
    whole = sum(elements for _, elements in portions) or 1
    shares: list[tuple[str, int]] = []
    end = dealt = 0
    for root, elements in portions:
        end += elements
        shares.append((root, amount * end // whole - dealt))
        dealt += shares[-1][1]
    return tuple(shares)
