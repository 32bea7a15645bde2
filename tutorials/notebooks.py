"""Notebooks from sources: student and solution, English and Korean, with ids that stay.

Nothing in them depends on when or where they were made: no time stamps, no versions, no state of widgets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from npusdk.pytest_plugin import masks
from tutorials.source import LANGUAGES, Piece, read_source

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "sources"

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Notebook = NotebookNode


@dataclass(frozen=True)
class Edition:
    """One notebook that a source becomes.

    Parameters
    ----------
    source
        File of the source.
    language
        "en" or "ko".
    is_solution
        Whether exercises are solved.
    """

    source: Path
    language: str
    is_solution: bool

    @property
    def path(self) -> Path:
        """Where the notebook belongs."""
        folder = FOLDER / "solutions" if self.is_solution else FOLDER
        return folder / self.language / f"{self.source.stem}.ipynb"

    @property
    def root(self) -> str:
        """The way from the notebook to the folder of the tutorials."""
        return "../.." if self.is_solution else ".."

    def notebook(self) -> Notebook:
        """Return the notebook, not run."""
        cells = list(_cells(self))
        return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": cells})


def editions() -> list[Edition]:
    """Return every notebook of every source, solutions first."""
    sources = sorted(SOURCES.glob("[0-9][0-9]_*.md"))
    return [
        Edition(source, language, solved) for source in sources for language in LANGUAGES for solved in (True, False)
    ]


def _cells(edition: Edition) -> Iterator[dict[str, Any]]:
    left_out = "exercise" if edition.is_solution else "solution"
    pieces = [
        piece
        for piece in read_source(edition.source)
        if piece.role != left_out and piece.language in ("", edition.language)
    ]
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        if piece.name:
            yield _code(piece, edition)
        else:
            yield _text(piece, f"{_id(after)}-text" if after else "end-text")


def _id(piece: Piece) -> str:
    return f"{piece.name}-check" if piece.role == "check" else piece.name


def _text(piece: Piece, name: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": piece.content}


def _code(piece: Piece, edition: Edition) -> dict[str, Any]:
    metadata = {"tags": [piece.role]} if piece.role else {}
    cell = {"cell_type": "code", "id": _id(piece), "metadata": metadata, "execution_count": None, "outputs": []}
    return {**cell, "source": piece.code(edition.language, edition.root)}


def is_left_to_reader(cell: NotebookNode, *, is_solution: bool) -> bool:
    """Return whether a code cell is kept without output: an exercise and its check, until a student has solved it."""
    return not is_solution and not {"exercise", "check"}.isdisjoint(cell.metadata.get("tags", ()))


def as_text(notebook: NotebookNode) -> str:
    """Return the text of the notebook's file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def masked(text: str) -> str:
    """Return `text` without what differs from run to run, as the pytest plugin masks it: how long a cell took here."""
    for pattern, replacement in masks():
        text = re.sub(pattern, replacement, text)
    return text
