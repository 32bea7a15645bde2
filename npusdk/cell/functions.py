"""How functions of the notebook become nodes.

A function travels as the place of its code in the text of its cell, with what it was made with: the values of its
defaults, of the variables that it shares with the function it was made in, and of its attributes. Nothing is evaluated
a second time.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from npusdk.cell.encoder import Encoder, RefusedError
from npusdk.cell.nodes import Cell, Function, Item, Node
from npusdk.cell.texts import future_flags, global_reads, locate, text_of
from npusdk.errors import SerializationError
from npusdk.language import _

NO_SOURCE = _("{path} cannot travel between the notebook and the cell: the source text of this {type} is not known")
NO_SOURCE_HINT = _("Define it in a cell of its own, without a magic and not by exec.")


def function(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a function written in Python."""
    if not isinstance(value, types.FunctionType):
        return None
    code, home = value.__code__, _home(encoder, value)
    text = encoder.sources.get(code.co_filename) or text_of(code)
    turn = locate(code, text)
    if turn is None:
        raise RefusedError(NO_SOURCE, hint=NO_SOURCE_HINT)
    if not home:
        encoder.want(global_reads(code))
    names = (value.__name__, value.__qualname__, value.__module__, value.__doc__)
    cells = zip(code.co_freevars, value.__closure__ or (), strict=True)
    return Function(
        source=None if home else encoder.source(code.co_filename, text),
        home=home,
        place=code.co_qualname,
        line=code.co_firstlineno,
        turn=turn,
        flags=future_flags(code),
        names=tuple(name if isinstance(name, str) else None for name in names),
        defaults=encoder.item(value.__defaults__, " default "),
        keyword_defaults=encoder.item(value.__kwdefaults__, " default "),
        annotations=annotations_of(encoder, value),
        closure=tuple(encoder.reference(cell, f" -> {name}") for name, cell in cells),
        attributes=encoder.attributes(value.__dict__),
    )


def _home(encoder: Encoder, value: types.FunctionType) -> str:
    """Return the module of a function's globals; empty for the notebook's, under whatever filter they are given."""
    space, notebook = value.__globals__, encoder.namespace
    name = space.get("__name__")
    if space is notebook or name in {"__main__", notebook.get("__name__")}:
        _check_globals(value, notebook)
        return ""
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or vars(module) is not value.__globals__:
        raise RefusedError(NO_SOURCE, hint=NO_SOURCE_HINT)
    return str(name)


def _check_globals(value: types.FunctionType, notebook: dict[str, Any]) -> None:
    """Refuse a function that finds under a name something else than the notebook does: it is from another script."""
    space = value.__globals__
    names = () if space is notebook else global_reads(value.__code__)
    strange = [name for name in names if name in space and name in notebook and space[name] is not notebook[name]]
    if strange:
        raise RefusedError(
            _("{path} cannot travel between the notebook and the cell: to this {type}, {name} is not the notebook's"),
            hint=_("Define it in the notebook, or import it from a module."),
            name=strange[0],
        )


def annotations_of(encoder: Encoder, value: Any) -> Item:
    """Return annotations, those that cannot travel as text: nothing but tools reads them."""
    kept = kept_annotations(encoder, value)
    return encoder.reference(kept, ".__annotations__") if kept else None


def kept_annotations(encoder: Encoder, value: Any) -> dict[str, object]:
    """Return annotations by name, those that cannot travel as text."""
    try:
        found = dict(value.__annotations__)
    except Exception:  # noqa: BLE001 - evaluated late, they may fail in any way
        return {}
    return {name: entry if _travels(encoder, entry) else _annotation_text(entry) for name, entry in found.items()}


def _annotation_text(entry: object) -> str:
    return entry if isinstance(entry, str) else getattr(entry, "__qualname__", None) or repr(entry)


def _travels(encoder: Encoder, value: object) -> bool:
    trial = encoder.trial()
    trial.item(value)
    try:
        trial.run()
    except SerializationError:
        return False
    return True


def cell(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a variable that functions share."""
    if not isinstance(value, types.CellType):
        return None
    try:
        content = value.cell_contents
    except ValueError:
        return Cell(None, filled=False)
    return Cell(encoder.item(content))
