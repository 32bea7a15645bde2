"""Chunks of a batch, and parts of a device."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from npusdk.cost import best_schedule, schedule, take_part, work_table
from npusdk.cost.schedule import TOTALS
from tests.cost.blocks import decoder
from tests.cost.devices import PLAIN, any_device
from tests.cost.networks import any_pieces, build
from tests.cost.plans import PlanWriter
from tests.cost.test_schedule import ROOM

batches = st.integers(1, 24)
partitions = st.sampled_from([(1,), (1, 2), (1, 2, 4, 8)])


def tables_of(pieces):
    """Return what gives the work of a network at a batch."""
    return cache(lambda batch: work_table(build(pieces, (batch, 30, 32), "fp16")))


def wide_tables(batch):
    """Return the work of a network whose activations fit on chip for few samples only."""
    write = PlanWriter("int8", batch)
    x = write.input("x", (batch, 100))
    for _ in range(4):
        x = write.vector("Relu", x)
    return work_table(write.plan())


CROWDED = replace(PLAIN, dtype="int8", usable_on_chip_bytes=400.0, memory_bandwidth_bytes_per_s=1e6, op_overhead_s=1e-9)
"""Room for two samples of `wide_tables` at once; everything else is quick beside its memory."""


@given(any_pieces, any_device, batches, partitions)
def test_choice_of_chunks_and_parts_never_costs(pieces, device, batch, parts):
    """Latency in chunks is never longer, throughput on parts never lower, than all at once on the whole device."""
    tables = tables_of(pieces)
    free = replace(device, chunks_batch=True, partitions=parts)
    found, plain = best_schedule(tables, free, batch), schedule(tables(batch), device)
    assert found.latency_s <= plain.latency_s * ROOM
    assert found.throughput_per_s * ROOM >= plain.throughput_per_s
    assert found.batch == batch
    assert batch % found.chunk == 0


@given(any_pieces, any_device, batches, partitions)
def test_batch_throughput_is_never_below_that_of_one_sample(pieces, device, batch, parts):
    """Where chunks are allowed, a batch can always be run sample by sample."""
    tables = tables_of(pieces)
    free = replace(device, chunks_batch=True, partitions=parts)
    one, many = (best_schedule(tables, free, samples) for samples in (1, batch))
    assert many.throughput_per_s * ROOM >= one.throughput_per_s


@pytest.mark.parametrize(
    "figures", [("usable_on_chip_bytes",), ("memory_bandwidth_bytes_per_s",), ("units", "vector_ops_per_s")]
)
@given(pieces=any_pieces, device=any_device, batch=batches)
def test_device_with_more_of_something_is_never_slower_with_a_choice(figures, pieces, device, batch):
    """What can be chosen, chunks and parts, does not make a better device slower; units bring their vector lanes."""
    tables = tables_of(pieces)
    free = replace(device, chunks_batch=True, partitions=(1, 2, 4))
    better = replace(free, **{figure: getattr(free, figure) * 3 for figure in figures})
    after, before = (best_schedule(tables, one, batch) for one in (better, free))
    assert after.latency_s <= before.latency_s * ROOM
    assert after.throughput_per_s * ROOM >= before.throughput_per_s


@given(any_pieces, any_device, st.integers(0, 3), st.integers(1, 3))
def test_chunks_are_equal_calls_without_the_calls(pieces, device, power, more):
    """A batch in chunks is as many times the chunk, with one call and the transfer of the whole."""
    tables = tables_of(pieces)
    batch = 2 ** (power + more)
    found = best_schedule(tables, replace(device, chunks_batch=True), batch)
    one = schedule(tables(found.chunk), device)
    for name in TOTALS:
        assert getattr(found, name) == pytest.approx(getattr(one, name) * (batch // found.chunk)), name
    assert found.host_s == schedule(tables(batch), device).host_s
    assert found.latency_s == pytest.approx(found.call_s + found.host_s + one.device_s * (batch // found.chunk))


def test_chunk_that_fits_on_chip_is_taken():
    """Two samples stay on chip where eight do not; every chunk then moves its input and output alone."""
    found = best_schedule(wide_tables, replace(CROWDED, chunks_batch=True), 8)
    assert (found.chunk, found.batch) == (2, 8)
    assert found.traffic_bytes.sum() == pytest.approx(2 * 8 * 100)
    assert best_schedule(wide_tables, CROWDED, 8).chunk == 8
    assert found.peak_memory_bytes == 2 * 2 * 100


def test_work_is_asked_for_at_the_batches_that_are_tried():
    """Powers of two that divide the batch, and the batch; of a part, those of its share; otherwise the batch alone.

    Where the runtime or the host link is slower than the device, no part can make more of it.
    """
    asked = []

    def tables(batch):
        asked.append(batch)
        return wide_tables(batch)

    for batch, said, expected in (
        (12, {}, [12]),
        (12, {"chunks_batch": True}, [12, 4, 2, 1]),
        (12, {"partitions": (1, 2, 8)}, [12, 6, 2]),
        (1, {"partitions": (1, 2, 8)}, [1]),
        (12, {"partitions": (1, 2, 8), "call_overhead_s": 1.0}, [12]),
    ):
        asked.clear()
        best_schedule(tables, replace(CROWDED, **{"call_overhead_s": 0.0, **said}), batch)
        assert asked == expected


def test_part_has_its_share_of_everything():
    """Two halves are one device; a part has no parts."""
    part = take_part(replace(PLAIN, usable_on_chip_bytes=100.0, partitions=(1, 4)), 4)
    assert (part.units, part.usable_on_chip_bytes, part.vector_ops_per_s) == (4, 25.0, 2.5e10)
    assert (part.memory_bandwidth_bytes_per_s, part.on_chip_bandwidth_bytes_per_s) == (2.5e10, 2.5e11)
    assert part.host_bandwidth_bytes_per_s == 2.5e9
    assert (part.clock_hz, part.op_overhead_s, part.partitions) == (PLAIN.clock_hz, PLAIN.op_overhead_s, (1,))
    uneven = take_part(PLAIN, 3)
    assert (uneven.units, uneven.vector_ops_per_s) == (5, 5e11 / 16)


def thin_tables(batch):
    """Return the work of a linear layer with one row for each sample, eight columns and a deep sum."""
    write = PlanWriter("fp16", batch)
    write.linear(write.input("x", (batch, 1 << 16)), 8)
    return work_table(write.plan())


def test_parts_are_used_where_the_whole_device_does_not_divide():
    """Three rows fill eight of twelve units; four units each with one row are all busy, in throughput alone."""
    device = replace(
        PLAIN, units=12, lanes=8, eta_compute=1.0, memory_bandwidth_bytes_per_s=1e15, op_overhead_s=0.0,
        on_chip_bandwidth_bytes_per_s=float("inf"), host_bandwidth_bytes_per_s=1e15, call_overhead_s=0.0,
    )  # fmt: skip
    whole, parted = (best_schedule(thin_tables, replace(device, partitions=parts), 3) for parts in ((1,), (1, 3)))
    assert (whole.partitions, parted.partitions) == (1, 3)
    assert parted.latency_s == whole.latency_s
    assert parted.throughput_per_s == pytest.approx(12 / 8 * whole.throughput_per_s)


@given(any_pieces, any_device, st.sampled_from([2, 4]))
def test_throughput_on_parts_is_the_written_equation(pieces, device, parts):
    """A batch over the time of the slowest of: a part with its share, the host link, the runtime."""
    assume(device.units >= parts)
    tables = tables_of(pieces)
    found = best_schedule(tables, replace(device, partitions=(1, parts)), 6)
    shares = {1: schedule(tables(6), device)}
    shares[parts] = schedule(tables(-(-6 // parts)), take_part(device, parts))
    busy_s = {p: max(share.device_s, shares[1].host_s, shares[1].call_s) for p, share in shares.items()}
    assert found.throughput_per_s == pytest.approx(6 / min(busy_s.values()))
    assert busy_s[found.partitions] <= min(busy_s.values()) * ROOM


def test_network_with_a_cache_is_run_at_once():
    """Keys and values of all samples need their place, so that chunks would keep no more of them on chip."""
    tables = cache(lambda batch: work_table(decoder(batch=batch, queries=1, context=200)))
    device = replace(PLAIN, usable_on_chip_bytes=8e5, memory_bandwidth_bytes_per_s=1e6)
    found, whole = (best_schedule(tables, replace(device, chunks_batch=chunks), 4) for chunks in (True, False))
    assert 4 * schedule(tables(1), device).device_s < whole.device_s
    assert (found.chunk, found.latency_s) == (4, whole.latency_s)
    assert found.resident_bytes == 4 * tables(1).resident_bytes
