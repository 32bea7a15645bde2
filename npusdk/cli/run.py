"""The command run: a model on the emulator of a device, from a file of arrays to a file of arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.models import Sizes, load_model
from npusdk.cli.options import Batch, InputShapes, ModelPath, Precision
from npusdk.cli.reply import asked_for, not_writable
from npusdk.cli.terminal import emit, emit_json
from npusdk.errors import NpuError
from npusdk.language import _, plain, render, translate
from npusdk.units import format_seconds

if TYPE_CHECKING:
    from npusdk.cli.arrays import Array
    from npusdk.pipeline import Program
    from npusdk.report import ProfileReport

Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help=_("Device to emulate; reference has no limits and no cost."))
]
Inputs = Annotated[Path, typer.Option("--inputs", metavar="FILE", help=_("Arrays to feed, .npz or .npy."))]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help=_("Where to keep the outputs."))]


def run(
    context: typer.Context,
    model: ModelPath,
    *,
    inputs: Inputs,
    output: Output = None,
    device: Device = "reference",
    precision: Precision = "auto",
    batch: Batch = None,
    input_shape: InputShapes = None,
) -> ExitCode:
    """Run a model on the emulator of a device."""
    if output is not None:
        rooms.arrays.check_suffix(output)
    loaded = load_model(model, Sizes(input_shape))
    arrays = rooms.arrays.read_inputs(inputs, loaded.inputs)
    program = rooms.pipeline.compile(loaded, device, precision, batch or rooms.arrays.leading_size(arrays))
    with rooms.progress.working(render(_("emulating {device}"), device=program.device.name)):
        start_s = perf_counter()
        outputs = program.run(arrays)
        elapsed_s = perf_counter() - start_s
    _save(output, outputs)
    answer = Answer(
        model=loaded.name,
        program=program,
        outputs=outputs,
        elapsed_s=elapsed_s,
        saved=output,
        prediction=_prediction(program),
    )
    if asked_for(context).as_json:
        emit_json(answer.data())
    else:
        emit(answer.text())
    return ExitCode.ANSWERED


def _save(path: Path | None, outputs: Mapping[str, Array]) -> None:
    if path is not None:
        try:
            rooms.arrays.write_outputs(path, outputs)
        except OSError as error:
            raise not_writable(path, error) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a run.

    Parameters
    ----------
    model
        Name of the model.
    program
        What ran.
    outputs
        What came out.
    elapsed_s
        Seconds that the emulator took on this machine.
    saved
        The file of the outputs; None where none was asked for.
    prediction
        What the device is predicted to take; None where there are no figures for it.
    """

    model: str
    program: Program
    outputs: Mapping[str, Array]
    elapsed_s: float
    saved: Path | None
    prediction: ProfileReport | None

    def data(self) -> dict[str, object]:
        """Return the answer as JSON values; the arrays themselves are in the file."""
        program, prediction = self.program, self.prediction
        return {
            "model": self.model,
            "device": program.device.id,
            "precision": program.precision,
            "batch": program.batch,
            "emulated": True,
            "elapsed_here_s": self.elapsed_s,
            "outputs": [
                {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
                for name, array in self.outputs.items()
            ],
            "saved": None if self.saved is None else str(self.saved),
            "profile": prediction.model_dump(mode="json", exclude={"layers"}) if prediction else None,
        }

    def text(self) -> str:
        """Return the answer as a page."""
        width, colour = rooms.page.terminal_of(sys.stdout)
        page = rooms.page.Page(width, colour=colour)
        program = self.program
        page.heading(
            render(
                _("{model} on the emulator of {device}, {precision}, batch {batch}"),
                model=plain(self.model, rooms.page.NAME_LIMIT),
                device=program.device.name,
                precision=program.precision,
                batch=program.batch,
            )
        )
        page.facts(self._facts())
        column = rooms.page.Column
        page.heading(translate(_("Outputs")))
        page.table(
            (
                column(translate(_("name")), wraps=True),
                column(translate(_("element type"))),
                column(translate(_("shape"))),
                column(translate(_("first values")), wraps=True, optional=True),
            ),
            (
                (name, str(array.dtype), "x".join(map(str, array.shape)) or "-", rooms.arrays.first_values(array))
                for name, array in self.outputs.items()
            ),
        )
        return str(page)

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield translate(_("emulated here in")), format_seconds(self.elapsed_s)
        if self.prediction is not None:
            report = self.prediction
            yield (
                render(_("predicted on {device}"), device=report.device_name),
                render(
                    _("{latency}, between {low} and {high}"),
                    latency=format_seconds(report.latency_s),
                    low=format_seconds(report.latency_low_s),
                    high=format_seconds(report.latency_high_s),
                ),
            )
        if self.saved is not None:
            yield translate(_("saved")), str(self.saved)


def _prediction(program: Program) -> ProfileReport | None:
    """Return the profile of what ran, None where the device has no figures for one."""
    rooms.pipeline.model_version()  # a pin that cannot be kept is an error, not a missing prediction
    try:
        return program.profile()
    except NpuError:
        return None
