"""The commands check, profile, compare and serve: a model to a report."""

from __future__ import annotations

from typing import Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.models import Sizes, load_language_model, load_model
from npusdk.cli.options import (
    AnyModel,
    Batch,
    Batches,
    Decode,
    Device,
    Devices,
    InputShapes,
    LanguageModel,
    PipelineParallel,
    Precision,
    Precisions,
    Prefill,
    Replicas,
    Resolution,
    Save,
    SaveTimed,
    Sequence,
    Stack,
    TensorParallel,
    parse_counts,
    parse_devices,
    parse_names,
)
from npusdk.cli.reply import give_report
from npusdk.language import _, translate

Layers = Annotated[int, typer.Option("--layers", metavar="N", min=0, help=_("How many of the slowest layers to list."))]
Input = Annotated[int, typer.Option("--input", metavar="N", min=1, help=_("Tokens of each request's prompt."))]
Output = Annotated[int, typer.Option("--output", metavar="N", min=1, help=_("Tokens of each request's answer."))]
Requests = Annotated[
    int | None,
    typer.Option("--batch", metavar="N", min=1, help=_("Requests at once; as many as the memory holds if left out.")),
]
Batching = Annotated[
    str, typer.Option("--batching", metavar="continuous|static", help=_("Whether a request that ends makes room."))
]
Weights = Annotated[
    str | None, typer.Option("--weights", metavar="FORMAT", help=_("Format of the weights in memory, such as int4."))
]
Cache = Annotated[
    str | None, typer.Option("--cache", metavar="FORMAT", help=_("Format of keys and values, such as fp8."))
]


def check(  # noqa: PLR0913 - each is an option of the command line
    context: typer.Context,
    model: AnyModel,
    *,
    devices: Devices = "all",
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
    sequence: Sequence = None,
    resolution: Resolution = None,
    prefill: Prefill = None,
    decode: Decode = None,
    tp: TensorParallel = 1,
    pp: PipelineParallel = 1,
    save: Save = None,
) -> ExitCode:
    """Show which devices run a model, and what says so."""
    loaded = load_model(model, Sizes(input_shape, sequence, resolution, prefill, decode, tp, pp))
    report = rooms.pipeline.check(loaded, parse_devices(devices), precision, batch)
    give_report(context, report, save)
    blocked = all(fit.status == "blocked" for fit in report)
    return ExitCode.NOTHING_RUNS if blocked else ExitCode.ANSWERED


def profile(  # noqa: PLR0913 - each is an option of the command line
    context: typer.Context,
    model: AnyModel,
    *,
    device: Device,
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
    sequence: Sequence = None,
    resolution: Resolution = None,
    prefill: Prefill = None,
    decode: Decode = None,
    tp: TensorParallel = 1,
    pp: PipelineParallel = 1,
    replicas: Replicas = 1,
    stack: Stack = "",
    layers: Layers = 10,
    save: SaveTimed = None,
) -> ExitCode:
    """Show how long a model would take on a device, and why."""
    loaded = load_model(model, Sizes(input_shape, sequence, resolution, prefill, decode, tp, pp))
    parallel = rooms.report.Parallel(tp=tp, replicas=replicas)
    report = rooms.pipeline.profile(loaded, device, precision, batch, parallel=parallel, stack=stack)
    give_report(context, report, save, layers=layers)
    return ExitCode.ANSWERED


def compare(  # noqa: PLR0913 - each is an option of the command line
    context: typer.Context,
    model: AnyModel,
    *,
    devices: Devices = "all",
    precision: Precisions = "auto",
    batch: Batches = None,
    input_shape: InputShapes = None,
    sequence: Sequence = None,
    resolution: Resolution = None,
    prefill: Prefill = None,
    decode: Decode = None,
    tp: TensorParallel = 1,
    pp: PipelineParallel = 1,
    replicas: Replicas = 1,
    stack: Stack = "",
    save: SaveTimed = None,
) -> ExitCode:
    """Show how long a model would take on several devices, and which can be told apart."""
    counts = parse_counts(batch)
    loaded = load_model(model, Sizes(input_shape, sequence, resolution, prefill, decode, tp, pp))
    parallel = rooms.report.Parallel(tp=tp, replicas=replicas)
    with rooms.progress.working(translate(_("profiling"))):
        report = rooms.pipeline.compare(
            loaded, parse_devices(devices), parse_names(precision), counts, parallel=parallel, stack=stack
        )
    give_report(context, report, save)
    return ExitCode.ANSWERED if report.profiles else ExitCode.NOTHING_RUNS


def serve(  # noqa: PLR0913 - each is an option of the command line
    context: typer.Context,
    model: LanguageModel,
    *,
    device: Device,
    input_tokens: Input,
    output_tokens: Output,
    precision: Precision = "auto",
    batch: Requests = None,
    batching: Batching = "continuous",
    weights: Weights = None,
    cache: Cache = None,
    tp: TensorParallel = 1,
    pp: PipelineParallel = 1,
    replicas: Replicas = 1,
    stack: Stack = "",
    save: Save = None,
) -> ExitCode:
    """Show how fast a language model would answer requests of one shape, and how many at once."""
    report = load_language_model(model, weights, cache).serve(
        device,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        batch=batch,
        precision=precision,
        parallel=rooms.report.Parallel(tp=tp, pp=pp, replicas=replicas),
        batching=batching,
        stack=stack,
    )
    give_report(context, report, save)
    return ExitCode.ANSWERED
