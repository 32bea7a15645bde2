"""A card of restricted HTML: what JupyterLab leaves standing of an output that it does not trust.

No script, no style sheet, no class, no inline SVG, no link: only the elements in `ELEMENTS`, inline styles, and
pictures as data. A card has a ground and colours of its own, because an output sees neither theme nor its colours.
Everything that comes from outside passes `_text`, the one way into the markup.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from types import MappingProxyType

from npusdk.language import current_language, plain
from npusdk.report import Picture
from npusdk.views.blocks import Bar, Cell, Column, Content
from npusdk.views.palette import LIGHT, Palette
from npusdk.views.pictures.svg import FONTS

ELEMENTS = frozenset({
    "div", "p", "span", "strong", "h1", "h2", "img", "picture", "source", "table", "caption", "thead", "tbody", "tr",
    "th", "td", "ul", "ol", "li", "wbr",
})  # fmt: skip
"""All that a card is made of."""

TEXT_LIMIT = 1000
_CELL_LIMIT = 200

_STYLES: Mapping[str, str] = MappingProxyType({"green": "good", "yellow": "fair", "red": "bad"})
"""Styles of a text page, by their colours in a palette."""


def literal(palette: Palette) -> dict[str, str]:
    """Return the colours of a palette by their names."""
    return {field.name: getattr(palette, field.name) for field in fields(palette) if field.name != "bounds"}


class Card:
    """A page of HTML, filled from top to bottom like a page of text.

    Parameters
    ----------
    colours
        What stands for each name of a palette's colours.
    stands_alone
        Whether it is the whole of a document: it has headings for a reader's software, and tables that the keyboard
        scrolls. In a notebook headings would stand in the notebook's table of contents.
    is_note
        Whether it is a few lines below something else, which need little room.
    """

    def __init__(
        self, colours: Mapping[str, str] | None = None, *, stands_alone: bool = False, is_note: bool = False
    ) -> None:
        self._colours = colours or literal(LIGHT)
        self.stands_alone = stands_alone
        self._parts: list[str] = []
        self._heading = ""
        self._padding = "10px 16px 11px" if is_note else "20px 24px 22px"

    def title(self, text: str, above: str = "") -> None:
        """Add what the card is about, and a small line above it."""
        if above:
            self._add("p", _text(above), self._style("margin:0 0 2px;font-size:12px;letter-spacing:0.02em", "muted"))
        tag = "h1" if self.stands_alone else "p"
        self._add(
            tag,
            _text(text),
            self._style("margin:0;font-size:18px;font-weight:600;line-height:1.35;overflow-wrap:anywhere"),
        )

    def figure(self, value: str, note: str) -> None:
        """Add the one number that a reader looks for."""
        number = self._element("span", _text(value), self._style("font-size:28px;font-weight:600", "accent"))
        beside = self._element("span", _text(note), self._style("font-size:14px;margin-left:10px", "muted"))
        self._add("p", f"{number} {beside}", self._style("margin:8px 0 0;line-height:1.3"))

    def lines(self, first: str, others: Iterable[str]) -> None:
        """Add a line, and smaller ones below it."""
        self._add("p", _text(first), "margin:0;overflow-wrap:anywhere")
        for text in others:
            self._add("p", _text(text), self._style("margin:2px 0 0;font-size:13px;overflow-wrap:anywhere", "muted"))

    def heading(self, text: str) -> None:
        """Add a line that names what follows; of a table that follows at once it is the caption."""
        self._flush()
        self._heading = text

    def paragraph(self, text: str | Cell, indent: int = 2) -> None:
        """Add a text that wraps."""
        self._flush()
        self._add("p", self._content(text), self._style(f"margin:6px 0 0 {_indent(indent)}px"))

    def facts(self, rows: Iterable[tuple[str, str | Cell]], indent: int = 2) -> None:
        """Add labels with their values side by side; indented ones as lines."""
        listed = list(rows)
        if not listed:
            return
        if indent > 2:
            for label, value in listed:
                lead = self._element("span", _text(label) + ":", self._style("", "muted"))
                self._add(
                    "p",
                    f"{lead} {self._content(value)}",
                    self._style(f"margin:0 0 2px {_indent(indent) + 4}px;font-size:13px"),
                )
            return
        lines = [
            self._element(
                "tr",
                self._head(
                    label, "row", self._cell("left", 14) + ";font-weight:400;width:170px;white-space:normal", "muted"
                )
                + self._element(
                    "td", self._content(value), self._style(f"{self._cell('left', 0)};overflow-wrap:anywhere")
                ),
                self._row(),
            )
            for label, value in listed
        ]
        self._table("", lines)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Content]]) -> None:
        """Add a table under the heading before it."""
        heads = [
            self._head(
                column.title, "col", self._cell(_side(column), 14) + ";font-weight:600;white-space:normal", "muted"
            )
            if column.title
            else self._element("td", "", self._style(self._cell("left", 14)))
            for column in columns
        ]
        lines = [self._element("tr", "".join(self._cells(columns, row)), self._row()) for row in rows]
        self._table(self._element("thead", self._element("tr", "".join(heads), self._row()), ""), lines)

    def _cells(self, columns: Sequence[Column], row: Sequence[Content]) -> Iterable[str]:
        for column, content in zip(columns, row, strict=True):
            wraps = f"overflow-wrap:anywhere;min-width:{8 * column.least}px" if column.wraps else "white-space:nowrap"
            style = self._style(f"{self._cell(_side(column), 14)};{wraps}")
            text = self._content(content, _CELL_LIMIT)
            yield self._element("td", text.replace("/", "/<wbr>") if _is_path(column, content) else text, style)

    def bullets(self, items: Iterable[str | Cell]) -> None:
        """Add a list."""
        self._list("ul", items)

    def numbered(self, items: Iterable[str | Cell]) -> None:
        """Add a list whose items are numbered from one, as sources are cited."""
        self._list("ol", items)

    def picture(self, picture: Picture) -> None:
        """Add a picture; a page that stands alone has it on a light and on a dark card."""
        self._flush()
        image = self._image(picture)
        if self.stands_alone:
            dark = f'<source media="(prefers-color-scheme: dark)" srcset="{_data(picture.svg_dark)}">'
            image = f"<picture>{dark}{image}</picture>"
        self._add("div", image, self._style("margin:16px 0 0"))

    def _image(self, picture: Picture) -> str:
        style = "width:100%;max-width:100%;height:auto;box-sizing:border-box;border-radius:6px"
        return (
            f'<img src="{_data(picture.svg)}" alt="{_text(picture.alt)}" width="720" '
            f'style="{style};border:1px solid {self._colours["rule"]}">'
        )

    def _list(self, tag: str, items: Iterable[str | Cell]) -> None:
        self._flush()
        style = self._style("margin:2px 0;overflow-wrap:anywhere")
        listed = "".join(self._element("li", self._content(item), style) for item in items)
        if listed:
            self._add(tag, listed, self._style("margin:6px 0 0;padding-left:24px;font-size:13px"))

    def _flush(self) -> None:
        """Write the heading that waits, if one does."""
        if self._heading:
            tag, text = ("h2" if self.stands_alone else "p"), _text(self._heading)
            self._add(
                tag,
                text,
                self._style("margin:22px 0 0;font-size:14px;font-weight:600;line-height:1.4;overflow-wrap:anywhere"),
            )
            self._heading = ""

    def _table(self, head: str, lines: Sequence[str]) -> None:
        caption, name = "", _text(self._heading)
        if self._heading:
            text = self._element("h2", name, "margin:0;font-size:14px;line-height:1.4") if self.stands_alone else name
            style = "text-align:left;caption-side:top;padding:0 0 6px;font-size:14px;font-weight:600;line-height:1.4"
            caption, self._heading = self._element("caption", text, self._style(style)), ""
        body = self._element("tbody", "".join(lines), "")
        style = self._style(
            "border-collapse:collapse;margin:0;width:100%;font-size:13px;line-height:1.45;table-layout:auto"
        )
        table = self._element("table", caption + head + body, style)
        above = (22 if caption else 12) * bool(self._parts)
        region = f' role="region" tabindex="0" aria-label="{name}"' if self.stands_alone and name else ""
        self._parts.append(f'<div{region} style="overflow-x:auto;margin:{above}px 0 0">{table}</div>')

    def _content(self, content: Content, limit: int = TEXT_LIMIT) -> str:
        if isinstance(content, str):
            return _text(content, limit)
        if isinstance(content, Bar):
            width = f"{100 * min(max(content.share, 0.0), 1.0):.1f}%"
            bar = self._element(
                "div", "", f"width:{width};height:8px;background-color:{self._colours['accent']};border-radius:2px"
            )
            return self._element("div", bar, "width:120px")
        if content.style in _STYLES:
            weight = "font-weight:600" if limit == _CELL_LIMIT else ""
            return self._element("span", _text(content.text, limit), self._style(weight, _STYLES[content.style]))
        return self._element("strong", _text(content.text, limit), "") if content.style else _text(content.text, limit)

    def _head(self, text: str, scope: str, style: str, colour: str) -> str:
        return f'<th scope="{scope}" style="{self._style(style, colour)}">{_text(text, _CELL_LIMIT)}</th>'

    def _row(self) -> str:
        return f"background-color:{self._colours['card']};border-bottom:1px solid {self._colours['grid']}"

    def _cell(self, side: str, gap: int) -> str:
        return f"text-align:{side};vertical-align:top;padding:5px {gap}px 5px 0"

    def _style(self, style: str, colour: str = "ink") -> str:
        return f"{style};color:{self._colours[colour]}".removeprefix(";")

    def _element(self, tag: str, content: str, style: str) -> str:
        return f'<{tag} style="{style}">{content}</{tag}>' if style else f"<{tag}>{content}</{tag}>"

    def _add(self, tag: str, content: str, style: str) -> None:
        self._parts.append(self._element(tag, content, style))

    def __str__(self) -> str:
        self._flush()
        colours = self._colours
        style = (
            f"background-color:{colours['card']};color:{colours['ink']};border:1px solid {colours['rule']};"
            f"border-radius:8px;padding:{self._padding};margin:4px 0;max-width:900px;box-sizing:border-box;"
            f"font-family:{FONTS.replace(chr(39), '&#x27;')};font-size:14px;line-height:1.5;text-align:left;"
            f"word-break:keep-all;overflow-wrap:break-word"
        )
        return f'<div lang="{current_language()}" style="{style}">\n' + "\n".join(self._parts) + "\n</div>\n"


def _is_path(column: Column, content: Content) -> bool:
    """Whether a text is a name that may be broken after its strokes: its markup has none, because it is only text."""
    return column.wraps and isinstance(content, str)


def _side(column: Column) -> str:
    return "right" if column.number else "left"


def _indent(columns: int) -> int:
    return 20 * max(columns - 2, 0) // 2


def _text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text from anywhere as text and nothing else, also inside quotes."""
    return escape(plain(text, limit), quote=True)


def _data(svg: str) -> str:
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode("ascii")
