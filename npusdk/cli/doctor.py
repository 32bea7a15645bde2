"""The command doctor: whether this machine has what npusdk needs."""

from __future__ import annotations

import sys
from dataclasses import asdict

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.reply import asked_for
from npusdk.cli.terminal import emit, emit_json
from npusdk.language import _, translate

_STATUSES = {"ok": _("ok"), "note": _("note"), "missing": _("missing")}
_STYLES = {"ok": "green", "note": "yellow", "missing": "red"}


def doctor(context: typer.Context) -> ExitCode:
    """Show whether this machine has what npusdk needs; looks at nothing outside it."""
    checks = list(rooms.examination.examine())
    if asked_for(context).as_json:
        emit_json([asdict(check) for check in checks])
        return ExitCode.ANSWERED
    width, colour = rooms.page.terminal_of(sys.stdout)
    page = rooms.page.Page(width, colour=colour)
    page.table(
        (
            rooms.page.Column(translate(_("looked at"))),
            rooms.page.Column(translate(_("status"))),
            rooms.page.Column(translate(_("found")), wraps=True),
        ),
        (
            (check.label, rooms.page.Cell(translate(_STATUSES[check.status]), _STYLES[check.status]), check.value)
            for check in checks
        ),
    )
    hints = [f"{check.label}: {check.hint}" for check in checks if check.hint]
    if hints:
        page.heading(translate(_("What you can do")))
        page.bullets(hints)
    emit(str(page))
    return ExitCode.ANSWERED
