"""Matrix products on an NPU, IPU or LPU: one product split over all units.

T = ceil(cnt/uc) ceil(M/um) ceil(ceil(N/un)/lanes) ceil(ceil(K/uk)/pk) / f,   uc um uk un <= U,   pk = mac/lanes

`uc` products run side by side, each on `um` rows x `uk` parts of K x `un` columns of units; a unit makes `lanes`
outputs at once and takes `pk` elements of K in a cycle. The equation is ours: the ceilings of a spatial mapping with a
fixed inner shape, over a small space of candidates. `um` and `uk` are powers of two; `un` is what they leave; `uc` is a
power of two, `cnt` divided by a power of two, or U when there are more products than units. Operands are multicast, so
that each moves on chip once; the partial sums of the parts of K add `8 cnt M N (uk - 1)` bytes.

More units are never slower: a candidate stays possible with more units, and its `un` can only grow (units that do not
divide stay idle). A batch of 2^n is never slower than 2^n single calls, as each candidate can be run in 2^n rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats, GemmSet, Mapped, choose

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class UnitSplits:
    """Ways to split units over rows and over K.

    Parameters
    ----------
    row_power, depth_power
        log2 of `um` and of `uk` for each candidate.
    powers
        1, 2, 4, ... up to the units.
    """

    row_power: Indices
    depth_power: Indices
    powers: Floats


@cache
def split_units(units: int) -> UnitSplits:
    """Return every pair of powers of two whose product is at most `units`, those that split K less first."""
    most = units.bit_length()
    pairs = [(i, j) for j in range(most) for i in range(most - j)]
    row_power, depth_power = np.array(pairs, np.intp).T
    return UnitSplits(row_power, depth_power, np.exp2(np.arange(most)))


@cache
def split_products(cnt: int, units: int) -> tuple[tuple[int, int], ...]:
    """Return the ways to run `cnt` products side by side: rounds, and units for each product."""
    powers = [1 << power for power in range(max(cnt, units).bit_length())]
    side_by_side = {min(cnt, units), *powers, *(-(-cnt // power) for power in powers)}
    return tuple((-(-cnt // uc), units // uc) for uc in sorted(side_by_side) if uc <= min(cnt, units))


@dataclass(frozen=True)
class Rounds:
    """Rows of candidates: one for each distinct product and each way to run its copies side by side.

    Parameters
    ----------
    product
        Index of the product, ascending.
    first
        First row of each product.
    rounds, units
        How often the units are refilled, and how many each copy has.
    """

    product: Indices
    first: Indices
    rounds: Floats
    units: Floats


def make_rounds(gemms: GemmSet, units: int) -> Rounds:
    """Return every way to run the copies of every product side by side."""
    ways = [split_products(int(cnt), units) for cnt in gemms.cnt]
    counts = np.array([len(way) for way in ways], np.intp)
    rounds, shares = np.array([row for way in ways for row in way], np.float64).reshape(-1, 2).T
    return Rounds(np.repeat(np.arange(len(ways)), counts), np.cumsum(counts) - counts, rounds, shares)


def map_grid(gemms: GemmSet, parameters: CostParameters) -> Mapped:
    """Return the best split of every product."""
    if not len(gemms):
        return Mapped(np.zeros(0), np.zeros(0), np.zeros(0))
    splits = split_units(parameters.units)
    rounds = gemms.table(("grid", parameters.units), lambda: make_rounds(gemms, parameters.units))
    compute_s = count_cycles(gemms, rounds, splits, parameters) / (parameters.clock_hz * parameters.eta_compute)
    partial_bytes = (8 * gemms.cnt * gemms.M * gemms.N)[rounds.product, None] * (splits.powers - 1)
    shared_bytes = gemms.activation_bytes + (gemms.constant_bytes if parameters.overlap else 0.0)
    mapped = choose(compute_s, partial_bytes[:, splits.depth_power], shared_bytes[rounds.product], parameters)
    least_s = np.minimum.reduceat(mapped.busy_s, rounds.first)
    fastest = np.flatnonzero(~(mapped.busy_s > least_s[rounds.product]))
    return mapped.take(fastest[np.searchsorted(rounds.product[fastest], np.arange(len(gemms)))])


def count_cycles(gemms: GemmSet, rounds: Rounds, splits: UnitSplits, parameters: CostParameters) -> Floats:
    """Return the cycles of every candidate (columns) of every row of `rounds`; infinite where units do not suffice."""
    lanes = min(parameters.lanes, parameters.macs_per_unit_per_cycle)
    depth = parameters.macs_per_unit_per_cycle / lanes
    M, N, K = (side[rounds.product, None] for side in (gemms.M, gemms.N, gemms.K))
    row_steps = rounds.rounds[:, None] * np.ceil(M / splits.powers)
    depth_steps = np.ceil(np.ceil(K / splits.powers) / depth)
    columns = np.floor(rounds.units[:, None] / splits.powers)
    with np.errstate(divide="ignore"):
        column_steps = np.ceil(N / (columns * lanes))
    taken = splits.row_power + splits.depth_power
    cycles: Floats = row_steps[:, splits.row_power] * depth_steps[:, splits.depth_power] * column_steps[:, taken]
    return cycles
