"""A page of text: headings, facts, tables and lists, laid out for a width.

Everything that is put on a page goes through `plain`, so that no name in a model or a report can move the cursor,
change colours or turn the direction of writing. Rules and bars are ASCII: Korean Windows consoles (code page 949) draw
box characters two columns wide, and a pipe may take no more than ASCII. Hangul counts as two columns, as rich has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import TextIO

from rich.box import Box
from rich.console import Console, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from npusdk.language import plain
from npusdk.views.blocks import NAME_LIMIT, Bar, Cell, Column, Content

WIDTH = 100
"""Columns of a page whose reader's terminal is not known."""

MIN_WIDTH = 60
"""Columns that a page has at least."""

_TEXT_LIMIT = 1000
_CELL_LIMIT = 200
_UNWRAPPED_LIMIT = 40
"""Characters of a text that a page shows: beside a label or in a list, in a wrapping cell, in any other cell."""

_WIDEST = 10_000

_BAR = 20
"""Columns of a full bar."""

__all__ = ["MIN_WIDTH", "NAME_LIMIT", "WIDTH", "Bar", "Cell", "Column", "Page", "terminal_of"]

_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def terminal_of(stream: TextIO) -> tuple[int, bool]:
    """Return the width of a page for `stream` and whether it takes colours (https://no-color.org is honoured)."""
    console = Console(file=stream, force_jupyter=False)
    coloured = console.is_terminal and console.color_system is not None
    return (
        console.width if console.is_terminal else WIDTH,
        coloured and not console.no_color and not console.legacy_windows,
    )


def _text(cell: Content, limit: int = _TEXT_LIMIT) -> Text:
    if isinstance(cell, Bar):
        return Text("#" * round(_BAR * cell.share))
    return Text(plain(cell, limit)) if isinstance(cell, str) else Text(plain(cell.text, limit), style=cell.style)


def _table_width(widths: Mapping[int, int]) -> int:
    """Return the width of a table whose columns stand two blanks apart; the last one has a blank after it."""
    return sum(widths.values()) + 2 * len(widths) - 1


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

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Content]]) -> None:
        """Add a table with a ruled heading."""
        limits = [_CELL_LIMIT if column.wraps else _UNWRAPPED_LIMIT for column in columns]
        cells = [list(map(_text, row, limits)) for row in ([Cell(column.title, "bold") for column in columns], *rows)]
        natural = [max(row[index].cell_len for row in cells) for index in range(len(columns))]
        widths = self._fitting(columns, natural)
        table = Table(box=_RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for index, width in widths.items():
            justify: JustifyMethod = "right" if columns[index].number else "left"
            table.add_column(cells[0][index], justify=justify, width=width, overflow="fold")
        for row in cells[1:]:
            table.add_row(*(row[index] for index in widths))
        self._add(table, 2, _table_width(widths))

    def _add(self, block: RenderableType, indent: int = 0, needed: int = 0) -> None:
        """Add a block, wider than the page where less would cut it."""
        self._blocks.append((Padding(block, (0, 0, 0, indent)), max(self._width, needed + indent)))

    def _fitting(self, columns: Sequence[Column], natural: Sequence[int]) -> dict[int, int]:
        """Return the widths of the columns that there is room for, by index: wrapping ones give way, widest first."""
        widths = dict(enumerate(natural))
        least = {index: min(natural[index], column.least) for index, column in enumerate(columns) if column.wraps}
        optional = [index for index, column in enumerate(columns) if column.optional]
        while optional and _table_width(widths | {i: w for i, w in least.items() if i in widths}) > self._width - 2:
            del widths[optional.pop()]
        for _step in range(_table_width(widths) - (self._width - 2)):
            wider = [index for index in least if index in widths and widths[index] > least[index]]
            if wider:
                widths[max(wider, key=widths.__getitem__)] -= 1
        return widths

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
            _environ={},
        )
        for block, width in self._blocks:
            console.print(block, width=width)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
