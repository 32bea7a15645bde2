"""What the vendors' lists say of operators."""

from importlib.resources import files

import pytest

from npusdk.catalogue import load_devices, load_operators
from npusdk.catalogue.operators import _read
from npusdk.errors import ConfigError
from npusdk.graph import SHAPE_RULES

FAMILIES = sorted(
    entry.name.removesuffix(".toml")
    for entry in (files("npusdk.catalogue") / "operators").iterdir()
    if entry.name.endswith(".toml")
)


def test_every_family_is_somebodys():
    """Each device names a list that exists, and no list is without a device."""
    assert {device.operators for device in load_devices().values()} == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_list_names_itself_and_operators_of_onnx(family):
    """A list is named by its family, and a name in it is an operator that ONNX has and the graph knows."""
    listing = load_operators(family)
    assert listing.id == family
    assert set(listing.operators) <= set(SHAPE_RULES), set(listing.operators) - set(SHAPE_RULES)
    for entry in listing.operators.values():
        assert entry.source.startswith(("https://", "github:"))
        assert bool(entry.limit) == bool(entry.limit_ko)
        assert entry.condition("en") == entry.limit


def test_warboy_runs_its_list_and_sends_the_rest_to_the_host():
    """The vendor's list is complete: what it does not name runs on the host CPU."""
    warboy = load_operators("warboy")
    assert warboy["Conv"].support == "accelerated"
    assert "128" in warboy["Conv"].condition("en")
    assert "128" in warboy["Conv"].condition("ko") != warboy["Conv"].condition("en")
    assert (warboy["Erf"].support, warboy["Erf"].listed) == ("host", False)
    assert (warboy["QuantizeLinear"].support, warboy["QuantizeLinear"].listed) == ("host", True)
    assert (warboy.version, warboy.date) == ("0.10.0", "2023-08")


def test_rebellions_lists_what_runs_and_what_does_not():
    """Accelerated, host only, and not read: three different answers."""
    listing = load_operators("rebellions")
    assert listing["MatMul"].support == "accelerated"
    assert listing["ArgMax"].support == "host"
    assert listing["GridSample"].support == "undocumented"
    assert listing["CumSum"].limit
    assert listing["Conv"].kind == "derived"


@pytest.mark.parametrize(
    ("family", "support"),
    [
        ("rngd", "undocumented"),
        ("ipu", "undocumented"),
        ("hyperdex", "undocumented"),
        ("gpu", "accelerated"),
        ("reference", "accelerated"),
    ],
)
def test_family_without_a_list_has_one_answer(family, support):
    """Without a list nothing is known, unless the device is general-purpose or the definition itself."""
    assert {load_operators(family)[op].support for op in ("Conv", "Softmax", "NoSuchOperator")} == {support}


def test_evidence_says_whose_list_it_is():
    """A sibling's list is not the device's own, and no list is no evidence."""
    evidence = {device.id: device.operators_evidence for device in load_devices().values()}
    assert evidence["furiosa-warboy"] == evidence["rebellions-atom-max"] == "vendor_list"
    assert evidence["rebellions-rebel-quad"] == "same_family"
    assert evidence["furiosa-rngd"] == evidence["nvidia-t4"] == "assumed"
    assert not load_devices()["furiosa-rngd"].operators_documented
    assert load_devices()["furiosa-warboy"].operators_documented


@pytest.mark.parametrize(
    ("old", "new"),
    [('support = "host"', 'support = "hots"'), ("limit_ko", "limt_ko"), ('source = "performance"', 'source = "perf"')],
)
def test_slip_in_a_list_is_found(old, new):
    """A misspelt word in a list is refused with the file."""
    text = (files("npusdk.catalogue") / "operators" / "warboy.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ConfigError, match=r"warboy\.toml"):
        _read(text.replace(old, new), "warboy.toml")
