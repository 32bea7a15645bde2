"""Limits of software: attention that is not fused, elementwise rates that do not last; and which way bytes go."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.compiler.plan import Traits
from npusdk.cost import best_schedule, explain_step, schedule, take_part, work_table
from npusdk.cost.power import apply_power
from npusdk.cost.waves import AttentionSet
from tests.cost.blocks import decoder
from tests.cost.devices import PLAIN
from tests.cost.plans import PlanWriter

GPU = replace(PLAIN, style="waves")
SCORES_BYTES = 4 * 48 * 64 * 2
"""Of 4 heads of 48 queries and 64 keys, in fp16."""


def attention(queries=48, keys=64, *, batch=1, causal=False, then=None):
    """Return the table of one attention of 4 heads of 32, and perhaps an operator behind it."""
    write = PlanWriter("fp16", batch)
    q, *kv = (write.input(name, (batch, n, 128)) for name, n in (("q", queries), ("k", keys), ("v", keys)))
    context = write.attention(q, *kv, heads=4)
    products = frozenset(node.name for node in write.steps[0].nodes if node.op == "MatMul" and causal)
    if then:
        write.vector(then, context)
    return work_table(write.plan(traits=Traits(causal=products)))


def with_longest(keys, **figures):
    """Return a GPU whose software fuses attention over at most so many keys."""
    return replace(GPU, longest_fused_keys=keys, **figures)


@given(st.integers(1, 64), st.integers(17, 500), st.integers(1, 5000), st.integers(0, 5000))
def test_scores_leave_the_chip_where_keys_are_too_many(cnt, queries, keys, longest):
    """All of them or none: a fused kernel takes as many keys as it takes, or any number."""
    found = AttentionSet(np.zeros(1, int), *(np.array([float(side)]) for side in (cnt, queries, 0, keys)))
    too_long = longest > 0 and keys > longest
    assert found.spilled_scores(longest).tolist() == [cnt * queries * keys if too_long else 0]


@pytest.mark.parametrize(("longest", "passes"), [(0, 0), (63, 5), (64, 0)])
@pytest.mark.parametrize("room", [0.0, 1e9])
def test_scores_cross_the_border_of_the_chip_five_times(longest, passes, room):
    """Written, read twice and written by the softmax, read: however large the on-chip memory."""
    table = attention()
    plain, found = (schedule(table, with_longest(keys, usable_on_chip_bytes=room)) for keys in (0, longest))
    assert found.scores_traffic_bytes.tolist() == [passes * SCORES_BYTES]
    assert found.traffic_bytes - plain.traffic_bytes == pytest.approx(passes * SCORES_BYTES)
    assert found.memory_s - plain.memory_s == pytest.approx(passes * SCORES_BYTES / (0.8 * 1e11))
    assert (plain.scores_traffic_bytes == 0).all()


def test_scores_that_leave_the_chip_need_their_place_in_memory():
    """They live while their step runs, beside its operands."""
    table = attention()
    plain, found = schedule(table, GPU), schedule(table, with_longest(32))
    assert (found.live_bytes - plain.live_bytes).tolist() == [SCORES_BYTES]
    assert found.peak_memory_bytes - plain.peak_memory_bytes == SCORES_BYTES


def test_causal_attention_is_as_long_as_all_its_keys():
    """Half of the scores are computed, and all of them have a place: a limit is one on keys."""
    table = attention(64, 64, causal=True)
    assert table.attention.keys.tolist() == [64]
    assert schedule(table, with_longest(64)).scores_traffic_bytes.tolist() == [0]
    assert schedule(table, with_longest(63)).scores_traffic_bytes.tolist() == [5 * 4 * 64 * 64 * 2]


def test_scores_stay_where_attention_is_no_kernel_of_a_gpu():
    """Decoding has hardly any scores, and other devices run two products whose scores stay on chip."""
    assert schedule(attention(16), with_longest(32)).scores_traffic_bytes.tolist() == [0]
    for style in ("grid", "systolic"):
        device = with_longest(32, style=style, array_rows=8, array_columns=8, dataflow="os")
        assert schedule(attention(), device).scores_traffic_bytes.tolist() == [0]


def test_scores_of_every_repeat_and_chunk_count():
    """What leaves the chip in one block leaves it in every block, of every chunk of the batch."""
    one, many = (schedule(work_table(decoder(blocks=blocks)), with_longest(16)) for blocks in (1, 5))
    assert many.scores_traffic_bytes.sum() == 5 * one.scores_traffic_bytes.sum() > 0
    tables = {batch: attention(batch=batch, then="Relu") for batch in (1, 2, 4)}
    small = with_longest(32, chunks_batch=True, usable_on_chip_bytes=7e4, units=1, memory_bandwidth_bytes_per_s=1e6)
    found = best_schedule(tables.__getitem__, small, 4)
    assert found.chunk < 4
    assert found.scores_traffic_bytes.tolist() == [4 * 5 * SCORES_BYTES, 0]


def test_scores_take_energy_as_other_traffic_does():
    """Every byte that crosses the border of the chip has its price."""
    figures = {"tdp_w": 1e3, "idle_w": 0.0, "active_share": 0.0, "mac_energy_j": 0.0, "memory_energy_j_per_byte": 1e-10}
    devices = (with_longest(longest, **figures) for longest in (0, 32))
    plain, found = (apply_power(schedule(attention(), device), device) for device in devices)
    assert found.work_j - plain.work_j == pytest.approx(5 * SCORES_BYTES * 1e-10)


@pytest.mark.parametrize(("longest", "change"), [(0, "on_chip_memory"), (32, "more_bandwidth")])
def test_more_on_chip_memory_is_no_answer_to_scores(longest, change):
    """Where most of the traffic is scores, only bandwidth helps."""
    device = with_longest(longest, usable_on_chip_bytes=9.0, memory_bandwidth_bytes_per_s=1e3)
    table = attention(200, 200)
    told = explain_step(schedule(table, device), 0, device)
    assert (told.bound, told.change) == ("memory", change)


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("style", ["waves", "grid", "systolic"])
def test_elementwise_work_takes_its_operations_over_the_sustained_rate(share, style):
    """A softmax is six operations for each element; of the rate only a share lasts."""
    write = PlanWriter()
    write.vector("Softmax", write.input("x", (1, 1000)))
    device = replace(PLAIN, style=style, array_rows=8, array_columns=8, dataflow="os", eta_vector=share)
    assert schedule(work_table(write.plan()), device).vector_s.tolist() == pytest.approx([6000 / (share * 1e11)])


def test_depthwise_convolution_takes_the_later_of_rate_and_multipliers():
    """The share is one of the elementwise rate, not of the matrix peak below which no multiplication falls."""
    write = PlanWriter()
    write.conv(write.input("x", (1, 8, 100, 100)), 8, 3, groups=8, activation=None)
    table = work_table(write.plan())
    floor_s = 10000 * 8 * 9 / (16 * 64 * 1e9)
    for share, expected in ((1.0, floor_s), (0.5, floor_s), (0.001, table.vector_ops[0] / (0.001 * 1e15))):
        found = schedule(table, replace(PLAIN, vector_ops_per_s=1e15, eta_vector=share))
        assert found.vector_s[0] == pytest.approx(expected)


def test_part_of_a_device_sustains_the_same_share_and_fuses_as_much():
    """Software is the same on a part of the device."""
    device = with_longest(32, eta_vector=0.3, units=16)
    part = take_part(device, 4)
    assert (part.eta_vector, part.longest_fused_keys) == (0.3, 32)
    write = PlanWriter()
    write.vector("Softmax", write.input("x", (1, 1000)))
    table = work_table(write.plan())
    assert schedule(table, part).vector_s == pytest.approx(4 * schedule(table, device).vector_s)


def test_product_in_tiles_moves_what_tiles_read_and_what_it_writes():
    """One tile of 16 x 64 with 64 deep: its rows and columns once, its outputs, and no inputs besides."""
    write = PlanWriter()
    write.linear(write.input("x", (16, 64)), 64)
    table = work_table(write.plan())
    found = schedule(table, replace(GPU, units=1))
    assert found.on_chip_s[0] * 1e12 == pytest.approx((16 + 64) * 64 * 2 + 16 * 64 * 2)
    others = schedule(table, PLAIN)
    assert others.on_chip_s[0] * 1e12 == pytest.approx((16 * 64 + 64 * 64 + 64 + 16 * 64) * 2)


def test_call_tells_what_it_gives_from_what_it_returns():
    """Inputs that the device reads, and outputs that it makes; neither what stays nor what is the host's."""
    write = PlanWriter()
    a = write.vector("Relu", write.input("x", (1, 300)))
    b = write.vector("Slice", a, shape=(1, 50))
    c = write.step("vector", write.node("Erf", [write.input("y", (1, 1000))], (1, 1000)), placement="host")
    table = work_table(write.plan(a, b, c))
    assert (table.given_bytes, table.returned_bytes, table.call_bytes) == (600, 700, 1300)
    assert schedule(table, PLAIN).host_s == pytest.approx(1300 / 1e10)
    kept = work_table(decoder(queries=1, context=100))
    assert (kept.given_bytes, kept.returned_bytes) == (8, 500 * 2)
