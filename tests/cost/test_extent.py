"""Networks and devices out of any range: counted, or refused."""

from dataclasses import replace

import pytest

from npusdk.compiler.plan import Plan, Traits
from npusdk.cost import best_schedule, explain_step, schedule, schedule_plan, work_table
from npusdk.errors import ConfigError, ModelError
from npusdk.graph import Graph, Tensor
from tests.cost.blocks import decoder
from tests.cost.devices import ARRAY, PLAIN
from tests.cost.plans import PlanWriter, resnet50

DEVICES = [replace(ARRAY, style=style, overlap=overlap, longest_fused_keys=1)
           for style in ("waves", "grid", "systolic") for overlap in (True, False)]  # fmt: skip


def square(repeats=1, side=1 << 20):
    """Return the plan of one product of three square matrices: 2^60 multiply-accumulates."""
    write = PlanWriter()
    write.linear(write.input("x", (side, side)), side)
    return write.plan(traits=Traits(repeats={write.steps[0].name: repeats}))


def attention(batch, queries, keys):
    """Return the plan of one attention of two heads."""
    write = PlanWriter("fp16", batch)
    q, *kv = (write.input(name, (batch, n, 64)) for name, n in (("q", queries), ("k", keys), ("v", keys)))
    write.attention(q, *kv, heads=2)
    return write.plan()


def empty_layers():
    """Return the plan of a linear layer, a softmax, a cut and a join of nothing."""
    write = PlanWriter()
    x = write.vector("Softmax", write.linear(write.input("x", (0, 64)), 32, "Relu"))
    write.vector("Relu", write.join(*write.cut(x, 0, 32)))
    return write.plan()


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: f"{device.style}-{device.overlap}")
@pytest.mark.parametrize("plan", [empty_layers(), attention(0, 20, 30), attention(1, 20, 0), attention(1, 0, 20)],
                         ids=["layers", "no samples", "no keys", "no queries"])  # fmt: skip
def test_nothing_takes_launches_alone(plan, device):
    """Tensors without elements have no arithmetic; their steps are launched all the same."""
    found = schedule_plan(plan, device)
    assert found.macs.sum() == found.compute_s.sum() == found.vector_s.sum() == found.scores_traffic_bytes.sum() == 0
    assert found.overhead_s.sum() > 0
    assert found.latency_s < found.call_s + found.overhead_s.sum() + 1e-6
    assert [explain_step(found, index, device).gain >= 0 for index in range(len(found))]


def test_network_without_steps_takes_a_call():
    """What hands its input on has nothing to run."""
    graph = Graph("nothing", (), ("x",), ("x",), {"x": Tensor("x", "float32", (1, 2))}, {})
    found = schedule_plan(Plan(graph, "by hand", "fp16", 1, ()), PLAIN)
    assert (len(found), found.latency_s, found.peak_memory_bytes) == (0, found.call_s, 0)


@pytest.mark.parametrize("reads", [True, False])
def test_cache_that_nobody_reads_has_its_place_all_the_same(reads):
    """What stays between calls is in memory, whether or not this call looks at it."""
    write = PlanWriter()
    kept, x = write.input("kept", (1, 40)), write.input("x", (1, 40))
    y = write.vector("Add", x, kept) if reads else write.vector("Relu", x)
    table = work_table(write.plan(y, traits=Traits(resident=frozenset({"kept"}))))
    assert table.resident_bytes == 80
    assert table.step_live_bytes.tolist() == [80 + 80 + 80]
    assert schedule(table, PLAIN).cache_traffic_bytes.tolist() == [80 * reads]


def test_large_network_is_counted_exactly():
    """Products of 2^60 multiplications and tensors of 10^12 elements have their places in the columns."""
    found = schedule_plan(square(7), PLAIN)
    assert found.macs.tolist() == [7 * 2**60]
    assert found.utilization[0] <= 1
    write = PlanWriter("int8")
    write.vector("Relu", write.input("x", (10**6, 10**6)))
    assert schedule_plan(write.plan(), PLAIN).traffic_bytes.tolist() == [2e12]


@pytest.mark.parametrize(
    ("make", "count", "unit"),
    [
        (lambda: square(8), 2**63, "MAC"),
        (lambda: square(10**30), 10**30 * 2**60, "MAC"),
        (lambda: decoder(blocks=10**30), None, "MAC"),
        (lambda: _relu((10**10, 10**10)), 4 * 10**20, "byte"),
        (lambda: _viewed(2**63), 2**63, "step"),
    ],
    ids=["multiplications", "repeats", "blocks", "bytes", "steps"],
)
def test_network_that_cannot_be_counted_is_refused(make, count, unit):
    """Whole numbers of 64 bits do not wrap around: a network beyond them is refused, with its size."""
    plan = make()
    with pytest.raises(ModelError) as caught:
        work_table(plan)
    told = caught.value.params
    assert told["unit"] == unit
    assert told["count"] == count or count is None
    assert int(told["count"]) > told["most"] == 2**63 - 1


def _relu(shape):
    write = PlanWriter()
    write.vector("Relu", write.input("x", shape))
    return write.plan()


def _viewed(repeats):
    write = PlanWriter()
    write.view(write.input("x", (1, 8)), (8,))
    return write.plan(traits=Traits(repeats={write.steps[0].name: repeats}))


@pytest.mark.parametrize("amount", [5e-324, 1e-300, float("nan")])
@pytest.mark.parametrize(
    "figure",
    [
        "memory_bandwidth_bytes_per_s", "on_chip_bandwidth_bytes_per_s", "host_bandwidth_bytes_per_s",
        "vector_ops_per_s", "clock_hz",
    ],
)  # fmt: skip
@pytest.mark.parametrize("style", ["waves", "grid", "systolic"])
def test_figure_that_is_hardly_a_number_is_refused(style, figure, amount):
    """Neither infinities nor warnings: a device whose calls never end has a wrong figure."""
    with pytest.raises(ConfigError) as caught:
        schedule_plan(resnet50(), replace(ARRAY, style=style, **{figure: amount}))
    assert caught.value.params["device"] == "plain"


def test_single_sample_is_not_dealt_to_parts():
    """A batch of 1 runs on the whole device, whatever it can be split into; so does one on a device of one unit."""
    device = replace(PLAIN, partitions=(1, 2, 4))
    assert best_schedule(lambda batch: work_table(resnet50(batch=batch)), device, 1).partitions == 1
    single = replace(device, units=1, macs_per_unit_per_cycle=1024)
    assert best_schedule(lambda batch: work_table(resnet50(batch=batch)), single, 4).partitions == 1
