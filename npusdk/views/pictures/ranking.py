"""Devices one below the other on a logarithmic axis, best first: latency and interval, throughput, energy, price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from npusdk.errors import ConfigError
from npusdk.language import _, plain, render, translate
from npusdk.report import Comparison, Picture, ProfileReport
from npusdk.units import format_count, format_krw, format_number, format_seconds
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import SMALLEST, Scale, across, log_scale, log_ticks, named, trim
from npusdk.views.pictures.sheet import EDGE, TOP, WIDTH, picture, sheet
from npusdk.views.pictures.svg import Box, Drawing, shorten, width_of
from npusdk.views.text.words import BASIS, word

ROWS = 40
"""Devices that are drawn."""

_ROW = 26
_NAME_ROOM, _FORMAT_ROOM, _VALUE_ROOM = 180, 60, 92


@dataclass(frozen=True, slots=True)
class Figure:
    """A number by which devices are ranked.

    Parameters
    ----------
    name
        Of the picture.
    title
        With a field for the basis.
    of
        The number of a profile, None where it is not known.
    write
        How it is written.
    largest_first
        Whether more is better.
    """

    name: str
    title: str
    of: Callable[[ProfileReport], float | None]
    write: Callable[[float], str]
    largest_first: bool = False


def _clock(value: float) -> str:
    return format_seconds(value if value >= SMALLEST else 0.0)


def _joules(value: float) -> str:
    return f"{format_number(value * 1000)} mJ" if value < 1 else format_count(value, "J")


LATENCY = Figure("latency", _("Latency of one call, {basis}"), lambda profile: profile.latency_s, _clock)
THROUGHPUT = Figure(
    "throughput",
    _("Samples a second, {basis}"),
    lambda profile: profile.throughput_per_s,
    format_number,
    largest_first=True,
)
ENERGY = Figure("energy", _("Energy of one call, {basis}"), lambda profile: profile.energy_j, _joules)
PRICE = Figure(
    "price", _("Price of one call, {basis}"), lambda profile: profile.krw, lambda value: format_krw(round(value))
)


def latency(report: Comparison) -> Picture:
    """Return the latencies with their intervals, shortest first."""
    return _rank(report, LATENCY)


def throughput(report: Comparison) -> Picture:
    """Return the samples a second, most first."""
    return _rank(report, THROUGHPUT)


def energy(report: Comparison) -> Picture:
    """Return the joules of a call, least first."""
    return _rank(report, ENERGY)


def price(report: Comparison) -> Picture:
    """Return the won of a call, least first."""
    return _rank(report, PRICE)


def is_known(report: Comparison, figure: Figure) -> bool:
    """Return whether some profile has a figure."""
    return any(figure.of(profile) is not None for profile in report.profiles)


def _rank(report: Comparison, figure: Figure) -> Picture:
    if not is_known(report, figure):
        raise ConfigError(
            _("no profile of this comparison has a figure for {figure}"),
            hint=_("Draw its latency() or its throughput()."),
            figure=figure.name,
        )
    profiles = _ordered(report, figure)
    title = render(figure.title, basis=word(BASIS, profiles[0].basis))
    listed = ", ".join(f"{plain(profile.device_name, 40)} {_value(figure, profile)}" for profile in profiles[:ROWS])
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
    return render(_("{model}, batch {batch}"), model=shorten(report.model, 12, 360), batch=report.batch)


def _is_close(report: Comparison, profile: ProfileReport) -> bool:
    """Return whether a profile cannot be told apart from the fastest, which is another."""
    fastest = report.by_latency()[0]
    return profile is not fastest and not report.is_separable(fastest, profile)


def _text(report: Comparison, figure: Figure, profiles: Sequence[ProfileReport], title: str) -> str:
    page = Page()
    page.heading(title)
    page.paragraph(_whose(report))
    page.table(
        (
            Column(""),
            Column(translate(_("device")), wraps=True),
            Column(translate(_("precision"))),
            Column(translate(_("basis"))),
            Column(translate(_("value")), number=True),
        ),
        (
            (
                "~" if figure is LATENCY and _is_close(report, profile) else "",
                profile.device_name,
                profile.precision,
                word(BASIS, profile.basis),
                _value(figure, profile),
            )
            for profile in profiles[:ROWS]
        ),
    )
    return str(page)


def _subtitle(report: Comparison, figure: Figure) -> str:
    """Return what is compared and how its marks are read."""
    if figure is not LATENCY:
        return _whose(report)
    marks = translate(_("line: interval; ring and ~: not separable from the fastest"))
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
    if figure is LATENCY and len(profiles) > 1:
        low, high = scale(profiles[0].latency_low_s), scale(profiles[0].latency_high_s)
        draw.add(
            "rect", x=low, y=plot.top, width=max(high - low, 1), height=plot.bottom - plot.top, fill=palette.accent,
            fill_opacity=0.09,
        )  # fmt: skip
    for index, profile in enumerate(profiles):
        y = TOP + 8 + _ROW * index + _ROW / 2
        close = figure is LATENCY and _is_close(report, profile)
        draw.text("~" if close else "", EDGE, y + 4, fill=palette.muted)
        draw.text(names[index], EDGE + 18, y + 4)
        format_name = shorten(profile.precision, 11, _FORMAT_ROOM - 14)
        draw.text(format_name, plot.left - 16, y + 4, size=11, anchor="end", fill=palette.muted)
        _paint_row(draw, profile, (scale, plot, y), figure=figure, close=close)
    return draw


def _names(profiles: Sequence[ProfileReport]) -> list[str]:
    """Return what devices are called; those that share a name, by their identifier."""
    called = [profile.device_name for profile in profiles]
    return [
        shorten(profile.device_name if called.count(profile.device_name) == 1 else profile.device, 12, _NAME_ROOM)
        for profile in profiles
    ]


def _extent(profiles: Sequence[ProfileReport], figure: Figure) -> list[float]:
    values = [value for profile in profiles if (value := figure.of(profile)) is not None]
    if figure is LATENCY:
        values += [profile.latency_low_s for profile in profiles] + [profile.latency_high_s for profile in profiles]
    return values


def _paint_row(
    draw: Drawing, profile: ProfileReport, where: tuple[Scale, Box, float], *, figure: Figure, close: bool
) -> None:
    scale, plot, y = where
    palette = draw.palette
    value = figure.of(profile)
    draw.text(_value(figure, profile), WIDTH - EDGE, y + 4, anchor="end")
    if value is None:
        return
    if figure is LATENCY:
        low, high = scale(profile.latency_low_s), scale(profile.latency_high_s)
        draw.line((low, y), (high, y), palette.accent, stroke_width=2)
        for x in (low, high):
            draw.line((x, y - 4), (x, y + 4), palette.accent, stroke_width=2)
    else:
        draw.line((plot.left, y), (scale(value), y), palette.rule, stroke_width=2)
    fill = palette.card if close else palette.accent
    draw.add("circle", cx=scale(value), cy=y, r=5, fill=fill, stroke=palette.accent, stroke_width=2)
