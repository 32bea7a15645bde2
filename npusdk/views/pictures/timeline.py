"""The timeline: the runtime's call, the host link and the layers one after the other, a lane for each bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from npusdk.language import _, plain, render, translate
from npusdk.report import BOUNDS as BOUND_CODES
from npusdk.report import Picture, ProfileReport
from npusdk.units import format_seconds
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import Scale, across, linear_ticks, seconds, time_unit
from npusdk.views.pictures.sheet import EDGE, TOP, WIDTH, picture, sheet, whose
from npusdk.views.pictures.svg import Anchor, Box, Drawing, blocks, shorten, width_of
from npusdk.views.text.words import BASIS, BOUNDS, percent, word

LABELS = 4
"""Slowest layers that are named in the picture."""

CALL, TRANSFER = "call", "transfer"

_LANE, _GAP, _STRIP = 18, 10, 26
_LABEL_ROOM, _SHARE_ROOM, _TIME = 190, 140, 64


@dataclass(slots=True)
class Lane:
    """What has one cause.

    Parameters
    ----------
    code
        A bound, `CALL` or `TRANSFER`.
    spans
        Seconds at which each part begins and ends.
    """

    code: str
    title: str
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def time_s(self) -> float:
        """Seconds of all parts."""
        return sum(end - start for start, end in self.spans)


def spans_of(report: ProfileReport) -> Iterator[tuple[str, float, float]]:
    """Yield the bound of each layer and the seconds at which it begins and ends."""
    now_s = report.call_s + report.host_s
    for bound, time_s in zip(report.layers.bounds, report.layers.time_s.tolist(), strict=True):
        yield bound, now_s, now_s + time_s
        now_s += time_s


def lanes_of(report: ProfileReport) -> list[Lane]:
    """Return what takes time, in the order of its first appearance in the schema; what takes none is left out."""
    lanes = {
        CALL: Lane(CALL, translate(_("call of the runtime")), [(0.0, report.call_s)]),
        TRANSFER: Lane(
            TRANSFER,
            translate(_("inputs and outputs, host link")),
            [(report.call_s, report.call_s + report.host_s)],
        ),
        **{bound: Lane(bound, word(BOUNDS, bound)) for bound in BOUND_CODES},
    }
    for bound, start_s, end_s in spans_of(report):
        lanes[bound].spans.append((start_s, end_s))
    return [lane for lane in lanes.values() if lane.time_s > 0]


def timeline(report: ProfileReport) -> Picture:
    """Return the timeline of a profile."""
    lanes = lanes_of(report)
    title = render(_("Timeline, {basis}"), basis=word(BASIS, report.basis))
    shares = ", ".join(f"{lane.title} {_share(lane, report)}" for lane in lanes)
    alt = f"{title}. {whose(report)}. {shares}."
    return picture(
        "timeline", title, alt=alt, text=_text(report, lanes, title), paint=partial(_paint, report, lanes, alt)
    )


def _share(lane: Lane, report: ProfileReport) -> str:
    return f"{format_seconds(lane.time_s)} ({percent(lane.time_s / (report.latency_s or 1.0))})"


def _text(report: ProfileReport, lanes: Sequence[Lane], title: str) -> str:
    page = Page()
    page.heading(title)
    page.paragraph(whose(report))
    columns = (
        Column(translate(_("bound")), wraps=True),
        Column(translate(_("basis"))),
        Column(translate(_("time")), number=True),
        Column(translate(_("share")), number=True),
        Column(""),
    )
    total_s = report.latency_s or 1.0
    page.table(
        columns,
        (
            (
                lane.title,
                word(BASIS, report.basis),
                format_seconds(lane.time_s),
                percent(lane.time_s / total_s),
                _strip(lane, total_s),
            )
            for lane in lanes
        ),
    )
    return str(page)


def _strip(lane: Lane, total_s: float) -> str:
    """Return when a lane is busy, as 32 characters."""
    cells = ["."] * 32
    for start_s, end_s in lane.spans:
        first = min(int(32 * start_s / total_s), 31)
        for index in range(first, max(first + 1, min(round(32 * end_s / total_s), 32))):
            cells[index] = "#"
    return "".join(cells)


def _paint(report: ProfileReport, lanes: Sequence[Lane], alt: str, palette: Palette) -> Drawing:
    top = TOP + 22
    bottom = top + _STRIP + _GAP + len(lanes) * (_LANE + _GAP)
    title = render(_("Timeline, {basis}"), basis=word(BASIS, report.basis))
    draw = sheet(bottom + 48, palette, title=title, subtitle=whose(report), description=alt)
    room = min(max((width_of(lane.title, 12) for lane in lanes), default=0), _LABEL_ROOM)
    plot = Box(EDGE + room + 14, top, WIDTH - EDGE - _SHARE_ROOM, bottom)
    scale = Scale(0.0, report.latency_s, plot.left, plot.right)
    unit_s, unit = time_unit(report.latency_s)
    across(draw, scale, [(tick, f"{tick / unit_s:g}") for tick in linear_ticks(report.latency_s, unit_s)], plot)
    axis = render(_("{basis} time, {unit}"), basis=word(BASIS, report.basis), unit=unit)
    draw.text(axis, (plot.left + plot.right) / 2, bottom + 34, size=11, anchor="middle", fill=palette.muted)
    y: float = top + _STRIP + _GAP
    for lane in lanes:
        colour = _colour(lane, palette)
        draw.add("path", d=_path(lane, scale, top, _STRIP), fill=colour)
        draw.add("rect", x=plot.left, y=y, width=plot.right - plot.left, height=_LANE, fill=palette.panel)
        draw.add("path", d=_path(lane, scale, y, _LANE), fill=colour)
        draw.text(shorten(lane.title, 12, room), EDGE, y + 13)
        share = percent(lane.time_s / (report.latency_s or 1.0))
        draw.text(seconds(lane.time_s), WIDTH - EDGE - _TIME, y + 13, anchor="end")
        draw.text(share, WIDTH - EDGE, y + 13, anchor="end", fill=palette.muted)
        y += _LANE + _GAP
    total = seconds(report.latency_s)
    draw.text(total, WIDTH - EDGE - _TIME, top + 17, anchor="end", font_weight="600")
    _paint_labels(draw, report, scale, plot)
    return draw


def _colour(lane: Lane, palette: Palette) -> str:
    if lane.code == CALL:
        return palette.call
    return palette.bounds.get("link" if lane.code == TRANSFER else lane.code, palette.muted)


def _path(lane: Lane, scale: Scale, top: float, height: float) -> str:
    return blocks([(scale(start_s), scale(end_s)) for start_s, end_s in lane.spans], top, height)


def _paint_labels(draw: Drawing, report: ProfileReport, scale: Scale, plot: Box) -> None:
    """Name the slowest layers above the strip, each with a stroke from its middle."""
    spans = list(spans_of(report))
    slowest = sorted(range(len(spans)), key=lambda index: spans[index][1] - spans[index][2])[:LABELS]
    inside = Box(max(plot.left - 40, EDGE), TOP - 8, plot.right + 60, plot.top)
    for index in slowest:
        _bound, start_s, end_s = spans[index]
        middle = (scale(start_s) + scale(end_s)) / 2
        name = shorten(plain(report.layers.names[index]), 11, 130)
        places: list[tuple[float, float, Anchor]] = [
            (middle, plot.top - 9, "middle"), (middle - 4, plot.top - 9, "start"), (middle + 4, plot.top - 9, "end"),
        ]  # fmt: skip
        if draw.label(name, places, inside=inside):
            draw.line((middle, plot.top - 5), (middle, plot.top), draw.palette.muted)
