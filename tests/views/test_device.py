"""The device views: every figure with its unit, kind and source."""

import re

import pytest
from rich.cells import cell_len

from npusdk.catalogue import filter_devices, find_device
from npusdk.display import show
from npusdk.language import language_set_to
from npusdk.values import Sourced
from npusdk.views import text
from npusdk.views.text.device_page import show_value
from tests.views.corpus import HOSTILE

DEVICES = tuple(filter_devices())
BOTH = pytest.mark.parametrize("language", ["en", "ko"])


def dense(shown):
    """Return a text without its blanks, so that wrapping does not matter."""
    return re.sub(r"\s", "", shown)


@BOTH
@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_page_of_a_device_has_every_figure_with_its_source(device, language):
    """Each figure stands there with its value and the number of a source that is listed below."""
    with language_set_to(language):
        shown = text.device(device, width=200)
    sources = dense(shown.rsplit("\n\n", maxsplit=1)[1])
    for name, figure in {**device.specs, **device.model}.items():
        assert name in shown
        assert dense(figure.source) in sources
        assert dense(show_value(figure))[:20] in dense(shown)
    for rule in device.rules:
        assert dense(rule.sentence(language)) in dense(shown)
    for precision in device.precisions:
        assert precision.dtype in shown


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_page_of_a_device_numbers_its_sources_in_order(device):
    """Sources are numbered from one in the order in which they are first named, without a gap."""
    with language_set_to("en"):
        body, sources = text.device(device).rsplit("\nSources\n", maxsplit=1)
    named = list(dict.fromkeys(map(int, re.findall(r"\[(\d+)\]", body))))
    assert named == list(range(1, len(named) + 1))
    assert re.findall(r"^ +\[(\d+)\]", sources, re.MULTILINE) == list(map(str, named))


@BOTH
@pytest.mark.parametrize("width", [80, 100, 140])
def test_table_of_devices_has_a_line_for_each(language, width):
    """One line each, with the name that commands take."""
    with language_set_to(language):
        shown = text.devices(filter_devices(), width=width)
    assert max(map(cell_len, shown.splitlines())) <= width
    for device in DEVICES:
        assert re.search(rf"^  {re.escape(device.id)} ", shown, re.MULTILINE)


def test_table_of_no_devices_says_so():
    """An empty choice is a short answer, not an error."""
    with language_set_to("en"):
        assert text.devices(filter_devices(dtypes="fp64", kind="lpu")) == "Devices: 0\n"


def test_pools_that_are_not_one_are_said_apart():
    """Four memories of 16 GB are not one of 64."""
    with language_set_to("en"):
        assert "4 separate pools of 15.7 GiB" in text.device(find_device("atom-max"))
        assert "4 x 15.7 GiB" in text.devices([find_device("atom-max")])


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (48 * 2**30, "B", "48.0 GiB"), (1.5e12, "B/s", "1.50 TB/s"), (512e12, "op/s", "512 TOP/s"),
        (1e9, "Hz", "1.00 GHz"),
        (3e-6, "s", "3.00 us"), (150, "W", "150 W"), (2024, "year", "2024"), (10000, "USD", "10,000 USD"),
        (0.8, "", "0.8"), ("HBM3", "", "HBM3"), (("int8", "bf16"), "", "int8, bf16"),
    ],
)  # fmt: skip
def test_figures_are_written_in_the_units_people_use(value, unit, shown):
    """SI figures become gibibytes, terabytes a second and the like; other units stand beside their number."""
    assert show_value(Sourced(value=value, unit=unit, source="x", kind="vendor")) == shown


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_device_file_cannot_leave_its_place(case):
    """A device file from somebody else is shown like any other text from outside."""
    name = HOSTILE[case]
    figure = Sourced(value=name, source=name, kind="vendor", note=name)
    device = find_device("rngd").model_copy(
        update={"id": name, "name": name, "vendor": name, "aliases": (name,), "specs": {name: figure}}
    )
    assert text.device(device).replace("\n", "").isprintable()
    assert text.devices([device]).replace("\n", "").isprintable()


def test_devices_are_shown_by_the_table_of_views():
    """`show` finds the views of a device and of a list."""
    assert show(find_device("t4")) == text.device(find_device("t4"))
    assert show(filter_devices(kind="npu")) == text.devices(filter_devices(kind="npu"))
