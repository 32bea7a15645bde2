"""Reports on a card: the same words and tables as on a page of text, with pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from npusdk.catalogue import DeviceSpec
from npusdk.language import _, plain, render, translate
from npusdk.report import (
    CellReport,
    Comparison,
    FitReport,
    LayerListing,
    LayerTable,
    Manifest,
    Picture,
    ProfileReport,
    ServingReport,
)
from npusdk.report.validation import ValidationReport
from npusdk.units import format_number, format_seconds
from npusdk.views import pictures
from npusdk.views.blocks import NAME_LIMIT
from npusdk.views.html.card import Card
from npusdk.views.html.document import document, page_card
from npusdk.views.pictures.ranking import ENERGY, PRICE, is_known
from npusdk.views.text import cell_page as cell_text
from npusdk.views.text import comparison_page as comparison_text
from npusdk.views.text import device_page as device_text
from npusdk.views.text import fit_page as fit_text
from npusdk.views.text import layers_page as layers_text
from npusdk.views.text import profile_page as profile_text
from npusdk.views.text import serving_page as serving_text
from npusdk.views.text import validation_page as validation_text
from npusdk.views.text.naming import differing
from npusdk.views.text.words import BASIS, word

T = TypeVar("T")


def _fragment(fill: Callable[[Card, T], str]) -> Callable[[T], str]:
    """Return the view that fills a card for a notebook."""

    def view(value: T) -> str:
        card = Card()
        fill(card, value)
        return str(card)

    return view


def _page(fill: Callable[[Card, T], str]) -> Callable[[T], str]:
    """Return the view that fills a page of its own, under the title that `fill` returns."""

    def view(value: T) -> str:
        card = page_card()
        return document(card, fill(card, value))

    return view


def _fill_profile(card: Card, report: ProfileReport) -> str:
    basis = word(BASIS, report.basis)
    title = render(
        _("{model} on {device}, {precision}, batch {batch}"),
        model=plain(report.model, NAME_LIMIT),
        device=plain(report.device_name, NAME_LIMIT),
        precision=plain(report.precision, NAME_LIMIT),
        batch=report.batch,
    )
    card.title(title, render(_("{basis} latency"), basis=basis))
    low, high = format_seconds(report.latency_low_s), format_seconds(report.latency_high_s)
    interval = render(_("{basis}, between {low} and {high}"), basis=basis, low=low, high=high)
    card.figure(format_seconds(report.latency_s), interval)
    _latency, *facts = profile_text.facts_of(report, basis)
    card.facts(facts)
    if len(report.layers):
        card.picture(pictures.roofline(report))
    card.picture(pictures.timeline(report))
    card.picture(pictures.memory(report))
    profile_text.add_layers(card, report)
    profile_text.add_reservations(card, report)
    return profile_text.title_of(report)


def _fill_comparison(card: Card, report: Comparison) -> str:
    title = comparison_text.title_of(report)
    card.title(title)
    if report.profiles:
        card.picture(pictures.latency(report))
        card.picture(pictures.throughput(report))
        if differing(report.profiles):
            card.picture(pictures.frontier(report))
        for figure, draw in ((ENERGY, pictures.energy), (PRICE, pictures.price)):
            if is_known(report, figure):
                card.picture(draw(report))
        card.heading(render(_("Devices by {basis} latency"), basis=word(BASIS, report.profiles[0].basis)))
    comparison_text.add_comparison(card, report)
    return title


def _fill_serving(card: Card, report: ServingReport) -> str:
    basis = word(BASIS, report.basis)
    title = serving_text.title_of(report)
    card.title(title, render(_("{basis} rate of serving"), basis=basis))
    rate = report.tokens_per_s
    figure = render(_("{rate} tokens/s"), rate=format_number(rate.value))
    low, high = format_number(rate.low), format_number(rate.high)
    card.figure(figure, render(_("{basis}, between {low} and {high}"), basis=basis, low=low, high=high))
    serving_text.add_serving(card, report)
    return title


def _fill_fit(card: Card, report: FitReport) -> str:
    title = fit_text.title_of(report)
    card.title(title)
    fit_text.add_fit(card, report, translate(_("Answer of each device")))
    return title


def _fill_validation(card: Card, report: ValidationReport) -> str:
    title = validation_text.title_of(report)
    card.title(title)
    validation_text.add_validation(card, report)
    return title


def _fill_device(card: Card, spec: DeviceSpec) -> str:
    title = device_text.title_of(spec)
    card.title(title)
    device_text.add_device(card, spec)
    return title


def _fill_devices(card: Card, specs: Sequence[DeviceSpec]) -> str:
    title = device_text.devices_title(specs)
    card.heading(title)
    device_text.add_devices(card, specs)
    return title


def cell(report: CellReport) -> str:
    """Return what a cell took here and is predicted to take there, as lines on a small card."""
    card = Card(is_note=True)
    card.lines(cell_text.summary_of(report), cell_text.remarks_of(report))
    return str(card)


def _fill_manifest(card: Card, report: Manifest) -> str:
    title = cell_text.manifest_title(report)
    card.heading(title)
    cell_text.add_manifest(card, report)
    return title


def _fill_listing(card: Card, table: LayerListing) -> str:
    title = profile_text.title_of(table.report)
    basis = word(BASIS, table.report.basis)
    card.title(title)
    card.heading(render(_("Layers in the order of execution, {basis}"), basis=basis))
    layers_text.add_layers(card, table.report.layers, basis)
    return title


def _fill_layers(card: Card, table: LayerTable) -> str:
    title = layers_text.layers_title(table)
    card.heading(title)
    layers_text.add_layers(card, table, "")
    card.paragraph(translate(layers_text.UNKNOWN_BASIS))
    return title


def _fill_picture(card: Card, picture: Picture) -> str:
    if card.stands_alone:
        card.title(picture.title)
    card.picture(picture)
    return picture.title


profile, profile_page = _fragment(_fill_profile), _page(_fill_profile)
comparison, comparison_page = _fragment(_fill_comparison), _page(_fill_comparison)
fit, fit_page = _fragment(_fill_fit), _page(_fill_fit)
serving, serving_page = _fragment(_fill_serving), _page(_fill_serving)
validation, validation_page = _fragment(_fill_validation), _page(_fill_validation)
listing, listing_page = _fragment(_fill_listing), _page(_fill_listing)
picture, picture_page = _fragment(_fill_picture), _page(_fill_picture)
device, devices = _fragment(_fill_device), _fragment(_fill_devices)
manifest = _fragment(_fill_manifest)
layer_table = _fragment(_fill_layers)
