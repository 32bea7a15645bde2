"""Teaching devices: made by rule from their names, and never mistaken for products."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.catalogue import cost_parameters, device_ids, filter_devices, find_device, is_device_name
from npusdk.errors import PrecisionError, UnknownDeviceError

sizes = st.integers(1, 1024)
dataflows = st.sampled_from(["", "-os", "-ws", "-is"])


@given(sizes, sizes, dataflows)
def test_array_follows_from_its_name(rows, columns, dataflow):
    """Rows, columns and dataflow are those of the name, and the peak is two operations a cell and cycle."""
    device = find_device(f"systolic-{rows}x{columns}{dataflow}")
    found = cost_parameters(device, "int8")
    assert (found.style, found.array_rows, found.array_columns) == ("systolic", rows, columns)
    assert found.dataflow == (dataflow[1:] or "os")
    assert found.peak_ops_per_s == device.peak_ops_per_s("int8") == 2e9 * rows * columns


@given(sizes, sizes, dataflows, st.sampled_from(["int8", "bf16", "fp16", "fp32"]))
def test_array_loses_nothing_but_cycles(rows, columns, dataflow, dtype):
    """No efficiency, overhead or on-chip term adds to the cycles, and memory outruns what the edges take."""
    found = cost_parameters(find_device(f"systolic-{rows}x{columns}{dataflow}"), dtype)
    assert found.eta_compute == found.eta_memory == 1
    assert found.op_overhead_s == found.call_overhead_s == found.launch_overhead_s == 0
    assert found.on_chip_bandwidth_bytes_per_s == math.inf
    widest = 4
    assert found.memory_bandwidth_bytes_per_s >= 4 * widest * (rows + columns) * found.clock_hz


def test_every_figure_of_it_is_named_an_assumption():
    """Nothing of a teaching device is documented, and its power is unknown."""
    device = find_device("systolic-8x4-is")
    for figure in (*device.specs.values(), *device.model.values(), *device.rules, *device.precisions):
        assert figure.kind == "assumed"
        assert "teaching device" in figure.source
    found = cost_parameters(device, "fp16")
    assert (found.tdp_w, found.idle_w, found.mac_energy_j, found.memory_energy_j_per_byte) == (None,) * 4
    assert {"style", "array_rows", "dataflow", "clock_hz"} <= {said.parameter for said in found.assumptions}


def test_teaching_device_is_in_no_list():
    """Nobody compares a product with a textbook by asking for all devices."""
    find_device("systolic-16x16")
    assert not [name for name in device_ids() if "systolic" in name]
    assert not [device for device in filter_devices() if "systolic" in device.id]


def test_output_stationary_is_meant_when_nothing_is_said():
    """One array has one identifier, and is one object."""
    assert find_device(" Systolic-16x16-OS ") is find_device("systolic-16x16")
    assert find_device("systolic-16x16").id == "systolic-16x16"
    assert find_device("systolic-16x16-ws").id == "systolic-16x16-ws"
    assert pickle.loads(pickle.dumps(find_device("systolic-16x16"))) == find_device("systolic-16x16")  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "name", ["systolic-0x4", "systolic-1025x4", "systolic-4x9999", "systolic-16", "systolic-4x4-xs"]
)
def test_array_beyond_the_rule_is_refused_with_the_rule(name):
    """The refusal says the limit and shows a name that works."""
    with pytest.raises(UnknownDeviceError, match="1 to 1024") as caught:
        find_device(name)
    assert find_device(caught.value.hint.split()[1].strip(",")).id == "systolic-16x16"


def test_array_has_no_parts_and_no_other_formats():
    """A teaching device is whole, and multiplies in the formats that it says."""
    with pytest.raises(UnknownDeviceError, match="no documented part"):
        find_device("systolic-16x16:1pe")
    with pytest.raises(PrecisionError, match="does not multiply in fp8"):
        cost_parameters(find_device("systolic-16x16"), "fp8")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("rngd", True), (" RNGD:4pe", True), ("systolic-2x2", True), ("systolic-0x0", True), ("rgnd", False), ("", False)],
)
def test_word_is_known_as_a_device_before_its_file_is_read(name, meant):
    """A command line tells a device from another word, a teaching device too."""
    assert is_device_name(name) is meant
