"""What a cell reads and what it assigns, told from its text alone.

A name is read if, on some way through the cell, it is used before it is surely assigned. What stands at the top of the
cell is followed in order; a compound statement assigns what all its ways assign. A function, a lambda, a comprehension
or a class reads, where it stands, the global names that Python's own symbol table gives for it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from npusdk.cell.scopes import Scopes
from npusdk.cell.texts import compile_text
from npusdk.cell.walk import Walk
from npusdk.errors import UsageError
from npusdk.language import _

_MAGIC = re.compile(r"^\s*(?:[\w\s,.\[\]]+=\s*)?[%!]|^\s*\?|\?\s*$")
_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a cell.

    Parameters
    ----------
    reads
        Used before they are surely assigned, in the order of the text; also by functions that may never be called.
    writes
        Assigned, or deleted, by the cell or by a function in it that declares them global.
    deletes
        Deleted at the top of the cell.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    deletes: tuple[str, ...]


def analyze(source: str, label: str = "<npu cell>") -> Names:
    """Return the names that a cell reads, assigns and deletes.

    Raises
    ------
    SyntaxError
        As Python gives it, with `label` as the name of the file.
    UsageError
        If the cell holds a magic or a shell command, awaits something at its top, or is nested too deeply for Python.
    """
    try:
        return _names(source, label)
    except (RecursionError, MemoryError):  # what Python's own parser raises
        raise UsageError(
            _("the cell holds an expression that is nested too deeply for Python to read"),
            hint=_("Cut it into several statements, or write a loop."),
        ) from None


def _names(source: str, label: str) -> Names:
    try:
        tree = ast.parse(source, filename=label)
    except SyntaxError as error:
        _refuse_magic(source, error)
        raise
    _refuse_await(tree)
    compile_text(tree, label)
    walk = Walk(Scopes(source, label))
    walk.block(tree.body, set())
    writes = dict.fromkeys([*walk.writes, *walk.scopes.global_writes])
    return Names(tuple(walk.reads), tuple(writes), tuple(walk.deletes))


def _refuse_magic(source: str, error: SyntaxError) -> None:
    lines = source.splitlines()
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    if _MAGIC.search(line):
        raise UsageError(
            _("line {line} of the cell is for IPython and not Python: {text}"),
            hint=_("Move magics, shell commands and questions to a cell of their own."),
            line=error.lineno,
            text=line.strip(),
        ) from None


def _refuse_await(tree: ast.Module) -> None:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _AWAITS) or (isinstance(node, ast.comprehension) and node.is_async):
            raise UsageError(
                _("line {line} of the cell awaits something, and a cell on a device runs from top to bottom"),
                hint=_("Await it in a cell of its own, and use what it gave here."),
                line=getattr(node, "lineno", getattr(getattr(node, "target", None), "lineno", 0)),
            )
        if not isinstance(node, _OWN_SCOPE):
            waiting.extend(ast.iter_child_nodes(node))
