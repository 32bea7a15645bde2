"""What a model is predicted to take on a device."""

from __future__ import annotations

from itertools import pairwise
from math import isclose, isfinite
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from npusdk.language import plain
from npusdk.report.base import Report
from npusdk.report.codes import Note
from npusdk.report.grounds import Advice, Provenance, Sensitivity
from npusdk.report.later import Later
from npusdk.report.layers import Bound, LayerTable
from npusdk.report.listing import LayerListing
from npusdk.report.parallel import Parallel
from npusdk.report.picture import Picture, draw
from npusdk.units import format_seconds
from npusdk.values import Frozen, Int64

TOLERANCE = 1e-9
"""Relative room for rounding in the invariants."""

_NUMBERS = (
    "latency_s", "latency_low_s", "latency_high_s", "throughput_per_s", "call_s", "host_s", "weight_bytes",
    "peak_memory_bytes", "device_memory_bytes", "macs", "peak_ops_per_s", "memory_bandwidth_bytes_per_s", "energy_j",
    "power_w", "krw", "energy_low_j", "energy_high_j", "sustained_power_w",
)  # fmt: skip
"""Fields that are finite and not negative, or None where the schema allows it."""


class Reachability(Frozen):
    """Whether the vendor's public software reaches a precision.

    Parameters
    ----------
    status
        "documented", "planned" or "undocumented".
    software, version, date, source
        Where that is written; empty where nothing is.
    """

    status: Literal["documented", "planned", "undocumented"]
    software: str = ""
    version: str = ""
    date: str = ""
    source: str = ""


