"""Between devices: all-reduce of a sharded network, and sending between stages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost import all_reduce_s, schedule, send_s, work_table
from tests.cost.blocks import BLOCKS, PROJECTION, WIDTH, decoder
from tests.cost.devices import PLAIN, any_device, magnitudes

LINKED = replace(PLAIN, link_bandwidth_bytes_per_s=1e11, link_latency_s=2e-6)

sizes = st.floats(1, 1e9)
devices = st.integers(1, 64)


@given(sizes, any_device)
def test_all_reduce_over_one_device_takes_nothing(size, device):
    """A device alone has the sum already."""
    assert all_reduce_s(size, 1, device) == 0


def test_all_reduce_takes_the_better_of_two_ways():
    """Small messages go to everyone at once, large ones round the ring."""
    assert all_reduce_s(1e3, 8, LINKED) == pytest.approx(2 * 2e-6 + 14 * 1e3 / 1e11)
    assert all_reduce_s(1e8, 8, LINKED) == pytest.approx(14 * 2e-6 + 14 / 8 * 1e8 / 1e11)
    assert all_reduce_s(np.array([0.0, 1e3]), 8, LINKED)[0] == 0


@given(sizes, devices, magnitudes(8, 12), st.floats(1, 8))
def test_all_reduce_grows_with_size_and_devices_and_shrinks_with_bandwidth(size, n, bandwidth, factor):
    """More bytes or devices never take less, a faster link never more; the ring is never beaten by its own bytes."""
    device = replace(LINKED, link_bandwidth_bytes_per_s=bandwidth)
    taken = all_reduce_s(size, n, device)
    room = 1 + 1e-12
    assert all_reduce_s(size * factor, n, device) * room >= taken
    assert all_reduce_s(size, n + 1, device) * room >= taken
    assert all_reduce_s(size, n, replace(device, link_bandwidth_bytes_per_s=bandwidth * factor)) <= taken * room
    assert taken * room >= 2 * (n - 1) / n * size / bandwidth


def test_devices_without_a_link_talk_over_the_host_link():
    """Where there is no link between devices, its bandwidth is the host link's."""
    bare = replace(LINKED, link_bandwidth_bytes_per_s=0.0)
    assert all_reduce_s(1e8, 4, bare) == pytest.approx(6 * 2e-6 + 1.5 * 1e8 / PLAIN.host_bandwidth_bytes_per_s)
    assert send_s(1e6, bare) == pytest.approx(2e-6 + 1e6 / PLAIN.host_bandwidth_bytes_per_s)
    assert send_s(1e6, LINKED) == pytest.approx(2e-6 + 1e6 / 1e11)


@given(any_device, devices)
def test_steps_with_partial_sums_take_an_all_reduce_each_time(device, shards):
    """Every repeat of a step that is reduced adds one all-reduce of its result, and nothing else changes."""
    alone, shared = (
        schedule(work_table(decoder(reduced=frozenset({PROJECTION}), shards=n)), device) for n in (1, shards)
    )
    expected = all_reduce_s(32 * WIDTH * 2, shards, device)
    assert shared.link_s.tolist() == pytest.approx([0, 0, 0, BLOCKS * float(expected), 0])
    assert shared.time_s == pytest.approx(alone.time_s + shared.link_s)
    assert alone.link_s.tolist() == [0] * 5


def test_slow_link_bounds_the_step():
    """Where the all-reduce takes the largest part, the link is what bounds."""
    table = work_table(decoder(reduced=frozenset({PROJECTION}), shards=4))
    found = schedule(table, replace(LINKED, link_bandwidth_bytes_per_s=1e3))
    assert found.bounds[3] == found.bound == "link"
    assert "link" not in schedule(table, replace(LINKED, link_latency_s=0.0, link_bandwidth_bytes_per_s=1e15)).bounds
