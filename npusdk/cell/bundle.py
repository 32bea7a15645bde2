"""What goes to where a cell runs, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from npusdk.cell.building import RULES
from npusdk.cell.decoder import Decoder, Surroundings
from npusdk.cell.imports import find_import
from npusdk.cell.manifest import manifest_of
from npusdk.cell.nodes import Item, Node, Ref
from npusdk.report import Manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """A cell and what it reads, as plain data.

    Parameters
    ----------
    source
        The text of the cell.
    label
        Its name in tracebacks.
    nodes
        Values, as `npusdk.cell.nodes` has them.
    roots
        What each name stands for.
    reads, writes
        Names that the cell uses before it assigns them, and names that it may assign.
    names_out
        The only names that come back; None for all that are assigned.
    withheld
        Names that the notebook has and that stay there.
    overlaps
        Positions of arrays that share memory in the notebook and could not be sent so.
    originals
        What the nodes were made of, by position. It stays in the notebook, and is empty anywhere else.
    """

    source: str
    label: str
    nodes: tuple[Node, ...]
    roots: Mapping[str, Item]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    names_out: tuple[str, ...] | None = None
    withheld: tuple[str, ...] = ()
    overlaps: tuple[tuple[int, ...], ...] = ()
    originals: Sequence[object] = field(default=(), repr=False, compare=False)

    def manifest(self) -> Manifest:
        """Return what goes along, by name, with its bytes, and the names that may come back."""
        writes = self.writes if self.names_out is None else self.names_out
        return manifest_of(self.nodes, self.roots, writes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cell leaves behind, as plain data.

    Parameters
    ----------
    bundle
        The cell that ran.
    nodes
        Values; what the notebook has already stands there as its position in the bundle.
    values
        What each name stands for that the cell assigned, functions and classes among them.
    written
        What was changed in place: positions in the bundle, and what is there now.
    deleted
        Names that are gone.
    answer
        What the result is made of.
    has_result
        Whether the cell ends in an expression whose value is to be shown.
    """

    bundle: Bundle
    nodes: tuple[Node, ...] = ()
    values: Mapping[str, Item] = field(default_factory=dict)
    written: tuple[tuple[int, Ref], ...] = ()
    deleted: tuple[str, ...] = ()
    answer: Item = None
    has_result: bool = False
    _made: list[Decoder] = field(default_factory=list, repr=False, compare=False)

    def decoded(self, namespace: dict[str, Any]) -> Decoder:
        """Return the values, made once; functions among them have `namespace` as their globals.

        Raises
        ------
        SerializationError
            If something cannot be had here.
        """
        if not self._made:
            surroundings = Surroundings(namespace, lambda node: node.data, find_import, originals=self.bundle.originals)
            decoder = Decoder(self.nodes, surroundings, RULES)
            decoder.run([*self.values.values(), *(ref for _index, ref in self.written), self.answer])
            self._made.append(decoder)
        return self._made[0]

    @property
    def result(self) -> Any:
        """The value of the last expression, on the host; None where there is none."""
        return self.decoded({}).item(self.answer)