class ProfileReport(Report):
    """Time, memory and bounds of one model on one device, with how sure that is.

    Parameters
    ----------
    basis
        "predicted" by the cost model, "simulated" or "measured": shown wherever a number of the report is shown.
    device, device_name
        Catalogue identifier and the name that people use.
    model
        Name of the model.
    model_version
        Version of the cost model and its parameters.
    precision, precision_reachable
        Matrix format, and whether public software reaches it.
    batch
        Samples in one call.
    latency_s
        Seconds of one call, on every one of `parallel` in turn: `call_s + host_s` and the times of all layers.
    latency_low_s, latency_high_s, interval_basis
        Interval around the latency, and the code of what it rests on.
    validity
        "A" at least four measured units behind the parameters, "B" one to three, "C" none.
    throughput_per_s
        Samples a second of all devices when calls follow each other without a gap.
    call_s, host_s
        Seconds of the host's runtime, and of moving inputs and outputs over the host link.
    weight_bytes, peak_memory_bytes, device_memory_bytes
        Of one device. Weights; weights and the largest set of live activations; its largest memory (None: not
        documented).
    macs
        Multiply-accumulates of one call, on one device of those that share each layer.
    peak_ops_per_s, memory_bandwidth_bytes_per_s
        The roofline's two figures for this precision, of one device; the bandwidth is None where the term is left out.
    bound
        What bounds the largest part of the time.
    layers
        One row for each fused operator.
    excluded, assumptions
        Codes of what the number leaves out, and of what was taken for granted.
    energy_j, power_w
        Joules of one call on all devices that it occupies (`tp x pp`), and their mean watts meanwhile; None where
        energy is not predicted.
    krw
        Won of one call; None where no price is known.
    parallel
        How the model is divided among devices; None for one device.
    stack
        The software whose factors were applied; empty for none.
    chunk, partitions
        Samples that run together where the compiler cuts a batch, and the parts of the device among which calls are
        dealt for throughput; None in reports before 1.2.
    energy_low_j, energy_high_j, energy_basis
        Interval around the energy, and the code of what it rests on.
    sustained_power_w
        Mean watts when calls follow each other without a gap.
    power_boundary
        What the watts cover: "chip", "card" or "system"; empty where energy is not predicted.
    price_basis
        Whose prices, of when, with or without electricity; empty without `krw`.
    provenance
        Where the calibrated parameters come from; None in reports before 1.2.
    sensitivity, advice
        What would move the latency, and what would improve the run: predicted when somebody looks.
    """

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json", "trace.json")

    basis: Literal["predicted", "simulated", "measured"]
    device: str
    device_name: str
    model: str
    model_version: str
    precision: str
    precision_reachable: Reachability
    batch: Int64
    latency_s: float
    latency_low_s: float
    latency_high_s: float
    interval_basis: str
    validity: Literal["A", "B", "C"]
    throughput_per_s: float
    call_s: float
    host_s: float
    weight_bytes: Int64
    peak_memory_bytes: Int64
    device_memory_bytes: Int64 | None
    macs: Int64
    peak_ops_per_s: float
    memory_bandwidth_bytes_per_s: float | None
    bound: Bound
    layers: LayerTable
    excluded: tuple[str, ...]
    assumptions: tuple[Note, ...]
    energy_j: float | None = None
    power_w: float | None = None
    krw: float | None = None
    parallel: Parallel | None = None
    stack: str = ""
    chunk: Int64 | None = None
    partitions: Int64 | None = None
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    energy_basis: str = ""
    sustained_power_w: float | None = None
    power_boundary: str = ""
    price_basis: str = ""
    provenance: Provenance | None = None
    sensitivity: Later[Sensitivity] = Later()
    advice: Later[Advice] = Later()

    @model_validator(mode="after")
    def _check_invariants(self) -> Self:
        table = self.layers
        columns = table.numbers()
        numbers = [number for name in _NUMBERS if (number := getattr(self, name)) is not None]
        bandwidth = self.memory_bandwidth_bytes_per_s
        room = 1 + TOLERANCE
        total = float(table.time_s.sum()) + self.call_s + self.host_s
        laws = {
            "every number is finite": all(np.isfinite(column).all() for column in columns)
            and all(map(isfinite, numbers)),
            "nothing is negative": min(numbers) >= 0 and all((column >= 0).all() for column in columns),
            "a call has one sample or more": self.batch >= 1,
            "layers and overheads add up to latency_s": abs(total - self.latency_s) <= 1e-6 * max(total, 1e-12),
            "layers add up to macs": sum(table.macs.tolist()) == self.macs,
            "utilization <= 1": bool((table.utilization <= room).all()),
            "bytes <= bandwidth x time": bandwidth is None
            or bool((table.traffic_bytes <= bandwidth * table.time_s * room).all()),
            "low <= latency <= high": self.latency_low_s <= self.latency_s * room
            and self.latency_s <= self.latency_high_s * room,
            "weights are part of the peak memory": self.weight_bytes <= self.peak_memory_bytes,
            "weights and the most live bytes are the peak memory": table.live_bytes is None
            or not len(table)
            or self.weight_bytes + int(table.live_bytes.max()) == self.peak_memory_bytes,
            "repeats >= 1": table.repeats is None or bool((table.repeats >= 1).all()),
            "1 <= chunk <= batch": self.chunk is None or 1 <= self.chunk <= max(self.batch, 1),
            "partitions >= 1": self.partitions is None or self.partitions >= 1,
            "low <= energy <= high": self._has_ordered_energies(),
            "energy is power x latency": self.energy_j is None
            or self.power_w is None
            or isclose(self.energy_j, self.power_w * self.latency_s, rel_tol=1e-6, abs_tol=1e-12),
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            text = f"broken invariant: {'; '.join(broken)}"
            raise ValueError(text)
        return self

    def _has_ordered_energies(self) -> bool:
        """Return whether the energy lies in its interval, as far as there are both."""
        ends = [end for end in (self.energy_low_j, self.energy_j, self.energy_high_j) if end is not None]
        return all(low <= high * (1 + TOLERANCE) for low, high in pairwise(ends))

    @property
    def devices(self) -> int:
        """Devices that the numbers are for."""
        return self.parallel.devices if self.parallel else 1

    @property
    def energy_j_per_sample(self) -> float | None:
        """Joules of one sample."""
        return None if self.energy_j is None or self.batch < 1 else self.energy_j / self.batch

    @property
    def krw_per_sample(self) -> float | None:
        """Won of one sample."""
        return None if self.krw is None or self.batch < 1 else self.krw / self.batch

    def layers_table(self) -> LayerListing:
        """Return all layers as a table that shows itself."""
        return LayerListing(self)

    def roofline(self) -> Picture:
        """Return the layers under the device's roof: how much each does for a byte, and how fast."""
        return draw(self, "roofline")

    def timeline(self) -> Picture:
        """Return the layers one after the other, by what bounds them, after the runtime's call and the host link."""
        return draw(self, "timeline")

    def memory(self) -> Picture:
        """Return weights and live activations over the layers, beside the device's memory."""
        return draw(self, "memory")

    def __repr__(self) -> str:
        interval = f"[{format_seconds(self.latency_low_s)}-{format_seconds(self.latency_high_s)}]"
        where = f"{plain(self.model, 80)} on {plain(self.device_name, 40)}, {plain(self.precision, 20)}"
        return (
            f"ProfileReport({where}, batch {self.batch}: "
            f"{self.basis} {format_seconds(self.latency_s)} {interval}, {self.bound}-bound)"
        )
