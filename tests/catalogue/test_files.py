"""The device files: complete, in form, and never more certain than their sources."""

import copy
import pickle
from importlib.resources import files

import pytest

from npusdk.catalogue import PRECISIONS, SPECS, DeviceSpec, device_ids, device_names, find_device, load_devices
from npusdk.catalogue.files import read_device
from npusdk.errors import ConfigError
from npusdk.values import KINDS

IDS = (
    "furiosa-warboy",
    "furiosa-rngd",
    "rebellions-atom",
    "rebellions-atom-plus",
    "rebellions-atom-plus-ca22",
    "rebellions-atom-max",
    "rebellions-rebel-quad",
    "hyperaccel-lpu-orion",
    "hyperaccel-bertha-500",
    "hyperaccel-bertha-100",
    "nvidia-t4",
    "nvidia-a100-pcie-40gb",
    "nvidia-a100-sxm4-40gb",
    "nvidia-a100-pcie-80gb",
    "nvidia-a100-sxm4-80gb",
    "nvidia-h100-pcie",
    "nvidia-h100-sxm",
    "nvidia-h200-sxm",
    "nvidia-l40s",
    "graphcore-gc200",
    "graphcore-c600",
    "graphcore-bow",
    "reference",
)
ALIASES = {
    "warboy": "furiosa-warboy",
    "rngd": "furiosa-rngd",
    "atom": "rebellions-atom-plus-ca22",
    "atom-max": "rebellions-atom-max",
    "rebel-quad": "rebellions-rebel-quad",
    "lpu": "hyperaccel-lpu-orion",
    "bertha": "hyperaccel-bertha-500",
    "t4": "nvidia-t4",
    "a100": "nvidia-a100-sxm4-80gb",
    "h100": "nvidia-h100-sxm",
    "h200": "nvidia-h200-sxm",
    "l40s": "nvidia-l40s",
    "ipu": "graphcore-c600",
}
AT_MOST = {
    "npusdk: assumption": "assumed",
    "no source read": "assumed",
    "no source that was read": "assumed",
    "no public document": "assumed",
    "derived": "derived",
    "absent from": "derived",
    "(secondary": "secondary",
    "secondary)": "secondary",
    "quoted in": "secondary",
    "cross-checked": "secondary",
    "(news)": "secondary",
    "sample `": "secondary",
}
"""What a source says of itself -> the strongest kind that a figure from it may have."""


def rows_of(device):
    """Every sourced row of a device: figures, precisions, rules, partitions."""
    figures = {f"specs.{name}": figure for name, figure in device.specs.items()}
    figures |= {f"model.{name}": figure for name, figure in device.model.items()}
    figures["availability"] = device.availability
    figures |= {f"precisions.{row.dtype}": row for row in device.precisions}
    figures |= {f"rules.{row.code}": row for row in device.rules}
    return figures | {f"partitions.{row.name}": row for row in device.partitions}


@pytest.fixture(params=IDS)
def device(request):
    return load_devices()[request.param]


def test_catalogue_is_what_was_promised():
    """The identifiers are those of the contract, no more and no fewer, in alphabetical order."""
    assert device_ids() == tuple(load_devices()) == tuple(sorted(IDS))


def test_aliases_are_those_of_the_contract():
    """Each short name means one device, and there is no other short name."""
    assert {name: device for name, device in device_names().items() if name != device} == ALIASES
    assert {alias for device in load_devices().values() for alias in device.aliases} == set(ALIASES)


def test_file_is_named_by_its_device(device):
    """One device is one data file, whose name is the identifier."""
    assert (files("npusdk.catalogue") / "devices" / f"{device.id}.toml").is_file()
    assert find_device(device.id) is device


def test_every_figure_says_where_it_comes_from_and_how_sure_it_is(device):
    """No figure without a source in full and a kind."""
    for name, row in rows_of(device).items():
        assert len(row.source) > 8, name
        assert row.kind in KINDS, name


def test_no_kind_is_stronger_than_its_source_allows(device):
    """What was derived, quoted, sampled or assumed never appears as the vendor's own or as measured."""
    for name, row in rows_of(device).items():
        for mark, strongest in AT_MOST.items():
            if mark in row.source:
                assert KINDS.index(row.kind) >= KINDS.index(strongest), (name, row.source, row.kind)


@pytest.mark.parametrize(
    ("name", "figure", "kind"),
    [
        ("lpu", "peak_fp16_ops_per_s", "assumed"),
        ("lpu", "dtypes", "assumed"),
        ("rngd", "list_price_usd", "assumed"),
        ("rngd", "memory_usable_bytes", "secondary"),
        ("rngd", "on_chip_bandwidth_bytes_per_s", "derived"),
        ("rngd", "memory_bandwidth_bytes_per_s", "vendor"),
        ("rebellions-atom", "peak_int8_ops_per_s", "assumed"),
        ("atom", "sram_total_bytes", "assumed"),
        ("atom-max", "idle_power_w", "assumed"),
        ("warboy", "sram_per_unit_bytes", "assumed"),
        ("graphcore-gc200", "memory_bandwidth_bytes_per_s", "assumed"),
        ("graphcore-bow", "memory_bandwidth_bytes_per_s", "assumed"),
        ("nvidia-l40s", "release_year", "assumed"),
        ("nvidia-h200-sxm", "release_year", "assumed"),
        ("t4", "card_link", "assumed"),
        ("nvidia-a100-pcie-80gb", "idle_power_w", "assumed"),
        ("h100", "peak_fp16_ops_per_s", "secondary"),
        ("h100", "idle_power_w", "measured"),
    ],
)
def test_known_weak_figures_stay_weak(name, figure, kind):
    """Estimates, siblings' figures, samples and quotations keep the kind that they were read with."""
    assert find_device(name).specs[figure].kind == kind


