"""The command doctor: whether this machine has what npusdk needs."""

from __future__ import annotations

from dataclasses import asdict

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.reply import give


def doctor(context: typer.Context) -> ExitCode:
    """Show whether this machine has what npusdk needs; looks at nothing outside it."""
    found = rooms.examination.examine()
    give(context, found, [asdict(check) for check in found.checks])
    return ExitCode.ANSWERED
