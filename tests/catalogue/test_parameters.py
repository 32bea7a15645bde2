"""Parameters of the cost model: from the data sheet, or by the written rule."""

import math
from dataclasses import fields

import pytest

from npusdk.catalogue import MISSING, PRECISIONS, CostParameters, cost_parameters, find_device, load_devices
from npusdk.catalogue.keys import BY_FORMAT
from npusdk.errors import ConfigError, PrecisionError

DEVICES = [device for device in load_devices().values() if device.kind != "reference"]
RATED = [
    (device.id, dtype)
    for device in DEVICES
    for dtype in PRECISIONS
    if f"macs_per_unit_per_cycle.{dtype}" in device.model
]
MAY_BE_ZERO = {
    "overlap",
    "usable_on_chip_bytes",
    "chunks_batch",
    "link_bandwidth_bytes_per_s",
    "launch_overhead_s",
    "longest_fused_keys",
    "array_rows",
    "array_columns",
}
CODES = {"assumed_parameter", "derived_parameter", "secondary_parameter", "class_default", "term_omitted"}


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
@pytest.mark.parametrize("dtype", [*PRECISIONS, "exact", "float32"])
def test_device_and_format_give_parameters_or_a_refusal(device, dtype):
    """Every device answers for every format: completely, or with what it has instead."""
    if (device.id, dtype) not in RATED:
        with pytest.raises(PrecisionError) as caught:
            cost_parameters(device, dtype)
        assert (caught.value.params["device"], caught.value.params["precision"]) == (device.id, dtype)
        assert caught.value.params["available"]
        return
    parameters = cost_parameters(device, dtype)
    numbers = {field.name: getattr(parameters, field.name) for field in fields(CostParameters)}
    assert {name for name, number in numbers.items() if number == 0} <= MAY_BE_ZERO
    assert {name for name, number in numbers.items() if number == math.inf} <= {"on_chip_bandwidth_bytes_per_s"}
    assert parameters.eta_compute <= 1
    assert parameters.eta_memory <= 1
    assert parameters.eta_vector <= 1


def test_rule_table_covers_every_parameter():
    """A parameter without a rule for its absence does not exist."""
    own = {"device", "dtype", "assumptions"}
    assert set(MISSING) == {field.name for field in fields(CostParameters)} - own
    for rule in MISSING.values():
        kinds = {"npu", "gpu", "ipu", "lpu"}
        assert (set(rule.values) == kinds) == (rule.action != "refuse" and not rule.parameter)


@pytest.mark.parametrize(("device", "dtype"), RATED)
def test_geometry_reaches_the_published_peak(device, dtype):
    """Units, rate and clock multiply to the published peak within 3 %."""
    spec = find_device(device)
    assert cost_parameters(spec, dtype).peak_ops_per_s == pytest.approx(spec.peak_ops_per_s(dtype), rel=0.03)


@pytest.mark.parametrize(("device", "dtype"), RATED)
def test_geometry_that_does_not_close_says_so(device, dtype):
    """Where units, rate and clock miss the published peak by more than 2 %, the figure carries a note."""
    spec = find_device(device)
    ratio = cost_parameters(spec, dtype).peak_ops_per_s / spec.peak_ops_per_s(dtype)
    note = spec.model[f"macs_per_unit_per_cycle.{dtype}"].note
    assert abs(ratio - 1) < 0.02 or "above the published peak" in note
    assert not device.startswith("rebellions-atom") or "does not close" in note


def test_format_without_a_rate_is_refused_with_what_there_is():
    """A format that the data sheet names and gives no rate for cannot be timed."""
    with pytest.raises(PrecisionError, match="has no public figure") as caught:
        cost_parameters(find_device("bertha"), "int8")
    assert caught.value.params["available"] == "fp16, fp8"
    assert caught.value.params["parameter"] == "macs_per_unit_per_cycle"


def test_format_that_the_hardware_lacks_is_refused_with_what_it_has():
    """Warboy multiplies int8 only."""
    with pytest.raises(PrecisionError, match="does not multiply in fp16") as caught:
        cost_parameters(find_device("warboy"), "fp16")
    assert caught.value.params["available"] == "int8"


@pytest.mark.parametrize(
    ("name", "dtype"), [("t4", "bf16"), ("rngd", "fp16"), ("graphcore-gc200", "int8"), ("graphcore-gc200", "fp8")]
)
def test_prototype_formats_that_the_data_sheet_denies_are_refused(name, dtype):
    """The data sheet decides which formats there are."""
    with pytest.raises(PrecisionError):
        cost_parameters(find_device(name), dtype)


