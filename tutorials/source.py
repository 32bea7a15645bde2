"""Sources of tutorials: both languages side by side, code once.

A source is Markdown. A comment line ``<!-- en -->`` or ``<!-- ko -->`` begins a text, which ends at the next comment or
fence; English comes first, Korean follows. A fence opened by three backticks and ``python NAME`` is a code cell, whose
name becomes its id. An exercise has two forms of one cell, ``python NAME exercise`` and ``python NAME solution``; the
cell that judges it is ``python NAME check``. Inside code, ``«English|한국어»`` is one or the other, and ``«root»`` is
the way from the notebook to the folder of the tutorials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("en", "ko")
ROLES = ("", "exercise", "solution", "check")

_TEXT = re.compile(r"<!-- (\w+) -->")
_CODE = re.compile(r"```python ([\w-]+)(?: (\w+))?")
_CHOICE = re.compile(r"«([^«»|]*)\|([^«»|]*)»")


class SourceError(ValueError):
    """A source that does not follow the form; the text names the file and the line."""


@dataclass
class Piece:
    """A text in one language, or a code cell.

    Parameters
    ----------
    language
        Of a text; empty for code.
    name, role
        Of a code cell; `role` is one of `ROLES`.
    line
        Where it begins, from 1.
    """

    line: int
    language: str = ""
    name: str = ""
    role: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        """What stands in it, without blank lines around."""
        return "\n".join(self.lines).strip("\n")

    def code(self, language: str, root: str) -> str:
        """Return the code for a reader of `language`, in a notebook from which `root` leads to the tutorials."""
        chosen = _CHOICE.sub(lambda match: match[1 + LANGUAGES.index(language)], self.content)
        return chosen.replace("«root»", root)


def read_source(path: Path) -> list[Piece]:
    """Return the pieces of a source, in order.

    Raises
    ------
    SourceError
        If a line stands outside every piece, a fence stays open, a role or language is unknown, a text lacks its
        Korean, an exercise lacks its solution, or two cells have one name.
    """
    pieces = list(_pieces(path))
    _demand_pairs(path, pieces)
    return pieces


def _pieces(path: Path) -> Iterator[Piece]:
    current: Piece | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if current is not None and current.name and line == "```":
            yield current
            current = None
        elif not (current and current.name) and (opened := _opened(line, number)):
            if current is not None:
                yield current
            current = opened
        elif current is not None:
            current.lines.append(line)
        elif line.strip():
            _refuse(path, number, "text outside every piece")
    if current is None:
        return
    if current.name:
        _refuse(path, current.line, "a fence that is not closed")
    yield current


def _opened(line: str, number: int) -> Piece | None:
    if match := _TEXT.fullmatch(line):
        return Piece(number, language=match[1])
    if match := _CODE.fullmatch(line):
        return Piece(number, name=match[1], role=match[2] or "")
    return None


def _demand_pairs(path: Path, pieces: list[Piece]) -> None:
    cells = [(piece.name, piece.role) for piece in pieces if piece.name]
    for before, piece in zip([None, *pieces], pieces, strict=False):
        follows_english = before is not None and before.language == "en"
        if (piece.language == "ko") != follows_english:
            _refuse(path, piece.line, "English text is followed by Korean, and Korean follows English")
        if piece.role not in ROLES or piece.language not in ("", *LANGUAGES):
            _refuse(path, piece.line, "an unknown language or role")
        other = {"exercise": "solution", "solution": "exercise"}.get(piece.role)
        if other and (piece.name, other) not in cells:
            _refuse(path, piece.line, "an exercise and its solution come in pairs of one name")
        if piece.name and cells.count((piece.name, piece.role)) > 1:
            _refuse(path, piece.line, "a second cell of this name")
    if pieces and pieces[-1].language == "en":
        _refuse(path, pieces[-1].line, "English text is followed by Korean")


def _refuse(path: Path, line: int, what: str) -> None:
    text = f"{path.name}:{line}: {what}"
    raise SourceError(text)
