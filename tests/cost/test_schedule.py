"""Laws of a schedule, for any network on any device."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost import schedule, schedule_plan, work_table
from npusdk.numerics import MATRIX_FORMATS
from npusdk.report import BOUNDS
from tests.cost.devices import ARRAY, PLAIN, any_device
from tests.cost.networks import any_pieces, any_plan, build
from tests.cost.plans import PlanWriter, encoder, resnet50

ROOM = 1 + 1e-9
"""Relative room for rounding."""

factors = st.floats(1.0, 8.0)


def assert_not_slower(table, better, device):
    """Check that a better device has neither a longer latency nor a smaller throughput."""
    after, before = schedule(table, better), schedule(table, device)
    assert after.latency_s <= before.latency_s * ROOM
    assert after.throughput_per_s * ROOM >= before.throughput_per_s


@pytest.mark.parametrize(
    "figure",
    [
        "clock_hz",
        "vector_ops_per_s",
        "usable_on_chip_bytes",
        "on_chip_bandwidth_bytes_per_s",
        "memory_bandwidth_bytes_per_s",
        "host_bandwidth_bytes_per_s",
        "link_bandwidth_bytes_per_s",
        "macs_per_unit_per_cycle",
    ],
)
@given(plan=any_plan, device=any_device, factor=factors)
def test_device_with_more_of_something_is_never_slower(figure, plan, device, factor):
    """More clock, rate, bandwidth or on-chip memory never costs time."""
    device = replace(device, link_bandwidth_bytes_per_s=device.link_bandwidth_bytes_per_s or 1e10)
    more = getattr(device, figure) * factor
    better = replace(device, **{figure: int(more) if figure == "macs_per_unit_per_cycle" else more})
    assert_not_slower(work_table(plan), better, device)


@given(any_plan, any_device, st.integers(1, 1500))
def test_device_with_more_units_is_never_slower(plan, device, more):
    """More units never cost time; a unit brings its share of the vector lanes."""
    units = device.units + more
    better = replace(device, units=units, vector_ops_per_s=device.vector_ops_per_s * units / device.units)
    assert_not_slower(work_table(plan), better, device)


@given(any_pieces, st.integers(0, 4), any_device)
def test_batch_is_never_slower_than_its_samples_one_by_one(pieces, power, device):
    """Without on-chip residency, whose loss a batch may cause, a batch of 2^n never lowers the throughput."""
    device = replace(device, usable_on_chip_bytes=0.0)
    one, many = (schedule_plan(build(pieces, (batch, 60, 32), "fp16"), device) for batch in (1, 2**power))
    assert many.throughput_per_s * ROOM >= one.throughput_per_s


def least_on_chip_bytes(table, device):
    """Return what each step moves on chip at least: all activations, or operands and outputs of a product in waves."""
    if device.style != "waves":
        return table.activation_bytes
    gemms = table.plain_gemms
    width = MATRIX_FORMATS[device.dtype].bits / 8
    operands = gemms.per_step(gemms.cnt * (gemms.M + gemms.N) * gemms.K * width)
    return np.where(gemms.bare, table.activation_bytes, operands + table.output_bytes)


@given(any_plan, any_device)
def test_step_takes_at_least_every_roofline_term(plan, device):
    """No step beats the peak rate, the vector rate or a bandwidth: on chip, off chip, between devices."""
    table = work_table(plan)
    found = schedule(table, device)
    times = table.repeats
    peak = device.units * device.macs_per_unit_per_cycle * device.clock_hz
    plain = table.on_device & (np.array(table.kinds) != "depthwise")
    sustained = device.memory_bandwidth_bytes_per_s * device.eta_memory
    on_chip = least_on_chip_bytes(table, device)
    shared = 2 * (table.shards - 1) / table.shards * table.reduced_bytes
    terms = (
        np.where(plain, table.macs / (peak * device.eta_compute), 0) * times,
        table.vector_ops / (device.vector_ops_per_s * device.eta_vector) * times,
        found.traffic_bytes / sustained,
        np.where(table.moves, on_chip, 0) / device.on_chip_bandwidth_bytes_per_s * times,
        shared / (device.link_bandwidth_bytes_per_s or device.host_bandwidth_bytes_per_s) * times,
        *found.terms_s.values(),
    )
    for term in terms:
        assert (found.time_s * ROOM >= term).all()


@given(any_plan, any_device)
def test_utilization_is_at_most_one_and_bytes_fit_the_time(plan, device):
    """The invariants of a report hold for whatever is costed."""
    found = schedule_plan(plan, device)
    peak = device.units * device.macs_per_unit_per_cycle * device.clock_hz
    assert (found.utilization <= ROOM).all()
    assert (found.traffic_bytes <= device.memory_bandwidth_bytes_per_s * found.time_s * ROOM).all()
    assert found.utilization * peak * found.time_s == pytest.approx(np.where(found.utilization > 0, found.macs, 0))


@given(any_plan, any_device)
def test_numbers_are_finite_and_never_negative(plan, device):
    """Every column and every total is a number from 0 up."""
    found = schedule_plan(plan, device)
    columns = (
        found.time_s, found.compute_s, found.vector_s, found.on_chip_s, found.memory_s, found.overhead_s,
        found.transfer_s, found.traffic_bytes, found.scores_traffic_bytes, found.live_bytes, found.macs,
        found.utilization,
    )  # fmt: skip
    for column in columns:
        assert len(column) == len(found)
        assert np.isfinite(column).all()
        assert (column >= -1e-9).all()
    assert found.host_s >= 0
    assert 0 <= found.weight_bytes <= found.peak_memory_bytes


@given(any_plan, any_device)
def test_terms_and_steps_add_up(plan, device):
    """A step is its terms, overlapped or not, with overhead and transfer; a call is its steps, link and runtime."""
    found = schedule_plan(plan, device)
    terms = np.array((found.compute_s, found.on_chip_s, found.vector_s, found.memory_s))
    rest = found.overhead_s + found.transfer_s + found.link_s
    assert (found.time_s <= (terms.sum(axis=0) + rest) * ROOM).all()
    joint = terms.max(axis=0) if device.overlap else terms.sum(axis=0)
    single = np.array([kind != "attention" for kind in found.kinds])
    assert found.time_s[single] == pytest.approx((joint + rest)[single])
    assert found.latency_s == pytest.approx(
        found.call_s + found.host_s + sum(found.layers[i].time_s for i in range(len(found)))
    )
    assert found.throughput_per_s == pytest.approx(found.batch / max(found.device_s, found.host_s, found.call_s))
    assert found.throughput_per_s * ROOM >= found.batch / found.latency_s


@given(any_plan, any_device)
def test_traffic_is_what_crosses_borders_at_most(plan, device):
    """On-chip memory takes bytes off the bus and adds none; without any, everything that crosses a border moves.

    Scores of an attention that is not fused cross it too.
    """
    table = work_table(plan)
    found = schedule(table, device)
    everything = (table.activation_bytes + table.weight_bytes + table.row_bytes) * table.repeats
    everything = everything + found.scores_traffic_bytes
    assert (found.traffic_bytes <= everything * ROOM).all()
    without = schedule(table, replace(device, usable_on_chip_bytes=0.0))
    assert without.traffic_bytes == pytest.approx(everything)


def test_unlimited_memory_leaves_only_what_a_call_brings():
    """With room for all, weights and activations stay; the input is read once, the output written once."""
    table = work_table(resnet50())
    found = schedule(table, replace(PLAIN, usable_on_chip_bytes=1e12))
    assert found.traffic_bytes.sum() == pytest.approx((3 * 224 * 224 + 1000) * 2)
    unpinned = schedule(table, replace(PLAIN, usable_on_chip_bytes=1e12, pins_weights=False))
    constants = table.weight_bytes.sum()
    assert unpinned.traffic_bytes.sum() == pytest.approx((3 * 224 * 224 + 1000) * 2 + constants)


def test_weights_are_pinned_with_what_activations_leave():
    """Half of the weights fit beside the largest working set: half of them move."""
    table = work_table(encoder(2, 64, 2, length=16))
    largest = table.residency.budgets[-1]
    device = replace(PLAIN, usable_on_chip_bytes=largest + table.pinnable_bytes / 2, memory_bandwidth_bytes_per_s=1e6)
    found = schedule(table, device)
    call_bytes = 2 * 16 * 64 * 2
    assert found.traffic_bytes.sum() == pytest.approx(call_bytes + table.weight_bytes.sum() / 2)


def test_activation_that_begins_to_fit_does_not_push_out_weights_that_pay_more():
    """Room that just suffices for a large activation is kept for weights where that is faster."""
    write = PlanWriter("int8")
    x = write.vector("Relu", write.input("x", (10, 100)))
    for _ in range(4):
        x = write.linear(x, 100)
    table = work_table(write.plan(write.vector("Expand", x, shape=(100, 100))))
    device = replace(PLAIN, dtype="int8", memory_bandwidth_bytes_per_s=1e6)
    small, large = table.residency.budgets[-2:]
    before, after = (schedule(table, replace(device, usable_on_chip_bytes=room)) for room in (large - 1, large))
    assert after.latency_s <= before.latency_s * ROOM
    pinned, last_output = large - small, 10 * 100
    assert after.traffic_bytes[1:5].sum() == pytest.approx(table.weight_bytes.sum() - pinned + last_output)


def test_tables_are_pinned_after_weights_that_are_read_whole():
    """An embedding table is the last to be kept on chip: few of its bytes are ever read."""
    write = PlanWriter()
    rows = write.vector("Gather", write.weight((1000, 64)), write.input("ids", (1, 8), "int64"), shape=(1, 8, 64))
    write.linear(rows, 64)
    table = work_table(write.plan())
    budget = table.residency.budgets[-1]
    for share, moved in ((0.0, 8 * 64 * 2), (0.25, 6 * 64 * 2), (1.0, 0)):
        room = budget + table.pinnable_bytes + share * table.table_bytes
        found = schedule(table, replace(PLAIN, usable_on_chip_bytes=room, memory_bandwidth_bytes_per_s=1e6))
        assert found.traffic_bytes[0] == pytest.approx(8 * 8 + moved)


def test_step_on_the_host_takes_its_transfers_and_a_call():
    """A fallback costs both ways over the link and the restart of the device; the host's arithmetic is excluded."""
    write = PlanWriter()
    x = write.vector("Relu", write.input("x", (1, 50000)))
    y = write.step("vector", write.node("Erf", [x], (1, 50000)), placement="host")
    found = schedule_plan(write.plan(write.vector("Relu", y)), PLAIN)
    assert found.time_s[1] == pytest.approx(2 * 100000 / 1e10 + 2e-5)
    assert found.bounds[1] == "host"
    assert found.utilization[1] == found.traffic_bytes[1] == 0
    assert found.excluded == ("host_compute",)
    assert found.latency_s == pytest.approx(2e-5 + 2 * 100000 / 1e10 + found.time_s.sum())


