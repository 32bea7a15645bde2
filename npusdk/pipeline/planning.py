"""Plans and work tables of a model, worked out once and shared by all devices that treat it alike."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from npusdk.catalogue import DeviceSpec, cost_parameters, filter_devices
from npusdk.compiler import (
    Legality,
    Plan,
    Step,
    choose_precision,
    compile_graph,
    examine_operators,
    precision_assumptions,
)
from npusdk.cost import WorkTable, schedule, work_table
from npusdk.errors import NpuError
from npusdk.numerics import MATRIX_FORMATS
from npusdk.pipeline.profiling import make_profile
from npusdk.report import Note, ProfileReport

if TYPE_CHECKING:
    from npusdk.pipeline.model import Model


class Planner:
    """Decides how a model runs on a device.

    Parameters
    ----------
    model
        The model; it keeps its planner.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._legalities: dict[tuple[object, ...], Legality] = {}
        self._steps: dict[tuple[object, ...], tuple[Step, ...]] = {}
        self._tables: dict[tuple[object, ...], WorkTable] = {}

    def precision(self, device: DeviceSpec, asked: str) -> str:
        """Return the precision of the model on a device, see `choose_precision`."""
        return choose_precision(device, asked, is_quantized=self.model.is_quantized)

    def legality(self, device: DeviceSpec, batch: int) -> Legality:
        """Return what the device does with the model's operators."""
        key = (device.operators, device.operators_evidence, device.kind, device.dtypes, batch)
        if key not in self._legalities:
            graph = self.model.at_batch(batch)
            self._legalities[key] = examine_operators(graph, device, is_quantized=self.model.is_quantized)
        return self._legalities[key]

    def plan(self, device: DeviceSpec, precision: str, batch: int) -> Plan:
        """Return the fused steps of the model on a device.

        Raises
        ------
        UnsupportedOpError
            If the vendor's list excludes one of its operators.
        """
        legality = self.legality(device, batch)
        legality.require(device.id)
        graph = self.model.at_batch(batch)
        key = self._key(device, precision, batch)
        if key not in self._steps:
            self._steps[key] = compile_graph(
                graph, precision, legality, fusion=device.fusion, is_quantized=self.model.is_quantized
            )
        assumptions = precision_assumptions(device, precision, is_quantized=self.model.is_quantized)
        return Plan(graph, device.id, precision, batch, self._steps[key], assumptions, self.model.traits)

    def table(self, device: DeviceSpec, plan: Plan) -> WorkTable:
        """Return the work of a plan, one row for each step."""
        key = self._key(device, plan.precision, plan.batch)
        if key not in self._tables:
            self._tables[key] = work_table(plan)
        return self._tables[key]

    def profile(self, device: DeviceSpec, precision: str, batch: int) -> ProfileReport:
        """Return the report of the model on a device.

        Raises
        ------
        PrecisionError
            If the catalogue's figures do not allow a prediction in that precision.
        """
        plan = self.plan(device, precision, batch)
        parameters = cost_parameters(device, precision)
        known = device.precision(precision)
        software = {"software": known.software, "version": known.version} if known else {}
        notes = [Note(code=code, params={"precision": precision, **software}) for code in plan.assumptions]
        if any(finding.status == "undocumented" for finding in self.legality(device, batch).findings):
            notes.append(Note(code="operators_undocumented"))
        timed = schedule(self.table(device, plan), parameters)
        return make_profile(self.model.name, device, timed, parameters, assumptions=tuple(notes))

    def prepare(self) -> None:
        """Profile every device once, so that plans and tables are there and a profile takes about a millisecond."""
        for device in filter_devices():
            with suppress(NpuError):
                self.profile(device, self.precision(device, "auto"), self.model.batch)

    def _key(self, device: DeviceSpec, precision: str, batch: int) -> tuple[object, ...]:
        """Return what steps and work depend on: formats of equal width share both."""
        wide = MATRIX_FORMATS.get(precision)
        width = (wide.bits, wide.accumulator) if wide else precision
        return (device.fusion, width, batch, self.legality(device, batch).host)
