"""Profiles of what ran: the operators of a notebook cell, as one graph."""

from __future__ import annotations

from collections.abc import Mapping

from npusdk.catalogue import DeviceSpec
from npusdk.graph import Array, Graph
from npusdk.kernels import call
from npusdk.pipeline.model import Model
from npusdk.report import Note, ProfileReport

RECORDED = Note(code="recorded_path")
"""What every such profile takes for granted."""


class Recording(Model):
    """A bound graph of operators that ran; one call of it is the whole run, whatever the shapes of its inputs.

    Parameters
    ----------
    graph
        As `npusdk.array.Record` gives it.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph, {})

    @property
    def batch(self) -> int:
        """One: a cell has no samples."""
        return 1

    @property
    def takes_batches(self) -> bool:
        """No: a cell has no samples."""
        return False

    def profile(self, device: DeviceSpec, precision: str) -> ProfileReport:
        """Return what the run is predicted to take on a device, as one compiled graph.

        Raises
        ------
        PrecisionError, UnsupportedOpError, ConfigError
            If the device does not have the precision or an operator, or has no figures (`reference`).
        """
        report = self.planner.profile(device, precision, 1)
        return report.model_copy(update={"assumptions": (RECORDED, *report.assumptions)})

    def evaluate(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of the same operators in the feeds' own types, without any device's rounding."""
        values: dict[str, Array | None] = {"": None, **self.graph.constants, **feeds}
        last = {name: index for index, node in enumerate(self.graph.nodes) for name in node.inputs}
        wanted = set(self.graph.outputs)
        for index, node in enumerate(self.graph.nodes):
            made = call(node.op, [values[name] for name in node.inputs], node.attrs, len(node.outputs))
            values.update(zip(node.outputs, made, strict=True))
            for name in {*node.inputs, *node.outputs} - wanted - {""}:
                if last.get(name, index) <= index:
                    values.pop(name, None)
        return {name: value for name in self.graph.outputs if (value := values[name]) is not None}
