"""The command calibrate: constants of the cost model fitted to the reader's own measurements, as a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.reply import asked_for, give, not_writable
from npusdk.cli.terminal import emit
from npusdk.errors import ConfigError
from npusdk.language import _, render, translate

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE.csv...", help=_("CSV files with one measurement in each line.")),
]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help=_("What reports call the calibration: one word."))]
Target = Annotated[Path, typer.Option("--save", metavar="FILE.json", help=_("Where to write the calibration."))]
Alone = Annotated[bool, typer.Option("--alone", help=_("Fit these measurements alone, without the published ones."))]
Force = Annotated[bool, typer.Option("--force", help=_("Write over a file that is there already."))]


def calibrate(
    context: typer.Context, files: Files, *, name: Name, save: Target, alone: Alone = False, force: Force = False
) -> ExitCode:
    """Fit the cost model to own measurements, write the constants, and show what they are worth."""
    own = rooms.fitting
    own.check_name(name)
    _check_target(save, force=force)
    as_json = asked_for(context).as_json
    try:
        measurements = own.gather(files, alone=alone)
    except ConfigError as error:
        unused = error.params.get("unused")
        if isinstance(unused, Mapping) and not as_json:
            _tell_unused({reason: count for reason, count in unused.items() if isinstance(count, int)})
        raise
    with rooms.progress.working(render(_("fitting rows: {rows}"), rows=len(measurements.points))):
        made = own.fit_measurements(measurements, name)
    _write(save, made.model_dump_json(indent=1) + "\n")
    _tell_unused(own.count_reasons(measurements.unused))
    emit(render(_("own rows used: {own}; saved: {path}"), own=measurements.own, path=str(save)) + "\n", sys.stderr)
    emit(render(_("predict with it: {line}"), line=f"NPUSDK_CALIBRATION={save}") + "\n", sys.stderr)
    give(context, made, made.model_dump(mode="json"))
    return ExitCode.ANSWERED


def _check_target(target: Path, *, force: bool) -> None:
    """Refuse a file that could not be written, before anything is fitted.

    Raises
    ------
    ConfigError
        If the name does not end in .json, the folder is not there, or the file is and may not be replaced.
    """
    if target.suffix.lower() != ".json":
        raise ConfigError(
            _("a {kind} cannot be saved as {suffix}"),
            hint=_("Use one of the suffixes {suffixes}."),
            kind="Calibration",
            suffix=repr(target.suffix),
            suffixes=".json",
        )
    if not target.parent.is_dir():
        raise not_writable(target, NotADirectoryError(0, translate(_("there is no such folder"))))
    if target.is_dir():
        raise not_writable(target, IsADirectoryError(0, translate(_("it is a folder"))))
    if target.exists() and not force:
        raise ConfigError(
            _("{path} is there already"),
            hint=_("Choose another name, or write over it with --force."),
            path=str(target),
        )


def _write(target: Path, text: str) -> None:
    """Write a file whole or not at all: a prediction may be reading the one that is replaced."""
    part = None
    try:
        with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=target.parent, delete=False) as file:
            part = Path(file.name)
            file.write(text)
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise not_writable(target, error) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _tell_unused(counts: Mapping[str, int]) -> None:
    """Say on standard error which rows taught nothing."""
    if counts:
        emit(render(_("own rows not used: {count}"), count=sum(counts.values())) + "\n", sys.stderr)
    for reason, count in counts.items():
        text = translate(rooms.fitting.WHY[reason])
        emit("  - " + render(_("{reason}, rows: {count}"), reason=text, count=count) + "\n", sys.stderr)
