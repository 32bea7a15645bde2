"""What a cell leaves behind, gathered when it has run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from npusdk.cell import nodes as n
from npusdk.cell import returning
from npusdk.cell.bundle import Bundle, Outcome
from npusdk.cell.capture import KINDS
from npusdk.cell.changes import patch, watch_of
from npusdk.cell.classes import carried
from npusdk.cell.decoder import Decoder
from npusdk.cell.encoder import Encoder
from npusdk.cell.hands import Hands
from npusdk.cell.imports import stood_in
from npusdk.cell.values import EXACT
from npusdk.errors import SerializationError
from npusdk.language import _


class Harvest:
    """What there was before a cell ran, to tell what it changed.

    Parameters
    ----------
    decoder
        What the cell was given, by position in the bundle.
    modules
        What stands in for modules.
    """

    def __init__(self, bundle: Bundle, decoder: Decoder, hands: Hands, modules: Mapping[str, object]) -> None:
        self._bundle, self._given, self._hands, self._modules = bundle, decoder.values, hands, modules
        self._watched = {index: watch for index, node in enumerate(bundle.nodes) if (watch := watch_of(node))}
        self._notes = {index: watch.note(self._given[index]) for index, watch in self._watched.items()}
        known = {id(value): index for index, value in enumerate(self._given)}
        self._known_arrays = returning.KnownArrays(bundle.nodes, self._given, hands)
        self._encoder = Encoder(
            decoder.surroundings.namespace,
            exact=EXACT,
            kinds=(self._stand_in, self._from_device, *KINDS),
            known=known,
            sources={bundle.label: bundle.source},
        )

    def gather(self, namespace: dict[str, Any], initial: Mapping[str, object], result: tuple[object, bool]) -> Outcome:
        """Return what the cell leaves behind.

        Parameters
        ----------
        initial
            The names that the cell was given.
        result
            The value of the last expression, and whether there is one.

        Raises
        ------
        SerializationError
            If something cannot go back to the notebook.
        """
        values = self._values(namespace, initial)
        self._encoder.run()
        answer, written = self._answer(*result), self._written()
        returning.finish(self._encoder, self._hands)
        asked = self._bundle.names_out
        return Outcome(
            bundle=self._bundle,
            nodes=self._encoder.finished(),
            values=values,
            written=written,
            deleted=tuple(name for name in initial if name not in namespace and (asked is None or name in asked)),
            answer=answer,
            has_result=result[1],
        )

    def _values(self, namespace: dict[str, Any], initial: Mapping[str, object]) -> dict[str, n.Item]:
        asked = self._bundle.names_out
        missing = [name for name in asked or () if name not in namespace and name not in initial]
        if missing:
            raise SerializationError(
                _("the cell did not assign the name {name}, which --out asks for"),
                hint=_("Assign it on every way through the cell, or take it out of --out."),
                name=missing[0],
            )
        values: dict[str, n.Item] = {}
        for name, value in namespace.items():
            is_new = name not in initial or value is not initial[name]
            if not is_new or (name.startswith("__") and name.endswith("__")) or (asked and name not in asked):
                continue
            if name.startswith("_"):
                item, travels = self._encoder.attempt(value, name)
                if travels:
                    values[name] = item
            else:
                values[name] = self._encoder.item(value, name)
        return values

    def _answer(self, result: object, has_result: bool) -> n.Item:
        if not has_result:
            return None
        item, travels = self._encoder.attempt(result, "the result")
        if travels:
            return item
        texts = {"text/plain": repr(result)}
        html = getattr(result, "_repr_html_", None)
        made = html() if callable(html) and not isinstance(result, type) else None
        if isinstance(made, str):
            texts["text/html"] = made
        return self._encoder.insert(n.Shown(tuple(texts), tuple(texts.values())), result)

    def _written(self) -> tuple[tuple[int, n.Ref], ...]:
        """Return what was changed in place; with `--out`, only where the names that come back lead to it."""
        waiting = set(range(len(self._bundle.nodes)))
        self._known_arrays.link(self._encoder)
        if self._bundle.names_out is not None:
            asked = map(self._bundle.roots.get, self._bundle.names_out)
            waiting = self._reachable([ref.index for ref in asked if isinstance(ref, n.Ref)] + self._originals())
        written: dict[int, n.Ref] = {}
        done: set[int] = set()
        while waiting:
            for index in sorted(waiting):
                ref = self._change(index)
                if ref is not None:
                    written[index] = ref
            self._encoder.run()
            self._known_arrays.link(self._encoder)
            done |= waiting
            waiting = self._reachable(self._originals()) - done
        self._refuse_overlaps(written)
        return tuple(written.items())

    def _originals(self) -> list[int]:
        return [node.index for node in self._encoder.nodes if isinstance(node, n.Original)]

    def _reachable(self, indices: Iterable[int]) -> set[int]:
        found: set[int] = set()
        waiting = list(indices)
        while waiting:
            index = waiting.pop()
            if index not in found:
                found.add(index)
                waiting.extend(n.references(self._bundle.nodes[index]))
        return found

    def _change(self, index: int) -> n.Ref | None:
        """Return what a captured value is now, if it is not as it was."""
        node, value = self._bundle.nodes[index], self._given[index]
        if isinstance(node, n.Array):
            changes = patch(node, value, self._hands)
            return None if changes is None else self._encoder.insert(changes, changes)
        watch = self._watched.get(index)
        if watch is None or watch.same(self._notes[index], watch.note(value)):
            return None
        if isinstance(node, n.Class):
            return self._class_change(index, value)
        return self._encoder.describe(value, self._name(index))

    def _class_change(self, index: int, value: type) -> n.Ref:
        noted = self._notes[index]
        half = len(noted) // 2
        before = dict(zip(noted[:half], noted[half:], strict=True))
        after = carried(value)
        changes = {name: entry for name, entry in after.items() if name not in before or before[name] is not entry}
        return self._encoder.describe((changes, [name for name in before if name not in after]), self._name(index))

    def _name(self, index: int) -> str:
        node = self._bundle.nodes[index]
        if isinstance(node, n.Class):
            return str(node.names[0])
        return next((name for name, root in self._bundle.roots.items() if root == n.Ref(index)), "")

    def _refuse_overlaps(self, written: Mapping[int, n.Ref]) -> None:
        for group in self._bundle.overlaps:
            if any(index in written for index in group):
                names = [node.name for index in group if isinstance(node := self._bundle.nodes[index], n.Array)]
                raise SerializationError(
                    _("the cell assigned to elements of an array that shares memory with another: {names}"),
                    hint=_("Copy one of them before the cell."),
                    names=", ".join(names),
                )

    def _stand_in(self, _encoder: Encoder, value: object) -> n.Node | None:
        return stood_in(value, self._modules)

    def _from_device(self, encoder: Encoder, value: object) -> n.Node | None:
        if not self._hands.owns(value):
            return None
        memory = self._hands.memory(value)  # arrays are taken at the end, when it is known which are views of others
        if memory.ndim:
            return n.Array(encoder.here, memory)
        return n.NumpyScalar(np.array(self._hands.take(value, encoder.here)))
