"""Choosing devices by what they are, and showing the choice."""

import pytest

from npusdk.catalogue import DeviceList, filter_devices, find_device
from npusdk.errors import ConfigError, DtypeError


def ids(devices):
    return [device.id for device in devices]


def test_no_condition_gives_the_22():
    """All devices of the catalogue, without the reference."""
    assert len(filter_devices()) == 22
    assert "reference" not in ids(filter_devices())


def test_conditions_narrow_and_combine():
    """Each condition holds for every device that is returned, and no other device meets all."""
    chosen = filter_devices(kind="gpu", dtypes=["fp8", "bf16"], min_memory="100 GB")
    assert ids(chosen) == ["nvidia-h200-sxm"]
    assert ids(filter_devices("furiosa")) == ["furiosa-rngd", "furiosa-warboy"]
    assert ids(filter_devices("FuriosaAI", dtypes="int4")) == ["furiosa-rngd"]
    assert ids(filter_devices(kind="lpu", availability="current")) == ["hyperaccel-lpu-orion"]
    assert ids(filter_devices(kind="npu", min_memory=48 * 10**9)) == [
        "furiosa-rngd",
        "rebellions-atom-max",
        "rebellions-rebel-quad",
    ]
    assert len(filter_devices(dtypes=["int8", "fp64", "fp4"])) == 0


@pytest.mark.parametrize(
    ("conditions", "error", "choice"),
    [
        ({"vendor": "intel"}, ConfigError, "FuriosaAI"),
        ({"kind": "tpu"}, ConfigError, "npu"),
        ({"availability": "sold"}, ConfigError, "end_of_life"),
        ({"min_memory": "much"}, ConfigError, "48GiB"),
        ({"dtypes": "float16"}, DtypeError, "fp16"),
    ],
)
def test_condition_that_nothing_can_meet_is_refused(conditions, error, choice):
    """A misspelt condition is an error with the choices, not an empty list."""
    with pytest.raises(error) as caught:
        filter_devices(**conditions)
    assert choice in caught.value.text("en")


def test_list_is_an_immutable_sequence():
    """It can be indexed, cut, searched and compared, not changed."""
    chosen = filter_devices(kind="ipu")
    assert chosen[0] in chosen
    assert isinstance(chosen[:2], DeviceList)
    assert ids(chosen[1:]) == ids(chosen)[1:]
    assert chosen == filter_devices(kind="ipu")
    assert hash(chosen) == hash(filter_devices(kind="ipu"))
    assert chosen != filter_devices(kind="npu")
    with pytest.raises(TypeError):
        chosen[0] = None


def test_list_shows_as_a_table():
    """One line for each device under a heading; what nobody published is a dash."""
    lines = repr(filter_devices()).splitlines()
    assert len(lines) == 23
    assert lines[0].split()[:3] == ["device", "name", "kind"]
    shown = repr(DeviceList([find_device("atom-max"), find_device("ipu"), find_device("rngd")])).splitlines()
    assert "4 x 15.7 GiB" in shown[1]
    assert "-" in shown[2].split()
    assert "512 TFLOPS fp8" in shown[3]


def test_table_shows_the_rate_that_software_reaches():
    """A peak in a format that public software does not reach is not what a device is known by."""
    assert find_device("rngd").peak_ops_per_s("int4") > find_device("rngd").peak_ops_per_s("fp8")
    assert "int4" not in repr(DeviceList([find_device("rngd")]))
