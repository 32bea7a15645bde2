"""Whether a model runs on a device: operators, precision and memory, each with what says so."""

from __future__ import annotations

from npusdk.catalogue import DeviceSpec
from npusdk.errors import PrecisionError
from npusdk.pipeline.planning import Planner
from npusdk.report import DeviceFit, Evidence, Finding, MemoryNeed, Note
from npusdk.report.fit import STATUSES
from npusdk.units import format_bytes


def fit_device(planner: Planner, device: DeviceSpec, asked: str, batch: int) -> DeviceFit:
    """Return the answer for one device."""
    findings = [*planner.legality(device, batch).findings, *_opset_findings(planner, device)]
    memory = None
    try:
        precision = planner.precision(device, asked)
    except PrecisionError:
        precision = ""
        findings.append(_missing(device, asked))
    else:
        findings += _precision_findings(planner, device, precision)
        if all(finding.status != "blocked" or finding.op == "" for finding in findings):
            memory = _memory_need(planner, device, precision, batch)
            findings += _memory_findings(device, memory)
    return DeviceFit(
        device=device.id,
        device_name=device.name,
        status=max((finding.status for finding in findings), key=STATUSES.index, default="runs"),
        precision=precision,
        memory=memory,
        findings=tuple(findings),
    )


def _missing(device: DeviceSpec, asked: str) -> Finding:
    available = ", ".join(device.dtypes)
    return Finding(
        status="blocked",
        reason=Note(code="precision_missing", params={"precision": asked, "available": available}),
        hint=Note(code="choose_precision", params={"available": available}),
        evidence=Evidence(kind="device_rule", source=device.specs["dtypes"].source),
    )


def _precision_findings(planner: Planner, device: DeviceSpec, precision: str) -> list[Finding]:
    """Return what stands against a precision that the device has."""
    known = device.precision(precision)
    if known is None:
        return []
    evidence = Evidence(
        kind="assumed" if known.kind == "assumed" else "device_rule",
        source=known.source,
        version=known.version,
        date=known.date,
    )
    found = []
    if precision.startswith(("int", "fp8", "fp4")) and not planner.model.is_quantized:
        found.append(
            Finding(
                status="blocked",
                reason=Note(code="needs_quantization", params={"available": ", ".join(device.dtypes)}),
                hint=Note(code="quantize_first", params={"precision": precision}),
                evidence=evidence,
            )
        )
    if known.reachable != "documented":
        reasons = {"planned": "precision_planned", "undocumented": "precision_not_documented"}
        params: dict[str, str | int | float] = {
            "precision": precision,
            "software": known.software,
            "version": known.version,
        }
        reason = Note(code=reasons[known.reachable], params=params)
        found.append(Finding(status="undocumented", reason=reason, hint=Note(code="ask_vendor"), evidence=evidence))
    return found


def _memory_need(planner: Planner, device: DeviceSpec, precision: str, batch: int) -> MemoryNeed:
    table = planner.table(device, planner.plan(device, precision, batch))
    return MemoryNeed(
        weight_bytes=table.constant_bytes,
        activation_bytes=table.live_bytes,
        pool_bytes=device.pool_bytes,
    )


def _opset_findings(planner: Planner, device: DeviceSpec) -> list[Finding]:
    """Return what stands against the opset of the file."""
    rule, opset = device.rule("opset_max"), planner.model.graph.opset
    if rule is None or rule.limit is None or opset <= rule.limit:
        return []
    limits: dict[str, str | int | float] = {"limit": rule.limit, "opset": opset}
    return [
        Finding(
            status="blocked",
            reason=Note(code="opset_too_new", params=limits),
            hint=Note(code="older_opset", params=limits),
            evidence=Evidence(kind="device_rule", source=rule.source),
        )
    ]


def _memory_findings(device: DeviceSpec, memory: MemoryNeed) -> list[Finding]:
    if memory.pool_bytes is None and device.kind != "reference":
        needed = Note(code="memory_unknown", params={"needed": format_bytes(memory.total_bytes)})
        return [Finding(status="runs", reason=needed, evidence=Evidence(kind="assumed"))]
    if memory.pool_bytes is None or memory.total_bytes <= memory.pool_bytes:
        return []
    sizes: dict[str, str | int | float] = {
        "needed": format_bytes(memory.total_bytes),
        "available": format_bytes(memory.pool_bytes),
    }
    return [
        Finding(
            status="blocked",
            reason=Note(code="memory_exceeded", params=sizes),
            hint=Note(code="smaller_batch_or_device"),
            evidence=Evidence(kind="device_rule"),
        )
    ]
