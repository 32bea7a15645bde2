"""What the files say of power, energy, parts and links: complete, or absent on purpose."""

import pytest

from npusdk.catalogue import MODEL, PRECISIONS, cost_parameters, find_device, load_devices
from npusdk.catalogue.keys import ENERGY, MACS

DEVICES = {device.id: device for device in load_devices().values() if device.kind != "reference"}
UNPOWERED = {
    "graphcore-gc200": {"idle_w"},
    "graphcore-bow": {"idle_w"},
    "graphcore-c600": {"idle_w"},
    "hyperaccel-lpu-orion": {"idle_w"},
    "hyperaccel-bertha-500": {"idle_w"},
    "hyperaccel-bertha-100": {"tdp_w", "idle_w"},
}
"""Devices whose power nobody published, and what of it."""


@pytest.fixture(params=DEVICES.values(), ids=DEVICES)
def device(request):
    return request.param


def parameters_of(device):
    rated = [dtype for dtype in PRECISIONS if f"{MACS}.{dtype}" in device.model]
    return [cost_parameters(device, dtype) for dtype in rated]


def test_power_is_known_or_known_to_be_unknown(device):
    """Only the devices without a published figure lack one, and none is invented for them."""
    for found in parameters_of(device):
        lacking = {name for name in ("tdp_w", "idle_w") if getattr(found, name) is None}
        assert lacking == UNPOWERED.get(device.id, set())
        if not lacking:
            assert 0 < found.idle_w < found.tdp_w


def test_every_format_with_a_rate_has_an_energy_that_is_an_assumption(device):
    """Energies are nobody's data sheet: each is assumed, with the rule that made it."""
    rated = {name.partition(".")[2] for name in device.model if name.startswith(MACS)}
    energies = {name.partition(".")[2]: figure for name, figure in device.model.items() if name.startswith(ENERGY)}
    assert energies.keys() == rated
    for figure in (*energies.values(), device.model["memory_energy_j_per_byte"]):
        assert figure.kind == "assumed"
        assert figure.note
        assert 1e-14 < figure.number < 1e-9


def test_faster_format_never_costs_more_energy(device):
    """A format with a higher matrix rate takes at most the energy of a slower one."""
    known = sorted((found.macs_per_unit_per_cycle, -found.mac_energy_j) for found in parameters_of(device))
    assert [energy for _rate, energy in known] == sorted(energy for _rate, energy in known)


def test_boundary_of_the_power_is_said_where_there_is_power(device):
    """Whoever reads a TDP reads what it covers, from the same source and no surer."""
    if "tdp_w" not in device.specs:
        return
    boundary = device.model["power_boundary"]
    assert boundary.value in ("chip", "card", "system")
    assert boundary.note
    assert (boundary.source, boundary.kind) == (device.specs["tdp_w"].source, device.specs["tdp_w"].kind)
    assert (boundary.value == "system") == ("share" in device.specs["tdp_w"].note)


def test_shares_of_machines_are_not_cards():
    """IPUs in 1U machines and Orion are known by a share of a machine's power only."""
    shares = {device.id for device in DEVICES.values() if parameters_of(device)[0].power_boundary == "system"}
    assert shares == {"graphcore-gc200", "graphcore-bow", "hyperaccel-lpu-orion"}


def test_partitions_are_equal_parts_of_the_units(device):
    """A device divides into itself first, and into no more parts than its units allow."""
    for found in parameters_of(device):
        assert found.partitions[0] == 1
        assert list(found.partitions) == sorted(set(found.partitions))
        assert all(found.units % parts == 0 for parts in found.partitions)


def test_part_divides_into_what_is_left_of_the_parts():
    """Half of an RNGD divides into four PEs, one of its PEs not at all."""
    for name, partitions in (("rngd", (1, 2, 4, 8)), ("rngd:4pe", (1, 2, 4)), ("rngd:1pe", (1,)), ("warboy:1pe", (1,))):
        assert cost_parameters(find_device(name), find_device(name).dtypes[0]).partitions == partitions


def test_no_calibrated_value_is_in_a_device_file(device):
    """Efficiencies and overheads are priors or a calibration's, never a device's figure."""
    assert not {"eta_compute", "eta_memory", "op_overhead_s", "call_overhead_s", "active_share"} & device.model.keys()


def test_graphics_cards_have_links_of_their_kind():
    """SXM modules have half of NVLink's published rate in each direction; PCIe cards go over the host."""
    links = {
        name: cost_parameters(find_device(name), "fp16").link_bandwidth_bytes_per_s
        for name in DEVICES
        if "nvidia" in name
    }
    assert {name: link for name, link in links.items() if link} == {
        "nvidia-a100-sxm4-40gb": 300e9,
        "nvidia-a100-sxm4-80gb": 300e9,
        "nvidia-h100-sxm": 450e9,
        "nvidia-h200-sxm": 450e9,
    }


def test_every_name_of_the_model_is_used_or_a_rule_of_its_class():
    """The table of names holds no name that neither a file nor a teaching device uses, but those of the priors."""
    used = {name for device in (*DEVICES.values(), find_device("systolic-4x4")) for name in device.model}
    spare = {name for name in set(MODEL) - used if not name.startswith((MACS, ENERGY))}
    assert spare == {"pins_weights", "link_latency_s", "query_block", "active_share"}


def test_parameters_are_looked_up_once_for_each_device():
    """The same device gives the same object; one that differs in a figure, with the same name, gives its own."""
    device = find_device("rngd")
    assert cost_parameters(device, "bf16") is cost_parameters(device, "bf16")
    slower = device.model_copy(
        update={"model": {**device.model, "lanes": device.model["lanes"].model_copy(update={"value": 4})}}
    )
    assert (cost_parameters(slower, "bf16").lanes, cost_parameters(device, "bf16").lanes) == (4, 8)
