"""The roofline: how many operations a layer does for each byte, and how fast, under what the device allows.

Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt

from npusdk.language import _, plain, render, translate
from npusdk.report import BOUNDS as BOUND_CODES
from npusdk.report import Picture, ProfileReport
from npusdk.units import format_count, format_number, format_seconds
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import LARGEST, Scale, across, log_scale, log_ticks, named, rate, seconds, trim, upright
from npusdk.views.pictures.marks import legend, mark
from npusdk.views.pictures.sheet import EDGE, TOP, WIDTH, picture, sheet, whose
from npusdk.views.pictures.svg import Anchor, Attributes, Box, Drawing, shorten
from npusdk.views.text.words import BASIS, BOUNDS, percent, word

HEIGHT = 430
LABELS = 4
"""Slowest layers that are named in the picture."""

POINTS = 600
"""Layers that are drawn, slowest first; more would hide each other."""

_PLOT = Box(96, TOP + 14, WIDTH - 28, HEIGHT - 92)
_DISTINCT = 24
_DIRECTIONS: tuple[tuple[float, float, Anchor], ...] = (
    (0.8, 0.6, "start"), (1.0, 0.0, "start"), (0.6, 0.9, "start"), (0.8, -0.6, "start"), (-0.8, -0.6, "end"),
    (-0.8, 0.6, "end"), (-1.0, 0.0, "end"),
)  # fmt: skip
_OP_RATE, _INTENSITY = "OP/s", "OP/B"


@dataclass(frozen=True, slots=True)
class Point:
    """A layer that multiplies.

    Parameters
    ----------
    intensity
        Operations for each byte of off-chip traffic, two for a multiply-accumulate; None where there is no traffic.
    ops_per_s
        Operations a second, overhead included.
    """

    name: str
    bound: str
    time_s: float
    intensity: float | None
    ops_per_s: float


def points_of(report: ProfileReport) -> list[Point]:
    """Return the layers that multiply, slowest first."""
    table = report.layers
    columns = (table.names, table.bounds, table.time_s.tolist(), table.macs.tolist(), table.traffic_bytes.tolist())
    points = [
        Point(
            name,
            bound,
            time_s,
            min(2 * macs / traffic, LARGEST) if traffic > 0 else None,
            min(2 * macs / time_s, LARGEST),
        )
        for name, bound, time_s, macs, traffic in zip(*columns, strict=True)
        if macs > 0 and time_s > 0
    ]
    return sorted(points, key=lambda point: -point.time_s)


def roofline(report: ProfileReport) -> Picture:
    """Return the roofline of a profile."""
    points = points_of(report)
    title = render(_("Roofline, {basis}"), basis=word(BASIS, report.basis))
    alt = _describe(report, points, title)
    return picture(
        "roofline", title, alt=alt, text=_text(report, points, title), paint=partial(_paint, report, points, alt)
    )


def _ridge(report: ProfileReport) -> float | None:
    """Return the intensity from which the peak can be reached, in operations for each byte."""
    bandwidth = report.memory_bandwidth_bytes_per_s
    return report.peak_ops_per_s / bandwidth if bandwidth and report.peak_ops_per_s else None


def _describe(report: ProfileReport, points: Sequence[Point], title: str) -> str:
    ridge = _ridge(report)
    roof = render(_("peak {rate}"), rate=format_count(report.peak_ops_per_s, _OP_RATE))
    if ridge:
        roof += ", " + render(_("ridge at {intensity}"), intensity=format_count(ridge, _INTENSITY))
    slowest = ", ".join(
        f"{plain(point.name, 40)} {format_seconds(point.time_s)} ({word(BOUNDS, point.bound)})" for point in points[:3]
    )
    tail = render(_("slowest layers that multiply: {layers}"), layers=slowest) if slowest else _none()
    return f"{title}. {whose(report)}. {roof}. {tail}."


def _none() -> str:
    return translate(_("no layer multiplies"))


def _text(report: ProfileReport, points: Sequence[Point], title: str) -> str:
    page = Page()
    page.heading(title)
    page.paragraph(whose(report))
    page.table(
        (
            Column(translate(_("layer")), wraps=True, least=24),
            Column(_INTENSITY, number=True),
            Column(_OP_RATE, number=True),
            Column(translate(_("of peak")), number=True),
            Column(translate(_("basis"))),
            Column(translate(_("time")), number=True),
            Column(translate(_("bound"))),
        ),
        (
            (
                plain(point.name, 60),
                "-" if point.intensity is None else format_number(point.intensity),
                format_count(point.ops_per_s),
                percent(point.ops_per_s / report.peak_ops_per_s) if report.peak_ops_per_s else "-",
                word(BASIS, report.basis),
                format_seconds(point.time_s),
                word(BOUNDS, point.bound),
            )
            for point in points[:10]
        ),
    )
    return str(page)


def _paint(report: ProfileReport, points: Sequence[Point], alt: str, palette: Palette) -> Drawing:
    title = render(_("Roofline, {basis}"), basis=word(BASIS, report.basis))
    draw = sheet(HEIGHT, palette, title=title, subtitle=whose(report), description=alt)
    ridge = _ridge(report)
    intensities = [point.intensity for point in points if point.intensity]
    width = log_scale([*intensities, *([ridge / 4, ridge * 4] if ridge else [])], _PLOT.left, _PLOT.right)
    rates = [point.ops_per_s for point in points]
    height = log_scale([*rates, report.peak_ops_per_s * 1.6, report.peak_ops_per_s / 10], _PLOT.bottom, _PLOT.top)
    across(draw, width, list(named(log_ticks(width), rate(_INTENSITY))), _PLOT)
    upright(draw, height, list(named(log_ticks(height), rate(_OP_RATE))), _PLOT)
    middle = (_PLOT.left + _PLOT.right) / 2
    intensity = translate(_("operations for each byte of off-chip traffic"))
    draw.text(intensity, middle, _PLOT.bottom + 34, size=11, anchor="middle", fill=palette.muted)
    _paint_roof(draw, report, width, height)
    _paint_points(draw, points, (width, height))
    _paint_legend(draw, report, points)
    return draw


def _paint_roof(draw: Drawing, report: ProfileReport, width: Scale, height: Scale) -> None:
    ridge, peak, bandwidth = _ridge(report), report.peak_ops_per_s, report.memory_bandwidth_bytes_per_s
    if peak <= 0:
        return
    roof: Attributes = {"stroke_width": 2, "stroke_linecap": "round"}
    top, left = height(peak), width(ridge) if ridge else _PLOT.left
    draw.line((left, top), (_PLOT.right, top), draw.palette.accent, **roof)
    draw.obstacles.append(Box(left, top - 2, _PLOT.right, top + 2))
    named_peak = render(_("peak {rate}"), rate=_short(peak, _OP_RATE))
    draw.label(named_peak, [(_PLOT.right - 4, top - 8, "end")], inside=draw.box)
    if not (ridge and bandwidth):
        return
    start = max(width.low, height.low / bandwidth)
    foot = (width(start), height(start * bandwidth))
    draw.line(foot, (left, top), draw.palette.accent, **roof)
    draw.obstacles += _along(foot, (left, top))
    draw.line((left, top), (left, _PLOT.bottom), draw.palette.accent, stroke_width=1, stroke_dasharray="2 4")
    at_ridge = render(_("ridge {intensity}"), intensity=_short(ridge, _INTENSITY))
    draw.label(at_ridge, [(left + 6, _PLOT.bottom - 8, "start"), (left - 6, _PLOT.bottom - 8, "end")], inside=_PLOT)
    slope = render(_("memory {rate}"), rate=_short(bandwidth, "B/s"))
    x, y = (foot[0] + left) / 2, (foot[1] + top) / 2
    draw.label(slope, [(x - 10, y - 8, "end"), (_PLOT.left + 6, _PLOT.top + 12, "start")], inside=_PLOT)


def _short(value: float, unit: str) -> str:
    return shorten(trim(format_count(value, unit)), 11, 110)


def _along(start: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """Return places that a label must keep clear of so as not to lie on a line."""
    count = 40
    points = [
        (start[0] + (end[0] - start[0]) * step / count, start[1] + (end[1] - start[1]) * step / count)
        for step in range(count + 1)
    ]
    return [Box(x - 3, y - 3, x + 3, y + 3) for x, y in points]


def _paint_points(draw: Drawing, points: Sequence[Point], scales: tuple[Scale, Scale]) -> None:
    width, height = scales
    longest = points[0].time_s if points else 1.0
    placed = []
    for point in points[:POINTS]:
        x = width(point.intensity) if point.intensity else _PLOT.right - 6
        radius = 3 + 8 * sqrt(point.time_s / longest)
        placed.append((point, x, height(point.ops_per_s), radius))
    for point, x, y, radius in placed:
        mark(draw, point.bound, (x, y), radius)
        draw.obstacles.append(Box(x - radius, y - radius, x + radius, y + radius))
    _paint_names(draw, [(point, x, y) for point, x, y, _radius in placed])


def _paint_names(draw: Drawing, placed: Sequence[tuple[Point, float, float]]) -> None:
    """Name the slowest layers, one of those that lie on each other, at the end of a stroke."""
    chosen: list[tuple[Point, float, float]] = []
    for point, x, y in placed:
        if all(abs(x - left) + abs(y - top) > _DISTINCT for _other, left, top in chosen):
            chosen.append((point, x, y))
    for point, x, y in chosen[:LABELS]:
        name = f"{shorten(point.name, 11, 150)}, {seconds(point.time_s)}"
        for reach in (24.0, 44.0, 66.0, 90.0, 116.0):
            places = [(x + dx * reach, y + dy * reach + 4, anchor) for dx, dy, anchor in _DIRECTIONS]
            used = draw.label(name, places, inside=_PLOT)
            if used:
                draw.line((x, y), (used[0], used[1] - 4), draw.palette.ink, stroke_width=0.8)
                break


def _paint_legend(draw: Drawing, report: ProfileReport, points: Sequence[Point]) -> None:
    counts = {bound: sum(point.bound == bound for point in points) for bound in BOUND_CODES}
    entries = [(bound, f"{word(BOUNDS, bound)}: {count}") for bound, count in counts.items() if count]
    legend(draw, entries, left=_PLOT.left, top=HEIGHT - 38, right=WIDTH - EDGE)
    others = len(report.layers) - len(points)
    notes = []
    if others:
        rest_s = float(report.layers.time_s.sum()) - sum(point.time_s for point in points)
        share = percent(max(rest_s, 0.0) / (report.latency_s or 1.0))
        notes.append(
            render(
                _("layers that multiply nothing, not drawn: {count}, {share} of the time"), count=others, share=share
            )
        )
    inside = sum(point.intensity is None for point in points)
    if inside:
        notes.append(render(_("no off-chip traffic, at the right edge: {count}"), count=inside))
    note = "; ".join(notes) if points else _none()
    draw.text(shorten(note, 11, _PLOT.right - _PLOT.left), _PLOT.left, HEIGHT - 16, size=11, fill=draw.palette.muted)
