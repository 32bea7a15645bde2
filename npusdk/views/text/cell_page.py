"""A cell that ran: one line, and what a reader has to know beside it; and what a cell takes along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npusdk.language import _, plain, render, translate
from npusdk.report import CellReport, Manifest, ProfileReport
from npusdk.units import format_bytes, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.comparison_page import refusal_text
from npusdk.views.text.words import BASIS, BOUNDS, ITEM_KINDS, join, word

NAMES = 8
"""Narrowed names that are told."""

ITEMS = 200
"""Names of a manifest that are listed."""


def cell(report: CellReport, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return what a cell took here and is predicted to take there, on one line, and remarks below it."""
    del width, colour  # a line is told in full, and has no colours
    return "\n".join((summary_of(report), *remarks_of(report)))


def summary_of(report: CellReport) -> str:
    """Return the one line."""
    parts = (
        render(_("here {elapsed}"), elapsed=short_seconds(report.elapsed_here_s)),
        _there(report),
        render(
            _("in {received}, out {sent}"), received=short_bytes(report.in_bytes), sent=short_bytes(report.out_bytes)
        ),
    )
    return join(*parts, separator="; ")


def _there(report: CellReport) -> str:
    device = plain(report.device_name, NAME_LIMIT)
    if report.profile is None:
        return render(_("{device} without a prediction, {precision}"), device=device, precision=report.precision)
    profile = report.profile
    return render(
        _("{device} {basis} {latency}, {bound}-bound, {precision}"),
        device=device,
        basis=word(BASIS, profile.basis),
        latency=interval_of(profile),
        bound=word(BOUNDS, profile.bound),
        precision=report.precision,
    )


def remarks_of(report: CellReport) -> Iterator[str]:
    """Yield why there is no prediction, what was narrowed, and what the precision lost."""
    if report.refusal is not None:
        yield refusal_text(report.refusal)
    if report.narrowed:
        yield render(_("narrowed from float64: {names}"), names=_listed(report.narrowed))
    if report.overflowed:
        yield render(
            _("beyond the numbers of {precision}, not of float32: {names}"),
            precision=report.precision,
            names=_listed(report.overflowed),
        )
    if report.loss:
        yield render(
            _("largest relative difference from float32: {loss}; {option} computes without rounding"),
            loss=join(
                f"{report.loss:.1e}", report.loss_name and f"({plain(report.loss_name, NAME_LIMIT)})", separator=" "
            ),
            option="--precision exact",
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name, NAME_LIMIT) for name in names[:NAMES])
    return f"{shown}, ..." if len(names) > NAMES else shown


def short_seconds(time_s: float) -> str:
    """Return a time with as many digits as a glance takes in.

    Examples
    --------
    >>> short_seconds(0.0018), short_seconds(0.9), short_seconds(0.0000123)
    ('1.8 ms', '0.9 s', '12 us')
    """
    if 0.1 <= time_s < 1:
        return f"{time_s:.1f} s"
    value, unit = _unit(time_s)
    return f"{_digits(time_s / value)} {unit}"


def short_bytes(size_bytes: int) -> str:
    """Return a size with one digit after the point.

    Examples
    --------
    >>> short_bytes(24 * 2**20), short_bytes(4096), short_bytes(7)
    ('24.0 MiB', '4.0 KiB', '7 B')
    """
    if size_bytes < 1024:
        return format_bytes(size_bytes)
    unit = format_bytes(size_bytes).split()[1]
    return f"{size_bytes / 1024 ** ('KMGTPE'.index(unit[0]) + 1):.1f} {unit}"


def interval_of(profile: ProfileReport) -> str:
    """Return a latency and its interval, in the unit of the latency: "1.8 ms [0.9-3.7]"."""
    value, unit = _unit(profile.latency_s)
    times = (profile.latency_s, profile.latency_low_s, profile.latency_high_s)
    latency, low, high = (_digits(time_s / value) for time_s in times)
    return f"{latency} {unit} [{low}-{high}]"


def _unit(time_s: float) -> tuple[float, str]:
    """Return the unit in which `format_seconds` writes a time, in seconds and by name."""
    unit = format_seconds(time_s).split()[1]
    return {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}[unit], unit


def _digits(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def manifest(report: Manifest, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return what a cell takes along as a table, with its sum, and what it gives back."""
    page = Page(width, colour=colour)
    page.heading(manifest_title(report))
    add_manifest(page, report)
    return str(page)


def manifest_title(report: Manifest) -> str:
    """Return how much a cell takes along."""
    return render(_("Taken along: {count}, {size}"), count=len(report.items), size=format_bytes(report.size_bytes))


def add_manifest(page: Blocks, report: Manifest) -> None:
    """Add a line for each name that a cell takes along, their sum, and the names that it gives back."""
    rows: list[tuple[str | Cell, ...]] = [
        (
            plain(item.name, NAME_LIMIT),
            word(ITEM_KINDS, item.kind),
            item.dtype,
            " x ".join(map(str, item.shape)),
            format_bytes(item.size_bytes),
        )
        for item in report.items[:ITEMS]
    ]
    if rows:
        total = Cell(translate(_("in all")), "bold")
        rows.append((total, "", "", "", Cell(format_bytes(report.size_bytes), "bold")))
        page.table(
            (
                Column(translate(_("name")), wraps=True),
                Column(translate(_("kind"))),
                Column(translate(_("element type"))),
                Column(translate(_("shape"))),
                Column(translate(_("size")), number=True),
            ),
            rows,
        )
    if len(report.items) > ITEMS:
        page.paragraph(render(_("and {count} more"), count=len(report.items) - ITEMS))
    if report.writes:
        names = ", ".join(plain(name, NAME_LIMIT) for name in report.writes[:ITEMS])
        page.facts(((translate(_("gives back")), names),))
