"""The commands check, profile and compare: a model to a report."""

from __future__ import annotations

from typing import Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.models import load_model
from npusdk.cli.options import Batch, Device, Devices, InputShapes, ModelPath, Precision, Save, parse_devices
from npusdk.cli.reply import give_report
from npusdk.language import _, translate

Layers = Annotated[int, typer.Option("--layers", metavar="N", min=0, help=_("How many of the slowest layers to list."))]


def check(
    context: typer.Context,
    model: ModelPath,
    *,
    devices: Devices = "all",
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
    save: Save = None,
) -> ExitCode:
    """Show which devices run a model, and what says so."""
    loaded = load_model(model, input_shape)
    report = rooms.pipeline.check(loaded, parse_devices(devices), precision, batch)
    give_report(context, report, save)
    blocked = all(fit.status == "blocked" for fit in report)
    return ExitCode.NOTHING_RUNS if blocked else ExitCode.ANSWERED


def profile(
    context: typer.Context,
    model: ModelPath,
    *,
    device: Device,
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
    layers: Layers = 10,
    save: Save = None,
) -> ExitCode:
    """Show how long a model would take on a device, and why."""
    report = rooms.pipeline.profile(load_model(model, input_shape), device, precision, batch)
    give_report(context, report, save, layers=layers)
    return ExitCode.ANSWERED


def compare(
    context: typer.Context,
    model: ModelPath,
    *,
    devices: Devices = "all",
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
    save: Save = None,
) -> ExitCode:
    """Show how long a model would take on several devices, and which can be told apart."""
    loaded = load_model(model, input_shape)
    with rooms.progress.working(translate(_("profiling"))):
        report = rooms.pipeline.compare(loaded, parse_devices(devices), precision, batch)
    give_report(context, report, save)
    return ExitCode.ANSWERED if report.profiles else ExitCode.NOTHING_RUNS
