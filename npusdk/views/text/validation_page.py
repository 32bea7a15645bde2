"""Predictions beside measurements as a page: the error with what stands behind it, and what was refused, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from npusdk.language import _, plain, render, translate
from npusdk.report.validation import REASONS, RowResult, ValidationReport
from npusdk.units import format_number
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page

WORST = 8
"""Rows with the largest errors that are listed."""

_KINDS: Mapping[str, str] = MappingProxyType({"model": _("models"), "gemm": _("single matrix products")})

_GROUPS: Mapping[str, str] = MappingProxyType({"vendor": _("vendor"), "device": _("device"), "stack": _("software")})
"""Groups that are listed, with their headings."""

_FAR = 0.5
"""Errors from here on stand out."""


def validation(report: ValidationReport, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the validation as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(report))
    add_validation(page, report)
    return str(page)


def title_of(report: ValidationReport) -> str:
    """Return what is compared with what."""
    kind = translate(_KINDS.get(report.kind, report.kind))
    return render(
        _("predicted against measured, {kind}: {file}"), kind=kind, file=plain(report.file or "-", NAME_LIMIT)
    )


def add_validation(page: Blocks, report: ValidationReport) -> None:
    """Add the scores, the groups behind them, the worst rows and the refusals."""
    page.paragraph(translate(_("Predicted by npusdk from public figures; measured by whoever made the file.")))
    page.facts(_facts(report))
    if report.rows_predicted:
        page.heading(translate(_("Error of the predictions by group")))
        page.table(
            (
                Column(translate(_("group"))),
                Column("", wraps=True),
                Column(translate(_("relative error")), number=True),
                Column(translate(_("rows")), number=True),
                Column(translate(_("chips x models")), number=True),
            ),
            _group_rows(report),
        )
        page.heading(translate(_("Largest errors")))
        _add_worst(page, report)
    if report.refused_by_reason:
        page.heading(render(_("Not predicted, rows: {count}"), count=report.rows_refused))
        page.bullets(_refusals(report))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _rank(rank: float | None, groups: int) -> str:
    if rank is None:
        return translate(_("no group is large enough"))
    return render(_("{rank} (Spearman, mean of groups: {groups})"), rank=f"{rank:.3f}", groups=groups)


def _facts(report: ValidationReport) -> Iterator[tuple[str, str | Cell]]:
    units = len(report.by_unit)
    error = render(
        _("{error} mean over chips x models: {units}; rows: {rows}"),
        error=_percent(report.macro_mape),
        rows=report.rows_predicted,
        units=units,
    )
    yield translate(_("error, predicted")), Cell(error, "bold")
    yield (
        translate(_("error, roofline")),
        render(_("{error} with one constant, fitted on these very rows"), error=_percent(report.roofline_macro_mape)),
    )
    yield translate(_("order within a chip")), _rank(report.rank_within_chip, len(report.ranks_by_chip))
    yield translate(_("order of chips")), _rank(report.rank_within_workload, len(report.ranks_by_workload))
    yield translate(_("not predicted")), render(_("rows: {rows}"), rows=report.rows_refused)
    conditional = report.conditional
    if conditional.rows_predicted or conditional.rows_refused:
        yield (
            translate(_("conditional rows")),
            render(
                _("{error} of those predicted: {rows}; not predicted: {refused}; in no score above"),
                error=_percent(conditional.macro_mape),
                rows=conditional.rows_predicted,
                refused=conditional.rows_refused,
            ),
        )
    yield translate(_("cost model")), report.model_version


def _group_rows(report: ValidationReport) -> Iterator[tuple[str | Cell, ...]]:
    for group, title in _GROUPS.items():
        scores: Mapping[str, float] = getattr(report, f"by_{group}")
        if group == "stack" and set(scores) == {"other"}:
            continue
        for position, (name, error) in enumerate(scores.items()):
            behind = report.groups[group][name]
            yield (
                translate(title) if not position else "",
                plain(name, NAME_LIMIT),
                _error_cell(error),
                str(behind.rows),
                str(behind.units),
            )


def _error_cell(error: float | None) -> Cell:
    return Cell(_percent(error), "yellow" if error is not None and error > _FAR else "")


def _add_worst(page: Blocks, report: ValidationReport) -> None:
    page.table(
        (
            Column(translate(_("row"))),
            Column(translate(_("device")), wraps=True, optional=True),
            Column(translate(_("model")), wraps=True),
            Column(translate(_("predicted")), number=True),
            Column(translate(_("measured")), number=True),
            Column("", optional=True),
            Column(translate(_("relative error")), number=True),
        ),
        map(_worst_row, report.worst(WORST)),
    )


def _worst_row(row: RowResult) -> tuple[str | Cell, ...]:
    return (
        plain(row.id, 24),
        plain(row.device, NAME_LIMIT),
        plain(row.model, NAME_LIMIT),
        format_number(row.predicted or 0.0),
        format_number(row.measured or 0.0),
        plain(row.measured_in, 16),
        _error_cell(row.error),
    )


def _refusals(report: ValidationReport) -> Iterator[str]:
    for reason, count in report.refused_by_reason.items():
        told = (row for row in report.rows if row.reason == reason and row.detail and row.use == "primary")
        examples = list(dict.fromkeys(plain(row.detail, NAME_LIMIT) for row in told))[:3]
        text = render(_("{reason}, rows: {count}"), reason=translate(REASONS[reason]), count=count)
        yield f"{text} ({'; '.join(examples)})" if examples else text
