"""Predictions beside a file of measurements: `validate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from npusdk.calibration.gemm_constants import load_gemm_calibration
from npusdk.calibration.judging import Predictor, judge
from npusdk.calibration.predictor import predict
from npusdk.calibration.products import SIDES, judge_products, time_columns
from npusdk.calibration.rows import Line, Row, lacking_columns, read_table, to_rows
from npusdk.calibration.scores import Judged, fit_roofline, macro_by, macro_mean, mean_rank, ranks_by
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.pipeline import model_version
from npusdk.report.validation import Conditional, Group, RowResult, ValidationReport

Kind: TypeAlias = Literal["model", "gemm"]
KINDS: tuple[Kind, ...] = ("model", "gemm")


def validate(
    source: str | Path | Iterable[Row], kind: str | None = None, *, predictor: Predictor = predict
) -> ValidationReport:
    """Return how far predictions are from measurements, and which rows cannot be predicted, and why.

    Parameters
    ----------
    source
        A CSV file, in UTF-8, with the columns of measured models (`device_key`, `model`, `precision`, `metric`,
        `value`, `unit`, and optional ones) or of matrix products (`device`, `M`, `N`, `K`, `seconds_fp16_median`); or
        rows that `npusdk.calibration.rows.read_rows` gave.
    kind
        "model" or "gemm"; by the columns if it is left out.
    predictor
        Answers the questions that models ask.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no such table, or `kind` is none of the two.
    """
    if kind is not None and kind not in KINDS:
        raise ConfigError(
            _("{name} {value} is none of {choices}"),
            hint=_("Choose one of {choices}."),
            name="kind",
            value=repr(kind),
            choices=", ".join(KINDS),
        )
    if not isinstance(source, (str, Path)):
        return summarize("model", [judge(row, predictor) for row in source])
    lines = read_table(source)
    chosen: Kind = _guess(lines) if kind is None else "gemm" if kind == "gemm" else "model"
    if chosen == "gemm":
        return summarize(chosen, _products(source, lines), Path(source).name)
    return summarize(chosen, [judge(row, predictor) for row in to_rows(source, lines)], Path(source).name)


def _guess(lines: Sequence[Line]) -> Kind:
    return "gemm" if set(SIDES) <= lines[0].cells.keys() else "model"


def _products(path: str | Path, lines: Sequence[Line]) -> Sequence[Judged]:
    columns = list(lines[0].cells)
    lacking = [side.upper() for side in SIDES if side not in columns]
    if not {"device", "device_key"} & set(columns):
        lacking.insert(0, "device")
    if not time_columns(columns):
        lacking.append("seconds_fp16_median")
    if lacking:
        raise lacking_columns(path, lacking, columns)
    return judge_products(lines)


_GROUPS: Mapping[str, Callable[[Judged], str]] = MappingProxyType(
    {
        "unit": lambda row: row.unit,
        "device": lambda row: row.device,
        "vendor": lambda row: row.vendor,
        "stack": lambda row: row.stack,
    }
)


def summarize(kind: Kind, judged: Sequence[Judged], file: str = "") -> ValidationReport:
    """Return the report of judged rows; scores are over the primary ones."""
    primary = [row for row in judged if row.use == "primary"]
    others = [row for row in judged if row.use != "primary"]
    predicted = [row for row in primary if row.error is not None]
    constant = fit_roofline(predicted)
    chips = ranks_by(predicted, lambda row: row.chip)
    workloads = ranks_by(predicted, lambda row: row.workload, devices=2)
    scores = {name: macro_by(predicted, key) for name, key in _GROUPS.items()}
    return ValidationReport(
        kind=kind,
        file=file,
        model_version=f"gemm-{load_gemm_calibration().version}" if kind == "gemm" else model_version(),
        macro_mape=macro_mean((row.unit, row.error) for row in predicted),
        roofline_macro_mape=macro_mean((row.unit, row.roofline_error(constant)) for row in predicted),
        roofline_constant=constant if predicted else None,
        rows_predicted=len(predicted),
        rows_refused=len(primary) - len(predicted),
        refused_by_reason=dict(Counter(row.reason for row in primary if row.reason).most_common()),
        conditional=_conditional(others),
        by_unit=scores["unit"],
        by_device=scores["device"],
        by_vendor=scores["vendor"],
        by_stack=scores["stack"],
        groups={name: _count(predicted, key) for name, key in _GROUPS.items()},
        rank_within_chip=mean_rank(chips.values()),
        rank_within_workload=mean_rank(workloads.values()),
        ranks_by_chip=chips,
        ranks_by_workload=workloads,
        rows=tuple(_result(row) for row in judged),
    )


def _conditional(rows: Sequence[Judged]) -> Conditional:
    errors = [(row.unit, row.error) for row in rows]
    predicted = sum(error is not None for _, error in errors)
    return Conditional(macro_mape=macro_mean(errors), rows_predicted=predicted, rows_refused=len(rows) - predicted)


def _count(rows: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, Group]:
    members = Counter(map(key, rows))
    units = Counter(group for group, _ in {(key(row), row.unit) for row in rows})
    return {group: Group(rows=members[group], units=units[group]) for group in sorted(members)}


def _result(row: Judged) -> RowResult:
    return RowResult(
        id=row.id,
        line=row.line,
        use=row.use,
        unit=row.unit,
        device=row.device,
        model=row.model,
        predicted=row.predicted,
        measured=row.measured,
        measured_in=row.measured_in,
        error=row.error,
        reason=row.reason,
        detail=row.detail,
    )
