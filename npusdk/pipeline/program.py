"""A program: a model made ready for one device, to run on the emulator or to be profiled."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import DeviceSpec
from npusdk.compiler import EMULATED, Plan
from npusdk.display import Shown
from npusdk.emulator import Executor
from npusdk.errors import ConfigError, PrecisionError, ShapeError
from npusdk.language import _, plain
from npusdk.pipeline.planning import Planner
from npusdk.pipeline.weights import draw_weights
from npusdk.report import ProfileReport

Array = npt.NDArray[np.generic]


class Program(Shown):
    """A model for one device, precision and batch, made by `compile`.

    Parameters
    ----------
    device
        What it was made for.
    plan
        Its fused steps.
    planner
        What made it, and profiles it.
    """

    def __init__(self, device: DeviceSpec, plan: Plan, planner: Planner) -> None:
        self.device = device
        self.plan = plan
        self._planner = planner

    @property
    def precision(self) -> str:
        """Format in which matrices are multiplied, "exact" for the model's own."""
        return self.plan.precision

    @property
    def batch(self) -> int:
        """Samples in one call."""
        return self.plan.batch

    @cached_property
    def _executor(self) -> Executor:
        if self.plan.traits.repeats:
            raise ConfigError(
                _("{model} is a pass of a language model without weights: it is not run on the emulator"),
                hint=_("Use it with profile, check and compare; to run a model, load its ONNX file."),
                model=self.plan.graph.name,
            )
        if "model_is_quantized" in self.plan.assumptions and self.precision == "int8":
            raise PrecisionError(
                _("model {model} is not quantised, so it cannot run in int8 on {device}"),
                hint=_("Quantise it first (QDQ), or compile it with precision='exact' on the device 'reference'."),
                model=self.plan.graph.name,
                device=self.device.id,
            )
        if self.precision not in EMULATED:
            raise PrecisionError(
                _("precision {precision} can be profiled but is not emulated; emulated are {available}"),
                hint=_("Compile the model with one of {available}."),
                precision=self.precision,
                available=", ".join(EMULATED),
            )
        return Executor(self.plan, memory_limit_bytes=self.device.pool_bytes, draw=draw_weights)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by name, computed on the emulator with the device's numbers.

        A reference network runs with weights that are drawn when it first runs, the same in every process.

        Parameters
        ----------
        inputs
            One array for each input, of its shape and element type.

        Raises
        ------
        ShapeError, DtypeError
            If an input is missing, unknown or of another type.
        PrecisionError
            If the precision is one that cannot be emulated for this model.
        ConfigError
            If it is a pass of a language model, whose graph is one layer of many.
        OutOfDeviceMemoryError
            If weights and live activations exceed the device's memory.
        DoesNotFitError
            If they exceed this machine's.
        """
        return self._executor.run(inputs)

    def __call__(self, value: Array) -> Array | tuple[Array, ...]:
        """Run a model of one input; a single output comes alone, several as a tuple."""
        names = self.plan.graph.inputs
        if len(names) != 1:
            raise ShapeError(
                _("model {model} has {count} inputs: {names}"),
                hint=_("Call run() with a dictionary of the inputs."),
                model=self.plan.graph.name,
                count=len(names),
                names=", ".join(names),
            )
        outputs = tuple(self.run({names[0]: value}).values())
        return outputs[0] if len(outputs) == 1 else outputs

    def profile(self) -> ProfileReport:
        """Return what one call is predicted to take on the device."""
        return self._planner.profile(self.device, self.precision, self.batch)

    def __repr__(self) -> str:
        return f"Program({plain(self.plan.graph.name, 80)} for {self.device.id}, {self.precision}, batch {self.batch})"
