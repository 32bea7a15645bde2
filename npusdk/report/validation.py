"""Predictions beside published or own measurements: how far off they are, and which rows have none, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from npusdk.language import _

Reason: TypeAlias = Literal[
    "malformed_row",
    "bad_value",
    "unknown_device",
    "unknown_model",
    "unknown_precision",
    "unknown_metric",
    "unknown_unit",
    "batch_not_stated",
    "lengths_not_stated",
    "variable_size",
    "precision_not_on_device",
    "does_not_fit",
    "power_not_known",
    "not_modelled",
]
"""Why a row has no prediction."""

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        "malformed_row": _("more cells than the file has columns"),
        "bad_value": _("a number that is none, or not positive and finite"),
        "unknown_device": _("a device that the catalogue does not have"),
        "unknown_model": _("a model whose geometry is not certain from its name"),
        "unknown_precision": _("a precision that is not known"),
        "unknown_metric": _("a metric that is not known, or not for such a model"),
        "unknown_unit": _("a unit that is not known, or not one of this metric"),
        "batch_not_stated": _("the batch is not stated"),
        "lengths_not_stated": _("lengths of input or output are not stated"),
        "variable_size": _("samples of different sizes; no fixed shape stands for them"),
        "precision_not_on_device": _("the device does not have the precision, or no public rate for it"),
        "does_not_fit": _("the model does not fit into the memory of the devices"),
        "power_not_known": _("no public figures for the power of the device"),
        "not_modelled": _("outside what the cost model predicts"),
    }
)
"""Every reason with its sentence, marked for translation."""
