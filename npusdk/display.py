"""Which view shows which type: a table of names, resolved when something is first shown.

This is the one place where a lower layer reaches a higher one, and it does so by name: reports do not import views.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from json import loads
from types import MappingProxyType

VIEWS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ProfileReport", "text"): "npusdk.views.text:profile",
        ("FitReport", "text"): "npusdk.views.text:fit",
        ("Comparison", "text"): "npusdk.views.text:comparison",
        ("DeviceSpec", "text"): "npusdk.views.text:device",
        ("DeviceList", "text"): "npusdk.views.text:devices",
        ("Examination", "text"): "npusdk.views.text:examination",
        ("ProfileReport", "csv"): "npusdk.views.table:profile",
        ("FitReport", "csv"): "npusdk.views.table:fit",
        ("Comparison", "csv"): "npusdk.views.table:comparison",
    }
)
"""(type, medium) -> "module:function"; the function takes the value and returns text."""


def show(value: object, medium: str = "text", /, **options: object) -> str:
    """Return `value` as text in `medium` ("text" or "csv").

    Parameters
    ----------
    **options
        What the view takes beside the value, such as `width` of a text.

    Raises
    ------
    KeyError
        If the type has no view in that medium.
    """
    module, function = VIEWS[type(value).__name__, medium].split(":")
    text: str = getattr(import_module(module), function)(value, **options)
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