def test_missing_off_chip_memory_is_the_host():
    """A card without memory of its own streams over the host link, and says that this is assumed."""
    parameters = cost_parameters(find_device("ipu"), "fp16")
    assert parameters.memory_bandwidth_bytes_per_s == parameters.host_bandwidth_bytes_per_s == 31.5e9
    assert ("memory_bandwidth_bytes_per_s", "assumed", "class_default") in parameters.assumptions


def test_missing_on_chip_figures_omit_their_terms():
    """Without a size nothing stays on chip; without a bandwidth the term is zero."""
    parameters = cost_parameters(find_device("hyperaccel-bertha-100"), "fp8")
    assert parameters.usable_on_chip_bytes == 0.0
    assert parameters.on_chip_bandwidth_bytes_per_s == math.inf
    omitted = {said.parameter for said in parameters.assumptions if said.how == "term_omitted"}
    assert omitted >= {"usable_on_chip_bytes", "on_chip_bandwidth_bytes_per_s", "tdp_w", "idle_w"}


@pytest.mark.parametrize(
    ("name", "dtype", "priors"),
    [
        ("h100", "fp16", ("waves", True, 0.60, 0.80, 4e-6)),
        ("rngd", "bf16", ("grid", True, 0.60, 0.80, 1.5e-6)),
        ("ipu", "fp16", ("grid", False, 0.60, 0.80, 1.5e-6)),
        ("lpu", "fp16", ("grid", True, 0.95, 0.90, 1.5e-6)),
    ],
)
def test_priors_are_those_of_the_class(name, dtype, priors):
    """Before calibration a device has the efficiency and overhead of its class."""
    had = cost_parameters(find_device(name), dtype)
    assert (had.style, had.overlap, had.eta_compute, had.eta_memory, had.op_overhead_s) == priors
    assert had.call_overhead_s == 30e-6


@pytest.mark.parametrize(("device", "dtype"), RATED)
def test_everything_assumed_is_said(device, dtype):
    """Each parameter is a vendor's or a measured figure, or stands among the assumptions, once and in order."""
    spec = find_device(device)
    parameters = cost_parameters(spec, dtype)
    said = [assumption.parameter for assumption in parameters.assumptions]
    assert said == [name for name in MISSING if name in said]
    for name in MISSING:
        key = f"{name}.{dtype}" if name in BY_FORMAT else {"idle_w": "idle_power_w"}.get(name, name)
        figure = spec.model.get(key) or spec.specs.get(key)
        unused = figure is None and MISSING[name].action == "unused"
        assert (name in said) == (not unused and (figure is None or figure.kind not in ("vendor", "measured")))
    for assumption in parameters.assumptions:
        assert assumption.how in CODES
        assert assumption.kind not in ("vendor", "measured")


def test_data_sheet_wins_over_assumptions():
    """Where the data sheet has a figure, it is the one that is used."""
    rngd = find_device("rngd")
    parameters = cost_parameters(rngd, "bf16")
    assert parameters.host_bandwidth_bytes_per_s == rngd.specs["host_bandwidth_bytes_per_s"].number == 30e9
    assert parameters.on_chip_bandwidth_bytes_per_s == 16.4e12
    assert (parameters.units, parameters.macs_per_unit_per_cycle, parameters.lanes) == (512, 256, 8)
    assert cost_parameters(find_device("h200"), "fp8").on_chip_bandwidth_bytes_per_s == 10e12


def test_usable_on_chip_memory_follows_the_written_share():
    """0.9 of a scratchpad, 0.5 of a two-part L2, 0.75 of the T4's."""
    usable = {name: cost_parameters(find_device(name), "fp16").usable_on_chip_bytes for name in ("a100", "h100", "t4")}
    assert usable == {"a100": 20 * 2**20, "h100": 25 * 2**20, "t4": 3 * 2**20}
    assert cost_parameters(find_device("rngd"), "bf16").usable_on_chip_bytes == math.floor(0.9 * 256 * 2**20)


def test_reference_has_no_cost():
    """The definition of the numbers is not a machine."""
    with pytest.raises(ConfigError, match="has no time"):
        cost_parameters(find_device("reference"), "fp32")
