"""Where data lie, on chip or off, and what that makes of the time of every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats
from npusdk.cost.table import WorkTable
from npusdk.cost.time import Terms
from npusdk.cost.waves import SPILLED_PASSES
from npusdk.numerics import MATRIX_FORMATS


@dataclass(frozen=True)
class Placed:
    """Where data lie, and what that costs each step; with candidates, one row for each.

    Parameters
    ----------
    traffic_bytes, constant_bytes, cache_bytes
        To and from off-chip memory; constants among them; what is resident among them.
    memory_s
        All of them as time.
    on_chip_s
        On-chip time with the constants that come from outside.
    fetch_s
        The part of `on_chip_s` that is not in the terms.
    """

    traffic_bytes: Floats
    constant_bytes: Floats
    cache_bytes: Floats
    memory_s: Floats
    on_chip_s: Floats
    fetch_s: Floats

    def row(self, index: int) -> Placed:
        """Return one candidate."""
        return Placed(
            self.traffic_bytes[index],
            self.constant_bytes[index],
            self.cache_bytes[index],
            self.memory_s[index],
            self.on_chip_s[index],
            self.fetch_s[index],
        )


def place_data(table: WorkTable, terms: Terms, parameters: CostParameters, *, scores_bytes: Floats) -> Placed:
    """Return the fastest way to share the on-chip memory between activations and weights.

    Off chip: `[w (1 - h_w) + kv (1 - h_kv) + in (1 - h_in) + out (1 - h_out) + 5 scores] / (eta_m BW_off)`. Every
    budget of activations that fits is a candidate (see `residency`); weights that are read whole are pinned with the
    rest, then what is resident (keys and values), then tables. Of candidates that are equally fast the one with the
    least traffic is taken.

    Parameters
    ----------
    table, terms, parameters
        Work of the plan, its time without off-chip memory, and the device.
    scores_bytes
        As `find_scores` returns them.
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
    cache_bytes = cache_misses[:, None] * table.cache_bytes
    moved_bytes = (table.input_bytes + table.output_bytes) - table.residency.hit_bytes[first:fits]
    traffic_bytes = moved_bytes + fetched_bytes + cache_bytes
    if parameters.longest_fused_keys:
        traffic_bytes += SPILLED_PASSES * scores_bytes
    memory_s = traffic_bytes / (parameters.eta_memory * parameters.memory_bandwidth_bytes_per_s)
    fetch_s = np.zeros_like(fetched_bytes)
    if parameters.style != "waves" and not parameters.overlap:
        fetch_s = fetched_bytes / parameters.on_chip_bandwidth_bytes_per_s
    on_chip_s = terms.on_chip_s + fetch_s
    candidates = Placed(traffic_bytes, fetched_bytes, cache_bytes, memory_s, on_chip_s, fetch_s)
    time_s = combine(terms, candidates, parameters) @ table.repeats
    as_fast = time_s <= time_s.min() * (1 + 1e-12)
    best = int(np.where(as_fast, traffic_bytes @ table.repeats, np.inf).argmin())
    return candidates.row(best)


def find_scores(table: WorkTable, parameters: CostParameters) -> Floats:
    """Return the bytes of scores that leave the chip in each step, because the software does not fuse its attention."""
    scores_bytes = np.zeros(len(table))
    if parameters.style == "waves" and parameters.longest_fused_keys:
        width = MATRIX_FORMATS[parameters.dtype].bits / 8
        scores_bytes[table.attention.step] = table.attention.spilled_scores(parameters.longest_fused_keys) * width
    return scores_bytes


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
