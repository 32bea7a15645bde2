"""What is true of a network beyond its operators: repeats, causal attention, caches and widths."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.compiler.plan import Traits
from npusdk.cost import schedule, work_table
from tests.cost.blocks import BLOCKS, WIDTH, decoder
from tests.cost.devices import PLAIN, any_device
from tests.cost.plans import PlanWriter
from tests.cost.test_schedule import ROOM

CACHE_BYTES = BLOCKS * 2 * 100 * WIDTH * 2
"""Keys and values of a hundred positions in every block, in sixteen bits."""


@given(any_device, st.booleans())
def test_repeated_block_costs_what_all_blocks_written_down_cost(device, causal):
    """Without on-chip residency, a step that runs five times is five equal steps, in every total."""
    device = replace(device, usable_on_chip_bytes=0.0)
    once, all_of_them = (schedule(work_table(decoder(unrolled=unrolled, causal=causal)), device)
                         for unrolled in (False, True))  # fmt: skip
    assert len(once) < len(all_of_them)
    assert once.repeats.sum() == len(all_of_them)
    for total in ("macs", "time_s", "compute_s", "vector_s", "on_chip_s", "memory_s", "overhead_s", "traffic_bytes"):
        assert getattr(once, total).sum() == pytest.approx(getattr(all_of_them, total).sum()), total
    assert (once.weight_bytes, once.host_s) == (all_of_them.weight_bytes, all_of_them.host_s)
    assert once.latency_s == pytest.approx(all_of_them.latency_s)
    assert once.peak_memory_bytes == all_of_them.peak_memory_bytes
    assert once.utilization.max() <= ROOM


def test_table_holds_one_execution_and_totals_of_all():
    """Columns are of one execution, whatever is kept for the call counts every block's own."""
    one, many = work_table(decoder(blocks=1)), work_table(decoder())
    assert many.repeats.tolist() == [1, 5, 5, 5, 1]
    for column in ("macs", "vector_ops", "input_bytes", "output_bytes", "weight_bytes", "cache_bytes"):
        assert getattr(one, column).tolist() == getattr(many, column).tolist()
    block_bytes = (3 * WIDTH * WIDTH + WIDTH * WIDTH + WIDTH) * 2
    assert many.pinnable_bytes - one.pinnable_bytes == (BLOCKS - 1) * block_bytes
    assert many.constant_bytes - one.constant_bytes == (BLOCKS - 1) * block_bytes
    assert many.table_bytes == one.table_bytes == 500 * WIDTH * 2


def test_cache_crosses_no_host_link_and_lives_in_every_block():
    """Keys and values stay where they are between calls; only what a caller gives and gets moves."""
    table = work_table(decoder(queries=1, context=100))
    assert table.call_bytes == 8 + 500 * 2
    new_bytes = BLOCKS * 2 * WIDTH * 2
    assert table.resident_bytes == CACHE_BYTES + new_bytes
    assert (table.step_live_bytes >= table.resident_bytes).all()
    assert table.live_bytes < table.resident_bytes + 2000
    assert table.cache_bytes.tolist() == [0, 2 * WIDTH * 2, 2 * 100 * WIDTH * 2, 0, 0]


def test_cache_is_read_from_memory_in_every_step_that_decodes():
    """Nothing of the cache hits where nothing is pinned, however large the on-chip memory."""
    table = work_table(decoder(queries=1, context=100))
    found = schedule(table, replace(PLAIN, usable_on_chip_bytes=1e12, pins_weights=False))
    assert found.traffic_bytes[2] == pytest.approx(CACHE_BYTES)
    pinned = schedule(table, replace(PLAIN, usable_on_chip_bytes=1e12))
    assert pinned.traffic_bytes[1:3].tolist() == [0, 0]


def test_cache_is_kept_on_chip_beside_weights():
    """What weights leave of the on-chip memory is the cache's, then the tables'."""
    table = work_table(decoder(queries=1, context=100))
    beside = table.residency.budgets[-1] + table.pinnable_bytes
    device = replace(PLAIN, usable_on_chip_bytes=beside + table.resident_bytes / 4, memory_bandwidth_bytes_per_s=1e6)
    found = schedule(table, device)
    assert found.traffic_bytes[1:3].sum() == pytest.approx(0.75 * table.resident_bytes)
    assert found.traffic_bytes[3] == pytest.approx(0)


@pytest.mark.parametrize(("bits", "share"), [(4.85, 4.85 / 16), (4.0, 0.25), (8, 0.5)])
def test_weights_may_take_fractions_of_bits(bits, share):
    """A quantisation in groups stores a broken number of bits; products stay in the plan's precision."""
    plain, packed = (work_table(decoder(weight_bits=width)) for width in (None, bits))
    assert packed.constant_bytes == pytest.approx(share * plain.constant_bytes, rel=1e-3)
    assert packed.weight_bytes == pytest.approx(share * plain.weight_bytes, abs=3)
    assert packed.row_bytes == pytest.approx(share * plain.row_bytes, abs=1)
    assert packed.input_bytes.tolist() == plain.input_bytes.tolist()


