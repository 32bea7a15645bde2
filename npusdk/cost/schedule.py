"""From work and parameters to seconds: the schedule of a network on a device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import CostParameters
from npusdk.compiler.plan import Plan
from npusdk.cost.collective import all_reduce_s
from npusdk.cost.gemms import Floats
from npusdk.cost.table import WorkTable, work_table
from npusdk.cost.time import Terms, peak_macs_per_s, time_steps
from npusdk.report import BOUNDS, LayerTable

OVERHEAD, HOST, LINK = (BOUNDS.index(bound) for bound in ("overhead", "host", "link"))


TOTALS = (
    "time_s", "compute_s", "vector_s", "on_chip_s", "memory_s", "overhead_s", "transfer_s", "link_s", "traffic_bytes",
    "macs",
)  # fmt: skip
"""Columns of a schedule that grow with every execution of a step."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """Predicted time of one call, step by step.

    Every array has one element for each step; those in `TOTALS` are over its repeats and over all chunks of the batch.

    Parameters
    ----------
    names, labels, kinds
        Of the steps.
    batch
        Samples in one call.
    chunk
        Samples that run together; as many as `batch` unless that is cut.
    repeats
        How often each step runs for one chunk.
    time_s
        Seconds, overhead included. On the device the longest of the four terms, or their sum where nothing overlaps,
        plus the overhead and the all-reduce; on the host the transfer and the overhead alone.
    compute_s, vector_s, on_chip_s, memory_s
        The four terms: matrix, elementwise, on-chip and off-chip.
    overhead_s, transfer_s, link_s
        Of the launch; of the exchange with the host; of the all-reduce with other devices.
    traffic_bytes
        To and from off-chip memory.
    macs
        Multiply-accumulates.
    utilization
        Achieved share of the peak matrix rate; 0 on the host.
    bound_codes
        Index in `BOUNDS` of what decides the time.
    live_bytes
        Activations that are alive on the device meanwhile, with all that is resident.
    call_s, host_s
        Seconds of the host's runtime; of moving a call's inputs and outputs over the host link.
    weight_bytes, peak_memory_bytes, resident_bytes
        Constants; constants and the largest set of live activations; the part of it that is resident.
    excluded
        Codes of what the time leaves out: "host_compute" if a step runs on the host.
    partitions, part_s
        Equal parts of the device among which calls are dealt for throughput, and the seconds that a part takes for its
        share of the batch; None where the whole device takes all.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    batch: int
    chunk: int
    repeats: npt.NDArray[np.int64]
    time_s: Floats
    compute_s: Floats
    vector_s: Floats
    on_chip_s: Floats
    memory_s: Floats
    overhead_s: Floats
    transfer_s: Floats
    link_s: Floats
    traffic_bytes: Floats
    macs: npt.NDArray[np.int64]
    utilization: Floats
    bound_codes: npt.NDArray[np.intp]
    live_bytes: npt.NDArray[np.int64]
    call_s: float
    host_s: float
    weight_bytes: int
    peak_memory_bytes: int
    resident_bytes: int
    excluded: tuple[str, ...]
    partitions: int = 1
    part_s: float | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def device_s(self) -> float:
        """Seconds of all steps."""
        return float(self.time_s.sum())

    @property
    def latency_s(self) -> float:
        """Seconds of one call alone: `call_s + host_s + device_s`."""
        return self.call_s + self.host_s + self.device_s

    @property
    def throughput_per_s(self) -> float:
        """Samples a second when calls follow each other: device, transfer and runtime each work on another call."""
        busy_s = self.device_s if self.part_s is None else self.part_s
        return self.batch / max(busy_s, self.host_s, self.call_s)

    @cached_property
    def bounds(self) -> tuple[str, ...]:
        """What decides the time of each step, one of `BOUNDS`."""
        return tuple(BOUNDS[code] for code in self.bound_codes.tolist())

    @property
    def bound(self) -> str:
        """What bounds the largest part of the steps' time."""
        return BOUNDS[int(np.bincount(self.bound_codes, weights=self.time_s, minlength=len(BOUNDS)).argmax())]

    @cached_property
    def layers(self) -> LayerTable:
        """The steps as layers of a report, whose rows are built when somebody looks."""
        return LayerTable(
            self.names,
            self.labels,
            self.kinds,
            self.bounds,
            self.macs,
            self.traffic_bytes,
            self.time_s,
            self.utilization,
            live_bytes=self.live_bytes,
        )


