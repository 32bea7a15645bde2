"""Power and energy: laws for any network on any device, sums by hand, and what is not known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.catalogue import PRECISIONS, cost_parameters, load_devices
from npusdk.cost import schedule_plan
from npusdk.cost.power import LOWEST_CLOCK, apply_power
from npusdk.cost.schedule import HOST
from tests.cost.devices import PLAIN, any_device, magnitudes
from tests.cost.networks import any_plan
from tests.cost.plans import PlanWriter, resnet50

ROOM = 1 + 1e-9
"""Relative room for rounding."""

FIGURES = ("tdp_w", "idle_w", "mac_energy_j", "memory_energy_j_per_byte")
POWERED = replace(
    PLAIN, tdp_w=100.0, idle_w=20.0, active_share=0.25, mac_energy_j=1e-12, memory_energy_j_per_byte=1e-10
)
"""Draws 20 W idle and 40 W with a kernel; 60 W are left for the work."""


def with_power(device, tdp_w, idle, *rest):
    """Return `device` with its figures of power; `idle` is a share of `tdp_w`."""
    share, mac_j, byte_j = rest
    return replace(
        device,
        tdp_w=tdp_w,
        idle_w=idle * tdp_w,
        active_share=share,
        mac_energy_j=mac_j,
        memory_energy_j_per_byte=byte_j,
    )


shares = st.one_of(st.just(0.0), st.floats(1e-3, 1.0))

powered_device = st.builds(
    with_power,
    any_device,
    magnitudes(0, 3),
    shares,
    shares,
    st.one_of(st.just(0.0), magnitudes(-14, -9)),
    st.one_of(st.just(0.0), magnitudes(-12, -8)),
)
"""Devices of any power, also with energies that no such device could have."""


def linear():
    """Return the plan of one linear layer: 64 x 512 x 512, 2^24 multiply-accumulates, in fp16."""
    write = PlanWriter("fp16", 1)
    return write.plan(write.linear(write.input("x", (64, 512)), 512))


@given(any_plan, powered_device)
def test_power_is_never_above_the_limit_nor_below_idle(plan, device):
    """A call alone, calls one after another, and the steps together draw at most the TDP and at least idle power."""
    found = apply_power(schedule_plan(plan, device), device)
    for power_w in (found.power_w, found.sustained_power_w):
        assert device.idle_w / ROOM <= power_w <= device.tdp_w
    assert found.layer_energy_j.sum() <= device.tdp_w * found.device_s * ROOM
    assert (found.layer_energy_j >= device.idle_w * found.time_s / ROOM).all()


@given(any_plan, powered_device)
def test_energy_is_the_sum_of_the_steps_and_of_idling(plan, device):
    """Energy is additive over steps; what remains of a call is idle. Power times time is energy."""
    times = schedule_plan(plan, device)
    found = apply_power(times, device)
    idle_j = device.idle_w * (times.call_s + times.host_s)
    assert found.energy_j == pytest.approx(found.layer_energy_j.sum() + idle_j, rel=1e-9)
    assert found.energy_j == pytest.approx(found.power_w * found.latency_s, rel=1e-12)


@given(any_plan, powered_device)
def test_limit_never_makes_anything_faster(plan, device):
    """No step, call or stream of calls gains from a limit, and no clock falls below the lowest."""
    times = schedule_plan(plan, device)
    found = apply_power(times, device)
    assert 1.0 <= found.stretch <= 1.0 / LOWEST_CLOCK
    assert (found.time_s >= times.time_s).all()
    assert found.latency_s >= times.latency_s
    assert found.throughput_per_s <= times.throughput_per_s
    assert found.latency_s <= times.latency_s / LOWEST_CLOCK * ROOM


@given(any_plan, powered_device)
def test_off_chip_time_does_not_stretch(plan, device):
    """A step that waits for its memory keeps its time until the slowed core takes longer; nor does overhead stretch."""
    times = schedule_plan(plan, device)
    found = apply_power(times, device)
    terms = np.array((times.compute_s, times.vector_s, times.on_chip_s))
    core_s = terms.max(axis=0) if device.overlap else terms.sum(axis=0)
    waits = found.stretch * core_s <= times.memory_s if device.overlap else core_s == 0
    assert (found.time_s[waits] == times.time_s[waits]).all()
    assert (found.time_s <= times.time_s + (found.stretch - 1) * core_s * ROOM).all()


@given(any_plan, powered_device)
def test_core_slows_no_more_than_the_limit_asks(plan, device):
    """A device whose core is slowed, but not to its lowest clock, draws its TDP while kernels run."""
    times = schedule_plan(plan, device)
    found = apply_power(times, device)
    active_w = device.idle_w + device.active_share * (device.tdp_w - device.idle_w)
    busy_s = found.time_s[times.bound_codes != HOST].sum()
    if 1 < found.stretch < 1 / LOWEST_CLOCK:
        assert found.work_j.sum() + active_w * busy_s == pytest.approx(device.tdp_w * busy_s, rel=1e-6)
    if found.stretch == 1:
        assert found.time_s.tolist() == times.time_s.tolist()


@given(any_plan, powered_device, st.floats(0.1, 1))
def test_limit_holds_for_parts_that_are_done_sooner(plan, device, share):
    """A device split into parts, faster together than the whole, keeps its limit and gains nothing from it."""
    times = replace(schedule_plan(plan, device), partitions=2)
    times = replace(times, part_s=times.device_s * share)
    found = apply_power(times, device)
    assert device.idle_w / ROOM <= found.sustained_power_w <= device.tdp_w
    assert found.throughput_per_s <= times.throughput_per_s * ROOM
    assert times.part_s <= found.busy_s * ROOM
    assert found.busy_s <= times.part_s / LOWEST_CLOCK * ROOM
    if found.stretch == 1 and found.busy_s > times.part_s * ROOM and found.busy_s * LOWEST_CLOCK * ROOM < times.part_s:
        room_w = (device.tdp_w - device.idle_w) * (1 - device.active_share)
        assert found.busy_s * room_w == pytest.approx(found.work_j.sum())


@given(any_plan, powered_device, st.floats(1, 10))
def test_higher_limit_is_never_slower(plan, device, factor):
    """More watts never cost time."""
    times = schedule_plan(plan, device)
    higher = replace(device, tdp_w=device.tdp_w * factor)
    assert apply_power(times, higher).latency_s <= apply_power(times, device).latency_s * ROOM


@given(any_plan, powered_device, st.sampled_from(["waves", "grid"]))
def test_range_holds_the_energy_between_idle_and_limit(plan, device, style):
    """An energy lies in its range, and the range between idle power and TDP; a GPU's is at most 40 % wide."""
    device = replace(device, style=style)
    found = apply_power(schedule_plan(plan, device), device)
    low_j, high_j = found.energy_low_j, found.energy_high_j
    assert low_j / ROOM <= found.energy_j <= high_j * ROOM
    assert device.idle_w * found.latency_s / ROOM <= low_j
    assert high_j <= device.tdp_w * found.latency_s * ROOM
    if style == "waves":
        assert found.basis == "gpu_energy"
        assert low_j * ROOM >= 0.6 * found.energy_j
        assert high_j <= 1.4 * found.energy_j * ROOM
    else:
        assert found.basis == "tdp_bound"
        assert (low_j, high_j) == pytest.approx((device.idle_w * found.latency_s, device.tdp_w * found.latency_s))


