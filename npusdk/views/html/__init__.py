"""Reports as HTML: fragments that survive a notebook that is not trusted, and pages that stand alone."""

from npusdk.views.html.models import model, program
from npusdk.views.html.reports import (
    cell,
    comparison,
    comparison_page,
    device,
    devices,
    fit,
    fit_page,
    layer_table,
    listing,
    listing_page,
    manifest,
    picture,
    picture_page,
    profile,
    profile_page,
    validation,
    validation_page,
)

__all__ = [
    "cell",
    "comparison",
    "comparison_page",
    "device",
    "devices",
    "fit",
    "fit_page",
    "layer_table",
    "listing",
    "listing_page",
    "manifest",
    "model",
    "picture",
    "picture_page",
    "profile",
    "profile_page",
    "program",
    "validation",
    "validation_page",
]
