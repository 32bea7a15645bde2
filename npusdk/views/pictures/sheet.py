"""What all pictures share: their width, their heading, and a picture made of one drawing in two palettes."""

from __future__ import annotations

from collections.abc import Callable

from npusdk.language import _, current_language, render
from npusdk.report import Picture, ProfileReport
from npusdk.views.palette import DARK, LIGHT, Palette
from npusdk.views.pictures.axes import seconds
from npusdk.views.pictures.svg import Drawing, shorten
from npusdk.views.text.words import BASIS, word

WIDTH = 720
"""Of every picture."""

EDGE = 20
"""Room between a picture's border and what is drawn."""

TOP = 62
"""Where a picture begins below its heading."""

_TITLE, _SUBTITLE = 15, 12


def sheet(height: float, palette: Palette, *, title: str, subtitle: str, description: str) -> Drawing:
    """Return a drawing with its heading."""
    draw = Drawing(WIDTH, height, palette, title=title, description=description)
    room = WIDTH - 2 * EDGE
    draw.text(shorten(title, _TITLE, room), EDGE, 28, size=_TITLE, font_weight="600")
    draw.text(shorten(subtitle, _SUBTITLE, room), EDGE, 47, size=_SUBTITLE, fill=palette.muted)
    return draw


def picture(name: str, title: str, *, alt: str, text: str, paint: Callable[[Palette], Drawing]) -> Picture:
    """Return the picture that `paint` draws."""
    return Picture(
        name=name,
        title=title,
        alt=alt,
        text=text,
        svg=str(paint(LIGHT)),
        svg_dark=str(paint(DARK)),
        language=current_language(),
    )


def whose(report: ProfileReport) -> str:
    """Return what a profile is of, with its basis and latency: the second line of a picture."""
    return render(
        _("{model} on {device}, {precision}, batch {batch}: {basis} {latency}, between {low} and {high}"),
        model=shorten(report.model, _SUBTITLE, 160),
        device=shorten(report.device_name, _SUBTITLE, 110),
        precision=shorten(report.precision, _SUBTITLE, 60),
        batch=report.batch,
        basis=word(BASIS, report.basis),
        latency=seconds(report.latency_s),
        low=seconds(report.latency_low_s),
        high=seconds(report.latency_high_s),
    )
