"""A small writer of SVG: equal input gives equal bytes, no font is embedded, and no text leaves its place.

Texts are measured by a rule that is wider than the fonts named in `FONTS`, so that what does not overlap here does not
overlap in any of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from npusdk.language import current_language, plain
from npusdk.views.palette import Palette

FONTS = (
    "'Noto Sans KR','Noto Sans CJK KR','Apple SD Gothic Neo','Malgun Gothic',NanumGothic,"
    "'Segoe UI','Helvetica Neue',Arial,sans-serif"
)
"""Families that have Hangul, those of Windows and macOS among them, before those that have not."""

Anchor: TypeAlias = Literal["start", "middle", "end"]
Attributes: TypeAlias = dict[str, str | float]

_NARROW, _WIDE, _OTHER, _HANGUL = 0.36, 0.86, 0.62, 1.06
_NARROW_CHARS = frozenset("iljtfrI.,:;|!'`()[]{}/\\ -")
_WIDE_CHARS = frozenset("mwMW@%&QOGDHNU~+=")
_LONGEST, _SHORTEST = 120, 5
_SHARE_ABOVE, _SHARE_BELOW = 0.95, 0.28
"""Shares of a size that a text takes above and below its baseline."""


def width_of(text: str, size: float) -> float:
    """Return at most how wide a text is; Hangul and its like count nearly twice a Latin letter.

    Examples
    --------
    >>> width_of("합성곱", 10) > width_of("conv", 10)
    True
    """
    return size * sum(map(_ems, text))


def _ems(char: str) -> float:
    if char in _NARROW_CHARS:
        return _NARROW
    if unicodedata.east_asian_width(char) in "WF":
        return _HANGUL
    if unicodedata.combining(char):
        return 0.0
    return _WIDE if char in _WIDE_CHARS or char > "\u024f" else _OTHER


def shorten(text: str, size: float, width: float) -> str:
    """Return a text made harmless and cut in its middle, so that it is not wider than `width`."""
    shown = plain(text, _LONGEST)
    limit = len(shown)
    while limit > _SHORTEST and (excess := width_of(shown, size) - width) > 0:
        limit = max(min(limit - 1, limit - int(excess / (size * _HANGUL))), _SHORTEST)
        shown = plain(text, limit)
    return shown


@dataclass(frozen=True, slots=True)
class Box:
    """A place in a picture, its corner of smallest coordinates first."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two places share a point."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether another place lies inside this one."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


def text_box(text: str, x: float, y: float, *, size: float = 12, anchor: Anchor = "start") -> Box:
    """Return the place of a text whose baseline begins, has its middle or ends at a point."""
    width = width_of(text, size)
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    return Box(left, y - _SHARE_ABOVE * size, left + width, y + _SHARE_BELOW * size)


def number(value: float) -> str:
    """Return a coordinate with two digits after the point at most.

    Examples
    --------
    >>> number(12.0), number(1 / 3), number(-0.001)
    ('12', '0.33', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Drawing:
    """An SVG picture on an opaque card.

    Parameters
    ----------
    width, height
        Of the picture, in units of its text sizes.
    palette
        Its colours.
    title, description
        What it shows, for whoever cannot see it.
    """

    def __init__(self, width: float, height: float, palette: Palette, *, title: str, description: str) -> None:
        self.box = Box(0, 0, width, height)
        self.palette = palette
        self._title, self._description = plain(title, 200), plain(description, 1000)
        self._parts: list[str] = []
        self.obstacles: list[Box] = []
        """Places that a label keeps clear of; every text is one."""

    def add(self, tag: str, /, **attributes: str | float) -> None:
        """Add an element; `_` in the name of an attribute stands for `-`."""
        self._write(tag, "", attributes)

    def _write(self, tag: str, text: str, attributes: Attributes) -> None:
        named = "".join(
            f" {name.replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
            for name, value in attributes.items()
        )
        self._parts.append(f"<{tag}{named}>{escape(text)}</{tag}>" if text else f"<{tag}{named}/>")

    def text(
        self, text: str, x: float, y: float, *, size: float = 12, anchor: Anchor = "start", **attributes: str
    ) -> None:
        """Add a text that is short and harmless already, see `shorten`; its colour is the ink by default."""
        self._put(text, (x, y), size, anchor=anchor, attributes=dict(attributes))

    def _put(self, text: str, at: tuple[float, float], size: float, *, anchor: Anchor, attributes: Attributes) -> None:
        if not text.strip():
            return
        x, y = at
        self.obstacles.append(text_box(text, x, y, size=size, anchor=anchor))
        styled: Attributes = {"x": x, "y": y, "font_size": size, "fill": self.palette.ink}
        if anchor != "start":
            styled["text_anchor"] = anchor
        self._write("text", text, styled | attributes)

    def label(
        self, text: str, places: Sequence[tuple[float, float, Anchor]], *, inside: Box, size: float = 11
    ) -> tuple[float, float] | None:
        """Add a text at the first of `places` that lies inside and is free, with a halo; return it, if there is one."""
        for x, y, anchor in places:
            box = text_box(text, x, y, size=size, anchor=anchor)
            if inside.holds(box) and not any(box.meets(other) for other in self.obstacles):
                halo: Attributes = {"stroke": self.palette.card, "stroke_width": 3, "stroke_linejoin": "round"}
                halo["paint_order"] = "stroke"
                self._put(text, (x, y), size, anchor=anchor, attributes=halo)
                return x, y
        return None

    def line(
        self, start: tuple[float, float], end: tuple[float, float], stroke: str, **attributes: str | float
    ) -> None:
        """Add a straight line."""
        self.add("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], stroke=stroke, **attributes)

    def __str__(self) -> str:
        width, height = number(self.box.right), number(self.box.bottom)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" lang="{current_language()}" font-family={quoteattr(FONTS)}>'
        )
        about = f"<title>{escape(self._title)}</title><desc>{escape(self._description)}</desc>"
        card = f'<rect width="{width}" height="{height}" rx="6" fill="{self.palette.card}"/>'
        return "\n".join((head, about, card, *self._parts, "</svg>\n"))


def blocks(spans: list[tuple[float, float]], top: float, height: float) -> str:
    """Return the path of blocks from left to right at one height; blocks that touch are one, wide ones stand apart."""
    merged: list[list[float]] = []
    for left, right in spans:
        if merged and left - merged[-1][1] < _TOUCHING and right - left < _APART:
            merged[-1][1] = max(right, merged[-1][1])
        else:
            merged.append([left, right])
    return "".join(_block(left, _visible(right - left), top, height) for left, right in merged)


def _block(left: float, width: float, top: float, height: float) -> str:
    return f"M{number(left)} {number(top)}h{number(width)}v{number(height)}h{number(-width)}z"


_TOUCHING = 0.4
_APART = 3.0
_LEAST = 0.6


def _visible(width: float) -> float:
    """Return the width at which a block is drawn: a wide one leaves a gap, a narrow one can still be seen."""
    return width - 0.8 if width >= _APART else max(width, _LEAST)
