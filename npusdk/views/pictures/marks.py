"""Marks of what bounds a layer: a colour and a shape each, so that neither is needed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from npusdk.views.pictures.svg import Attributes, Drawing, number, width_of


def _points(*corners: tuple[float, float]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in corners)


def _square(x: float, y: float, r: float) -> str:
    side = r * 0.9
    return _points((x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side))


def _diamond(x: float, y: float, r: float) -> str:
    reach = r * 1.25
    return _points((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))


def _triangle(x: float, y: float, r: float) -> str:
    return _points((x, y - 1.2 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r))


def _wedge(x: float, y: float, r: float) -> str:
    return _points((x, y + 1.2 * r), (x + 1.1 * r, y - 0.8 * r), (x - 1.1 * r, y - 0.8 * r))


def _cross(x: float, y: float, r: float) -> str:
    a, b = 1.1 * r, 0.4 * r
    return _points(
        (x - b, y - a), (x + b, y - a), (x + b, y - b), (x + a, y - b), (x + a, y + b), (x + b, y + b),
        (x + b, y + a), (x - b, y + a), (x - b, y + b), (x - a, y + b), (x - a, y - b), (x - b, y - b),
    )  # fmt: skip


def _bar(x: float, y: float, r: float) -> str:
    return _points(
        (x - 1.3 * r, y - 0.5 * r), (x + 1.3 * r, y - 0.5 * r), (x + 1.3 * r, y + 0.5 * r), (x - 1.3 * r, y + 0.5 * r)
    )


SHAPES: Mapping[str, Callable[[float, float, float], str]] = MappingProxyType(
    {
        "memory": _square,
        "on_chip": _diamond,
        "vector": _triangle,
        "overhead": _cross,
        "host": _wedge,
        "link": _bar,
    }
)
"""Corners of the mark of each bound; "compute" and codes of newer writers have a circle."""


def mark(draw: Drawing, bound: str, at: tuple[float, float], radius: float) -> None:
    """Draw the mark of a bound."""
    x, y = at
    paint: Attributes = {
        "fill": colour(draw, bound),
        "fill_opacity": 0.85,
        "stroke": draw.palette.card,
        "stroke_width": 0.8,
    }
    if bound in SHAPES:
        draw.add("polygon", points=SHAPES[bound](x, y, radius), **paint)
    else:
        draw.add("circle", cx=x, cy=y, r=radius, **paint)


def colour(draw: Drawing, bound: str) -> str:
    """Return the colour of a bound."""
    return draw.palette.bounds.get(bound, draw.palette.muted)


def legend(draw: Drawing, entries: Sequence[tuple[str, str]], *, left: float, top: float, right: float) -> None:
    """Draw marks with their words in lines from left to right.

    Parameters
    ----------
    entries
        Codes of bounds with what stands beside their marks.
    """
    x, y = left, top
    for bound, text in entries:
        width = width_of(text, 11) + 34
        if x + width > right and x > left:
            x, y = left, y + 18
        mark(draw, bound, (x + 5, y - 4), 4.5)
        draw.text(text, x + 16, y, size=11, fill=draw.palette.muted)
        x += width
