"""The commands: the same answers as the calls in Python, as text, JSON and files."""

import json

import pytest
from rich.cells import cell_len

import npusdk as npu
from npusdk.language import language_set_to
from npusdk.report import Comparison, FitReport, ProfileReport
from npusdk.views import text


def test_profile_is_that_of_the_call(npusdk, digits):
    """The command shows the report that `npusdk.profile` returns."""
    report = npu.profile(digits, "rngd", batch=4)
    answer = npusdk("profile", digits, "--device", "rngd", "--batch", 4)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == text.profile(report)
    again = npusdk("profile", digits, "--device", "rngd", "--batch", 4, "--json")
    assert ProfileReport.from_json(again.out) == report


def test_profile_lists_as_many_layers_as_asked(npusdk, digits):
    """`--layers` is handed on to the view."""
    report = npu.profile(digits, "rngd")
    assert npusdk("profile", digits, "--device", "rngd", "--layers", 2).out == text.profile(report, layers=2)


def test_check_is_that_of_the_call(npusdk, digits):
    """The command shows the report that `npusdk.check` returns, for the devices in the order asked."""
    report = npu.check(digits, ["t4", "warboy", "rngd"])
    answer = npusdk("check", digits, "--devices", "t4, warboy,rngd")
    assert (answer.code, answer.err, answer.out) == (0, "", text.fit(report))
    again = npusdk("check", digits, "--devices", "t4,warboy,rngd", "--json")
    assert FitReport.from_json(again.out) == report


def test_compare_is_that_of_the_call(npusdk, digits):
    """The command shows the report that `npusdk.compare` returns, for all current devices unless told."""
    report = npu.compare(digits)
    answer = npusdk("compare", digits)
    assert (answer.code, answer.err, answer.out) == (0, "", text.comparison(report))
    assert Comparison.from_json(npusdk("compare", digits, "--json").out) == report


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [80, 100])
def test_answers_about_real_devices_fit_a_terminal(digits, width, language):
    """With the names that devices have, no line is wider than the terminals people use."""
    reports = {
        text.profile: npu.profile(digits, "rngd"),
        text.fit: npu.check(digits),
        text.comparison: npu.compare(digits),
    }
    with language_set_to(language):
        for view, report in reports.items():
            assert max(map(cell_len, view(report, width=width).splitlines())) <= width


def test_precision_is_handed_on(npusdk, digits):
    """`--precision` means what it means in Python."""
    answer = npusdk("compare", digits, "--devices", "rngd,t4", "--precision", "fp8", "--json")
    assert [profile["precision"] for profile in answer.json()["profiles"]] == ["fp8"]
    assert [refusal["device"] for refusal in answer.json()["refusals"]] == ["nvidia-t4"]


def test_devices_are_those_of_the_call(npusdk):
    """All of them without a condition, and those that meet every condition given."""
    assert [device["id"] for device in npusdk("devices", "--json").json()] == [device.id for device in npu.devices()]
    answer = npusdk(
        "devices", "--vendor", "nvidia", "--kind", "gpu", "--dtype", "fp8", "--dtype", "int8", "--min-memory", "79GB"
    )
    assert answer.out == text.devices(npu.devices("nvidia", "gpu", dtypes=["fp8", "int8"], min_memory="79GB"))


def test_one_device_is_shown_with_everything(npusdk):
    """A name shows its page; JSON has every figure with its source."""
    device = npu.device("rngd:4pe")
    assert npusdk("devices", "rngd:4pe").out == text.device(device)
    data = npusdk("devices", "rngd:4pe", "--json").json()
    assert data["id"] == device.id
    assert {name: figure["source"] for name, figure in data["specs"].items()} == {
        name: figure.source for name, figure in device.specs.items()
    }


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_saved_file_is_that_of_the_report(npusdk, digits, tmp_path, suffix):
    """`--save` writes what `save` writes, beside the answer, and says so on standard error."""
    path, expected = tmp_path / f"report{suffix}", tmp_path / f"expected{suffix}"
    npu.profile(digits, "rngd").save(expected)
    answer = npusdk("profile", digits, "--device", "rngd", "--save", path)
    assert answer.code == 0
    assert answer.out.startswith("digits on RNGD")
    assert answer.err == f"saved: {path}\n"
    assert path.read_bytes() == expected.read_bytes()


def test_input_shape_binds_open_dimensions(npusdk, digits):
    """A shape on the command line is the one in the call."""
    answer = npusdk("profile", digits, "--device", "rngd", "--input-shape", "image=3,1,8,8", "--json")
    assert answer.json()["batch"] == 3


def test_answers_follow_the_language(npusdk, digits):
    """`--lang` chooses for one command, wherever it stands."""
    for words in (("--lang", "ko", "devices"), ("devices", "--lang=ko")):
        assert npusdk(*words).out.startswith("장치 22대\n")
    assert npusdk("devices").out.startswith("Devices: 22\n")


def test_json_does_not_depend_on_the_language(npusdk, digits):
    """Programs read the same from every reader's machine."""
    line = ("profile", digits, "--device", "rngd", "--json")
    assert npusdk(*line, "--lang", "ko").out == npusdk(*line, "--lang", "en").out


def test_doctor_looks_at_everything(npusdk):
    """Interpreter, NumPy, BLAS, extras, language, encoding, catalogue and memory, each with a verdict."""
    checks = {check["name"]: check for check in npusdk("doctor", "--json").json()}
    names = [
        "npusdk",
        "python",
        "numpy",
        "blas",
        "extra_onnx",
        "extra_lab",
        "language",
        "encoding",
        "catalogue",
        "memory",
    ]
    assert list(checks) == names
    assert {check["status"] for check in checks.values()} <= {"ok", "note", "missing"}
    assert checks["extra_onnx"]["status"] == "ok"
    assert checks["catalogue"]["value"] == "devices: 22"
    shown = npusdk("doctor").out
    assert all(check["label"] in shown for check in checks.values())


def test_doctor_gives_the_line_that_installs_what_is_missing(npusdk, monkeypatch):
    """A missing extra is named with its packages and the command."""
    monkeypatch.setattr("npusdk.examination.EXTRAS", {"onnx": ("a-package-that-nobody-has",)})
    answer = npusdk("doctor")
    assert answer.code == 0
    assert "a-package-that-nobody-has missing" in answer.out
    assert '-m pip install "npusdk[onnx]"' in answer.out


def test_doctor_warns_of_a_forced_blas(npusdk, monkeypatch):
    """A variable that decides the speed of everything is worth a word."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    blas = next(check for check in npusdk("doctor", "--json").json() if check["name"] == "blas")
    assert blas["status"] == "note"


@pytest.mark.parametrize("line", [("devices",), ("devices", "rngd"), ("doctor",)])
def test_json_is_ascii(npusdk, line):
    """Whatever encoding a console has, JSON passes it."""
    answer = npusdk(*line, "--json", "--lang", "ko")
    assert answer.out.isascii()
    json.loads(answer.out)
