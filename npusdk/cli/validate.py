"""The command validate: predictions beside a file of measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.options import Save
from npusdk.cli.reply import give_report
from npusdk.language import _, render

File = Annotated[Path, typer.Argument(metavar="FILE.csv", help=_("CSV file with one measurement in each line."))]
KindOf = Annotated[
    str | None,
    typer.Option("--kind", metavar="model|gemm", help=_("What was measured; by the columns if left out.")),
]


def validate(context: typer.Context, file: File, *, kind: KindOf = None, save: Save = None) -> ExitCode:
    """Show how far predictions are from a file of measurements."""
    with rooms.progress.working(render(_("predicting {path}"), path=file.name)):
        report = rooms.calibration.validate(file, kind)
    give_report(context, report, save)
    return ExitCode.ANSWERED
