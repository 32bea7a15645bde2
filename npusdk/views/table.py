"""Reports as CSV (RFC 4180): codes instead of sentences, SI units in the headings, the basis in every row.

A spreadsheet takes a cell that begins with "=" or the like for a formula, and a name in somebody's model may begin so;
such a text gets an apostrophe in front (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TypeAlias

from npusdk.language import plain
from npusdk.report import TERMS, Comparison, DeviceFit, Finding, FitReport, Parallel, ProfileReport, ServingReport
from npusdk.report.validation import RowResult, ValidationReport

Value: TypeAlias = str | int | float | None

_FORMULA = tuple("=+-@＝＋－＠\t\r")  # noqa: RUF001 - Korean and Japanese spreadsheets take full-width signs too


def profile(report: ProfileReport) -> str:
    """Return one row for each layer, in the order of execution; the interval of the whole stands in every row."""
    whole = {name: getattr(report, name) for name in _WHOLE}
    layers = (
        {
            **whole,
            **{name: getattr(layer, name) for name in _LAYER},
            **(layer.terms or {}),
            "index": index,
            "devices": report.devices,
            "explanation": layer.explanation.code if layer.explanation else None,
        }
        for index, layer in enumerate(report.layers)
    )
    columns = (*_WHOLE, "devices", "index", *_LAYER, *TERMS.values(), "explanation")
    return _write(columns, ([row.get(name) for name in columns] for row in layers))


_WHOLE = (
    "basis", "device", "model", "model_version", "precision", "batch", "stack", "validity", "interval_basis",
    "latency_s", "latency_low_s", "latency_high_s",
)  # fmt: skip
_LAYER = (
    "name", "op", "group", "macs", "traffic_bytes", "time_s", "bound", "utilization", "energy_j", "live_bytes",
    "repeats", "margin",
)  # fmt: skip


def comparison(report: Comparison) -> str:
    """Return one row for each profile in the order asked for, then the refusals with their code."""
    fastest = next(iter(report.by_latency()), None)
    pareto = {id(one) for one in report.pareto()}
    rows = [
        {**_figures(one), **_standing(report, one, fastest), "pareto": _yes(id(one) in pareto)}
        for one in report.profiles
    ]
    rows += [
        {
            "basis": fastest.basis if fastest else None,
            "device": refusal.device,
            "device_name": refusal.device_name,
            "model": report.model,
            "precision": refusal.precision or None,
            "batch": report.batch if refusal.batch is None else refusal.batch,
            **_parallel(refusal.parallel),
            "refusal": refusal.code,
        }
        for refusal in report.refusals
    ]
    return _write(_COMPARED, ([row.get(name) for name in _COMPARED] for row in rows))


_COMPARED = (
    "basis", "device", "device_name", "model", "model_version", "precision", "precision_reachable", "batch", "tp", "pp",
    "replicas", "stack", "chunk", "partitions", "latency_s", "latency_low_s", "latency_high_s", "interval_basis",
    "validity", "chip", "calibrated", "units", "points", "separable_from_fastest", "pareto", "throughput_per_s",
    "call_s", "host_s", "weight_bytes", "peak_memory_bytes", "device_memory_bytes", "macs", "bound", "energy_j",
    "energy_low_j", "energy_high_j", "energy_basis", "power_w", "sustained_power_w", "power_boundary", "krw",
    "price_basis", "refusal",
)  # fmt: skip


def _figures(profile: ProfileReport) -> dict[str, Value]:
    """Return what a profile has under the headings of a comparison."""
    found = {name: getattr(profile, name) for name in _COMPARED if hasattr(profile, name)}
    grounds = profile.provenance
    if grounds is not None:
        found |= {"chip": grounds.chip, "calibrated": _yes(grounds.calibrated)}
        found |= {"units": grounds.units, "points": grounds.points}
    return {
        **found,
        **_parallel(profile.parallel),
        "stack": profile.stack,
        "precision_reachable": profile.precision_reachable.status,
    }


def _standing(report: Comparison, profile: ProfileReport, fastest: ProfileReport | None) -> dict[str, Value]:
    if fastest is None or profile is fastest:
        return {"separable_from_fastest": ""}
    return {"separable_from_fastest": _yes(report.is_separable(fastest, profile))}


def _parallel(parallel: Parallel | None) -> dict[str, Value]:
    return {} if parallel is None else {"tp": parallel.tp, "pp": parallel.pp, "replicas": parallel.replicas}


def serving(report: ServingReport) -> str:
    """Return one row; a figure with an interval has three columns."""
    row: dict[str, Value] = {}
    for name in ServingReport.model_fields:
        value = getattr(report, name)
        if name in _SPANS:
            ends = ("", "_low", "_high")
            figures = (value.value, value.low, value.high) if value is not None else (None, None, None)
            row |= {f"{_SPANS[name]}{end}": figure for end, figure in zip(ends, figures, strict=True)}
        elif name == "parallel":
            row |= _parallel(value)
        elif value is None or isinstance(value, str | int | float):
            row[name] = value
    del row["schema_version"]
    grounds = report.provenance
    row["calibrated"] = None if grounds is None else _yes(grounds.calibrated)
    return _write(tuple(row), [tuple(row.values())])


_SPANS = {
    "ttft": "ttft_s", "prefill": "prefill_s", "tpot": "tpot_s", "tpot_loaded": "tpot_loaded_s",
    "latency": "latency_s", "tokens_per_s": "tokens_per_s",
}  # fmt: skip
"""Figures of serving that have an interval, and their headings with their units."""


def fit(report: FitReport) -> str:
    """Return one row for each finding; a device without findings has one row too."""
    return _write(
        (
            "basis", "device", "device_name", "model", "batch", "precision", "status", "weight_bytes",
            "activation_bytes", "pool_bytes", "finding_status", "node", "op", "count", "reason", "hint",
            "evidence", "evidence_source", "evidence_version", "evidence_date",
        ),
        (
            (
                "documents", answer.device, answer.device_name, report.model, report.batch, answer.precision,
                answer.status, *_memory(answer), *_finding(finding),
            )
            for answer in report.fits
            for finding in answer.findings or (None,)
        ),
    )  # fmt: skip


def validation(report: ValidationReport) -> str:
    """Return one row for each measurement, in the order of the file."""
    columns = tuple(RowResult.model_fields)
    return _write(
        ("basis", "kind", "model_version", *columns),
        (
            (report.basis, report.kind, report.model_version, *(getattr(row, name) for name in columns))
            for row in report.rows
        ),
    )


def _memory(answer: DeviceFit) -> tuple[Value, ...]:
    memory = answer.memory
    return (memory.weight_bytes, memory.activation_bytes, memory.pool_bytes) if memory else (None, None, None)


def _finding(finding: Finding | None) -> tuple[Value, ...]:
    if finding is None:
        return (None,) * 10
    evidence = finding.evidence
    return (
        finding.status, finding.node, finding.op, finding.count, finding.reason.code,
        finding.hint.code if finding.hint else None,
        evidence.kind, evidence.source, evidence.version, evidence.date,
    )  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _write(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return out.getvalue()


def _safe(value: Value) -> Value:
    """Return a text that no spreadsheet runs and no terminal obeys, a number unchanged, nothing for None."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
