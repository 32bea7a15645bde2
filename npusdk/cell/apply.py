"""From an outcome to the notebook: all of it, or none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from npusdk.cell import nodes as n
from npusdk.cell.bundle import Outcome
from npusdk.cell.classes import CONTENT, content_type, slots_of
from npusdk.cell.frames import overwrite
from npusdk.cell.values import set_state, state_of

_MISSING = object()


def apply(outcome: Outcome, namespace: dict[str, Any]) -> None:
    """Give the notebook what a cell left behind; if anything goes wrong on the way, the notebook is as it was.

    Raises
    ------
    SerializationError
        If something cannot be had here.
    """
    decoder = outcome.decoded(namespace)
    with ExitStack() as undo:
        for index, ref in outcome.written:
            change = _CHANGES[type(outcome.bundle.nodes[index])]
            original = outcome.bundle.originals[index]
            goal = change.read(decoder.item(ref))
            undo.callback(change.write, original, change.keep(original, goal))
            change.write(original, goal)
        for name in (*outcome.values, *outcome.deleted):
            undo.callback(_set, namespace, name, namespace.get(name, _MISSING))
        for name, item in outcome.values.items():
            namespace[name] = decoder.item(item)
        for name in outcome.deleted:
            namespace.pop(name, None)
        undo.pop_all()


def _set(namespace: dict[str, Any], name: str, value: object) -> None:
    if value is _MISSING:
        namespace.pop(name, None)
    else:
        namespace[name] = value


@dataclass(frozen=True, slots=True)
class _Change:
    """How a value of the notebook is made to hold what another holds.

    Parameters
    ----------
    read
        Takes what another value holds.
    write
        Gives it to a value.
    keep
        Takes the value and what it is about to be given, and returns what `write` needs to undo that.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], None]
    keep: Callable[[Any, Any], Any]


def _change(read: Callable[[Any], Any], write: Callable[[Any, Any], None]) -> _Change:
    return _Change(read, write, lambda value, _goal: read(value))


def _itself(value: Any) -> Any:
    return value


def _write_sequence(value: Any, other: Any) -> None:
    other = list(other)
    value.clear()
    (value.update if isinstance(value, set) else value.extend)(other)


def _write_mapping(value: Any, other: Any) -> None:
    pairs = list(other.items())
    value.clear()
    for key, entry in pairs:
        value[key] = entry


def _write_cell(value: Any, other: tuple[object, ...]) -> None:
    if other:
        value.cell_contents = other[0]
    else:
        del value.cell_contents


def _content(cell: Any) -> tuple[object, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _write_class(value: type, other: tuple[dict[str, object], list[str]]) -> None:
    changed, removed = other
    for name, entry in changed.items():
        type.__setattr__(value, name, entry)
    for name in removed:
        type.__delattr__(value, name)


def _keep_class(value: type, other: tuple[dict[str, object], list[str]]) -> tuple[dict[str, object], list[str]]:
    before = dict(vars(value))
    names = [*other[0], *other[1]]
    return {name: before[name] for name in names if name in before}, [name for name in names if name not in before]


def _write_instance(value: Any, other: tuple[dict[str, object], Any]) -> None:
    slots, content = other
    for name in slots_of(value).keys() | slots.keys():
        descriptor = next(cls.__dict__[name] for cls in type(value).__mro__ if name in cls.__dict__)
        if name in slots:
            descriptor.__set__(value, slots[name])
        else:
            descriptor.__delete__(value)
    base: Any = content_type(type(value))
    if base in {list, dict, set}:
        base.clear(value)
        (list.extend if base is list else base.update)(value, content)


def _holding(value: Any) -> tuple[dict[str, object], Any]:
    base = content_type(type(value))
    return slots_of(value), CONTENT[base](value) if base is not None else None


def _write_elements(value: Any, other: n.Patch) -> None:
    value[other.where] = other.values


_CHANGES: dict[type[n.Node], _Change] = {
    n.Sequence: _change(list, _write_sequence),
    n.Mapping: _change(dict, _write_mapping),
    n.Cell: _change(_content, _write_cell),
    n.Class: _Change(_itself, _write_class, _keep_class),
    n.Instance: _change(_holding, _write_instance),
    n.Array: _Change(_itself, _write_elements, lambda value, goal: n.Patch(goal.where, value[goal.where])),
    n.Objects: _change(lambda value: value.copy(), lambda value, goal: value.__setitem__(..., goal)),
    n.Random: _change(state_of, set_state),
    n.Frame: _change(lambda value: value.copy(deep=False), overwrite),
}
"""How each kind of captured value is changed in place."""
