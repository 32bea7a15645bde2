"""Plans and work tables of a model, worked out once and shared by all devices that treat it alike."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from npusdk.catalogue import CostParameters, DeviceSpec, filter_devices
from npusdk.compiler import (
    Legality,
    Plan,
    Step,
    choose_precision,
    compile_graph,
    examine_operators,
    precision_assumptions,
)
from npusdk.cost import Schedule, WorkTable, best_schedule, schedule, work_table
from npusdk.cost.batching import Tables
from npusdk.cost.power import Powered, apply_power
from npusdk.cost.price import PriceList
from npusdk.errors import NpuError, ShapeError
from npusdk.numerics import MATRIX_FORMATS
from npusdk.pipeline.calibration import calibrate
from npusdk.pipeline.case import Case, Costed, share_out
from npusdk.pipeline.profiling import make_profile
from npusdk.report import Note, Parallel, ProfileReport

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
        self._has_fixed_batch = False

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

    def plan(self, device: DeviceSpec, precision: str, batch: int, *, legality: Legality | None = None) -> Plan:
        """Return the fused steps of the model on a device.

        Parameters
        ----------
        legality
            What the device does with the operators; what the catalogue says if it is left out.

        Raises
        ------
        UnsupportedOpError
            If the vendor's list excludes one of its operators.
        """
        known = legality or self.legality(device, batch)
        known.require(device.id)
        graph = self.model.at_batch(batch)
        key = _key(device, precision, batch, legality=known)
        if key not in self._steps:
            self._steps[key] = compile_graph(
                graph, precision, known, fusion=device.fusion, is_quantized=self.model.is_quantized
            )
        assumptions = precision_assumptions(device, precision, is_quantized=self.model.is_quantized)
        return Plan(graph, device.id, precision, batch, self._steps[key], assumptions, self.model.traits)

    def table(self, device: DeviceSpec, plan: Plan, *, legality: Legality | None = None) -> WorkTable:
        """Return the work of a plan, one row for each step; `legality` is that of the plan."""
        known = legality or self.legality(device, plan.batch)
        key = _key(device, plan.precision, plan.batch, legality=known)
        if key not in self._tables:
            self._tables[key] = work_table(plan)
        return self._tables[key]

    def tables(self, device: DeviceSpec, precision: str, *, legality: Legality | None = None) -> Tables:
        """Return the model's work on a device as a function of the batch."""

        def table(batch: int) -> WorkTable:
            known = legality or self.legality(device, batch)
            found = self._tables.get(_key(device, precision, batch, legality=known))
            return found or self.table(device, self.plan(device, precision, batch, legality=known), legality=known)

        return table

    def run(self, case: Case, parameters: CostParameters, *, legality: Legality | None = None) -> Powered:
        """Return times and energies of one call on one device, in the chunks and on the parts that are fastest.

        Parameters
        ----------
        parameters
            Of the device in that precision.
        legality
            What the device does with the operators; what the catalogue says if it is left out.
        """
        tables = self.tables(case.device, case.precision, legality=legality)
        known = _holding(tables(case.batch), case.device, parameters)
        return apply_power(self._fastest(tables, known, case.batch), parameters)

    def cost(self, case: Case, *, legality: Legality | None = None) -> Costed:
        """Return what the model costs in one way, with the parameters that predictions are made with now.

        Raises
        ------
        PrecisionError
            If the catalogue's figures do not allow a prediction in that precision.
        UnsupportedOpError
            If the vendor's list excludes an operator of the model.
        ConfigError
            If the stack, or the version of the cost model that is pinned, is not known.
        """
        figures = calibrate(case.device, case.precision, case.stack)
        return Costed(self, case, figures, self.run(case, figures.parameters, legality=legality))

    def profile(
        self,
        device: DeviceSpec,
        precision: str,
        batch: int,
        *,
        parallel: Parallel | None = None,
        stack: str = "",
        prices: PriceList | None = None,
    ) -> ProfileReport:
        """Return the report of the model on a device.

        Parameters
        ----------
        parallel, stack, prices
            See `Case`.

        Raises
        ------
        PrecisionError, UnsupportedOpError, ConfigError
            As `cost`; also if the model cannot be divided as `parallel` says.
        """
        case = Case(device, precision, batch, share_out(self.model.traits, parallel), stack, prices)
        legality = self.legality(device, batch)
        legality.require(device.id)
        costed = self.cost(case)
        known = device.precision(precision)
        software = {"software": known.software, "version": known.version} if known else {}
        codes = precision_assumptions(device, precision, is_quantized=self.model.is_quantized)
        notes = [Note(code=code, params={"precision": precision, **software}) for code in codes]
        if any(finding.status == "undocumented" for finding in legality.findings):
            notes.append(Note(code="operators_undocumented"))
        return make_profile(costed, tuple(notes))

    def prepare(self) -> None:
        """Profile every device once, so that plans and tables are there and a profile takes about a millisecond."""
        for device in filter_devices():
            with suppress(NpuError):
                self.profile(device, self.precision(device, "auto"), self.model.batch)

    def _fastest(self, tables: Tables, parameters: CostParameters, batch: int) -> Schedule:
        """Return the fastest schedule; a network that fixes its batch is run in one piece."""
        if not self._has_fixed_batch:
            try:
                return best_schedule(tables, parameters, batch)
            except ShapeError:
                self._has_fixed_batch = True
        return schedule(tables(batch), parameters)


def _holding(table: WorkTable, device: DeviceSpec, parameters: CostParameters) -> CostParameters:
    """Return the parameters without partitions whose share of the memory does not hold the network.

    Each part has weights of its own. A share of a network that several devices run together keeps the whole device.
    """
    if len(parameters.partitions) == 1:
        return parameters
    pool = float("inf") if device.pool_bytes is None else device.pool_bytes
    most = 1 if table.shards > 1 else (pool - table.live_bytes) / max(table.constant_bytes, 1)
    held = tuple(parts for parts in parameters.partitions if parts <= max(most, 1))
    return parameters if held == parameters.partitions else replace(parameters, partitions=held)


def _key(device: DeviceSpec, precision: str, batch: int, *, legality: Legality) -> tuple[object, ...]:
    """Return what steps and work depend on: formats of equal width share both."""
    wide = MATRIX_FORMATS.get(precision)
    width = (wide.bits, wide.accumulator) if wide else precision
    return (device.fusion, width, batch, legality.host)
