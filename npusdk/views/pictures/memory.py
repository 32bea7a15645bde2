"""Memory over the layers: weights, and the activations that are alive while each layer runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from npusdk.language import _, plain, render, translate
from npusdk.report import Picture, ProfileReport
from npusdk.units import format_bytes
from npusdk.views.blocks import Column
from npusdk.views.page import Page
from npusdk.views.palette import Palette
from npusdk.views.pictures.axes import Scale, across, byte_unit, linear_ticks, size, trim, upright
from npusdk.views.pictures.sheet import EDGE, TOP, WIDTH, picture, sheet, whose
from npusdk.views.pictures.svg import Anchor, Attributes, Box, Drawing, number, shorten, width_of
from npusdk.views.text.words import BASIS, percent, word

HEIGHT = 330
_PLOT = Box(96, TOP + 58, WIDTH - 28, HEIGHT - 66)
_GAUGE_TOP, _GAUGE = TOP + 22, 8
_ROWS = 12
"""Rows of the picture as text."""


def memory(report: ProfileReport) -> Picture:
    """Return the memory of a profile over its layers."""
    title = render(_("Memory, {basis}"), basis=word(BASIS, report.basis))
    alt = f"{title}. {whose(report)}. {_peak(report)}; {_parts(report)}."
    return picture("memory", title, alt=alt, text=_text(report, title), paint=partial(_paint, report, alt))


def live_bytes(report: ProfileReport) -> list[int]:
    """Return the live activations of each layer; where a report of schema 1.0 lacks them, their largest set as one."""
    if report.layers.live_bytes is not None and len(report.layers):
        return [int(size) for size in report.layers.live_bytes]
    return [report.peak_memory_bytes - report.weight_bytes]


def _peak(report: ProfileReport) -> str:
    peak = format_bytes(report.peak_memory_bytes)
    if not report.device_memory_bytes:
        return render(_("peak {peak}; the device's memory is not documented"), peak=peak)
    return render(
        _("peak {peak}, {share} of the device's {available}"),
        peak=peak,
        share=percent(report.peak_memory_bytes / report.device_memory_bytes),
        available=format_bytes(report.device_memory_bytes),
    )


def _parts(report: ProfileReport) -> str:
    return render(
        _("weights {weights}, live activations {live} at most"),
        weights=format_bytes(report.weight_bytes),
        live=format_bytes(report.peak_memory_bytes - report.weight_bytes),
    )


def _text(report: ProfileReport, title: str) -> str:
    page = Page()
    page.heading(title)
    page.paragraph(whose(report))
    page.paragraph(f"{_peak(report)}; {_parts(report)}")
    live = report.layers.live_bytes
    if live is None or not len(report.layers):
        return str(page)
    order = sorted(range(len(live)), key=lambda index: -int(live[index]))[:_ROWS]
    page.table(
        (
            Column(translate(_("layer")), wraps=True, least=24),
            Column(translate(_("basis"))),
            Column(translate(_("live activations")), number=True),
            Column(translate(_("with weights")), number=True),
        ),
        (
            (
                plain(report.layers.names[index], 60),
                word(BASIS, report.basis),
                format_bytes(int(live[index])),
                format_bytes(int(live[index]) + report.weight_bytes),
            )
            for index in sorted(order)
        ),
    )
    return str(page)


def _paint(report: ProfileReport, alt: str, palette: Palette) -> Drawing:
    title = render(_("Memory, {basis}"), basis=word(BASIS, report.basis))
    draw = sheet(HEIGHT, palette, title=title, subtitle=whose(report), description=alt)
    _paint_gauge(draw, report)
    live = live_bytes(report)
    highest = report.peak_memory_bytes * 1.2 or 1.0
    capacity = report.device_memory_bytes
    shows_capacity = capacity is not None and 0 < capacity < report.peak_memory_bytes * 3
    if shows_capacity and capacity is not None:
        highest = max(highest, capacity * 1.08)
    height = Scale(0.0, highest, _PLOT.bottom, _PLOT.top)
    width = Scale(0.0, float(len(live)), _PLOT.left, _PLOT.right)
    upright(draw, height, [(tick, size(tick)) for tick in linear_ticks(highest, byte_unit(highest), 5)], _PLOT)
    if report.layers.live_bytes is not None:
        ticks = [tick for tick in linear_ticks(len(live), 1.0, 9) if tick.is_integer() and tick >= 1]
        across(
            draw, Scale(0.5, len(live) + 0.5, _PLOT.left, _PLOT.right), [(tick, f"{tick:g}") for tick in ticks], _PLOT
        )
    middle = (_PLOT.left + _PLOT.right) / 2
    axis = translate(_("layers in the order of execution"))
    draw.text(axis, middle, _PLOT.bottom + 34, size=11, anchor="middle", fill=palette.muted)
    _paint_areas(draw, report, live, (width, height))
    if shows_capacity and capacity is not None:
        y = height(capacity)
        draw.line((_PLOT.left, y), (_PLOT.right, y), palette.bad, stroke_width=1.5, stroke_dasharray="6 4")
        text = render(_("device's memory {available}"), available=format_bytes(capacity))
        draw.label(text, [(_PLOT.left + 6, y - 6, "start"), (_PLOT.left + 6, y + 14, "start")], inside=_PLOT)
    _paint_peak(draw, report, live, (width, height))
    _paint_legend(draw)
    return draw


def _paint_gauge(draw: Drawing, report: ProfileReport) -> None:
    """Draw a bar of the device's whole memory, and how much of it the peak takes."""
    palette = draw.palette
    draw.text(_peak(report), EDGE, _GAUGE_TOP - 6, size=11)
    if not report.device_memory_bytes:
        return
    room = WIDTH - EDGE - 8 - EDGE
    full = min(report.peak_memory_bytes / report.device_memory_bytes, 1.0)
    weights = min(report.weight_bytes / report.device_memory_bytes, 1.0)
    bar: Attributes = {"x": EDGE, "y": _GAUGE_TOP, "height": _GAUGE}
    draw.add("rect", **bar, width=room, fill=palette.rule)
    draw.add("rect", **bar, width=max(room * full, 1.5), fill=palette.bounds["memory"])
    draw.add("rect", **bar, width=max(room * weights, 1.0), fill=palette.accent)


