"""An answer to a command: as text or JSON on standard output, and into a file where asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from npusdk.cli import rooms
from npusdk.cli.everywhere import Everywhere
from npusdk.cli.terminal import emit, emit_json
from npusdk.display import show
from npusdk.errors import ConfigError
from npusdk.language import _, render

if TYPE_CHECKING:
    from npusdk.report import Report


def asked_for(context: typer.Context) -> Everywhere:
    """Return the options that stand in the line for every command."""
    return context.find_object(Everywhere) or Everywhere()


def give(context: typer.Context, value: object, data: object, **options: object) -> None:
    """Write `value` as its text view shows it, or `data` as JSON.

    Parameters
    ----------
    **options
        What the view takes beside width and colour.
    """
    if asked_for(context).as_json:
        emit_json(data)
    else:
        width, colour = rooms.page.terminal_of(sys.stdout)
        emit(show(value, "text", width=width, colour=colour, **options))


def give_report(context: typer.Context, report: Report, save: Path | None, **options: object) -> None:
    """Write a report, after it is saved where that was asked."""
    if save is not None:
        save_report(report, save)
    give(context, report, report.model_dump(mode="json"), **options)


def save_report(report: Report, path: Path) -> None:
    """Save a report and say so on standard error.

    Raises
    ------
    ConfigError
        If the suffix is of no known form, or the file cannot be written.
    """
    try:
        report.save(path)
    except OSError as error:
        raise not_writable(path, error) from error
    emit(render(_("saved: {path}"), path=str(path)) + "\n", sys.stderr)


def not_writable(path: Path, error: OSError) -> ConfigError:
    """Return the error of a file that cannot be written."""
    return ConfigError(
        _("{path} cannot be written: {problem}"),
        hint=_("Choose a folder that exists and that you may write to."),
        path=str(path),
        problem=error.strerror or str(error),
    )
