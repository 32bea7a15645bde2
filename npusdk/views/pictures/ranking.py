"""Devices one below the other on a logarithmic axis, best first: latency and interval, throughput, energy, price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from types import MappingProxyType

from npusdk.language import _, plain, render, translate
from npusdk.report import Comparison, Picture, ProfileReport
from npusdk.report.choice import OBJECTIVES, grounds_of, interval_of, is_rankable, rankable
from npusdk.units import format_number, format_seconds
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import SMALLEST, Scale, across, log_scale, log_ticks, named, trim
from npusdk.views.pictures.sheet import EDGE, TOP, WIDTH, picture, sheet
from npusdk.views.pictures.svg import Box, Drawing, shorten, width_of
from npusdk.views.text.naming import called, differing, trait_cells, trait_columns
from npusdk.views.text.words import BASIS, BOUNDARIES, join, joules, word

ROWS = 40
"""Devices that are drawn."""

LISTED = 20
"""Of which the description tells."""

_ROW = 26
_NAME_ROOM, _FORMAT_ROOM, _VALUE_ROOM = 180, 60, 92


@dataclass(frozen=True, slots=True)
class Figure:
    """A number by which devices are ranked.

    Parameters
    ----------
    name
        Of the picture, and of the objective (`npusdk.report.choice.OBJECTIVES`).
    title
        With a field for the basis.
    write
        How it is written.
    """

    name: str
    title: str
    write: Callable[[float], str]

    def of(self, profile: ProfileReport) -> float | None:
        """Return the number of a profile, None where it is not known."""
        return OBJECTIVES[self.name].of(profile)

    @property
    def largest_first(self) -> bool:
        """Whether more is better."""
        return OBJECTIVES[self.name].largest_first


def _clock(value: float) -> str:
    return format_seconds(value if value >= SMALLEST else 0.0)


def _won(value: float) -> str:
    return f"{format_number(value * 1e6)} KRW"


LATENCY = Figure("latency", _("Latency of one call, {basis}"), _clock)
THROUGHPUT = Figure("throughput", _("Samples a second, {basis}"), format_number)
ENERGY = Figure("energy", _("Energy of one sample, {basis}"), joules)
PRICE = Figure("price", _("Price of a million samples, {basis}"), _won)

FIGURES: Mapping[str, Figure] = MappingProxyType(
    {figure.name: figure for figure in (LATENCY, THROUGHPUT, ENERGY, PRICE)}
)
"""By their names."""


def latency(report: Comparison) -> Picture:
    """Return the latencies with their intervals, shortest first."""
    return _rank(report, LATENCY)


def throughput(report: Comparison) -> Picture:
    """Return the samples a second with their intervals, most first."""
    return _rank(report, THROUGHPUT)


def energy(report: Comparison) -> Picture:
    """Return the joules of a sample with their intervals, least first."""
    return _rank(report, ENERGY)


def price(report: Comparison) -> Picture:
    """Return the won of a sample, least first."""
    return _rank(report, PRICE)


def is_known(report: Comparison, figure: Figure) -> bool:
    """Return whether some profile has a figure, and all such figures cover the same."""
    return is_rankable(report.profiles, figure.name)


def _rank(report: Comparison, figure: Figure) -> Picture:
    rankable(report.profiles, figure.name)
    profiles = _ordered(report, figure)
    title = render(figure.title, basis=word(BASIS, profiles[0].basis))
    listed = ", ".join(f"{called(profile, profiles)} {_value(figure, profile)}" for profile in profiles[:LISTED])
    alt = f"{title}. {_whose(report)}. {listed}."
    text = _text(report, figure, profiles, title)
    return picture(figure.name, title, alt=alt, text=text, paint=partial(_paint, report, figure, alt))


def _ordered(report: Comparison, figure: Figure) -> list[ProfileReport]:
    """Return the profiles, best first; those without the figure last."""
    sign = -1 if figure.largest_first else 1

    def rank(profile: ProfileReport) -> tuple[bool, float, str]:
        value = figure.of(profile)
        return value is None, sign * (value or 0.0), profile.device

    return sorted(report.profiles, key=rank)


def _value(figure: Figure, profile: ProfileReport) -> str:
    value = figure.of(profile)
    return "-" if value is None else figure.write(value)


def _whose(report: Comparison) -> str:
    model = shorten(report.model, 12, 240)
    if report.batch is None:
        return model
    return render(_("{model}, batch {batch}"), model=model, batch=report.batch)


def _close(report: Comparison, figure: Figure) -> set[int]:
    """Return which profiles cannot be told apart from the best, by `id`."""
    return {id(profile) for profile in report.best(figure.name).rivals}


def _text(report: Comparison, figure: Figure, profiles: Sequence[ProfileReport], title: str) -> str:
    page = Page()
    page.heading(title)
    page.paragraph(_whose(report))
    close, traits = _close(report, figure), differing(report.profiles)
    page.table(
        (
            Column(""),
            Column(translate(_("device")), wraps=True),
            Column(translate(_("precision"))),
            *trait_columns(traits),
            Column(translate(_("basis"))),
            Column(translate(_("value")), number=True),
            Column(translate(_("low")), number=True),
            Column(translate(_("high")), number=True),
            Column(translate(_("class"))),
        ),
        (
            (
                "~" if id(profile) in close else "",
                profile.device_name,
                profile.precision,
                *trait_cells(profile, traits),
                word(BASIS, profile.basis),
                _value(figure, profile),
                *_ends(figure, profile),
                profile.validity,
            )
            for profile in profiles[:ROWS]
        ),
    )
    return str(page)


def _ends(figure: Figure, profile: ProfileReport) -> tuple[str, str]:
    """Return the ends of a figure's interval."""
    if figure.of(profile) is None:
        return "-", "-"
    low, high = interval_of(profile, figure.name)
    return figure.write(low), figure.write(high) if isfinite(high) else "-"