def test_sizes_are_as_their_sources_write_them():
    """GB is decimal and GiB is binary, whatever the memory really is."""
    rngd = find_device("rngd").specs
    assert rngd["memory_bytes"].value == 48e9
    assert rngd["memory_usable_bytes"].value == 47.5 * 2**30
    assert rngd["memory_bandwidth_bytes_per_s"].number == 1.5e12


def test_lacking_formats_have_no_rate(device):
    """A format that the hardware lacks is named as lacking, never as a rate of zero."""
    lacking = device.specs["unsupported_dtypes"].value if "unsupported_dtypes" in device.specs else ()
    assert not set(lacking) & set(device.dtypes)
    for dtype in PRECISIONS:
        peak = device.peak_ops_per_s(dtype)
        assert peak is None or (peak > 0 and dtype in device.dtypes), dtype


def test_precisions_and_dtypes_name_the_same_formats(device):
    """What the hardware multiplies in is what can be reached, planned or undocumented: nothing else, nothing less."""
    assert [row.dtype for row in device.precisions] == list(device.dtypes)
    for row in device.precisions:
        assert row.software or row.reachable == "undocumented", row.dtype
        assert not row.date or row.date.startswith("20")


def test_rules_are_named_once_and_speak_both_languages(device):
    """A rule has one code, an English and a Korean sentence."""
    codes = [rule.code for rule in device.rules]
    assert len(codes) == len(set(codes)) > 0
    for rule in device.rules:
        assert rule.sentence("en").endswith(".")
        assert any("가" <= letter <= "힣" for letter in rule.sentence("ko")), rule.code


def test_rules_that_people_trip_over_are_there():
    """The constraints that users of these devices met late are known before they start."""
    assert find_device("warboy").rule("int8_only")
    assert find_device("warboy").rule("opset_max").limit == 13
    assert find_device("warboy").rule("static_shapes")
    assert find_device("atom").rule("static_shapes")
    assert find_device("atom").rule("head_dim_multiple").limit == 64
    assert find_device("rngd").precision("int8").reachable == "planned"
    assert find_device("rngd").precision("bf16").version == "2026.3.0"
    assert find_device("rngd").rule("no_such_rule") is None


def test_memory_is_in_pools_where_it_is():
    """Four devices of 16 GB are not one of 64; a card without memory of its own has no pool."""
    assert find_device("atom-max").memory_pools == (16 * 2**30 - 288 * 2**20,) * 4
    assert find_device("ipu").memory_pools == ()
    assert find_device("ipu").memory_bytes is None
    assert find_device("rngd").memory_bytes == int(47.5 * 2**30)


def test_availability_is_sourced():
    """Announced and discontinued devices are known as such."""
    states = {device.id: device.availability.value for device in load_devices().values()}
    assert {name for name, state in states.items() if state == "announced"} == {
        "hyperaccel-bertha-100",
        "hyperaccel-bertha-500",
    }
    assert {name for name, state in states.items() if state == "end_of_life"} == {
        "rebellions-atom",
        "rebellions-atom-plus",
    }


def test_device_survives_a_journey(device):
    """A device is the same after JSON, pickle and copy, and cannot be changed."""
    assert DeviceSpec.model_validate_json(device.model_dump_json()) == device
    assert pickle.loads(pickle.dumps(device)) == device  # noqa: S301 - our own bytes
    assert copy.deepcopy(device) == device
    with pytest.raises(TypeError):
        device.specs["units"] = None


def text_of(name):
    return (files("npusdk.catalogue") / "devices" / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("tdp_w = {", "tpd_w = {", "tpd_w"),
        ('unit = "W"', 'unit = "kW"', "kW"),
        ('source = "rngd"', 'source = "rgnd"', "rgnd"),
        ('kind = "vendor"', 'kind = "certain"', "kind"),
        ("value = 150,", "vlaue = 150,", "vlaue"),
        ('fusion = "npu"', 'fusion = "npu"\nspeed = 3', "speed"),
        ('kind = "npu"', 'kind = "cpu"', "kind"),
        ("schema = 1", "schema = 2", "schema"),
        ('dtype = "bf16"', 'dtype = "bf17"', "bf17"),
        ('dtype = "bf16"', 'dtype = "fp16"', "precisions"),
        ('value = "current"', 'value = "soon"', "soon"),
        ('units = "1/8"', 'units = "an eighth"', "fraction"),
        ("[specs]", "[specs", "line"),
    ],
)
def test_slip_in_a_file_is_found(old, new, problem):
    """A misspelt name, field, unit, source or kind is refused with the file and the word."""
    text = text_of("furiosa-rngd")
    assert old in text
    with pytest.raises(ConfigError, match=problem) as caught:
        read_device(text.replace(old, new, 1), "furiosa-rngd.toml")
    assert caught.value.params["file"] == "furiosa-rngd.toml"


def test_every_key_of_the_form_is_used():
    """The table of names holds no name that no file uses."""
    used = {name for device in load_devices().values() for name in device.specs}
    assert set(SPECS) - used <= {f"peak_{dtype}_ops_per_s" for dtype in PRECISIONS}
