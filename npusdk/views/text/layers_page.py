"""All layers of a profile as a table, in the order of execution; and a picture as lines of text."""

from __future__ import annotations

from npusdk.language import _, plain, render, translate
from npusdk.report import LayerListing, LayerTable, Picture
from npusdk.units import format_bytes, format_count, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.profile_page import title_of
from npusdk.views.text.words import BASIS, BOUNDS, percent, word

ROWS = 500
"""Layers that are listed."""


def listing(table: LayerListing, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the layers of a profile as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(table.report))
    add_layers(page, table.report.layers, word(BASIS, table.report.basis))
    return str(page)


def layer_table(table: LayerTable, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return layers without their report as text; what they are based on is said there."""
    page = Page(width, colour=colour)
    page.heading(layers_title(table))
    page.paragraph(translate(UNKNOWN_BASIS))
    add_layers(page, table, "")
    return str(page)


UNKNOWN_BASIS = _("Whether these numbers are predicted, simulated or measured is said in their report: layers_table().")


def layers_title(table: LayerTable) -> str:
    """Return how many layers there are."""
    return render(_("Layers: {count}"), count=len(table))


def add_layers(page: Blocks, table: LayerTable, basis: str) -> None:
    """Add a line for each layer, in the order of execution.

    Parameters
    ----------
    basis
        Word for what the numbers are based on; empty for no such column.
    """
    first = table[:ROWS]
    repeated = any((layer.repeats or 1) > 1 for layer in first)
    timed = any(layer.margin is not None for layer in first)
    columns = (
        Column("", number=True),
        Column(translate(_("layer")), wraps=True, least=20),
        Column(translate(_("operators")), wraps=True, least=16),
        *((Column(translate(_("times")), number=True),) * repeated),
        *((Column(translate(_("basis"))),) * bool(basis)),
        Column(translate(_("time")), number=True),
        Column(translate(_("bound"))),
        Column(translate(_("of peak")), number=True, optional=True),
        Column(translate(_("traffic")), number=True, optional=True),
        Column("MAC", number=True, optional=True),
        Column(translate(_("live activations")), number=True, optional=True),
        *((Column(translate(_("by a factor of")), number=True, optional=True),) * timed),
    )
    if not first:
        page.paragraph(translate(_("no layers")))
        return
    page.table(
        columns,
        (
            (
                str(index),
                plain(layer.name, NAME_LIMIT),
                plain(layer.op.replace("+", " + "), NAME_LIMIT),
                *((f"x {layer.repeats or 1}",) * repeated),
                *((basis,) * bool(basis)),
                format_seconds(layer.time_s),
                word(BOUNDS, layer.bound),
                percent(layer.utilization),
                format_bytes(layer.traffic_bytes),
                format_count(layer.macs) if layer.macs else "-",
                "-" if layer.live_bytes is None else format_bytes(layer.live_bytes),
                *(("-" if layer.margin is None else format_number(layer.margin),) * timed),
            )
            for index, layer in enumerate(first, start=1)
        ),
    )
    if len(table) > ROWS:
        page.paragraph(render(_("and {count} more"), count=len(table) - ROWS))


def picture(value: Picture, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the figures of a picture as lines of text."""
    del width, colour  # the text was made with the picture
    return value.text
