"""What a calibration does to a device's parameters, and what becomes of a file that is none."""

import json
import os
import sys
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusdk as npu
from npusdk.catalogue import cost_parameters, device_names, find_device
from npusdk.display import show
from npusdk.pipeline import calibration as calibrating
from npusdk.pipeline.calibration import REFERENCE_STACK, WIDTHS, calibrate, expected_parameters, stacks
from npusdk.pipeline.constants import Calibration
from npusdk.pipeline.versions import MOST_BYTES, PRIORS, VARIABLE, VERSIONS, current, model_version

A100, RNGD = find_device("nvidia-a100-sxm4-80gb"), find_device("furiosa-rngd")


@pytest.fixture(autouse=True)
def _no_pin(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def data():
    """Return the newest calibration as JSON values under a reader's name."""
    path = files("npusdk.pipeline").joinpath("calibrations", f"{VERSIONS[-1]}.json")
    return {**json.loads(path.read_text(encoding="utf-8")), "name": "my-lab"}


@pytest.fixture
def pin(tmp_path, monkeypatch):
    """Return a function that writes JSON values or bytes to a file and pins it."""
    path = tmp_path / "측정 결과.json"

    def write(content):
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        monkeypatch.setenv(VARIABLE, str(path))
        return path

    return write


def every_device():
    """Yield devices and parts of the catalogue with a precision that can be predicted."""
    for name in sorted({find_device(name).id for name in device_names()}):
        for dtype in ("fp16", "bf16", "int8"):
            try:
                cost_parameters(find_device(name), dtype)
            except npu.NpuError:
                continue
            yield find_device(name), dtype


@pytest.mark.parametrize("version", VERSIONS)
def test_reference_stack_changes_nothing(monkeypatch, version):
    """The constants of a chip are those of its reference stack."""
    monkeypatch.setenv(VARIABLE, version)
    for device, dtype in every_device():
        plain, named = calibrate(device, dtype), calibrate(device, dtype, REFERENCE_STACK)
        assert named.parameters == plain.parameters
        assert (named.validity, named.low, named.high) == (plain.validity, plain.low, plain.high)


def test_reference_stack_changes_nothing_whatever_a_file_says(pin, data):
    """A file cannot give the reference factors, nor offer it twice."""
    data["stacks"][REFERENCE_STACK] = {"compute": 0.1, "supported": True}
    pin(data)
    assert calibrate(A100, "fp16", REFERENCE_STACK).parameters == calibrate(A100, "fp16").parameters
    assert expected_parameters(A100, "fp16", REFERENCE_STACK) == calibrate(A100, "fp16").parameters
    assert stacks().count(REFERENCE_STACK) == 1


def test_only_supported_stacks_are_offered(data):
    """A stack that rests on too little is refused by name, like one that nobody knows."""
    supported = {name for name, stack in data["stacks"].items() if stack["supported"]}
    assert set(stacks()) == {REFERENCE_STACK, *supported}
    for name in {*data["stacks"], "no-stack", "\x1b[31m"} - supported:
        with pytest.raises(npu.ConfigError) as caught:
            calibrate(A100, "fp16", name)
        assert caught.value.params["known"] == ", ".join(stacks())
        assert "\x1b" not in caught.value.text("en")


def test_supported_stack_has_its_factors(data):
    """Shares and overheads of a stack are those of the chip times its factors, within what a share can be."""
    for name in set(stacks()) - {REFERENCE_STACK}:
        factors, plain, changed = data["stacks"][name], calibrate(A100, "fp16"), calibrate(A100, "fp16", name)
        assert changed.parameters.eta_compute == min(plain.parameters.eta_compute * factors["compute"], 1)
        launch_s = plain.parameters.launch_overhead_s if factors["launches"] else 0
        expected_s = plain.parameters.op_overhead_s * factors["overhead"] + launch_s
        assert changed.parameters.op_overhead_s == pytest.approx(expected_s)
        assert (changed.provenance.stack, changed.provenance.stack_units) == (name, factors["units"])


def test_stacks_without_support_are_expected_as_far_as_they_are_known(data):
    """Of one whose factors rest on too little its facts are kept; one that nobody knows is the reference."""
    plain = calibrate(A100, "fp16").parameters
    assert expected_parameters(A100, "fp16", "no-stack") == expected_parameters(A100, "fp16", "") == plain
    vllm, known = expected_parameters(A100, "fp16", "vllm"), data["stacks"]["vllm"]
    assert known["launches"]
    assert not known["supported"]
    assert vllm.eta_compute == plain.eta_compute
    assert vllm.op_overhead_s == pytest.approx(plain.op_overhead_s + plain.launch_overhead_s)
    (supported, *_) = set(stacks()) - {REFERENCE_STACK}
    assert expected_parameters(A100, "fp16", supported) == calibrate(A100, "fp16", supported).parameters


@pytest.mark.parametrize(("units", "validity"), [(None, "C"), (1, "B"), (3, "B"), (4, "A"), (11, "A")])
def test_validity_follows_measured_networks(pin, data, units, validity):
    """Four networks and more make class A, any fewer B, none C; each class has the interval of the calibration."""
    chip = data["chips"].pop("a100")
    if units is not None:
        data["chips"]["a100"] = {**chip, "units": units}
    data["intervals"]["A"] = {"low": 0.7, "high": 1.9, "coverage": 0.8}
    pin(data)
    found, interval = calibrate(A100, "fp16"), data["intervals"][validity]
    assert found.validity == validity
    assert (found.low, found.high) == (interval["low"], interval["high"])
    assert (found.provenance.units, found.provenance.calibrated) == (units or 0, units is not None)
    assert (found.basis == "left_out_measurements") == (validity == "A")


def test_intervals_widen_from_class_to_class(monkeypatch):
    """Every version holds the prediction in its interval, and knows less of what was measured less."""
    for version in VERSIONS:
        monkeypatch.setenv(VARIABLE, version)
        known = current()
        widths = {k: (v.low, v.high) for k, v in known.intervals.items()} if known else WIDTHS
        for (low, high), (wider_low, wider_high) in pairwise(widths[name] for name in "ABC"):
            assert wider_low <= low <= 1 <= high <= wider_high


def test_interval_of_a_report_is_that_of_the_calibration(digits):
    """A profile's low and high are its latency times the factors."""
    for device in (A100, RNGD):
        report, found = npu.profile(digits, device), calibrate(device, "bf16")
        assert report.latency_low_s == pytest.approx(report.latency_s * found.low)
        assert report.latency_high_s == pytest.approx(report.latency_s * found.high)
        assert report.provenance == found.provenance


@pytest.mark.parametrize(("part", "dtype"), [("furiosa-rngd:4pe", "bf16"), ("furiosa-warboy:1pe", "int8")])
def test_parts_share_the_constants_of_their_chip(pin, data, part, dtype):
    """What was measured of a device holds for a part of it."""
    data["chips"]["rngd"] = {
        "devices": ["furiosa-rngd"], "eta_compute": 0.3, "op_overhead_s": 7e-6, "units": 2, "points": 9,
    }  # fmt: skip
    pin(data)
    whole, some = calibrate(find_device(part.partition(":")[0]), dtype), calibrate(find_device(part), dtype)
    assert (some.validity, some.provenance) == (whole.validity, whole.provenance)
    assert some.provenance.points
    for name in calibrating.FITTED:
        assert getattr(some.parameters, name) == getattr(whole.parameters, name)


def test_device_that_nobody_measured_has_the_prior_of_its_class(data):
    """Its constants are its class's, and it says so."""
    found, prior = calibrate(RNGD, "bf16"), data["priors"]["npu"]
    assert found.parameters.eta_compute == prior["eta_compute"]
    assert found.parameters.op_overhead_s == prior["op_overhead_s"]
    assert (found.validity, found.provenance.chip, found.provenance.points) == ("C", "", 0)


def test_teaching_devices_keep_their_own_constants(pin, data):
    """An array whose cycles are counted has nothing to calibrate, whatever a file says and under every stack."""
    device = find_device("systolic-16x16-ws")
    data["chips"]["a100"]["devices"] = [device.id]
    pin(data)
    for stack in ("", *stacks()):
        found = calibrate(device, "int8", stack)
        assert found.parameters == cost_parameters(device, "int8")
        assert (found.validity, found.provenance.calibrated) == ("C", False)


def test_reference_has_no_parameters():
    """The reference device has no cost under any calibration."""
    with pytest.raises(npu.ConfigError):
        calibrate(find_device("reference"), "fp32")


def test_priors_are_the_catalogue(monkeypatch):
    """The version before any calibration predicts with the parameters of the catalogue, exactly, in class C."""
    monkeypatch.setenv(VARIABLE, PRIORS)
    assert current() is None
    assert stacks() == (REFERENCE_STACK,)
    for device, dtype in every_device():
        found = calibrate(device, dtype)
        assert found.parameters == cost_parameters(device, dtype) == expected_parameters(device, dtype, "vllm")
        assert (found.validity, found.low, found.high) == ("C", *WIDTHS["C"])


def test_file_predicts_and_is_named(digits, pin, data):
    """A reader's file predicts, and stands in reports as version and as origin of the constants."""
    before = npu.profile(digits, "a100").latency_s
    data["chips"]["a100"]["op_overhead_s"] *= 3
    pin(data)
    report = npu.profile(digits, "a100")
    assert report.latency_s > before
    assert report.model_version == model_version() == report.provenance.profile == "my-lab"
    assert "my-lab" in show(report)


def test_changed_file_changes_predictions(digits, pin, data):
    """A file that is written anew is read anew, also on the same loaded model and in the same moment."""
    latencies = []
    for overhead_s in (1e-6, 9e-6, 5e-6):
        data["chips"]["a100"]["op_overhead_s"] = overhead_s
        path = pin(data)
        os.utime(path, ns=(len(latencies), len(latencies)))
        latencies.append(npu.profile(digits, "a100").latency_s)
    assert latencies[0] < latencies[2] < latencies[1]


def test_cache_stays_bounded(pin, data, monkeypatch):
    """Many versions of a file and many devices are forgotten again, and none is taken for another."""
    monkeypatch.setattr(calibrating, "_MOST_CACHED", 8)
    calibrating._CACHE.clear()
    for count in range(1, 40):
        data["chips"]["a100"]["op_overhead_s"] = count * 1e-6
        os.utime(pin(data), ns=(count, count))
        assert calibrate(A100, "fp16").parameters.op_overhead_s == pytest.approx(count * 1e-6)
        assert len(calibrating._CACHE) <= 8


def test_calibrated_parameters_are_kept(pin, data):
    """Asking again gives the very same parameters, of npusdk's own version and of a file."""
    assert calibrate(A100, "fp16") is calibrate(A100, "fp16")
    pin(data)
    assert calibrate(A100, "fp16") is calibrate(A100, "fp16")


def test_own_versions_are_read_once(monkeypatch):
    """No prediction looks at a file that came with npusdk after the first."""
    calibrate(A100, "fp16")
    opened = []
    watching = [True]
    sys.addaudithook(lambda event, args: opened.append(args) if event in ("open", "os.stat") and watching else None)
    for _ in range(3):
        current()
        calibrate(A100, "fp16")
        model_version()
    watching.clear()
    assert opened == []


BROKEN = {
    "empty": b"",
    "not JSON": b"id,device\na,b\n",
    "not UTF-8": "측정".encode("cp949"),
    "a byte in a name that is not UTF-8": b'{"name": "\xff"}',
    "a list": b"[]",
    "another report": b'{"schema_version": "1.0", "profiles": []}',
    "nothing but zeros": b"\0" * 100,
    "deep": b"[" * 100_000,
    "huge": b" " * (MOST_BYTES + 1),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_file_that_is_no_calibration_is_refused(digits, pin, content):
    """What cannot be read names the file and what is wrong with it on one line, at every use."""
    path = pin(content)
    for use in (current, model_version, stacks, lambda: npu.profile(digits, "a100")):
        with pytest.raises(npu.ConfigError) as caught:
            use()
        assert path.name in caught.value.params["asked"]
        reason = caught.value.params["reason"]
        assert reason.isprintable()
        assert 0 < len(reason) <= 200


HOSTILE = {
    "name that moves the cursor": {"name": "\x1b[31mred"},
    "name with a line break": {"name": "a\nb"},
    "name that is empty": {"name": ""},
    "name of npusdk's own": {"name": VERSIONS[-1]},
    "name of a release to come": {"name": "published-99"},
    "infinite rate": {"shared": {"eta_vector": float("inf")}},
    "no number": {"shared": {"link_latency_s": float("nan")}},
    "negative overhead": {"shared": {"link_latency_s": -1}},
    "another major version": {"schema_version": "2.0"},
    "an interval that does not hold the prediction": {"intervals": {"A": {"low": 1.2, "high": 1.5}}},
    "a stack without a name": {"stacks": {"": {}}},
    "a stack that moves the cursor": {"stacks": {"\x1b[2J": {"supported": True}}},
    "more than all of a device": {"priors": {"gpu": {"eta_compute": 2.0, "op_overhead_s": 1e-6}}},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_refused(pin, data, change):
    """A name that is no plain word, or a figure that no device has, makes no prediction."""
    pin({**data, **change})
    with pytest.raises(npu.ConfigError) as caught:
        calibrate(A100, "fp16")
    assert all(line.isprintable() for line in caught.value.text("en").split("\n"))


def test_directory_and_device_are_refused(tmp_path, monkeypatch):
    """What is there and is no file is refused, and not waited for."""
    pipe = tmp_path / "pipe.json"
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    else:
        pipe.mkdir()
    for path in (tmp_path, pipe):
        monkeypatch.setenv(VARIABLE, str(path))
        with pytest.raises(npu.ConfigError, match="not a file"):
            current()


@pytest.mark.parametrize("asked", ["no/such/file.json", "x" * 5000, "published-99"])
def test_missing_file_names_the_versions(monkeypatch, asked):
    """A name that is neither version nor file is refused with those that there are."""
    monkeypatch.setenv(VARIABLE, asked)
    with pytest.raises(npu.ConfigError) as caught:
        current()
    assert caught.value.params["versions"] == ", ".join(VERSIONS)


LEAST = 5e-324


def test_extreme_constants_make_sound_reports_or_errors(digits, pin, data):
    """The smallest and largest constants that a file may have lead to a report that keeps its laws, or to an error."""
    for eta, overhead_s in ((LEAST, LEAST), (1.0, 1e6), (LEAST, 1e6), (1.0, LEAST)):
        chip = {**data["chips"]["a100"], "eta_compute": eta, "op_overhead_s": overhead_s, "eta_vector": eta}
        pin({**data, "chips": {"a100": chip}, "intervals": {"A": {"low": LEAST, "high": 1e3}}})
        try:
            report = npu.profile(digits, "a100")
        except npu.NpuError:
            continue
        assert type(report).from_json(report.to_json()) == report


@given(st.binary(max_size=64))
def test_no_bytes_are_more_than_a_refusal(tmp_path_factory, content):
    """Any bytes are a calibration or a `ConfigError`."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(path))
        with pytest.raises(npu.ConfigError):
            current()


def test_calibration_reads_back_as_it_was_written(data):
    """A file is plain data."""
    made = Calibration.model_validate(data)
    assert Calibration.model_validate_json(made.model_dump_json()) == made