def test_attention_on_a_gpu_waits_for_its_last_wave():
    """A softmax runs on the units that have a block: 4 blocks on 16 units use a quarter of the vector lanes."""
    write = PlanWriter()
    q, k, v = (write.input(name, (1, 64, 128)) for name in "qkv")
    write.attention(q, k, v, heads=4)
    found = schedule_plan(write.plan(), replace(PLAIN, style="waves"))
    assert found.vector_s[0] == pytest.approx(4 * 6 * 4 * 64 * 64 / 1e11)


def test_depthwise_convolution_is_never_faster_than_the_matrix_peak():
    """However quick the vector units, a multiply-accumulate needs a multiplier."""
    write = PlanWriter()
    write.conv(write.input("x", (1, 8, 100, 100)), 8, 3, groups=8)
    found = schedule_plan(write.plan(), replace(PLAIN, vector_ops_per_s=1e18))
    assert found.vector_s[0] == pytest.approx(10000 * 8 * 9 / (16 * 64 * 1e9))


def test_view_takes_no_time():
    """What moves no bytes has no launch either."""
    write = PlanWriter()
    write.view(write.vector("Relu", write.input("x", (1, 64))), (8, 8))
    found = schedule_plan(write.plan(), PLAIN)
    assert found.time_s[1] == 0
    assert found.excluded == ()


