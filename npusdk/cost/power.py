"""Power and energy of one call, and how much longer it takes where the device may not draw more.

While a kernel runs, a step of `t` seconds draws

    P = idle + a (TDP - idle) + (e_mac MAC + e_off bytes_off) / t

with `a` the share that clocks and leakage draw whatever the kernel does; otherwise the device idles. `J = P t`.

**The limit.** A device holds the mean power of a call's steps at its TDP by slowing its core: matrix, vector and
on-chip time stretch by one factor, off-chip time does not, and the energy of the work stays the same. The factor is
the smallest at which `(e_mac MAC + e_off bytes_off) / t` fits in `(1 - a) (TDP - idle)`, and at most
`1 / LOWEST_CLOCK`; what the assumed energies would draw beyond that is cut off at the TDP, which is a fact where they
are a guess.

**How sure.** Energies are judgement. Those of GPUs are taken as known to 40 %; those of other devices are known only to
lie between idle and TDP, and `energy_low_j` and `energy_high_j` say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats
from npusdk.cost.schedule import HOST, Schedule, find_bounds
from npusdk.cost.table import Flags

LOWEST_CLOCK = 0.3
"""Share of its clock that a device falls to at most; judgement."""

GPU_ERROR = 0.4
"""Relative error of the energy of a GPU; judgement."""

Basis: TypeAlias = Literal["gpu_energy", "tdp_bound", "no_power_figures"]
"""What an energy rests on: judgement of a GPU's energies, known to 40 %; nothing but idle power and TDP as bounds;
figures that are missing."""

_NEEDED = ("tdp_w", "idle_w", "mac_energy_j", "memory_energy_j_per_byte")


@dataclass(frozen=True, eq=False)
class Powered:
    """Times and energies of one call under the power limit of its device.

    Parameters
    ----------
    schedule, parameters
        What was powered, and on which device.
    stretch
        Factor by which the core runs slower than its clock; 1 below the limit.
    time_s
        Seconds of each step, stretched; never less than in the schedule.
    work_j
        Joules of each step for arithmetic and off-chip bytes, without what the device draws anyway; None where a figure
        is missing.
    missing
        The parameters that are missing; with any of them every power and energy is None.
    """

    schedule: Schedule
    parameters: CostParameters
    stretch: float
    time_s: Floats
    work_j: Floats | None
    missing: tuple[str, ...]

    @cached_property
    def device_s(self) -> float:
        """Seconds of all steps."""
        return float(self.time_s.sum()) if self.stretch > 1 else self.schedule.device_s

    @cached_property
    def limited(self) -> Schedule:
        """The schedule with the times under the limit: core time stretched, and what decides each step found again."""
        plain = self.schedule
        if self.stretch <= 1:
            return plain
        core = {name: getattr(plain, name) * self.stretch for name in ("compute_s", "vector_s", "on_chip_s")}
        device_s = self.time_s - plain.overhead_s - plain.transfer_s - plain.link_s
        terms_s = (core["compute_s"], plain.memory_s, core["on_chip_s"], core["vector_s"])
        codes = find_bounds(terms_s, device_s, plain.overhead_s, link_s=plain.link_s)
        share = np.divide(plain.time_s, self.time_s, out=np.ones_like(self.time_s), where=self.time_s > 0)
        return replace(
            plain,
            **core,
            time_s=self.time_s,
            utilization=plain.utilization * share,
            bound_codes=np.where(_active(plain), codes, plain.bound_codes),
        )

    @property
    def latency_s(self) -> float:
        """Seconds of one call alone."""
        return self.schedule.call_s + self.schedule.host_s + self.device_s

    @cached_property
    def busy_s(self) -> float:
        """Seconds that a call keeps the device busy when calls follow each other, split into the schedule's partitions.

        Parts that are done sooner than the whole device would be slow down with it, and until their work fits.
        """
        times = self.schedule
        if times.part_s is None:
            return self.device_s
        slowed_s = times.part_s * (self.device_s / times.device_s if self.stretch > 1 else 1.0)
        room_w = (self.parameters.tdp_w or 0.0) - _base_w(self.parameters)[1]
        if self.work_j is None or room_w <= 0:
            return slowed_s
        return max(slowed_s, min(float(self.work_j.sum()) / room_w, times.part_s / LOWEST_CLOCK))

    @property
    def period_s(self) -> float:
        """Seconds between calls that follow each other: device, transfer and runtime each work on another call."""
        return max(self.busy_s, self.schedule.host_s, self.schedule.call_s)

    @property
    def throughput_per_s(self) -> float:
        """Samples a second when calls follow each other."""
        return self.schedule.batch / self.period_s

    @cached_property
    def layer_energy_j(self) -> Floats | None:
        """Joules of each step; their sum and the idle power of call and host transfer make `energy_j`."""
        if self.work_j is None:
            return None
        idle_w, active_w = _base_w(self.parameters)
        return self.work_j + self.time_s * np.where(_active(self.schedule), active_w, idle_w)

    @cached_property
    def energy_j(self) -> float | None:
        """Joules of one call alone; None where a figure is missing."""
        return self._over(self.device_s, self.latency_s)

    @property
    def power_w(self) -> float | None:
        """Mean watts of one call alone, never more than the TDP."""
        return self._mean_w(self.energy_j, self.latency_s)

    @property
    def sustained_power_w(self) -> float | None:
        """Mean watts when calls follow each other, never more than the TDP."""
        return self._mean_w(self._over(self.busy_s, self.period_s), self.period_s)

    @property
    def energy_low_j(self) -> float | None:
        """The least that `energy_j` may be in truth."""
        return None if self.energy_j is None else max(self._bound_j(0.0), self.energy_j * (1 - self._error))

    @property
    def energy_high_j(self) -> float | None:
        """The most that `energy_j` may be in truth."""
        return None if self.energy_j is None else min(self._bound_j(1.0), self.energy_j * (1 + self._error))

    @property
    def basis(self) -> Basis:
        """What `energy_j` and its range rest on."""
        if self.missing:
            return "no_power_figures"
        return "gpu_energy" if self.parameters.style == "waves" else "tdp_bound"

    @property
    def _error(self) -> float:
        return GPU_ERROR if self.basis == "gpu_energy" else float("inf")

    def _bound_j(self, share: float) -> float:
        """Return the joules of one call at a share of the way from idle power to TDP."""
        idle_w, tdp_w = _limits_w(self.parameters)
        return (idle_w + share * (tdp_w - idle_w)) * self.latency_s

    def _mean_w(self, energy_j: float | None, period_s: float) -> float | None:
        return None if energy_j is None or not period_s else min(energy_j / period_s, _limits_w(self.parameters)[1])

    def _over(self, busy_s: float, period_s: float) -> float | None:
        """Return the joules of a period in which the steps take `busy_s` and the device idles for the rest."""
        if self.layer_energy_j is None or self.work_j is None:
            return None
        idle_w, tdp_w = _limits_w(self.parameters)
        work_j = float(self.work_j.sum())
        base_j = float(self.layer_energy_j.sum()) - work_j
        share = busy_s / self.device_s if self.device_s else 1.0
        return min(work_j + base_j * share + idle_w * (period_s - busy_s), tdp_w * period_s)


def apply_power(schedule: Schedule, parameters: CostParameters) -> Powered:
    """Return the times of a schedule under the power limit, with their energies.

    Parameters
    ----------
    schedule
        Predicted times without a limit.
    parameters
        Of the same device in the same precision.
    """
    missing = tuple(name for name in _NEEDED if getattr(parameters, name) is None)
    if missing:
        return Powered(schedule, parameters, 1.0, schedule.time_s, None, missing)
    active = _active(schedule)
    work_j = _work_j(schedule, parameters) * active
    room_w = (parameters.tdp_w or 0.0) - _base_w(parameters)[1]
    needed_j = float(work_j.sum())
    busy_s = float(schedule.time_s @ active)
    if needed_j <= room_w * busy_s:
        return Powered(schedule, parameters, 1.0, schedule.time_s, work_j, ())
    wanted_s = needed_j / room_w - busy_s if room_w > 0 else float("inf")
    stretch, extra_s = _slow_down(schedule, parameters, wanted_s)
    work_j *= min(1.0, room_w * (busy_s + float(extra_s.sum())) / needed_j)
    return Powered(schedule, parameters, stretch, schedule.time_s + extra_s, work_j, ())


def _limits_w(parameters: CostParameters) -> tuple[float, float]:
    """Return idle power and TDP of a device that has both."""
    return parameters.idle_w or 0.0, parameters.tdp_w or 0.0


def _base_w(parameters: CostParameters) -> tuple[float, float]:
    """Return what the device draws when idle, and whenever a kernel runs."""
    idle_w, tdp_w = _limits_w(parameters)
    return idle_w, idle_w + parameters.active_share * (tdp_w - idle_w)


def _work_j(schedule: Schedule, parameters: CostParameters) -> Floats:
    """Return the joules of each step's arithmetic and off-chip bytes."""
    mac_j, byte_j = parameters.mac_energy_j or 0.0, parameters.memory_energy_j_per_byte or 0.0
    return schedule.macs * mac_j + schedule.traffic_bytes * byte_j