def _paint_areas(draw: Drawing, report: ProfileReport, live: Sequence[int], scales: tuple[Scale, Scale]) -> None:
    width, height = scales
    palette = draw.palette
    base = height(report.weight_bytes)
    steps = _steps(
        [(width(index), width(index + 1), height(report.weight_bytes + size)) for index, size in enumerate(live)]
    )
    outline = "".join(f"L{number(x)} {number(y)}" for x, y in steps)
    draw.add(
        "path",
        d=f"M{number(_PLOT.left)} {number(base)}{outline}L{number(_PLOT.right)} {number(base)}z",
        fill=palette.bounds["memory"],
        fill_opacity=0.4,
        stroke=palette.bounds["memory"],
        stroke_width=1.2,
    )
    whole: Attributes = {"x": _PLOT.left, "y": base, "width": _PLOT.right - _PLOT.left, "height": _PLOT.bottom - base}
    draw.add("rect", **whole, fill=palette.accent, fill_opacity=0.25)
    draw.line((_PLOT.left, base), (_PLOT.right, base), palette.accent, stroke_width=2)
    draw.line((_PLOT.left, _PLOT.bottom), (_PLOT.right, _PLOT.bottom), palette.muted)


def _steps(columns: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Return the corners of a stepped line, at most one for each unit of width: its highest."""
    merged: list[list[float]] = []
    for left, right, top in columns:
        if merged and right - merged[-1][0] <= 1.0:
            merged[-1][1:] = [right, min(top, merged[-1][2])]
        else:
            merged.append([left, right, top])
    return [corner for left, right, top in merged for corner in ((left, top), (right, top))]


def _paint_peak(draw: Drawing, report: ProfileReport, live: Sequence[int], scales: tuple[Scale, Scale]) -> None:
    width, height = scales
    if report.layers.live_bytes is None or not len(report.layers):
        note = translate(_("this report does not hold live bytes layer by layer"))
        draw.label(note, [(_PLOT.left + 8, _PLOT.top + 16, "start")], inside=_PLOT)
        return
    index = max(range(len(live)), key=live.__getitem__)
    x, y = (width(index) + width(index + 1)) / 2, height(report.weight_bytes + live[index])
    draw.add("circle", cx=x, cy=y, r=3.5, fill=draw.palette.card, stroke=draw.palette.ink, stroke_width=1.5)
    text = f"{shorten(report.layers.names[index], 11, 220)}, {trim(format_bytes(report.peak_memory_bytes))}"
    places: list[tuple[float, float, Anchor]] = [
        (x + 8, y - 5, "start"), (x - 8, y - 5, "end"), (x, y - 8, "middle"), (_PLOT.right - 4, y - 8, "end"),
        (_PLOT.left + 8, y - 8, "start"),
    ]  # fmt: skip
    draw.label(text, places, inside=_PLOT)


def _paint_legend(draw: Drawing) -> None:
    x: float = _PLOT.left
    for colour, text in (
        (draw.palette.accent, translate(_("weights"))),
        (draw.palette.bounds["memory"], translate(_("live activations"))),
    ):
        draw.add("rect", x=x, y=HEIGHT - 24, width=10, height=10, fill=colour)
        draw.text(text, x + 16, HEIGHT - 15, size=11, fill=draw.palette.muted)
        x += width_of(text, 11) + 40
