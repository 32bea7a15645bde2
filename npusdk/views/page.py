"""A page of text: headings, facts, tables and lists, laid out for a width.

Everything that is put on a page goes through `plain`, so that no name in a model or a report can move the cursor,
change colours or turn the direction of writing. Rules and bars are ASCII: Korean Windows consoles (code page 949) draw
box characters two columns wide, and a pipe may take no more than ASCII. Hangul counts as two columns, as rich has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TextIO

from rich.box import Box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from npusdk.language import plain

WIDTH = 100
"""Columns of a page whose reader's terminal is not known."""

MIN_WIDTH = 60
"""Columns that a page has at least."""

NAME_LIMIT = 60
"""Characters of a name that a page shows."""

_TEXT_LIMIT = 1000
_CELL_LIMIT = 200
_UNWRAPPED_LIMIT = 40
"""Characters of a text that a page shows: beside a label or in a list, in a wrapping cell, in any other cell."""

_WRAPPED_WIDTH = 16
"""Columns that a wrapping column has at least, if its texts are as long."""

_WIDEST = 10_000

_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


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
    optional
        Whether it gives way, the last one first, where the page is too narrow for all.
    """

    title: str
    number: bool = False
    wraps: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a style of rich ("bold", "red"), which shows on a colour page only."""

    text: str
    style: str = ""


def terminal_of(stream: TextIO) -> tuple[int, bool]:
    """Return the width of a page for `stream` and whether it takes colours (https://no-color.org is honoured)."""
    console = Console(file=stream, force_jupyter=False)
    coloured = console.is_terminal and console.color_system is not None
    return (
        console.width if console.is_terminal else WIDTH,
        coloured and not console.no_color and not console.legacy_windows,
    )


def _text(cell: str | Cell, limit: int = _TEXT_LIMIT) -> Text:
    return Text(plain(cell, limit)) if isinstance(cell, str) else Text(plain(cell.text, limit), style=cell.style)


class Page:
    """Blocks of text in reading order.

    Parameters
    ----------
    width
        Columns, 60 at least.
    colour
        Whether to write ANSI colours.
    """

    def __init__(self, width: int = WIDTH, *, colour: bool = False) -> None:
        self._width = max(width, MIN_WIDTH)
        self._colour = colour
        self._blocks: list[tuple[RenderableType, int]] = []

    def heading(self, text: str) -> None:
        """Add a line that names what follows, after a blank line unless it is the first."""
        if self._blocks:
            self._add(Text())
        self._add(_text(Cell(text, "bold")))

    def paragraph(self, text: str | Cell, indent: int = 2) -> None:
        """Add a text that wraps."""
        self._add(_text(text), indent)

    def facts(self, rows: Iterable[tuple[str, str | Cell]], indent: int = 2) -> None:
        """Add labels with their values side by side."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in rows:
            grid.add_row(_text(label), _text(value))
        self._add(grid, indent)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
        """Add a table with a ruled heading."""
        limits = [_CELL_LIMIT if column.wraps else _UNWRAPPED_LIMIT for column in columns]
        cells = [list(map(_text, row, limits)) for row in ([Cell(column.title, "bold") for column in columns], *rows)]
        widths = [max(row[index].cell_len for row in cells) for index in range(len(columns))]
        table = Table(box=_RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        shown, needed = self._fitting(columns, widths)
        for index in shown:
            column = columns[index]
            table.add_column(
                cells[0][index],
                justify="right" if column.number else "left",
                min_width=min(widths[index], _WRAPPED_WIDTH) if column.wraps else widths[index],
                no_wrap=not column.wraps,
                overflow="fold",
            )
        for row in cells[1:]:
            table.add_row(*(row[index] for index in shown))
        self._add(table, 2, needed)

    def _add(self, block: RenderableType, indent: int = 0, needed: int = 0) -> None:
        """Add a block, wider than the page where less would cut it."""
        self._blocks.append((Padding(block, (0, 0, 0, indent)), max(self._width, needed + indent - 1)))

    def _fitting(self, columns: Sequence[Column], widths: Sequence[int]) -> tuple[list[int], int]:
        """Return the indices of the columns that there is room for, and the least width of the table."""
        shown = list(range(len(columns)))
        needed = [
            2 + (min(width, _WRAPPED_WIDTH) if column.wraps else width)
            for column, width in zip(columns, widths, strict=True)
        ]
        optional = [index for index in shown if columns[index].optional]
        while optional and sum(needed[index] for index in shown) > self._width - 1:
            shown.remove(optional.pop())
        return shown, sum(needed[index] for index in shown)

    def bullets(self, items: Iterable[str | Cell]) -> None:
        """Add a list whose items wrap beside their marks."""
        self._add_list(("-", item) for item in items)

    def numbered(self, items: Iterable[str | Cell]) -> None:
        """Add a list whose items have the marks [1], [2] and so on."""
        self._add_list((f"[{number}]", item) for number, item in enumerate(items, start=1))

    def _add_list(self, rows: Iterable[tuple[str, str | Cell]]) -> None:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(overflow="fold")
        for mark, item in rows:
            grid.add_row(Text(mark), _text(item))
        self._add(grid, 2)

    def __str__(self) -> str:
        out = StringIO()
        console = Console(
            file=out,
            width=_WIDEST,
            force_terminal=self._colour,
            force_jupyter=False,
            color_system="standard" if self._colour else None,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},
        )
        for block, width in self._blocks:
            console.print(block, width=width)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
