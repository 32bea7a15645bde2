"""Nodes to values.

What can be changed is made empty and filled later, so that values may hold themselves; what cannot, after everything in
it. The walk goes into depth, without calling itself, so that whatever a set or a dict has to hash is complete by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CellType
from typing import Any

import numpy as np

from npusdk.cell import nodes as n
from npusdk.cell.values import MAPPINGS, SEQUENCES, make, random_of

_MISSING = object()


@dataclass(frozen=True)
class Surroundings:
    """Where values are made.

    Parameters
    ----------
    namespace
        Globals of functions.
    place
        Makes an array of its node.
    find
        Finds what has a dotted name.
    randomness
        What the cell sees of a random generator of NumPy.
    originals
        What the notebook has already, by position in the bundle.
    """

    namespace: dict[str, Any]
    place: Callable[[n.Array], object]
    find: Callable[[n.Imported], object]
    randomness: Callable[[Any], object] = lambda generator: generator
    originals: Sequence[object] = ()


class Decoder:
    """Values of nodes; `values` has those that are made, by position."""

    def __init__(self, nodes: Sequence[n.Node], surroundings: Surroundings, rules: Mapping[type, Rule]) -> None:
        self.nodes = nodes
        self.surroundings = surroundings
        self.values: list[Any] = [_MISSING] * len(nodes)
        self._rules = rules
        self._state = bytearray(len(nodes))  # 0 not seen, 1 waiting for what it needs, 2 made, 3 being filled or filled
        self._late: list[int] = []

    def item(self, item: n.Item) -> Any:
        """Return the value of an item, which must be made."""
        return self.values[item.index] if isinstance(item, n.Ref) else item

    def items(self, items: Sequence[n.Item]) -> list[Any]:
        """Return the values of items, which must be made."""
        if n.Ref not in set(map(type, items)):
            return list(items)
        return [self.item(item) for item in items]

    def has(self, index: int) -> bool:
        """Return whether the value of a node is made."""
        return self.values[index] is not _MISSING

    def run(self, roots: Sequence[n.Item]) -> None:
        """Make whatever the roots lead to.

        Raises
        ------
        SerializationError
            If something cannot be had here.
        """
        stack = [root.index for root in reversed(roots) if isinstance(root, n.Ref)]
        while stack:
            self._visit(stack)
        for index in self._late:
            self._rule(index).fill(self, self.nodes[index], self.values[index])
        self._late.clear()

    def _rule(self, index: int) -> Rule:
        return self._rules[type(self.nodes[index])]

    def _visit(self, stack: list[int]) -> None:
        index = stack[-1]
        node, rule, state = self.nodes[index], self._rule(index), self._state[index]
        if state == 0:
            self._state[index] = 1
            stack.extend(self._unseen(rule.needs(node)))
        elif state == 1:
            if not self.has(index):
                self.values[index] = rule.make(self, node)
            self._state[index] = 2
            stack.extend(self._unseen(n.references(node)))
        else:
            stack.pop()
            if state == 2:
                self._state[index] = 3
                self._fill(index, rule)

    def _unseen(self, indices: Sequence[int]) -> list[int]:
        return [index for index in reversed(indices) if self._state[index] == 0]

    def _fill(self, index: int, rule: Rule) -> None:
        node = self.nodes[index]
        if all(self.has(child) for child in n.references(node)):
            rule.fill(self, node, self.values[index])
        else:
            self._late.append(index)


def _nothing(_node: Any) -> tuple[int, ...]:
    return ()


def _filled(_decoder: Decoder, _node: Any, _value: Any) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Rule:
    """How the value of one kind of node is made.

    Parameters
    ----------
    make
        Makes it, complete or empty.
    fill
        Completes it.
    needs
        Positions of what has to be made before it.
    """

    make: Callable[[Decoder, Any], Any]
    fill: Callable[[Decoder, Any, Any], None] = _filled
    needs: Callable[[Any], tuple[int, ...]] = _nothing


def fill_sequence(decoder: Decoder, node: n.Sequence, value: Any) -> None:
    """Put the items of a list, set or deque into it; what it held is gone."""
    if node.kind in {"list", "set", "deque", "bytearray"}:
        value.clear()
        (value.update if node.kind == "set" else value.extend)(decoder.items(node.items))


def _make_sequence(decoder: Decoder, node: n.Sequence) -> Any:
    if node.kind in {"tuple", "frozenset"}:
        return SEQUENCES[node.kind](decoder.items(node.items))
    return SEQUENCES[node.kind]([], node.limit) if node.kind == "deque" else SEQUENCES[node.kind]()


def _sequence_needs(node: n.Sequence) -> tuple[int, ...]:
    return n.references(node) if node.kind in {"tuple", "frozenset"} else ()


def fill_mapping(decoder: Decoder, node: n.Mapping, value: Any) -> None:
    """Put the pairs of a dict into it; what it held is gone."""
    value.clear()
    if node.kind == "defaultdict":
        value.default_factory = decoder.item(node.factory)
    for key, entry in zip(node.keys, node.values, strict=True):
        dict.__setitem__(value, decoder.item(key), decoder.item(entry))
    if node.kind == "OrderedDict":
        pairs = list(zip(decoder.items(node.keys), decoder.items(node.values), strict=True))
        value.clear()
        value.update(pairs)


def _make_objects(_decoder: Decoder, node: n.Objects) -> Any:
    return np.empty(node.shape, dtype=object)


def fill_objects(decoder: Decoder, node: n.Objects, value: Any) -> None:
    """Put the elements of an array of objects into it."""
    for place, entry in zip(np.ndindex(node.shape), decoder.items(node.items), strict=True):
        value[place] = entry


def _make_view(decoder: Decoder, node: n.View) -> Any:
    return view_of(decoder.item(node.base), node)


def view_of(base: Any, node: n.View) -> Any:
    """Return the part of an array that a node tells, in the memory of that array."""
    index = tuple(entry if isinstance(entry, int) else slice(*entry) for entry in node.index)
    part = base[index] if index else base
    turned = part.transpose(node.axes) if node.axes != tuple(range(len(node.axes))) else part
    return turned if tuple(turned.shape) == node.shape else turned.reshape(node.shape)


def fill_cell(decoder: Decoder, node: n.Cell, value: Any) -> None:
    """Give a variable that functions share its value."""
    if node.filled:
        value.cell_contents = decoder.item(node.content)
    else:
        del value.cell_contents


def _make_random(decoder: Decoder, node: n.Random) -> Any:
    return decoder.surroundings.randomness(random_of(node.kind, node.bits, decoder.item(node.state)))


PLAIN: dict[type, Rule] = {
    n.Sequence: Rule(_make_sequence, fill_sequence, _sequence_needs),
    n.Mapping: Rule(lambda _decoder, node: MAPPINGS[node.kind](), fill_mapping),
    n.Built: Rule(lambda decoder, node: make(node.maker, tuple(decoder.items(node.arguments))), needs=n.references),
    n.Array: Rule(lambda decoder, node: decoder.surroundings.place(node)),
    n.View: Rule(_make_view, needs=n.references),
    n.Objects: Rule(_make_objects, fill_objects),
    n.NumpyScalar: Rule(lambda _decoder, node: node.data[()]),
    n.Random: Rule(_make_random, needs=n.references),
    n.Imported: Rule(lambda decoder, node: decoder.surroundings.find(node)),
    n.Source: Rule(lambda _decoder, node: node.text),
    n.Original: Rule(lambda decoder, node: decoder.surroundings.originals[node.index]),
    n.Cell: Rule(lambda _decoder, _node: CellType(), fill_cell),
    n.Patch: Rule(lambda _decoder, node: node),
}
"""The rule of each kind of node that a value of Python's own is made of."""
