"""What the doctor found as a page: a table, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from npusdk.language import _, translate
from npusdk.views.page import WIDTH, Cell, Column, Page

_STATUSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"ok": (_("ok"), "green"), "note": (_("note"), "yellow"), "missing": (_("missing"), "red")}
)
"""Word and style of each status."""


class _Check(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def hint(self) -> str: ...


class _Examination(Protocol):
    @property
    def checks(self) -> Sequence[_Check]: ...


def examination(found: _Examination, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return what was found as text."""
    page = Page(width, colour=colour)
    page.table(
        (Column(translate(_("looked at"))), Column(translate(_("status"))), Column(translate(_("found")), wraps=True)),
        ((check.label, _status(check.status), check.value) for check in found.checks),
    )
    hints = [f"{check.label}: {check.hint}" for check in found.checks if check.hint]
    if hints:
        page.heading(translate(_("What you can do")))
        page.bullets(hints)
    return str(page)


def _status(status: str) -> Cell:
    word, style = _STATUSES[status]
    return Cell(translate(word), style)
