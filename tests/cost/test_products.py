"""Matrix products in waves and grids."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost.gemms import collect_gemms
from npusdk.cost.grid import map_grid
from npusdk.cost.systolic import map_systolic
from npusdk.cost.waves import AttentionSet, map_attention, map_waves
from npusdk.cost.work import Gemm
from tests.cost.devices import A100, PLAIN, any_device
from tests.cost.equations import best_product

gemms = st.builds(
    Gemm,
    st.integers(1, 40),
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.one_of(st.integers(1, 80), st.integers(80, 5000)),
)
byte_counts = st.integers(0, 10**8)

MAPPED = {"waves": map_waves, "grid": map_grid, "systolic": map_systolic}


def map_product(gemm, device, shared=0):
    """Return matrix, on-chip and joint seconds of one product that moves `shared` bytes besides."""
    products = collect_gemms([(0, gemm)], np.array([float(shared)]), np.zeros(1))
    mapped = MAPPED[device.style](products, device)
    return float(mapped.compute_s[0]), float(mapped.on_chip_s[0]), float(mapped.busy_s[0])


@given(gemms, any_device, byte_counts)
def test_product_takes_the_best_candidate_of_the_written_equation(gemm, device, shared):
    """The columnar search finds what loops over the written equation find."""
    matrix, on_chip = best_product(gemm, shared, device)
    joint = max(matrix, on_chip) if device.overlap else matrix + on_chip
    assert map_product(gemm, device, shared)[2] == pytest.approx(joint, rel=1e-9)


@given(gemms, any_device)
def test_product_is_never_faster_than_the_peak(gemm, device):
    """No mapping beats all units multiplying all the time."""
    peak = device.units * device.macs_per_unit_per_cycle * device.clock_hz
    assert map_product(gemm, device)[0] >= gemm.macs / (peak * device.eta_compute) * (1 - 1e-12)


@given(gemms, any_device, byte_counts, st.integers(1, 1500))
def test_product_is_never_slower_on_more_units(gemm, device, shared, more):
    """Whatever a device can do, one with more units can do."""
    larger = replace(device, units=device.units + more)
    assert map_product(gemm, larger, shared)[2] <= map_product(gemm, device, shared)[2] * (1 + 1e-12)


@given(st.tuples(*[st.sampled_from([1, 2, 4, 8])] * 3, st.integers(1, 9)), st.tuples(*[st.integers(1, 5)] * 4))
def test_grid_is_ideal_where_sizes_divide(splits, multiples):
    """A product whose sides are multiples of a split of the units wastes nothing."""
    uc, um, uk, un = splits
    device = replace(PLAIN, units=uc * um * uk * un, eta_compute=1.0, on_chip_bandwidth_bytes_per_s=float("inf"))
    depth = device.macs_per_unit_per_cycle // device.lanes
    sides = (uc, um, un * device.lanes, uk * depth)
    gemm = Gemm(*(side * multiple for side, multiple in zip(sides, multiples, strict=True)))
    peak = device.units * device.macs_per_unit_per_cycle * device.clock_hz
    assert map_product(gemm, device)[0] == pytest.approx(gemm.macs / peak)


def test_grid_of_twelve_heads_uses_all_eight_units():
    """Copies need not all run side by side: 12 on 8 units are 3 rounds of 4 with 2 units each."""
    device = replace(PLAIN, units=8, eta_compute=1.0, on_chip_bandwidth_bytes_per_s=float("inf"))
    gemm = Gemm(12, 64, 64, 64)
    assert map_product(gemm, device)[0] == pytest.approx(gemm.macs / (8 * 64 * 1e9))


def test_waves_pay_for_the_109th_tile_on_108_units():
    """One tile more than units costs a second wave: quantisation of waves."""
    device = replace(A100, on_chip_bandwidth_bytes_per_s=float("inf"))
    tile, depth = 128 * 128, 64
    full = map_product(Gemm(108, 128, 128, depth), device)[0]
    over = map_product(Gemm(109, 128, 128, depth), device)[0]
    rate = device.macs_per_unit_per_cycle * device.clock_hz * device.eta_compute
    assert full == pytest.approx(tile * depth / rate)
    assert over > full * 1.05


def test_waves_pay_for_a_partly_filled_tile():
    """A product of 17 rows costs as much as one of 32: quantisation of tiles."""
    device = replace(A100, on_chip_bandwidth_bytes_per_s=float("inf"))
    times = [map_product(Gemm(108, rows, 64, 64), device)[0] for rows in (16, 17, 32, 33)]
    assert times[1] == times[2] == 2 * times[0]
    assert times[3] == pytest.approx(3 * times[0])


def test_waves_split_k_where_tiles_are_few():
    """A small output with a long sum is dealt to many units along K."""
    device = replace(A100, on_chip_bandwidth_bytes_per_s=float("inf"))
    rate = device.macs_per_unit_per_cycle * device.clock_hz * device.eta_compute
    assert map_product(Gemm(1, 16, 64, 16384), device)[0] == pytest.approx(16 * 64 * 16384 / 16 / rate)


def test_equal_products_are_mapped_once():
    """Layers that repeat cost one search."""
    products = collect_gemms(
        [(0, Gemm(1, 8, 8, 8)), (1, Gemm(1, 8, 8, 8)), (1, Gemm(1, 9, 8, 8))], np.ones(3), np.zeros(3)
    )
    assert len(products) == 3
    assert collect_gemms([(0, Gemm(1, 8, 8, 8)), (1, Gemm(1, 8, 8, 8))], np.ones(3), np.zeros(3)).bare.tolist() == [
        False,
        False,
        True,
    ]


@given(st.tuples(st.integers(1, 2000), st.integers(17, 2000), st.integers(1, 200000)), st.integers(1, 300),
       st.integers(16, 512))  # fmt: skip
def test_attention_in_blocks_follows_the_written_equation(sides, units, block):
    """Blocks of queries are dealt to the units in waves, which hold up the vector units too."""
    cnt, queries, key_elements = sides
    device = replace(A100, units=units, query_block=block)
    attention = AttentionSet(np.zeros(1, int), *(np.array([float(value)]) for value in (*sides, 1)))
    mapped = map_attention(attention, device)
    blocks = cnt * -(-queries // block)
    waves = -(-blocks // units)
    rate = device.macs_per_unit_per_cycle * device.clock_hz * device.eta_compute
    assert mapped.compute_s[0] == pytest.approx(waves * min(queries, block) * key_elements / rate)
    assert mapped.on_chip_bytes[0] == pytest.approx(blocks * key_elements * 2)
    assert mapped.wave_factor[0] == pytest.approx(waves * units / blocks)
    assert mapped.wave_factor[0] >= 1 - 1e-12
