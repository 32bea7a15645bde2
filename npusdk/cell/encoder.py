"""Values to nodes.

The encoder keeps a queue instead of calling itself, so that a list of ten thousand nested lists is no harder than one.
Which node a value becomes is a table by its exact type; what is not in the table is asked for by kind, and what has no
kind is refused by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from npusdk.cell.nodes import LEAVES, Item, Node, Original, Ref, Source
from npusdk.errors import SerializationError
from npusdk.language import _

Rule: TypeAlias = "Callable[[Encoder, Any], Node | None]"
"""Makes the node of a value, or returns None if the value is not of its kind."""


HINT = _(
    "Make an array, a number, a text, or a list, tuple, dict or set of those out of it,"
    " or name what travels with --in or --out."
)
"""The way out for most values that cannot travel."""


class RefusedError(Exception):
    """A rule's reason why a value cannot travel.

    Parameters
    ----------
    template
        Sentence with the fields `{path}` and `{type}`, which the encoder fills, and those of `params`.
    """

    def __init__(self, template: str, *, hint: str = HINT, **params: object) -> None:
        super().__init__(template)
        self.template, self.hint, self.params = template, hint, params


class Encoder:
    """Nodes of values that are added one after another.

    Parameters
    ----------
    namespace
        Where functions of the notebook find their globals.
    exact, kinds
        Rules: the one of each type, and those that are asked in turn.
    known
        Position in the bundle of what the notebook already has, by the identity of a value.
    sources
        Texts of cells that are not in `linecache`, by label.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        *,
        exact: Mapping[type, Rule],
        kinds: Iterable[Rule],
        known: Mapping[int, int] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.namespace = namespace
        self.objects: list[object] = []
        self.nodes: list[Node | None] = []
        self.wanted: dict[str, None] = {}
        self.sources = dict(sources or {})
        self._exact, self._kinds = exact, tuple(kinds)
        self._known = known or {}
        self._index: dict[int, int] = {}
        self._origins: list[tuple[int, str]] = []
        self._texts: dict[tuple[str, str], Ref] = {}
        self._queue: deque[int] = deque()
        self._parent = -1
        self._owned: set[int] = set()
        self._staying: dict[int, object] = {}

    def item(self, value: object, suffix: str = "") -> Item:
        """Return what stands for `value` in a node; `suffix` says how one gets there from the value around it."""
        if type(value) in LEAVES:
            return value  # type: ignore[return-value]
        return self.reference(value, suffix)

    def items(self, values: Iterable[object], suffix: str = "[{}]") -> tuple[Item, ...]:
        """Return what stands for values that are counted, each with its place put into `suffix`."""
        values = tuple(values)
        if set(map(type, values)) <= LEAVES:
            return values  # type: ignore[return-value]
        return tuple(self.item(value, suffix.format(place)) for place, value in enumerate(values))

    def reference(self, value: object, suffix: str = "") -> Ref:
        """Return a reference to the node of `value`, which is made later."""
        if id(value) in self._index:
            return Ref(self._index[id(value)])
        index = self._add(value, (self._parent, suffix))
        self._index[id(value)] = index
        if id(value) in self._known:
            self.nodes[index] = Original(self._known[id(value)])
        else:
            self._queue.append(index)
        return Ref(index)

    def attributes(self, state: dict[str, Any]) -> Ref:
        """Return a reference to the attributes of the value whose node is being made."""
        self._owned.add(id(state))
        return self.reference(state)

    def keep(self, arrays: Iterable[object]) -> None:
        """Note arrays that stay on the host where the cell runs."""
        self._staying.update((id(array), array) for array in arrays)

    def stays(self, value: object) -> bool:
        """Return whether an array stays on the host where the cell runs."""
        return id(value) in self._staying

    def place_of(self, owner: object, key: object) -> str:
        """Return how one gets from a dict to what it has under a key; from an object, if the dict is its attributes."""
        return f".{key}" if id(owner) in self._owned else f"[{_key_text(key)}]"

    def source(self, label: str, text: str) -> Ref:
        """Return a reference to a text."""
        if (label, text) not in self._texts:
            index = self._add(text, (self._parent, ""))
            self.nodes[index] = Source(label, text)
            self._texts[label, text] = Ref(index)
        return self._texts[label, text]

    def insert(self, node: Node, value: object) -> Ref:
        """Return a reference to a node that is made already."""
        index = self._add(value, (self._parent, ""))
        self.nodes[index] = node
        return Ref(index)

    def trial(self) -> Encoder:
        """Return an encoder with the same rules and no nodes, to see whether something can travel."""
        return Encoder(self.namespace, exact=self._exact, kinds=self._kinds, known=self._known, sources=self.sources)

    def attempt(self, value: object, name: str) -> tuple[Item, bool]:
        """Return what stands for `value`, and True; None and False, and no trace of it, if it cannot travel."""
        self.run()
        size = len(self.nodes)
        try:
            item = self.item(value, name)
            self.run()
        except SerializationError:
            for kept in (self.nodes, self.objects, self._origins):
                del kept[size:]
            self._index = {key: index for key, index in self._index.items() if index < size}
            self._texts = {key: ref for key, ref in self._texts.items() if ref.index < size}
            self._queue.clear()
            self._parent = -1
            return None, False
        return item, True

    def describe(self, value: object, name: str = "") -> Ref:
        """Return a reference to a node of what `value` is now, even if the notebook has it."""
        index = self._add(value, (self._parent, name))
        self._queue.append(index)
        return Ref(index)

    def want(self, names: Iterable[str]) -> None:
        """Ask for names that functions read."""
        self.wanted.update(dict.fromkeys(names))

    def _add(self, value: object, origin: tuple[int, str]) -> int:
        self.objects.append(value)
        self.nodes.append(None)
        self._origins.append(origin)
        return len(self.nodes) - 1

    def run(self) -> None:
        """Make every node that is asked for.

        Raises
        ------
        SerializationError
            If a value cannot travel.
        """
        while self._queue:
            index = self._queue.popleft()
            self._parent = index
            value = self.objects[index]
            try:
                self.nodes[index] = self.node(value)
            except RefusedError as refusal:
                raise SerializationError(
                    refusal.template,
                    hint=refusal.hint,
                    path=self.path(index),
                    type=_type_name(value),
                    **refusal.params,
                ) from None
        self._parent = -1

    def node(self, value: object) -> Node:
        """Return the node of a value, making or asking for those inside it.

        Raises
        ------
        RefusedError
            If the value cannot travel.
        """
        rule = self._exact.get(type(value))
        made = rule(self, value) if rule else None
        for kind in () if made is not None else self._kinds:
            made = kind(self, value)
            if made is not None:
                break
        if made is None:
            raise RefusedError(_("{path} cannot travel between the notebook and the cell: its type is {type}"))
        return made

    def path(self, index: int) -> str:
        """Return how one gets to the value of a node: `config["net"][0]`."""
        parts: list[str] = []
        while index >= 0:
            index, suffix = self._origins[index]
            parts.append(suffix)
        return "".join(reversed(parts))

    @property
    def here(self) -> str:
        """How one gets to the value whose node is being made."""
        return self.path(self._parent)

    def finished(self) -> tuple[Node, ...]:
        """Return the nodes, all made."""
        return tuple(node for node in self.nodes if node is not None)


def _key_text(key: object) -> str:
    return repr(key) if isinstance(key, (str, int, float, bytes, bool, type(None))) else type(key).__name__


def _type_name(value: object) -> str:
    cls = type(value)
    return cls.__qualname__ if cls.__module__ in {"builtins", "__main__"} else f"{cls.__module__}.{cls.__qualname__}"
