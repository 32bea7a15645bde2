"""Why a step takes its time, and what would change it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from npusdk.cost import explain_step, schedule, schedule_plan, work_table
from npusdk.report import BOUNDS
from tests.cost.blocks import PROJECTION, decoder
from tests.cost.devices import ARRAY, PLAIN, any_device
from tests.cost.networks import any_plan
from tests.cost.plans import PlanWriter
from tests.cost.test_schedule import ROOM


def linear(rows=64, columns=64, **figures):
    """Return the schedule of one linear layer of 64 features, and its device."""
    write = PlanWriter()
    write.linear(write.input("x", (rows, 64)), columns, "Relu")
    device = replace(ARRAY, style="grid", **figures)
    return schedule_plan(write.plan(), device), device


@pytest.mark.parametrize(
    ("figures", "bound", "change"),
    [
        ({"clock_hz": 1e3}, "compute", "lower_precision"),
        ({"clock_hz": 1e3, "rows": 1, "columns": 1}, "compute", "larger_batch"),
        ({"memory_bandwidth_bytes_per_s": 1e3, "rows": 2}, "memory", "larger_batch"),
        ({"memory_bandwidth_bytes_per_s": 1e3}, "memory", "more_bandwidth"),
        ({"memory_bandwidth_bytes_per_s": 1e3, "usable_on_chip_bytes": 9e3}, "memory", "on_chip_memory"),
        ({"on_chip_bandwidth_bytes_per_s": 1e3}, "on_chip", "on_chip_bandwidth"),
        ({"vector_ops_per_s": 1e3}, "vector", "fewer_elementwise"),
        ({"op_overhead_s": 1e3}, "overhead", "fewer_operators"),
    ],
)
@pytest.mark.parametrize("overlap", [True, False])
def test_change_answers_the_bound(figures, bound, change, overlap):
    """Whatever is slow is named, with what would make it quicker, and most of the time would go with it."""
    found, device = linear(**figures, overlap=overlap)
    told = explain_step(found, 0, device)
    assert (told.bound, told.change) == (bound, change)
    assert told.gain == pytest.approx(0.5, rel=0.05)
    assert told.margin > 10
    assert told.shares[bound] == max(told.shares.values()) == pytest.approx(1.0, rel=0.05)


def test_cache_of_a_long_context_bounds_decoding():
    """Where keys and values are most of what a step reads, a smaller cache is what helps."""
    plan, device = decoder(queries=1, context=4000), replace(PLAIN, memory_bandwidth_bytes_per_s=1e6)
    told = explain_step(schedule(work_table(plan), device), 2, device)
    assert (told.bound, told.change) == ("memory", "smaller_cache")


def test_link_and_host_are_told():
    """A slow all-reduce asks for a faster link, a fallback for an operator that the device has."""
    table = work_table(decoder(reduced=frozenset({PROJECTION}), shards=4))
    device = replace(PLAIN, link_bandwidth_bytes_per_s=1e3)
    assert explain_step(schedule(table, device), 3, device).change == "faster_link"
    write = PlanWriter()
    x = write.vector("Relu", write.input("x", (1, 50)))
    y = write.step("vector", write.node("Erf", [x], (1, 50)), placement="host")
    told = explain_step(schedule_plan(write.plan(write.vector("Relu", y)), PLAIN), 1, PLAIN)
    assert (told.bound, told.change) == ("host", "supported_operators")


def test_single_term_has_no_other_beside_it():
    """A margin over nothing is infinite."""
    write = PlanWriter()
    write.vector("Relu", write.input("x", (1, 64)))
    free = {"vector_ops_per_s": float("inf"), "on_chip_bandwidth_bytes_per_s": float("inf"), "op_overhead_s": 0.0}
    assert schedule_plan(write.plan(), replace(PLAIN, **free)).margin.tolist() == [float("inf")]


def test_step_without_time_has_nothing_to_explain():
    """A view is no slower than it could be."""
    write = PlanWriter()
    write.view(write.vector("Relu", write.input("x", (1, 64))), (8, 8))
    told = explain_step(schedule_plan(write.plan(), PLAIN), 1, PLAIN)
    assert (told.change, told.gain, told.margin) == ("nothing", 0.0, 1.0)


@given(any_plan, any_device)
def test_explanations_agree_with_the_columns(plan, device):
    """Shares are the terms over the time; a halved term saves at most half of it, and never more than it took."""
    found = schedule_plan(plan, device)
    assert (found.margin >= 1).all()
    assert list(found.terms_s) == list(BOUNDS)
    for index in range(len(found)):
        told = explain_step(found, index, device)
        assert 0 <= told.gain <= 0.5 * ROOM
        assert told.gain <= told.shares[told.bound] / 2 * ROOM
        if found.time_s[index]:
            assert told.shares["compute"] == pytest.approx(found.compute_s[index] / found.time_s[index])
            assert sum(told.shares.values()) * ROOM >= 1


@given(any_plan, any_device)
def test_traffic_has_parts(plan, device):
    """Constants and what is resident are parts of the traffic."""
    found = schedule_plan(plan, device)
    assert (found.constant_traffic_bytes + found.cache_traffic_bytes <= found.traffic_bytes * ROOM + 1e-6).all()
    assert (found.constant_traffic_bytes[np.array(found.kinds) == "view"] == 0).all()


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("figure", ["clock_hz", "memory_bandwidth_bytes_per_s", "vector_ops_per_s"])
@pytest.mark.parametrize("lag", [1.5, 8.0])
def test_predicted_gain_is_what_a_device_twice_as_fast_gives(figure, overlap, lag):
    """Halving the largest term by a better device saves what was predicted, up to the next term."""
    balanced = {"clock_hz": 2e6, "memory_bandwidth_bytes_per_s": 1e8, "vector_ops_per_s": 3e7}
    slow = {**balanced, figure: balanced[figure] / lag}
    found, device = linear(overlap=overlap, **slow)
    after, _ = linear(overlap=overlap, **{**slow, figure: 2 * slow[figure]})
    saved = 1 - float(after.time_s[0] / found.time_s[0])
    assert explain_step(found, 0, device).gain == pytest.approx(saved)