def _active(schedule: Schedule) -> Flags:
    """Return which steps run on the device."""
    return np.not_equal(schedule.bound_codes, HOST)


def _slow_down(schedule: Schedule, parameters: CostParameters, wanted_s: float) -> tuple[float, Floats]:
    """Return the factor on core time that makes a call `wanted_s` longer, and the seconds that it adds to each step.

    With overlap a step waits for the longer of its core and its memory, so that memory-bound steps lengthen once the
    core has fallen behind: the total is a chain of straight lines in the factor, broken where steps change sides.
    """
    terms = (schedule.compute_s, schedule.vector_s, schedule.on_chip_s)
    core_s = np.maximum.reduce(terms) if parameters.overlap else np.add.reduce(terms)
    floor_s = np.maximum(core_s, schedule.memory_s) if parameters.overlap else core_s
    runs = np.flatnonzero(core_s > 0)
    if not runs.size:
        return 1.0, np.zeros_like(schedule.time_s)
    breaks = floor_s[runs] / core_s[runs]
    order = breaks.argsort()
    slopes_s, offsets_s = core_s[runs][order].cumsum(), floor_s[runs][order].cumsum()
    last = int(np.searchsorted(breaks[order] * slopes_s - offsets_s, wanted_s, side="right")) - 1
    stretch = (wanted_s + offsets_s[max(last, 0)]) / slopes_s[max(last, 0)]
    stretch = float(min(max(stretch, 1.0), 1.0 / LOWEST_CLOCK))
    return stretch, np.maximum(stretch * core_s - floor_s, 0.0)
