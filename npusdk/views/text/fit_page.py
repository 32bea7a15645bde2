"""A fit as a page: one line for each device, then what was found, once for all devices that share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from npusdk.language import _, plain, render, translate
from npusdk.report import DeviceFit, Evidence, Finding, FitReport, explain
from npusdk.report.fit import STATUSES
from npusdk.units import format_bytes
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.words import EVIDENCE, STYLES, join, word
from npusdk.views.text.words import STATUSES as STATUS_WORDS

FINDINGS = 3
"""Findings that are listed for a device among several."""

FINDINGS_OF_ONE = 20
"""Findings that are listed for a single device."""

Findings: TypeAlias = tuple[Finding, ...]


def fit(report: FitReport, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the fit as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(report))
    add_fit(page, report)
    return str(page)


def title_of(report: FitReport) -> str:
    """Return what was asked, and how many devices answer how."""
    return render(
        _("{model}, batch {batch}, precision {precision}: {counts}"),
        model=plain(report.model, NAME_LIMIT),
        batch=report.batch,
        precision=report.precision,
        counts=_counts(report) or translate(_("no device was asked")),
    )


def add_fit(page: Blocks, report: FitReport, heading: str = "") -> None:
    """Add a line for each device, under a heading if there is one, and what was found."""
    page.paragraph(translate(_("Read from public documents; nothing ran on a device.")))
    if report.fits and heading:
        page.heading(heading)
    if report.fits:
        _add_table(page, report)
    limit = FINDINGS_OF_ONE if len(report.fits) == 1 else FINDINGS
    for findings, answers in _groups(report, limit):
        _add_findings(page, findings, answers, limit)


def _counts(report: FitReport) -> str:
    counts = {status: sum(answer.status == status for answer in report.fits) for status in STATUSES}
    return ", ".join(f"{word(STATUS_WORDS, status)} {count}" for status, count in counts.items() if count)


def _add_table(page: Blocks, report: FitReport) -> None:
    page.table(
        (
            Column(translate(_("device")), wraps=True),
            Column(translate(_("status"))),
            Column(translate(_("precision"))),
            Column(translate(_("needs")), number=True),
            Column(translate(_("has")), number=True),
            Column(translate(_("evidence")), wraps=True, optional=True),
        ),
        (_row(answer) for answer in report.fits),
    )


def _row(answer: DeviceFit) -> tuple[str | Cell, ...]:
    memory = answer.memory
    pool = memory.pool_bytes if memory else None
    worst = max(answer.findings, key=_severity, default=None)
    return (
        answer.device_name,
        Cell(word(STATUS_WORDS, answer.status), STYLES.get(answer.status, "")),
        answer.precision or "-",
        format_bytes(memory.total_bytes) if memory else "-",
        format_bytes(pool) if pool is not None else "-",
        word(EVIDENCE, worst.evidence.kind) if worst else "",
    )


def _severity(finding: Finding) -> int:
    return STATUSES.index(finding.status)


def _groups(report: FitReport, limit: int) -> Iterator[tuple[Findings, list[DeviceFit]]]:
    """Yield findings, worst first, with the devices that share the first `limit` of them; worst groups first."""
    groups: dict[str, tuple[Findings, list[DeviceFit]]] = {}
    for answer in report.fits:
        findings = tuple(sorted(answer.findings, key=_severity, reverse=True))
        if findings:
            key = repr((answer.status, len(findings), findings[:limit]))
            groups.setdefault(key, (findings, []))[1].append(answer)
    yield from sorted(groups.values(), key=lambda group: -_severity(group[0][0]))


def _add_findings(page: Blocks, findings: Findings, answers: Sequence[DeviceFit], limit: int) -> None:
    status = answers[0].status
    names = ", ".join(f"{answer.device_name} ({answer.device})" for answer in answers)
    page.heading(f"{word(STATUS_WORDS, status)}: {names}")
    for finding in findings[:limit]:
        page.bullets((_subject(finding, status),))
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
    elif finding.count > 1:
        text = render(_("nodes: {count}: {reason}"), count=finding.count, reason=text)
    if finding.status != status:
        text = f"{word(STATUS_WORDS, finding.status)}: {text}"
    return Cell(text, STYLES.get(finding.status, ""))


def _details(finding: Finding) -> Iterator[tuple[str, str]]:
    yield translate(_("evidence")), evidence_text(finding.evidence)
    if finding.hint:
        yield translate(_("hint")), explain(finding.hint)


def evidence_text(evidence: Evidence) -> str:
    """Return the kind of the evidence, its version and date, and where it is written."""
    return join(word(EVIDENCE, evidence.kind), evidence.version, evidence.date, evidence.source)