@pytest.mark.parametrize(
    ("slow", "bound"),
    [
        ({"clock_hz": 1e3}, "compute"),
        ({"memory_bandwidth_bytes_per_s": 1e3}, "memory"),
        ({"on_chip_bandwidth_bytes_per_s": 1e3}, "on_chip"),
        ({"vector_ops_per_s": 1e3}, "vector"),
        ({"op_overhead_s": 1e3}, "overhead"),
    ],
)
@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("style", ["waves", "grid", "systolic"])
def test_bound_names_the_slowest_part(slow, bound, overlap, style):
    """What is made slow is what bounds, step by step and in all."""
    write = PlanWriter()
    write.linear(write.input("x", (64, 64)), 64, "Relu")
    found = schedule_plan(write.plan(), replace(ARRAY, style=style, overlap=overlap, **slow))
    assert found.bounds == (bound,)
    assert found.bound == bound
    assert bound in BOUNDS


def test_schedule_gives_the_layers_of_a_report():
    """Rows are built when somebody looks, and hold what the columns hold."""
    found = schedule_plan(resnet50(), PLAIN)
    layer = found.layers[0]
    assert (layer.name, layer.op, layer.group) == (found.names[0], "Conv+Relu", "matrix")
    assert (layer.macs, layer.time_s, layer.bound) == (112 * 112 * 64 * 147, found.time_s[0], found.bounds[0])
    assert sum(row.macs for row in found.layers) == found.macs.sum()


def test_empty_plan_takes_a_call():
    """A network that computes nothing still costs the call."""
    write = PlanWriter()
    write.view(write.input("x", (1, 8)), (8,))
    found = schedule_plan(write.plan(), PLAIN)
    assert found.latency_s == found.call_s + found.host_s
    assert found.device_s == 0
