"""From the notebook to a bundle."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from types import BuiltinMethodType, MethodType
from typing import Any

from npusdk.cell.analysis import Names, analyze
from npusdk.cell.bundle import Bundle
from npusdk.cell.classes import DEFINITIONS
from npusdk.cell.encoder import Encoder, Rule
from npusdk.cell.frames import frame
from npusdk.cell.imports import imported
from npusdk.cell.nodes import Array, Item, Node, View
from npusdk.cell.overlaps import groups, join
from npusdk.cell.texts import free_label
from npusdk.cell.values import EXACT, VALUES
from npusdk.errors import SerializationError
from npusdk.language import _

KINDS: tuple[Rule, ...] = (*VALUES, frame, *DEFINITIONS)
"""Rules for whatever has no rule by its type, asked in turn."""

DEFAULT_LABEL = "<npu cell>"
_MISSING = object()
_SHELL = "IPython"
"""Package whose functions stand in for some of Python's own, such as `open`, in a notebook."""


def capture(
    source: str,
    namespace: Mapping[str, Any],
    *,
    names_in: Sequence[str] | None = None,
    names_out: Sequence[str] | None = None,
    label: str = DEFAULT_LABEL,
) -> Bundle:
    """Take what a cell reads out of the notebook, which stays as it is.

    Arrays are not copied: the notebook must not change them before the bundle has been run or sent.

    Parameters
    ----------
    namespace
        The notebook's names.
    names_in
        The only names that go along, beside modules and what is imported from them, and what these names need.
    names_out
        The only names that come back.
    label
        Name of the cell in tracebacks; the default is numbered when it is taken.

    Raises
    ------
    SerializationError
        If something that the cell reads cannot travel, or a name of `names_in` or `names_out` is not there.
    UsageError
        If the cell holds what is not Python.
    SyntaxError
        If it is no code.
    """
    label = free_label(label, source) if label == DEFAULT_LABEL else label
    names = analyze(source, label)
    _check_names(names, namespace, names_in, names_out)
    space = namespace if isinstance(namespace, dict) else dict(namespace)
    encoder = Encoder(space, exact=EXACT, kinds=KINDS)
    roots = _roots(encoder, _wanted(names, namespace, names_in))
    for name in names.deletes:
        if name in namespace:
            roots.setdefault(name, None)
    nodes, overlaps = _share(encoder)
    return Bundle(
        source=source,
        label=label,
        nodes=nodes,
        roots=roots,
        reads=names.reads,
        writes=names.writes,
        names_out=None if names_out is None else tuple(names_out),
        withheld=tuple(sorted(name for name in namespace if name not in roots and not name.startswith("_"))),
        overlaps=overlaps,
        originals=tuple(encoder.objects),
    )


def _check_names(
    names: Names, namespace: Mapping[str, Any], names_in: Sequence[str] | None, names_out: Sequence[str] | None
) -> None:
    missing = [name for name in names_in or () if name not in namespace]
    if missing:
        raise SerializationError(
            _("the notebook has no name {name}, which --in asks for"),
            hint=_("Assign it first, or take it out of --in."),
            name=missing[0],
        )
    unknown = [name for name in names_out or () if name not in {*names.reads, *names.writes}]
    if unknown:
        raise SerializationError(
            _("the cell never mentions the name {name}, which --out asks for"),
            hint=_("Assign it in the cell, or take it out of --out."),
            name=unknown[0],
        )


def _wanted(names: Names, namespace: Mapping[str, Any], names_in: Sequence[str] | None) -> list[str]:
    """Return the names that go along, without what those need."""
    read = [name for name in names.reads if name in namespace]
    if names_in is None:
        return read
    free = [name for name in read if imported(namespace[name]) is not None]
    return list(dict.fromkeys([*names_in, *free]))


def _roots(encoder: Encoder, wanted: Sequence[str]) -> dict[str, Item]:
    """Return what each name stands for, those included that functions read."""
    roots: dict[str, Item] = {}
    encoder.want(wanted)
    while pending := [name for name in encoder.wanted if name not in roots and _is_own(encoder.namespace, name)]:
        for name in pending:
            roots[name] = encoder.item(encoder.namespace[name], name)
        encoder.run()
    return roots


def _is_own(namespace: Mapping[str, Any], name: str) -> bool:
    """Return whether a name is the notebook's, and not one that Python or its shell offers everywhere."""
    if name not in namespace or name in {"__builtins__", "__name__"}:
        return False
    value, offered = namespace[name], getattr(builtins, name, _MISSING)
    home = getattr(value, "__globals__", {}).get("__name__", "")
    if offered is not _MISSING and home.partition(".")[0] == _SHELL:
        return False
    return not (value is offered or (isinstance(value, (MethodType, BuiltinMethodType)) and value == offered))


def _share(encoder: Encoder) -> tuple[tuple[Node, ...], tuple[tuple[int, ...], ...]]:
    """Return the nodes, arrays that share memory as views of one, and groups of those for which that fails."""
    found = list(groups(encoder.finished()))
    overlaps = tuple(tuple(group) for group in found if not _share_group(encoder, group))
    return encoder.finished(), overlaps


def _share_group(encoder: Encoder, group: list[int]) -> bool:
    owner, views = join(encoder.finished(), group)
    if len(views) < len(group) - (owner is None):
        return False
    adopt(encoder, owner, views)
    return True


def adopt(encoder: Encoder, owner: Array | None, views: Mapping[int, View]) -> None:
    """Let nodes be the views that `join` found."""
    if owner is not None:
        encoder.insert(owner, owner.data)
    for index, view in views.items():
        encoder.nodes[index] = view
