"""What a cell changed in place.

Before the cell runs, it is noted what every value holds that can be changed: which objects, not copies of them. After
it, the same question is asked again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from npusdk.cell import nodes as n
from npusdk.cell.classes import CONTENT, carried, content_type, slots_of
from npusdk.cell.frames import is_equal
from npusdk.cell.hands import Hands
from npusdk.cell.values import state_of
from npusdk.errors import SerializationError
from npusdk.language import _

_EMPTY = object()


@dataclass(frozen=True, slots=True)
class Watch:
    """How changes of one kind of value are seen.

    Parameters
    ----------
    note
        Returns what a value holds.
    same
        Compares two notes.
    """

    note: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]


def _identical(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _cell(value: Any) -> tuple[object, ...]:
    try:
        return (value.cell_contents,)
    except ValueError:
        return (_EMPTY,)


def _class(value: Any) -> tuple[object, ...]:
    attributes = carried(value)
    return (*attributes, *attributes.values())


def _instance(value: Any) -> tuple[object, ...]:
    base = content_type(type(value))
    content: Any = () if base is None or base not in {list, dict, set} else CONTENT[base](value)
    pairs = (*content.keys(), *content.values()) if isinstance(content, dict) else tuple(content)
    slots = slots_of(value)
    return (*pairs, *slots, *slots.values())


def _same_state(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same_state(one[key], other[key]) for key in one)
    return bool(one == other if isinstance(one, tuple) else np.array_equal(one, other))


_SEQUENCE = Watch(tuple, _identical)
_WATCHES: dict[type[n.Node], Watch] = {
    n.Sequence: _SEQUENCE,
    n.Mapping: Watch(lambda value: (*value.keys(), *value.values()), _identical),
    n.Objects: Watch(lambda value: tuple(value.ravel().tolist()), _identical),
    n.Cell: Watch(_cell, _identical),
    n.Class: Watch(_class, _identical),
    n.Instance: Watch(_instance, _identical),
    n.Random: Watch(state_of, _same_state),
    n.Frame: Watch(lambda value: value.copy(), is_equal),
}
_FIXED = frozenset({"tuple", "frozenset"})
_FRAMES = frozenset({"DataFrame", "Series"})


def watch_of(node: n.Node) -> Watch | None:
    """Return how changes of the value of a node are seen; None for what cannot change, and for arrays."""
    if isinstance(node, (n.Sequence, n.Frame)) and (node.kind in _FIXED or not _can_change(node)):
        return None
    return _WATCHES.get(type(node))


def _can_change(node: n.Sequence | n.Frame) -> bool:
    return isinstance(node, n.Sequence) or node.kind in _FRAMES


def patch(node: n.Array, value: object, hands: Hands) -> n.Patch | None:
    """Return the elements of a captured array that a cell changed; None if it changed none.

    Raises
    ------
    SerializationError
        If the notebook's array may not be changed, or has another shape.
    """
    before = native(node.data)
    if hands.owns(value):
        if not hands.was_written(value):
            return None
        before = hands.held(before)
        after = np.asarray(hands.take(value, node.name))
    else:
        after = np.array(value)
    if after.shape != before.shape:
        raise SerializationError(
            _("the cell changed the shape of {name} in place, from {before} to {after}"),
            hint=_("Assign the array of the new shape to a name instead."),
            name=node.name,
            before=str(before.shape),
            after=str(after.shape),
        )
    where = changed(before, after)
    if not where.any():
        return None
    if not node.writeable:
        raise SerializationError(
            _("the cell assigned to elements of {name}, which is read-only in the notebook"),
            hint=_("Copy it first: {name}.copy()"),
            name=node.name,
        )
    return n.Patch(where, after[where])


def native(data: n.Data) -> n.Data:
    """Return an array in the byte order of this machine."""
    return data if data.dtype.isnative else data.astype(data.dtype.newbyteorder("="))


def changed(before: n.Data, after: n.Data) -> npt.NDArray[np.bool_]:
    """Return where two arrays of one shape differ in a bit: NaN equals itself, and -0.0 is not 0.0.

    Examples
    --------
    >>> changed(np.array([0.0, np.nan, 1.0]), np.array([-0.0, np.nan, 1.0])).tolist()
    [True, False, False]
    """
    if before.dtype != after.dtype:
        before = before.astype(after.dtype)
    width = before.dtype.itemsize
    if not (before.size and width):
        return np.zeros(before.shape, dtype=np.bool_)
    one, other = (np.ascontiguousarray(data).reshape(-1).view(np.uint8) for data in (before, after))
    unit = next(size for size in (8, 4, 2, 1) if width % size == 0)
    words = (one.view(f"u{unit}") != other.view(f"u{unit}")).reshape(*before.shape, width // unit)
    return np.asarray(words.any(axis=-1))
