"""Which view shows which type: a table of names, resolved when something is first shown.

This is the one place where a lower layer reaches a higher one, and it does so by name: reports do not import views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from json import loads
from types import MappingProxyType
from typing import Any

VIEWS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ProfileReport", "text"): "npusdk.views.text:profile",
        ("FitReport", "text"): "npusdk.views.text:fit",
        ("Comparison", "text"): "npusdk.views.text:comparison",
        ("DeviceSpec", "text"): "npusdk.views.text:device",
        ("DeviceList", "text"): "npusdk.views.text:devices",
        ("Examination", "text"): "npusdk.views.text:examination",
        ("CellReport", "text"): "npusdk.views.text:cell",
        ("Manifest", "text"): "npusdk.views.text:manifest",
        ("ValidationReport", "text"): "npusdk.views.text:validation",
        ("ServingReport", "text"): "npusdk.views.text:serving",
        ("Calibration", "text"): "npusdk.views.text.calibration_page:calibration",
        ("LayerTable", "text"): "npusdk.views.text:layer_table",
        ("LayerListing", "text"): "npusdk.views.text:listing",
        ("Picture", "text"): "npusdk.views.text:picture",
        ("ProfileReport", "html"): "npusdk.views.html:profile",
        ("FitReport", "html"): "npusdk.views.html:fit",
        ("Comparison", "html"): "npusdk.views.html:comparison",
        ("DeviceSpec", "html"): "npusdk.views.html:device",
        ("DeviceList", "html"): "npusdk.views.html:devices",
        ("CellReport", "html"): "npusdk.views.html:cell",
        ("Manifest", "html"): "npusdk.views.html:manifest",
        ("ValidationReport", "html"): "npusdk.views.html:validation",
        ("ServingReport", "html"): "npusdk.views.html:serving",
        ("Calibration", "html"): "npusdk.views.html.calibration:calibration",
        ("LayerTable", "html"): "npusdk.views.html:layer_table",
        ("LayerListing", "html"): "npusdk.views.html:listing",
        ("Picture", "html"): "npusdk.views.html:picture",
        ("Model", "html"): "npusdk.views.html:model",
        ("Program", "html"): "npusdk.views.html:program",
        ("LLM", "html"): "npusdk.views.html:language_model",
        ("Pass", "html"): "npusdk.views.html:language_pass",
        ("ProfileReport", "page"): "npusdk.views.html:profile_page",
        ("FitReport", "page"): "npusdk.views.html:fit_page",
        ("Comparison", "page"): "npusdk.views.html:comparison_page",
        ("ValidationReport", "page"): "npusdk.views.html:validation_page",
        ("ServingReport", "page"): "npusdk.views.html:serving_page",
        ("LayerListing", "page"): "npusdk.views.html:listing_page",
        ("Picture", "page"): "npusdk.views.html:picture_page",
        ("ProfileReport", "csv"): "npusdk.views.table:profile",
        ("FitReport", "csv"): "npusdk.views.table:fit",
        ("Comparison", "csv"): "npusdk.views.table:comparison",
        ("ValidationReport", "csv"): "npusdk.views.table:validation",
        ("ServingReport", "csv"): "npusdk.views.table:serving",
        ("ProfileReport", "trace"): "npusdk.views.trace:profile",
        ("Comparison", "trace"): "npusdk.views.trace:comparison",
        ("ProfileReport", "data"): "npusdk.views.data:profile",
        ("ProfileReport", "roofline"): "npusdk.views.pictures:roofline",
        ("ProfileReport", "timeline"): "npusdk.views.pictures:timeline",
        ("ProfileReport", "memory"): "npusdk.views.pictures:memory",
        ("Comparison", "latency"): "npusdk.views.pictures:latency",
        ("Comparison", "throughput"): "npusdk.views.pictures:throughput",
        ("Comparison", "energy"): "npusdk.views.pictures:energy",
        ("Comparison", "frontier"): "npusdk.views.pictures:frontier",
        ("Comparison", "price"): "npusdk.views.pictures:price",
    }
)
"""(type, medium) -> "module:function".

The function takes the value and returns text: a page of plain text, "html" for a notebook, a "page" that stands alone,
"csv", a "trace" for a trace viewer, "data" as JSON. Under the name of a picture it returns a `report.Picture`.
"""


def find_view(value: object, medium: str) -> Callable[..., Any]:
    """Return the function that shows `value` in `medium`.

    Raises
    ------
    KeyError
        If the type has no view in that medium.
    """
    module, function = VIEWS[type(value).__name__, medium].split(":")
    view: Callable[..., Any] = getattr(import_module(module), function)
    return view


def show(value: object, medium: str = "text", /, **options: object) -> str:
    """Return `value` as text in `medium`, see `VIEWS`.

    Parameters
    ----------
    **options
        What the view takes beside the value, such as `width` of a text.

    Raises
    ------
    KeyError
        If the type has no view in that medium.
    """
    text: str = find_view(value, medium)(value, **options)
    return text


PROFILE_MIME = "application/vnd.npusdk.profile.v1+json"
"""MIME type of a profile as data, which the JupyterLab extension renders."""


def mimebundle(value: object) -> dict[str, object]:
    """Return `value` in every form that a notebook keeps: text, HTML where there is such a view, a profile as data."""
    kind = type(value).__name__
    bundle: dict[str, object] = {"text/plain": show(value) if (kind, "text") in VIEWS else repr(value)}
    if (kind, "html") in VIEWS:
        bundle["text/html"] = show(value, "html")
    if (kind, "data") in VIEWS:
        bundle[PROFILE_MIME] = loads(show(value, "data"))
    return bundle


class Shown:
    """Base of what shows itself in a notebook, with no kernel and no widget: see `mimebundle`."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:  # noqa: ARG002 - Jupyter's own signature
        return mimebundle(self)
