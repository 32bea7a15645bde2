"""What a page is made of, whatever medium it is written in: headings, facts, tables and lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

NAME_LIMIT = 60
"""Characters of a name that a page shows."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    title
        Its heading, in the reader's language.
    number
        Whether it holds numbers: aligned to the right.
    wraps
        Whether its texts may wrap; all others are shown in full.
    least
        Columns of the screen that a wrapping column has at least, if its texts are as long.
    optional
        Whether it gives way, the last one first, where the page is too narrow for all.
    """

    title: str
    number: bool = False
    wraps: bool = False
    least: int = 16
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a style of rich ("bold", "red"), which shows on a page with colours only."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of one, drawn as long as it is large."""

    share: float


Content: TypeAlias = str | Cell | Bar


class Blocks(Protocol):
    """A page that is filled from top to bottom."""

    def heading(self, text: str) -> None:
        """Add a line that names what follows."""

    def paragraph(self, text: str | Cell, indent: int = 2) -> None:
        """Add a text that wraps."""

    def facts(self, rows: Iterable[tuple[str, str | Cell]], indent: int = 2) -> None:
        """Add labels with their values side by side."""

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Content]]) -> None:
        """Add a table."""

    def bullets(self, items: Iterable[str | Cell]) -> None:
        """Add a list."""

    def numbered(self, items: Iterable[str | Cell]) -> None:
        """Add a list whose items have the marks [1], [2] and so on."""