def _subtitle(report: Comparison, figure: Figure) -> str:
    """Return what is compared and how its marks are read."""
    marks = translate(_("line: interval; ring and ~: not separable from the best"))
    covers = grounds_of(report.profiles, figure.name)
    if figure is ENERGY and covers:
        marks = join(word(BOUNDARIES, plain(covers[0], 40)), marks, separator="; ")
    return f"{_whose(report)}; {marks}" if len(report.profiles) > 1 else _whose(report)


def _paint(report: Comparison, figure: Figure, alt: str, palette: Palette) -> Drawing:
    profiles = _ordered(report, figure)[:ROWS]
    title = render(figure.title, basis=word(BASIS, profiles[0].basis))
    bottom = TOP + 8 + _ROW * len(profiles)
    draw = sheet(bottom + 34, palette, title=title, subtitle=_subtitle(report, figure), description=alt)
    names = _names(profiles)
    widest = max(width_of(name, 12) for name in names)
    plot = Box(EDGE + 18 + widest + _FORMAT_ROOM + 16, TOP + 4, WIDTH - EDGE - _VALUE_ROOM, bottom)
    scale = log_scale(_extent(profiles, figure), plot.left, plot.right)
    across(draw, scale, list(named(log_ticks(scale), lambda value: trim(figure.write(value)))), plot)
    if len(profiles) > 1:
        _shade(draw, _placed(figure, profiles[0], scale), plot)
    close = _close(report, figure)
    for index, profile in enumerate(profiles):
        y = TOP + 8 + _ROW * index + _ROW / 2
        draw.text("~" if id(profile) in close else "", EDGE, y + 4, fill=palette.muted)
        draw.text(names[index], EDGE + 18, y + 4)
        format_name = shorten(profile.precision, 11, _FORMAT_ROOM - 14)
        draw.text(format_name, plot.left - 16, y + 4, size=11, anchor="end", fill=palette.muted)
        _paint_row(draw, profile, (scale, y), figure=figure, close=id(profile) in close)
    return draw


def _placed(figure: Figure, profile: ProfileReport, scale: Scale) -> tuple[float, float]:
    """Return where the interval of a figure begins and ends; an end that is not bounded ends with the axis."""
    low, high = interval_of(profile, figure.name)
    return scale(low), scale(high if isfinite(high) else figure.of(profile) or 0.0)


def _shade(draw: Drawing, ends: tuple[float, float], plot: Box) -> None:
    """Draw the interval of the best behind all others."""
    low, high = ends
    draw.add(
        "rect", x=low, y=plot.top, width=max(high - low, 1), height=plot.bottom - plot.top, fill=draw.palette.accent,
        fill_opacity=0.09,
    )  # fmt: skip


def _names(profiles: Sequence[ProfileReport]) -> list[str]:
    """Return what profiles are called; devices that share a name, by their identifier."""
    kinds: dict[str, set[str]] = {}
    for profile in profiles:
        kinds.setdefault(profile.device_name, set()).add(profile.device)
    traits = differing(profiles)
    names = (
        " ".join(
            (profile.device_name if len(kinds[profile.device_name]) == 1 else profile.device, *_marks(profile, traits))
        )
        for profile in profiles
    )
    return [shorten(name, 12, _NAME_ROOM) for name in names]


def _marks(profile: ProfileReport, traits: Sequence[str]) -> list[str]:
    """Return what tells a profile from others of its device."""
    return [
        render(_("batch {batch}"), batch=text) if name == "batch" else text
        for name, text in zip(traits, trait_cells(profile, traits), strict=True)
    ]


def _extent(profiles: Sequence[ProfileReport], figure: Figure) -> list[float]:
    known = [profile for profile in profiles if figure.of(profile) is not None]
    ends = [end for profile in known for end in interval_of(profile, figure.name) if isfinite(end)]
    return [*ends, *(value for profile in known if (value := figure.of(profile)) is not None)]


def _paint_row(
    draw: Drawing, profile: ProfileReport, where: tuple[Scale, float], *, figure: Figure, close: bool
) -> None:
    scale, y = where
    palette = draw.palette
    value = figure.of(profile)
    draw.text(_value(figure, profile), WIDTH - EDGE, y + 4, anchor="end")
    if value is None:
        return
    low, high = _placed(figure, profile, scale)
    draw.line((low, y), (high, y), palette.accent, stroke_width=2)
    for x in (low, high):
        draw.line((x, y - 4), (x, y + 4), palette.accent, stroke_width=2)
    fill = palette.card if close else palette.accent
    draw.add("circle", cx=scale(value), cy=y, r=5, fill=fill, stroke=palette.accent, stroke_width=2)