def test_power_of_one_layer_is_the_sum_by_hand():
    """Idle power, the share of a running kernel, and the energies of the work, over the time of each."""
    times = schedule_plan(linear(), POWERED)
    found = apply_power(times, POWERED)
    work_j = 2**24 * 1e-12 + times.traffic_bytes.sum() * 1e-10
    assert found.stretch == 1
    assert found.energy_j == pytest.approx(20 * times.latency_s + 20 * times.device_s + work_j)
    assert found.work_j.sum() == pytest.approx(work_j)


def test_stretch_of_one_layer_is_the_quotient_by_hand():
    """Compute-bound work of 120 W with room for 60 W takes its matrix time twice, and its overhead once."""
    free = replace(POWERED, op_overhead_s=0.0, memory_energy_j_per_byte=0.0)
    times = schedule_plan(linear(), free)
    assert times.bounds == ("compute",)
    device = replace(free, mac_energy_j=120 * times.device_s / 2**24)
    found = apply_power(times, device)
    assert found.stretch == pytest.approx(2)
    assert found.device_s == pytest.approx(2 * times.compute_s.sum())
    assert found.sustained_power_w == pytest.approx(100)


def test_power_that_no_clock_can_hold_is_cut_off_at_the_limit():
    """Energies beyond what the lowest clock allows are wrong; the TDP is not."""
    device = replace(POWERED, mac_energy_j=1.0)
    found = apply_power(schedule_plan(linear(), device), device)
    assert found.stretch == 1 / LOWEST_CLOCK
    assert found.layer_energy_j.sum() == pytest.approx(100 * found.device_s)


@pytest.mark.parametrize("figure", FIGURES)
def test_missing_figure_is_named_and_nothing_is_invented(figure):
    """Without a figure there are times and no watts, no joules and no range."""
    device = replace(POWERED, **{figure: None})
    times = schedule_plan(linear(), device)
    found = apply_power(times, device)
    assert (found.missing, found.basis) == ((figure,), "no_power_figures")
    assert (found.power_w, found.sustained_power_w, found.energy_j, found.layer_energy_j) == (None,) * 4
    assert (found.energy_low_j, found.energy_high_j) == (None, None)
    assert (found.latency_s, found.throughput_per_s) == (times.latency_s, times.throughput_per_s)


DEVICES = [device for device in load_devices().values() if device.kind != "reference"]
RATED = [
    (device, dtype) for device in DEVICES for dtype in PRECISIONS if f"macs_per_unit_per_cycle.{dtype}" in device.model
]


@pytest.mark.parametrize(("device", "dtype"), RATED, ids=lambda value: getattr(value, "id", value))
def test_device_of_the_catalogue_has_power_or_says_what_is_missing(device, dtype):
    """Each device is powered in each format, but for those whose idle power or TDP nobody published."""
    parameters = cost_parameters(device, dtype)
    found = apply_power(
        schedule_plan(resnet50(dtype if dtype in ("fp16", "int8") else "fp16", 8), parameters), parameters
    )
    published = {"tdp_w", "idle_power_w"} <= {*device.specs, *device.model}
    assert (found.energy_j is not None) == published
    assert set(found.missing) <= {"tdp_w", "idle_w"}
    if published:
        assert parameters.idle_w < found.power_w <= parameters.tdp_w
