"""Arrays on their way back to the notebook: those that share memory where the cell ran share it there.

While a cell's values are gathered, nodes of new arrays hold the memory where they are. A part of an array that the
notebook has comes back as that part of the notebook's own; what shares memory otherwise, as views of one array; and the
rest is copied once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from npusdk.cell import nodes as n
from npusdk.cell.capture import adopt
from npusdk.cell.encoder import Encoder
from npusdk.cell.hands import Hands
from npusdk.cell.overlaps import find_views, groups, join


class KnownArrays:
    """Arrays that the cell was given.

    Parameters
    ----------
    nodes
        The bundle's.
    given
        What the cell had of them, by position.
    """

    def __init__(self, nodes: Sequence[n.Node], given: Sequence[object], hands: Hands) -> None:
        self._given, self._hands = given, hands
        self._places = [index for index, node in enumerate(nodes) if isinstance(node, (n.Array, n.View))]

    def link(self, encoder: Encoder) -> None:
        """Let new arrays that are parts of those be parts of the notebook's."""
        new = [index for index, node in enumerate(encoder.nodes) if isinstance(node, n.Array) and not node.stays]
        if not (new and self._places):
            return
        arrays = [n.Array("", self._memory(index)) for index in self._places]
        arrays += [node for index in new if isinstance(node := encoder.nodes[index], n.Array)]
        known = len(self._places)
        for group in groups(arrays):
            bases = {place: arrays[place].data for place in group if place < known}
            parts = {place: arrays[place].data for place in group if place >= known}
            for place, view in find_views(bases, parts).items():
                encoder.nodes[new[place - known]] = replace(view, base=self._ref(encoder, new, view.base.index))

    def _ref(self, encoder: Encoder, new: Sequence[int], place: int) -> n.Ref:
        """Return a reference to what stands at a place among known arrays and new ones."""
        known = len(self._places)
        return n.Ref(new[place - known]) if place >= known else encoder.reference(self._given[self._places[place]])

    def _memory(self, index: int) -> n.Data:
        value = self._given[index]
        return self._hands.memory(value) if self._hands.owns(value) else np.asarray(value)


def finish(encoder: Encoder, hands: Hands) -> None:
    """Let new arrays that share memory be views of one, and copy the others to the host."""
    for group in list(groups(encoder.finished())):
        owner, views = join(encoder.finished(), group)
        adopt(encoder, owner, views)
        for index in views if owner is not None else ():
            _take(encoder.objects[index], encoder.path(index), hands)
    for index, node in enumerate(encoder.nodes):
        if isinstance(node, n.Array):
            value = encoder.objects[index]
            taken = hands.take(value, node.name) if hands.owns(value) else node.data.copy(order="K")
            encoder.nodes[index] = replace(node, data=np.asarray(taken))


def _take(value: object, name: str, hands: Hands) -> None:
    """Count an array as brought back whose elements come with those of another."""
    if hands.owns(value):
        hands.take(value, name)
