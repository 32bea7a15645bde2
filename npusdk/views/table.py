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
from npusdk.report import Comparison, DeviceFit, Finding, FitReport, ProfileReport
from npusdk.report.validation import RowResult, ValidationReport

Value: TypeAlias = str | int | float | None

_FORMULA = tuple("=+-@＝＋－＠\t\r")  # noqa: RUF001 - Korean and Japanese spreadsheets take full-width signs too


def profile(report: ProfileReport) -> str:
    """Return one row for each layer, in the order of execution."""
    return _write(
        (
            "basis", "device", "model", "model_version", "precision", "batch", "index", "name", "op", "group", "macs",
            "traffic_bytes", "time_s", "bound", "utilization", "energy_j", "live_bytes",
        ),
        (
            (
                report.basis, report.device, report.model, report.model_version, report.precision, report.batch, index,
                layer.name, layer.op, layer.group, layer.macs, layer.traffic_bytes, layer.time_s, layer.bound,
                layer.utilization, layer.energy_j, layer.live_bytes,
            )
            for index, layer in enumerate(report.layers)
        ),
    )  # fmt: skip


def comparison(report: Comparison) -> str:
    """Return one row for each device: first the profiles in the order asked for, then the refusals with their code."""
    columns = (
        "basis", "device", "device_name", "model", "model_version", "precision", "precision_reachable", "batch",
        "latency_s", "latency_low_s", "latency_high_s", "interval_basis", "validity", "separable_from_fastest",
        "throughput_per_s", "call_s", "host_s", "weight_bytes", "peak_memory_bytes", "device_memory_bytes", "macs",
        "bound", "energy_j", "power_w", "krw", "refusal",
    )  # fmt: skip
    fastest = next(iter(report.by_latency()), None)
    rows: list[dict[str, Value]] = [
        {
            **{name: getattr(profile, name) for name in columns if hasattr(profile, name)},
            "precision_reachable": profile.precision_reachable.status,
            "separable_from_fastest": "" if fastest in (None, profile) else _yes(report.is_separable(fastest, profile)),
        }
        for profile in report.profiles
    ]
    rows += [
        {
            "basis": fastest.basis if fastest else None,
            "device": refusal.device,
            "device_name": refusal.device_name,
            "model": report.model,
            "batch": report.batch,
            "refusal": refusal.code,
        }
        for refusal in report.refusals
    ]
    return _write(columns, ([row.get(name) for name in columns] for row in rows))


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
