"""A fit as a page: one line for each device, then what stands in the way, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator

from npusdk.language import _, plain, render, translate
from npusdk.report import DeviceFit, Evidence, Finding, FitReport, explain
from npusdk.report.fit import STATUSES
from npusdk.units import format_bytes
from npusdk.views.page import NAME_LIMIT, WIDTH, Cell, Column, Page
from npusdk.views.text.words import EVIDENCE, STYLES, join, word
from npusdk.views.text.words import STATUSES as STATUS_WORDS

FINDINGS = 3
"""Findings that are listed for a device among several."""

FINDINGS_OF_ONE = 20
"""Findings that are listed for a single device."""


def fit(report: FitReport, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the fit as text."""
    page = Page(width, colour=colour)
    page.heading(
        render(
            _("{model}, batch {batch}, precision {precision}: {counts}"),
            model=plain(report.model, NAME_LIMIT),
            batch=report.batch,
            precision=report.precision,
            counts=_counts(report) or translate(_("no device was asked")),
        )
    )
    page.paragraph(translate(_("Read from public documents; nothing ran on a device.")))
    if report.fits:
        _add_table(page, report)
    limit = FINDINGS_OF_ONE if len(report.fits) == 1 else FINDINGS
    for answer in report.fits:
        findings = [finding for finding in answer.findings if len(report.fits) == 1 or finding.status != "runs"]
        if findings:
            _add_findings(page, answer, sorted(findings, key=_severity, reverse=True), limit)
    return str(page)


def _severity(finding: Finding) -> int:
    return STATUSES.index(finding.status)


def _counts(report: FitReport) -> str:
    counts = {status: sum(answer.status == status for answer in report.fits) for status in STATUSES}
    return ", ".join(f"{word(STATUS_WORDS, status)} {count}" for status, count in counts.items() if count)


def _add_table(page: Page, report: FitReport) -> None:
    page.table(
        (
            Column(translate(_("device")), wraps=True),
            Column(translate(_("status"))),
            Column(translate(_("precision"))),
            Column(translate(_("needs")), number=True),
            Column(translate(_("has")), number=True, optional=True),
            Column(translate(_("first reason")), wraps=True),
            Column(translate(_("evidence")), wraps=True, optional=True),
        ),
        (_row(answer) for answer in report.fits),
    )


def _row(answer: DeviceFit) -> tuple[str | Cell, ...]:
    worst = max(answer.findings, key=_severity, default=None)
    memory = answer.memory
    pool = memory.pool_bytes if memory else None
    return (
        answer.device_name,
        Cell(word(STATUS_WORDS, answer.status), STYLES.get(answer.status, "")),
        answer.precision or "-",
        format_bytes(memory.total_bytes) if memory else "-",
        format_bytes(pool) if pool is not None else "-",
        explain(worst.reason) if worst else "",
        evidence_text(worst.evidence, with_source=False) if worst else "",
    )


def _add_findings(page: Page, answer: DeviceFit, findings: list[Finding], limit: int) -> None:
    page.heading(f"{answer.device_name} ({answer.device}): {word(STATUS_WORDS, answer.status)}")
    for finding in findings[:limit]:
        page.bullets((_subject(finding, answer.status),))
        page.facts(_details(finding), indent=4)
    if len(findings) > limit:
        page.paragraph(render(_("and {count} more"), count=len(findings) - limit))


def _subject(finding: Finding, status: str) -> Cell:
    """Return what was found and where; its status only where it is not that of the device."""
    text = explain(finding.reason)
    if finding.node:
        text = render(
            _("{op}, nodes: {count}, first {node}: {reason}")
            if finding.count > 1
            else _("{op}, node {node}: {reason}"),
            op=plain(finding.op, NAME_LIMIT),
            node=plain(finding.node, NAME_LIMIT),
            count=finding.count,
            reason=text,
        )
    if finding.status != status:
        text = f"{word(STATUS_WORDS, finding.status)}: {text}"
    return Cell(text, STYLES.get(finding.status, ""))


def _details(finding: Finding) -> Iterator[tuple[str, str]]:
    yield translate(_("evidence")), evidence_text(finding.evidence)
    if finding.hint:
        yield translate(_("hint")), explain(finding.hint)


def evidence_text(evidence: Evidence, *, with_source: bool = True) -> str:
    """Return the kind of the evidence, its version and date, and where it is written."""
    return join(word(EVIDENCE, evidence.kind), evidence.version, evidence.date, evidence.source if with_source else "")
