"""Profiles by two figures at once; the Pareto set is a line, and whoever lies off it is beaten by one on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

from npusdk.language import _, plain, render, translate
from npusdk.report import Comparison, Picture, ProfileReport
from npusdk.report.choice import rankable
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import Scale, across, log_scale, log_ticks, named, trim, upright
from npusdk.views.pictures.ranking import FIGURES, LISTED, Figure
from npusdk.views.pictures.sheet import TOP, WIDTH, picture, sheet
from npusdk.views.pictures.svg import Anchor, Box, Drawing, shorten
from npusdk.views.text.naming import called, frontier_caution
from npusdk.views.text.words import BASIS, word
from npusdk.views.text.words import FIGURES as NAMES

HEIGHT = 400
POINTS = 600
"""Profiles that are drawn."""

_PLOT = Box(96, TOP + 26, WIDTH - 28, HEIGHT - 60)


@dataclass(frozen=True)
class Frontier:
    """What is drawn.

    Parameters
    ----------
    known
        The profiles that have both figures.
    chosen
        The Pareto set.
    figures
        Of the horizontal and of the vertical axis.
    """

    known: Sequence[ProfileReport]
    chosen: Sequence[ProfileReport]
    figures: tuple[Figure, Figure]

    @property
    def basis(self) -> str:
        """The word for what the numbers are."""
        return word(BASIS, self.known[0].basis)

    @property
    def title(self) -> str:
        """Both figures."""
        first, second = (word(NAMES, figure.name) for figure in self.figures)
        return render(_("Pareto set, {x} against {y}, {basis}"), x=first, y=second, basis=self.basis)

    @property
    def alt(self) -> str:
        """The set with its numbers."""
        told = ", ".join(f"{called(one, self.known)} {' / '.join(self.written(one))}" for one in self.chosen[:LISTED])
        caution = f" {self.caution}." if self.caution else ""
        return f"{self.title}. {plain(self.known[0].model, 80)}. {told}.{caution}"

    @property
    def caution(self) -> str:
        """What the set is worth; empty where every member is calibrated and apart from all outside."""
        first, second = self.figures
        return frontier_caution(self.known, self.chosen, (first.name, second.name))

    def written(self, profile: ProfileReport) -> tuple[str, ...]:
        """Return both figures of a profile as text."""
        return tuple(figure.write(figure.of(profile) or 0.0) for figure in self.figures)

    @cached_property
    def scales(self) -> tuple[Scale, Scale]:
        """Both axes."""
        first, second = ([figure.of(one) or 0.0 for one in self.known] for figure in self.figures)
        return log_scale(first, _PLOT.left, _PLOT.right), log_scale(second, _PLOT.bottom, _PLOT.top)

    def place(self, profile: ProfileReport) -> tuple[float, float]:
        """Return where a profile stands."""
        x, y = (scale(figure.of(profile) or 0.0) for figure, scale in zip(self.figures, self.scales, strict=True))
        return x, y


def frontier(report: Comparison, x: str = "latency", y: str = "throughput") -> Picture:
    """Return every profile by two figures.

    Raises
    ------
    ConfigError
        If profiles are not ranked by one of them.
    """
    known = rankable(rankable(report.profiles, x), y)
    drawn = Frontier(known, report.pareto(x, y), (FIGURES[x], FIGURES[y]))
    return picture("frontier", drawn.title, alt=drawn.alt, text=_text(drawn), paint=partial(_paint, drawn))


def _text(drawn: Frontier) -> str:
    page = Page()
    page.heading(drawn.title)
    page.paragraph(plain(drawn.known[0].model, 80))
    page.table(
        (
            Column("", number=True),
            Column(translate(_("Pareto set")), wraps=True, least=24),
            Column(translate(_("basis"))),
            *(Column(word(NAMES, figure.name), number=True) for figure in drawn.figures),
            Column(translate(_("class"))),
        ),
        (
            (str(number), called(one, drawn.known), drawn.basis, *drawn.written(one), one.validity)
            for number, one in enumerate(drawn.chosen[:LISTED], start=1)
        ),
    )
    page.bullets(filter(None, (drawn.caution,)))
    return str(page)


def _paint(drawn: Frontier, palette: Palette) -> Drawing:
    marks = translate(_("filled, numbered as listed: Pareto set; ring: beaten in both"))
    subtitle = f"{shorten(drawn.known[0].model, 12, 240)}; {marks}"
    draw = sheet(HEIGHT, palette, title=drawn.title, subtitle=subtitle, description=drawn.alt)
    first, second = drawn.figures
    width, height = drawn.scales
    across(draw, width, list(named(log_ticks(width), lambda value: trim(first.write(value)))), _PLOT)
    upright(draw, height, list(named(log_ticks(height), lambda value: trim(second.write(value)))), _PLOT)
    middle = (_PLOT.left + _PLOT.right) / 2
    names = [render(figure.title, basis=drawn.basis) for figure in drawn.figures]
    draw.text(names[0], middle, _PLOT.bottom + 38, size=11, anchor="middle", fill=palette.muted)
    draw.text(names[1], _PLOT.left, _PLOT.top - 8, size=11, fill=palette.muted)
    members = {id(one) for one in drawn.chosen}
    for one in drawn.known[:POINTS]:
        if id(one) not in members:
            x, y = drawn.place(one)
            draw.add("circle", cx=x, cy=y, r=4, fill="none", stroke=palette.muted, stroke_width=1.5)
            draw.obstacles.append(Box(x - 4, y - 4, x + 4, y + 4))
    _paint_set(draw, drawn)
    return draw


def _paint_set(draw: Drawing, drawn: Frontier) -> None:
    """Draw the Pareto set as steps between its members, numbered as they are listed."""
    accent = draw.palette.accent
    places = [drawn.place(one) for one in drawn.chosen]
    for (left, low), (right, high) in pairwise(places):
        draw.line((left, low), (right, low), accent, stroke_width=1.5)
        draw.line((right, low), (right, high), accent, stroke_width=1.5)
    for x, y in places:
        draw.add("circle", cx=x, cy=y, r=5, fill=accent, stroke=accent, stroke_width=2)
        draw.obstacles.append(Box(x - 6, y - 6, x + 6, y + 6))
    for number, (x, y) in enumerate(places[:LISTED], start=1):
        options: list[tuple[float, float, Anchor]] = [
            (x - 7, y - 5, "end"),
            (x, y - 10, "middle"),
            (x + 7, y + 14, "start"),
            (x - 7, y + 14, "end"),
        ]
        draw.label(str(number), options, inside=draw.box)