def schedule(table: WorkTable, parameters: CostParameters) -> Schedule:
    """Return the predicted time of every step of a plan on a device.

    Parameters
    ----------
    table
        Work of the plan.
    parameters
        The device in the plan's precision.
    """
    terms = time_steps(table, parameters)
    placed = place_data(table, terms, parameters)
    device_s = combine(terms, placed, parameters)
    launched = table.on_device & table.moves
    transfer_s = table.exchange_bytes / parameters.host_bandwidth_bytes_per_s
    overhead_s = np.where(launched, parameters.op_overhead_s, 0.0)
    overhead_s[transfer_s > 0] = parameters.call_overhead_s
    link_s = all_reduce_s(table.reduced_bytes, table.shards, parameters)
    time_s = device_s + overhead_s + transfer_s + link_s
    largest = np.array((terms.compute_s, placed.memory_s, placed.on_chip_s, terms.vector_s)).argmax(axis=0)
    bound_codes = np.where(overhead_s >= device_s, OVERHEAD, largest)
    bound_codes[link_s > np.maximum(device_s, overhead_s)] = LINK
    bound_codes[~table.on_device] = HOST
    possible = peak_macs_per_s(parameters) * time_s
    used = table.on_device & (possible > 0)
    times = table.repeats
    return Schedule(
        names=table.names,
        labels=table.labels,
        kinds=table.kinds,
        batch=table.batch,
        chunk=table.batch,
        repeats=times,
        time_s=time_s * times,
        compute_s=terms.compute_s * times,
        vector_s=terms.vector_s * times,
        on_chip_s=placed.on_chip_s * times,
        memory_s=placed.memory_s * times,
        overhead_s=overhead_s * times,
        transfer_s=transfer_s * times,
        link_s=link_s * times,
        traffic_bytes=placed.traffic_bytes * times,
        macs=table.macs * times,
        utilization=np.divide(table.macs, possible, out=np.zeros_like(time_s), where=used),
        bound_codes=bound_codes,
        live_bytes=table.step_live_bytes,
        call_s=parameters.call_overhead_s,
        host_s=table.call_bytes / parameters.host_bandwidth_bytes_per_s,
        weight_bytes=table.constant_bytes,
        peak_memory_bytes=table.constant_bytes + table.live_bytes,
        resident_bytes=table.resident_bytes,
        excluded=() if (table.on_device | ~table.moves).all() else ("host_compute",),
    )


def schedule_plan(plan: Plan, parameters: CostParameters) -> Schedule:
    """Return the predicted time of a plan; use `work_table` and `schedule` to share the work among devices."""
    return schedule(work_table(plan), parameters)


@dataclass(frozen=True)
class Placed:
    """Where data lie, and what that costs each step; with candidates, one row for each.

    Parameters
    ----------
    traffic_bytes
        To and from off-chip memory.
    memory_s
        The same as time.
    on_chip_s
        On-chip time with the constants that come from outside.
    fetch_s
        The part of `on_chip_s` that is not in the terms.
    """

    traffic_bytes: Floats
    memory_s: Floats
    on_chip_s: Floats
    fetch_s: Floats


def place_data(table: WorkTable, terms: Terms, parameters: CostParameters) -> Placed:
    """Return the fastest way to share the on-chip memory between activations and weights.

    Off chip: `[w (1 - h_w) + kv (1 - h_kv) + in (1 - h_in) + out (1 - h_out)] / (eta_m BW_off)`. Every budget of
    activations that fits is a candidate (see `residency`); weights that are read whole are pinned with the rest, then
    what is resident (keys and values), then tables. Of candidates that are equally fast the one with the least traffic
    is taken.
    """
    room = parameters.usable_on_chip_bytes
    budgets = table.residency.budgets
    fits = int(np.searchsorted(budgets, room, side="right"))
    first = 0 if parameters.pins_weights else fits - 1
    spare = room - budgets[first:fits] if parameters.pins_weights else np.zeros(1)
    weight_misses = _misses(spare, table.pinnable_bytes, parameters.pins_weights)
    spare = spare - table.pinnable_bytes
    cache_misses = _misses(spare, table.resident_bytes, parameters.pins_weights)
    row_misses = _misses(spare - table.resident_bytes, table.table_bytes, parameters.pins_weights)
    fetched_bytes = weight_misses[:, None] * table.weight_bytes + row_misses[:, None] * table.row_bytes
    traffic_bytes = (table.input_bytes + table.output_bytes) - table.residency.hit_bytes[first:fits] + fetched_bytes
    if table.resident_bytes:
        traffic_bytes += cache_misses[:, None] * table.cache_bytes
    memory_s = traffic_bytes / (parameters.eta_memory * parameters.memory_bandwidth_bytes_per_s)
    fetch_s = np.zeros_like(fetched_bytes)
    if parameters.style != "waves" and not parameters.overlap:
        fetch_s = fetched_bytes / parameters.on_chip_bandwidth_bytes_per_s
    candidates = Placed(traffic_bytes, memory_s, terms.on_chip_s + fetch_s, fetch_s)
    time_s = combine(terms, candidates, parameters) @ table.repeats
    as_fast = time_s <= time_s.min() * (1 + 1e-12)
    best = int(np.where(as_fast, traffic_bytes @ table.repeats, np.inf).argmin())
    return Placed(traffic_bytes[best], memory_s[best], candidates.on_chip_s[best], fetch_s[best])


def _misses(spare_bytes: Floats, size_bytes: int, pins: bool) -> Floats:
    """Return the share of constants that does not fit into each of the spare sizes."""
    if not pins:
        return np.ones_like(spare_bytes)
    if not size_bytes:
        return np.zeros_like(spare_bytes)
    return 1.0 - np.clip(spare_bytes / size_bytes, 0.0, 1.0)


def combine(terms: Terms, placed: Placed, parameters: CostParameters) -> Floats:
    """Return the time of every step without overhead: the longest term, or the sum where nothing overlaps."""
    if parameters.overlap:
        return np.maximum(np.maximum(terms.busy_s, terms.vector_s), placed.memory_s)
    return terms.busy_s + terms.vector_s + placed.memory_s + placed.fetch_s
