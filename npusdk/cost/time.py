"""Time of every step before off-chip memory is known: matrix, vector and on-chip terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats, GemmSet, Mapped
from npusdk.cost.grid import map_grid
from npusdk.cost.systolic import map_systolic
from npusdk.cost.table import WorkTable
from npusdk.cost.waves import map_attention, map_waves


@dataclass(frozen=True)
class Terms:
    """Seconds of every step on the device.

    Parameters
    ----------
    compute_s
        Matrix time, sustained.
    on_chip_s
        Between on-chip memory and the units; where nothing overlaps, without constants, which are added when it is
        known which of them come from outside.
    busy_s
        Matrix and on-chip time of each product together, summed over the step.
    vector_s
        Elementwise operations.
    """

    compute_s: Floats
    on_chip_s: Floats
    busy_s: Floats
    vector_s: Floats


def time_steps(table: WorkTable, parameters: CostParameters) -> Terms:
    """Return the terms of every step."""
    if parameters.style == "waves":
        return _time_waves(table, parameters)
    mapped = map_grid if parameters.style == "grid" else map_systolic
    return _time_multicast(table, mapped(table.gemms, parameters), parameters)


def peak_macs_per_s(parameters: CostParameters) -> float:
    """Return the multiply-accumulates a second with every unit busy."""
    return parameters.units * parameters.macs_per_unit_per_cycle * parameters.clock_hz


def _time_multicast(table: WorkTable, mapped: Mapped, parameters: CostParameters) -> Terms:
    """Every operand moves on chip once, whichever units need it."""
    moved_bytes = table.activation_bytes
    if parameters.overlap:
        moved_bytes = moved_bytes + table.weight_bytes + table.row_bytes
    on_chip_s = _time_bare(table.gemms, moved_bytes, parameters)
    vector_s = _time_vector(table, parameters)
    return _sum_up(table.gemms, mapped, Terms(np.zeros_like(on_chip_s), on_chip_s, on_chip_s, vector_s))


def _time_waves(table: WorkTable, parameters: CostParameters) -> Terms:
    """Like a grid, but that attention is one kernel, whose last wave holds up the vector units as well."""
    steps = table.attention.step
    dealt = map_attention(table.attention, parameters)
    on_chip_s = _time_bare(table.plain_gemms, table.activation_bytes, parameters)
    on_chip_s[steps] += dealt.on_chip_bytes / parameters.on_chip_bandwidth_bytes_per_s
    compute_s = np.zeros_like(on_chip_s)
    compute_s[steps] = dealt.compute_s
    busy_s = np.maximum(compute_s, on_chip_s) if parameters.overlap else compute_s + on_chip_s
    vector_s = _time_vector(table, parameters)
    vector_s[steps] *= dealt.wave_factor
    return _sum_up(
        table.plain_gemms, map_waves(table.plain_gemms, parameters), Terms(compute_s, on_chip_s, busy_s, vector_s)
    )


def _time_vector(table: WorkTable, parameters: CostParameters) -> Floats:
    """Operations over sustained rate; a depthwise convolution is never faster than the matrix peak."""
    floor_s: Floats = table.depthwise_macs / peak_macs_per_s(parameters)
    return np.maximum(table.vector_ops / (parameters.eta_vector * parameters.vector_ops_per_s), floor_s)


def _time_bare(gemms: GemmSet, moved_bytes: Floats, parameters: CostParameters) -> Floats:
    """Return the on-chip time of the steps without matrix products."""
    return np.where(gemms.bare, moved_bytes, 0.0) / parameters.on_chip_bandwidth_bytes_per_s


def _sum_up(gemms: GemmSet, mapped: Mapped, others: Terms) -> Terms:
    """Return the terms of steps with products and of the `others`."""
    return Terms(
        compute_s=others.compute_s + gemms.per_step(mapped.compute_s),
        on_chip_s=others.on_chip_s + gemms.per_step(mapped.on_chip_s),
        busy_s=others.busy_s + gemms.per_step(mapped.busy_s),
        vector_s=others.vector_s,
    )
