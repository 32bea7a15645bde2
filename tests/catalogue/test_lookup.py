"""Finding a device, or a part of one, by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.catalogue import DeviceSpec, cost_parameters, device_ids, device_names, find_device, load_devices
from npusdk.errors import UnknownDeviceError
from npusdk.values import KINDS

PARTS = [f"{device.id}:{part.name}" for device in load_devices().values() for part in device.partitions]


@pytest.mark.parametrize("name", ["rngd", "RNGD", " Rngd ", "furiosa-rngd", "FURIOSA-RNGD"])
def test_name_is_read_as_people_write_it(name):
    """Case and spaces do not matter; the device is the same object each time."""
    assert find_device(name) is find_device("furiosa-rngd")


def test_unknown_name_is_answered_with_the_nearest():
    """A misspelt name gets the names that it may have meant, and all that there are."""
    with pytest.raises(UnknownDeviceError) as caught:
        find_device("rgnd")
    assert "rngd" in caught.value.params["nearest"]
    assert set(caught.value.params["choices"].split(", ")) == set(device_ids())
    assert "'rgnd'" in caught.value.text("en")


def test_name_like_nothing_is_answered_with_all():
    """A name that resembles none is still refused with the choices."""
    with pytest.raises(UnknownDeviceError) as caught:
        find_device("§" * 5000)
    assert not caught.value.params["nearest"]
    assert len(caught.value.text("en")) < 1500


@given(st.one_of(st.text(), st.builds("{}:{}".format, st.sampled_from(sorted(device_names())), st.text(max_size=9))))
def test_any_text_is_a_device_or_a_clear_refusal(name):
    """There is no third outcome."""
    try:
        outcome = find_device(name)
    except UnknownDeviceError as error:
        outcome = error
    assert isinstance(outcome, DeviceSpec) or (outcome.text("en") and outcome.hint)


@pytest.mark.parametrize(
    ("name", "device", "units", "memory"),
    [
        ("rngd:4pe", "furiosa-rngd:4pe", 256, 0.5),
        ("rngd:8PE", "furiosa-rngd:8pe", 512, 1.0),
        ("warboy:1pe", "furiosa-warboy:1pe", 64, 0.5),
        ("atom-max:1chip", "rebellions-atom-max:1chip", 8, 0.25),
        ("a100:1g.10gb", "nvidia-a100-sxm4-80gb:1g.10gb", 15, 0.125),
        ("h100:3g.40gb", "nvidia-h100-sxm:3g.40gb", 56, 0.5),
    ],
)
def test_part_has_its_share(name, device, units, memory):
    """A part has its fraction of units, memory and bandwidth, and the whole link to the host."""
    part, whole = find_device(name), find_device(name.split(":")[0])
    assert part.id == device
    here, there = (cost_parameters(spec, part.dtypes[-1] if part.kind != "gpu" else "fp16") for spec in (part, whole))
    assert here.units == units
    assert here.memory_bandwidth_bytes_per_s == pytest.approx(there.memory_bandwidth_bytes_per_s * memory)
    assert here.host_bandwidth_bytes_per_s == there.host_bandwidth_bytes_per_s
    assert here.clock_hz == there.clock_hz
    assert part.memory_bytes == pytest.approx(whole.memory_bytes * memory, abs=4)


@pytest.mark.parametrize("name", PARTS)
def test_part_is_never_more_than_the_whole_nor_better_known(name):
    """No figure of a part exceeds the device's, and none has a stronger kind."""
    part, whole = find_device(name), find_device(name.split(":")[0])
    assert part.partitions == ()
    assert sum(part.memory_pools) <= sum(whole.memory_pools)
    for specs, all_specs in ((part.specs, whole.specs), (part.model, whole.model)):
        assert specs.keys() <= all_specs.keys()
        for key, figure in specs.items():
            other = all_specs[key]
            assert KINDS.index(figure.kind) >= KINDS.index(other.kind), key
            if isinstance(figure.value, (int, float)):
                assert figure.value <= other.value, key


def test_price_of_a_part_is_not_invented():
    """Nobody publishes what a part of a card costs."""
    assert "rental_usd_per_h" in find_device("h100").specs
    assert "rental_usd_per_h" not in find_device("h100:1g.10gb").specs


def test_power_of_a_part_is_an_assumption():
    """Nobody publishes what a part of a card draws."""
    assert find_device("rngd").specs["tdp_w"].kind == "vendor"
    assert find_device("rngd:4pe").specs["tdp_w"].kind == "assumed"


@pytest.mark.parametrize(("name", "word"), [("rngd:3pe", "4pe"), ("rngd:", "4pe"), ("t4:1g.5gb", "nvidia-t4")])
def test_undocumented_part_is_refused(name, word):
    """A part that the catalogue does not document is refused with the parts that there are."""
    with pytest.raises(UnknownDeviceError) as caught:
        find_device(name)
    assert word in caught.value.text("en").split("hint:")[1]