def test_cache_may_take_other_bits_than_activations():
    """A cache in eight bits is half as large; what one step hands to the next is not."""
    plain, packed = (work_table(decoder(queries=2, context=100, cache_bits=bits)) for bits in (None, 8))
    assert 2 * packed.resident_bytes == plain.resident_bytes
    assert (2 * packed.cache_bytes).tolist() == plain.cache_bytes.tolist()
    assert packed.input_bytes.tolist() == plain.input_bytes.tolist()


@pytest.mark.parametrize("fused", [True, False])
def test_causal_attention_does_half_the_work(fused):
    """A query sees earlier keys only: half of the products and of the softmax, fused or step by step."""
    whole, half = (work_table(decoder(causal=causal) if fused else scores(causal)) for causal in (False, True))
    products = [kind == "attention" for kind in whole.kinds] if fused else [True, False, False, True]
    softmax = products if fused else [False, True, True, False]
    assert half.macs[products].tolist() == (whole.macs[products] // 2).tolist()
    assert half.vector_ops[softmax].tolist() == (whole.vector_ops[softmax] / 2).tolist()
    rest = ~(np.array(products) | np.array(softmax))
    assert half.macs[rest].tolist() == whole.macs[rest].tolist()
    if fused:
        assert half.attention.key_elements.tolist() == (whole.attention.key_elements / 2).tolist()


def test_causal_scores_have_half_the_columns_and_the_sum_half_the_depth():
    """Queries meet half of the keys, and gather half of the values."""
    table = work_table(scores(causal=True))
    assert sorted(zip(table.gemms.N.tolist(), table.gemms.K.tolist(), strict=True)) == [(3, 8), (8, 3)]


def test_cache_never_hits_for_a_second_reader_and_is_there_for_the_step_that_repeats_most():
    """Two steps that read one cache both fetch it; there are as many as the block has repeats."""
    write = PlanWriter("int8")
    cache = write.input("cache", (1, 100))
    one, two = write.vector("Relu", cache), write.vector("Sigmoid", cache)
    first, _ = (step.name for step in write.steps)
    table = work_table(write.plan(one, two, traits=Traits(repeats={first: 7}, resident=frozenset({cache}))))
    assert table.resident_bytes == 7 * 100
    assert not table.residency.hit_bytes.any()
    found = schedule(table, replace(PLAIN, dtype="int8", usable_on_chip_bytes=1e9, pins_weights=False))
    assert found.traffic_bytes.tolist() == [7 * 200, 200]


@pytest.mark.parametrize("style", ["waves", "grid"])
def test_cache_moves_on_chip_like_any_operand(style):
    """Wherever a step has its keys from, they pass from on-chip memory to the units."""
    write = PlanWriter("int8")
    write.vector("Relu", write.input("cache", (1, 100)))
    table = work_table(write.plan(traits=Traits(resident=frozenset({"cache"}))))
    assert schedule(table, replace(PLAIN, style=style)).on_chip_s.tolist() == pytest.approx([200 / 1e12])


def test_tables_are_kept_on_chip_after_the_cache():
    """What weights and cache leave is for rows of the embedding."""
    table = work_table(decoder(queries=1, context=100))
    beside = table.residency.budgets[-1] + table.pinnable_bytes + table.resident_bytes
    device = replace(PLAIN, usable_on_chip_bytes=beside + table.table_bytes / 4, memory_bandwidth_bytes_per_s=1e6)
    assert schedule(table, device).traffic_bytes[0] == pytest.approx(8 + 0.75 * WIDTH * 2)


def test_memory_is_given_to_what_pays_most_in_all_repeats():
    """Weights of a block that runs eight times are kept before an activation that is read once."""
    write = PlanWriter("int8")
    x = write.linear(write.vector("Relu", write.input("x", (10, 100))), 100)
    write.steps[-1] = replace(write.steps[-1], name="block/linear")
    write.vector("Expand", x, shape=(100, 100))
    table = work_table(write.plan(traits=Traits(repeats={"block/": 8})))
    device = replace(PLAIN, dtype="int8", memory_bandwidth_bytes_per_s=1e6)
    small, large = table.residency.budgets[-2:]
    found = schedule(table, replace(device, usable_on_chip_bytes=large))
    assert found.constant_traffic_bytes.sum() == pytest.approx(table.pinnable_bytes - (large - small))


def scores(causal):
    """Return the plan of an attention whose operators are steps of their own, with a mask."""
    write = PlanWriter()
    q, k, v = (write.input(name, shape) for name, shape in (("q", (1, 4, 8)), ("k", (1, 8, 6)), ("v", (1, 6, 8))))
    nodes = [write.node("MatMul", [q, k], (1, 4, 6))]
    nodes.append(write.node("Add", [nodes[-1].outputs[0], write.weight((4, 6))], (1, 4, 6)))
    nodes.append(write.node("Softmax", nodes[-1].outputs, (1, 4, 6)))
    nodes.append(write.node("MatMul", [nodes[-1].outputs[0], v], (1, 4, 8)))
    for node, kind in zip(nodes, ("matrix", "vector", "vector", "matrix"), strict=True):
        write.step(kind, node)
    names = frozenset({nodes[0].name, nodes[3].name} if causal else ())
    return write.plan(traits=Traits(causal=names))
