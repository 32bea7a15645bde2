"""From work and parameters to seconds: the schedule of a network on a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import CostParameters
from npusdk.compiler.plan import Plan
from npusdk.cost.collective import all_reduce_s
from npusdk.cost.gemms import Floats
from npusdk.cost.placement import combine, find_scores, place_data
from npusdk.cost.table import WorkTable, work_table
from npusdk.cost.time import peak_macs_per_s, time_steps
from npusdk.cost.waves import SPILLED_PASSES
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.report import BOUNDS, LayerTable

LONGEST_S = 1e100
"""Longest call that is predicted: squares of such times are still numbers."""

OVERHEAD, HOST, LINK = (BOUNDS.index(bound) for bound in ("overhead", "host", "link"))


TOTALS = (
    "time_s", "compute_s", "vector_s", "on_chip_s", "memory_s", "overhead_s", "transfer_s", "link_s", "traffic_bytes",
    "constant_traffic_bytes", "cache_traffic_bytes", "scores_traffic_bytes", "macs",
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
    traffic_bytes, constant_traffic_bytes, cache_traffic_bytes, scores_traffic_bytes
        To and from off-chip memory; the part of it that is constants; that is resident; that is scores of attention
        which the software does not fuse.
    macs
        Multiply-accumulates.
    utilization
        Achieved share of the peak matrix rate; 0 on the host.
    bound_codes
        Index in `BOUNDS` of what decides the time.
    live_bytes
        Activations that are alive on the device meanwhile, with all that is resident and scores that leave the chip.
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
    constant_traffic_bytes: Floats
    cache_traffic_bytes: Floats
    scores_traffic_bytes: Floats
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
    def terms_s(self) -> Mapping[str, Floats]:
        """The terms of every step's time by the bound that they are, in the order of `BOUNDS`."""
        columns = (
            self.compute_s, self.memory_s, self.on_chip_s, self.vector_s, self.overhead_s, self.transfer_s, self.link_s,
        )  # fmt: skip
        return dict(zip(BOUNDS, columns, strict=True))

    @cached_property
    def margin(self) -> Floats:
        """The largest term of every step over its second largest; infinite where there is no other, 1 without any."""
        second_s, largest_s = np.sort(np.array(list(self.terms_s.values())), axis=0)[-2:]
        empty = np.where(largest_s > 0, np.inf, 1.0)
        margin: Floats = np.divide(largest_s, second_s, out=empty, where=second_s > 0)
        return margin

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

    Raises
    ------
    ConfigError
        If figures of the device are so far out of any range that the time is no number, or beyond `LONGEST_S`.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        found = _schedule(table, parameters)
        latency_s = found.latency_s
    if not latency_s <= LONGEST_S:
        raise ConfigError(
            _("{device}: its figures give a call {time_s} s; times up to {longest_s} s can be predicted."),
            hint=_("Correct the rates and bandwidths of the device."),
            device=parameters.device,
            time_s=latency_s,
            longest_s=LONGEST_S,
        )
    return found


def _schedule(table: WorkTable, parameters: CostParameters) -> Schedule:
    terms = time_steps(table, parameters)
    scores_bytes = find_scores(table, parameters)
    placed = place_data(table, terms, parameters, scores_bytes=scores_bytes)
    device_s = combine(terms, placed, parameters)
    launched = table.on_device & table.moves
    transfer_s = table.exchange_bytes / parameters.host_bandwidth_bytes_per_s
    overhead_s = np.where(launched, parameters.op_overhead_s, 0.0)
    overhead_s[transfer_s > 0] = parameters.call_overhead_s
    link_s = all_reduce_s(table.reduced_bytes, table.shards, parameters)
    time_s = device_s + overhead_s + transfer_s + link_s
    largest = (terms.compute_s, placed.memory_s, placed.on_chip_s, terms.vector_s)
    bound_codes = find_bounds(largest, device_s, overhead_s, link_s=link_s)
    bound_codes[~table.on_device] = HOST
    possible = peak_macs_per_s(parameters) * time_s
    used = table.on_device & (possible > 0)
    times = table.repeats
    live_bytes, most_live_bytes = _live_bytes(table, scores_bytes, parameters)
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
        constant_traffic_bytes=placed.constant_bytes * times,
        cache_traffic_bytes=placed.cache_bytes * times,
        scores_traffic_bytes=scores_bytes * (SPILLED_PASSES * times),
        macs=table.macs * times,
        utilization=np.divide(table.macs, possible, out=np.zeros_like(time_s), where=used),
        bound_codes=bound_codes,
        live_bytes=live_bytes,
        call_s=parameters.call_overhead_s,
        host_s=table.call_bytes / parameters.host_bandwidth_bytes_per_s,
        weight_bytes=table.constant_bytes,
        peak_memory_bytes=table.constant_bytes + most_live_bytes,
        resident_bytes=table.resident_bytes,
        excluded=() if (table.on_device | ~table.moves).all() else ("host_compute",),
    )


def _live_bytes(
    table: WorkTable, scores_bytes: Floats, parameters: CostParameters
) -> tuple[npt.NDArray[np.int64], int]:
    """Return what is alive on the device during each step, scores that leave the chip included, and the most of it."""
    if not parameters.longest_fused_keys:
        return table.step_live_bytes, table.live_bytes
    live_bytes = table.step_live_bytes + np.ceil(scores_bytes).astype(np.int64)
    return live_bytes, int(live_bytes.max(initial=0))


def find_bounds(
    terms_s: Sequence[Floats], device_s: Floats, overhead_s: Floats, *, link_s: Floats
) -> npt.NDArray[np.intp]:
    """Return the index in `BOUNDS` of what decides the time of each step on the device.

    Parameters
    ----------
    terms_s
        Matrix, off-chip, on-chip and elementwise time.
    device_s
        What they make together.
    """
    codes = np.where(overhead_s >= device_s, OVERHEAD, np.array(terms_s).argmax(axis=0))
    codes[link_s > np.maximum(device_s, overhead_s)] = LINK
    return codes


def schedule_plan(plan: Plan, parameters: CostParameters) -> Schedule:
    """Return the predicted time of a plan; use `work_table` and `schedule` to share the work among devices."""
    return schedule(work_table(plan), parameters)
