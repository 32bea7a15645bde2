"""Predictions beside published or own measurements: how far off they are, and which rows have none, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import model_validator

from npusdk.language import _, plain
from npusdk.report.base import Report
from npusdk.values import Count, Frozen

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


class Group(Frozen):
    """How many predicted rows and units stand behind a group's score."""

    rows: Count
    units: Count


class Conditional(Frozen):
    """Rows that need an assumption which their source does not state; they count in no score.

    Parameters
    ----------
    macro_mape
        None where none is predicted.
    """

    macro_mape: float | None = None
    rows_predicted: Count = 0
    rows_refused: Count = 0


class RowResult(Frozen):
    """One row of the file.

    Parameters
    ----------
    id, line, use, unit
        As the file has them; `unit` is what counts once: a chip and a model's geometry.
    device, model
        Identifier of the device, the row's own text where it is not known; the model as the file names it.
    predicted, measured
        In `measured_in`; None where there is none.
    measured_in
        Unit of measurement, as the file has it.
    error
        `|predicted - measured| / measured`; None without a prediction.
    reason, detail
        Why there is no prediction, and what of the row says so.
    """

    id: str
    line: Count
    use: str = "primary"
    unit: str = ""
    device: str = ""
    model: str = ""
    predicted: float | None = None
    measured: float | None = None
    measured_in: str = ""
    error: float | None = None
    reason: Reason | None = None
    detail: str = ""


class ValidationReport(Report):
    """Predictions beside measurements.

    Parameters
    ----------
    basis
        What the errors are errors of: "predicted" stands against the file's measurements.
    kind
        "model" (whole models) or "gemm" (single matrix products).
    file
        Name of the file.
    model_version
        Version of the cost model and its parameters.
    macro_mape, roofline_macro_mape
        Mean over units of the mean error of a unit's primary rows; the same of a roofline with one constant, fitted on
        these very rows. None where nothing was predicted.
    roofline_constant
        Measured over data-sheet time of the roofline.
    rows_predicted, rows_refused
        Primary rows.
    refused_by_reason
        How many of them for which reason.
    conditional
        The rows that are not primary.
    by_unit, by_device, by_vendor, by_stack
        Macro mean of the errors of each group, as fractions.
    groups
        Rows and units behind these, under "unit", "device", "vendor" and "stack".
    rank_within_chip, rank_within_workload
        Mean of Spearman's rho over groups of 5 and more; None where no group is as large.
    ranks_by_chip, ranks_by_workload
        Rho of each group.
    rows
        Every row of the file, in its order.
    """

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json")

    basis: Literal["predicted"] = "predicted"
    kind: Literal["model", "gemm"]
    file: str = ""
    model_version: str
    macro_mape: float | None
    roofline_macro_mape: float | None
    roofline_constant: float | None = None
    rows_predicted: Count
    rows_refused: Count
    refused_by_reason: dict[Reason, Count]
    conditional: Conditional
    by_unit: dict[str, float]
    by_device: dict[str, float]
    by_vendor: dict[str, float]
    by_stack: dict[str, float]
    groups: dict[str, dict[str, Group]]
    rank_within_chip: float | None
    rank_within_workload: float | None
    ranks_by_chip: dict[str, float]
    ranks_by_workload: dict[str, float]
    rows: tuple[RowResult, ...]

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        primary = [row for row in self.rows if row.use == "primary"]
        predicted = sum(row.error is not None for row in primary)
        if (predicted, len(primary) - predicted) != (self.rows_predicted, self.rows_refused):
            text = "rows_predicted and rows_refused are not those of the rows"
            raise ValueError(text)
        if any((row.reason is None) == (row.error is None) for row in self.rows):
            text = "a row has either an error or a reason"
            raise ValueError(text)
        return self

    def worst(self, count: int = 10) -> tuple[RowResult, ...]:
        """Return the predicted primary rows with the largest errors."""
        rows = [row for row in self.rows if row.error is not None and row.use == "primary"]
        return tuple(sorted(rows, key=lambda row: -(row.error or 0.0))[:count])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        score = "-" if self.macro_mape is None else f"{self.macro_mape:.1%}"
        counts = f"{self.rows_predicted} rows predicted, {self.rows_refused} refused"
        return f"ValidationReport({plain(self.file, 80)}: macro MAPE {score}, {counts})"
