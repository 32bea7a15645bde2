"""What may stay on chip: for every budget of activations, the bytes that then need no off-chip memory.

A value stays on chip from its producer to a reader if it fits, at every step between, beside what that step itself
reads and writes (its working set). The largest such sum is what the reading *needs*. A reading hits when its need is
within the budget; a writing hits when all readings of the value do and no caller wants it.

Only the needs that occur matter as budgets, so each step's hits are tabulated for those once, without knowing a device.
A device then takes any budget that its on-chip memory holds and pins weights with the rest. More memory adds budgets
and pins more beside each of the old ones: it is never slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from npusdk.cost.flow import OUTSIDE, Flow, Value

Floats = npt.NDArray[np.float64]

MOST_BUDGETS = 96
"""Beyond this many, needs are rounded up to four in an octave, so that large networks stay quick."""


@dataclass(frozen=True, eq=False)
class Residency:
    """Hits of activations by budget.

    Parameters
    ----------
    budgets
        Bytes, ascending from 0.
    hit_bytes
        Bytes that each step (columns) reads and writes on chip under each budget (rows).
    """

    budgets: Floats
    hit_bytes: Floats


def tabulate_residency(flow: Flow, working_bytes: Floats) -> Residency:
    """Return the hits of a plan; `working_bytes` is what each step on the device reads and writes."""
    moves = [move for value in flow.values.values() for move in _moves(flow, value, working_bytes)]
    steps = np.array([step for step, _, _ in moves], np.intp)
    sizes = np.array([size for _, size, _ in moves], np.float64)
    needs = _round_up(np.array([need for _, _, need in moves], np.float64))
    possible = np.isfinite(needs)
    budgets = np.unique(np.append(needs[possible], 0.0))
    hit_bytes = np.zeros((len(budgets), len(working_bytes)))
    np.add.at(hit_bytes, (np.searchsorted(budgets, needs[possible]), steps[possible]), sizes[possible])
    return Residency(budgets, np.cumsum(hit_bytes, axis=0))


def _round_up(needs: Floats) -> Floats:
    finite = needs[np.isfinite(needs)]
    if len(np.unique(finite)) <= MOST_BUDGETS:
        return needs
    rounded: Floats = np.exp2(np.ceil(4 * np.log2(np.maximum(needs, 1.0))) / 4)
    return rounded


def _moves(flow: Flow, value: Value, working_bytes: Floats) -> Iterator[tuple[int, int, float]]:
    """Yield the readings of a value and its writing on the device: step, bytes, need.

    What a caller or the host gives comes from outside for its first reader, and may stay for later ones. Readings of a
    resident input are no activations, and are not among the moves.
    """
    if value.cache_bytes and value.producer == OUTSIDE:
        return
    made_here = flow.is_on_device(value.producer)
    need = float(working_bytes[value.producer]) if made_here else 0.0
    previous = value.producer if made_here else None
    kept = bool(value.readers) and not value.is_output
    for reader, size in value.readers.items():
        if not flow.is_on_device(reader):
            kept = False
            continue
        between = working_bytes[reader if previous is None else previous + 1 : reader]
        beside = float(between.max()) + value.size_bytes if len(between) else 0.0
        need = max(need, beside, float(working_bytes[reader]) + value.size_bytes - min(size, value.size_bytes))
        yield reader, size, need if previous is not None else inf
        previous = reader
    if made_here:
        yield value.producer, value.size_bytes, need if kept else inf
