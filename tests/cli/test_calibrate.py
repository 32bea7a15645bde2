"""The command calibrate: a file that predicts, never half written and never written over by accident."""

import json
import os
import stat
import sys

import pytest

import npusdk as npu
from npusdk.calibration.own import calibrate
from npusdk.display import show
from npusdk.pipeline.constants import Calibration
from npusdk.pipeline.versions import VARIABLE, VERSIONS

LINES = """id,device_key,model,precision,batch,metric,value,unit
a,rngd,ResNet-50 v1.5,bf16,1,latency,2.0,ms
b,rngd,BERT-Large,bf16,1,latency,9.0,ms
c,rngd,Nonsense,bf16,1,latency,9.0,ms
"""


@pytest.fixture(autouse=True)
def _no_pin(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def measured(tmp_path):
    """Path of a small file of measurements."""
    path = tmp_path / "내 측정.csv"
    path.write_text(LINES, encoding="utf-8")
    return path


@pytest.fixture
def made(npusdk, measured, tmp_path):
    """A calibration that the command wrote, and its answer."""
    path = tmp_path / "my lab.json"
    return path, npusdk("calibrate", measured, "--name", "my-lab", "--save", path, "--alone")


def test_calibrate_is_that_of_the_call(made, measured):
    """The command writes and shows what `calibrate` returns, and says what it did not use."""
    path, answer = made
    expected = calibrate([measured], "my-lab", alone=True)
    assert (answer.code, answer.out) == (0, show(expected))
    assert Calibration.model_validate_json(path.read_bytes()) == expected
    assert "own rows not used: 1" in answer.err
    assert f"{VARIABLE}={path}" in answer.err


def test_made_file_predicts_and_is_named(made, measured, npusdk, monkeypatch):
    """With the variable set, profiles and validations rest on the file and say so; the measured rows are met better."""
    before = npusdk("validate", measured, "--json").json()
    profile = npu.profile("zoo:resnet50", "rngd")
    monkeypatch.setenv(VARIABLE, str(made[0]))
    after = npusdk("validate", measured, "--json").json()
    assert (before["model_version"], after["model_version"]) == (VERSIONS[-1], "my-lab")
    assert after["macro_mape"] < before["macro_mape"]
    assert "my-lab" in npusdk("validate", measured).out
    report = npu.profile("zoo:resnet50", "rngd")
    assert (report.model_version, report.validity, report.provenance.points) == ("my-lab", "B", 2)
    assert abs(report.latency_s - 2e-3) < abs(profile.latency_s - 2e-3)


def test_calibrate_answers_in_json(npusdk, measured, tmp_path):
    """What is written is also the answer."""
    path = tmp_path / "a.json"
    answer = npusdk("calibrate", measured, "--name", "my-lab", "--save", path, "--alone", "--json")
    assert answer.json() == json.loads(path.read_text(encoding="utf-8"))


def test_calibrate_answers_in_korean(npusdk, measured, tmp_path):
    """Nothing of page and remarks is left in English but names."""
    options = ("--name", "my-lab", "--save", tmp_path / "a.json", "--alone", "--lang", "ko")
    answer = npusdk("calibrate", measured, *options)
    for word in ("calibration", "chip", "overhead", "judgement", "kind", "rows", "saved", "left out", "predict"):
        assert word not in answer.out + answer.err.replace(VARIABLE, "").replace("a.json", "")


def test_file_that_is_there_is_kept(made, measured, npusdk):
    """Only --force writes over a file, and nothing is fitted before that is known."""
    path, _answer = made
    before = path.read_bytes()
    refused = npusdk("calibrate", measured, "--name", "other", "--save", path, "--alone", "--json")
    assert (refused.code, refused.out, refused.error()["code"]) == (2, "", "config")
    assert path.read_bytes() == before
    assert npusdk("calibrate", measured, "--name", "other", "--save", path, "--alone", "--force").code == 0
    assert Calibration.model_validate_json(path.read_bytes()).name == "other"
    assert sorted(item.name for item in path.parent.iterdir()) == sorted([path.name, measured.name])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_file_is_as_open_as_any_other(made):
    """A file for a course can be read by whom the reader's other files can be read."""
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(made[0].stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("two words", "a.json"),
        (VERSIONS[-1], "a.json"),
        ("\x1b[31m", "a.json"),
        ("my-lab", "a.csv"),
        ("my-lab", "a"),
        ("my-lab", "none/a.json"),
        ("my-lab", "."),
    ],
)
def test_names_and_places_that_cannot_be_are_refused(npusdk, measured, name, save):
    """A usage error, and nothing is written."""
    answer = npusdk("calibrate", measured, "--name", name, "--save", measured.parent / save, "--alone", "--json")
    assert (answer.code, answer.out, answer.error()["code"]) == (2, "", "config")
    assert list(measured.parent.iterdir()) == [measured]


def test_options_that_are_needed_are_asked_for(npusdk, measured):
    """Without a name, a place or a file nothing is done."""
    for words in ((measured, "--name", "x"), (measured, "--save", "a.json"), ("--name", "x", "--save", "a.json")):
        assert npusdk("calibrate", *words).code == 2


def test_file_that_teaches_nothing_is_refused_with_its_reasons(npusdk, tmp_path):
    """The reader sees why, row by reason, as `validate` says it."""
    path = tmp_path / "own.csv"
    path.write_text(LINES.splitlines()[0] + "\nc,rngd,Nonsense,bf16,1,latency,9.0,ms\n", encoding="utf-8")
    answer = npusdk("calibrate", path, "--name", "my-lab", "--save", tmp_path / "a.json")
    assert (answer.code, answer.out) == (2, "")
    assert "a model whose geometry is not certain from its name, rows: 1" in answer.err
    assert not (tmp_path / "a.json").exists()
    error = npusdk("calibrate", path, "--name", "my-lab", "--save", tmp_path / "a.json", "--json").error()
    assert error["params"]["unused"] == {"unknown_model": 1}


def test_calibrate_refuses_what_is_no_file_of_measurements(npusdk, tmp_path):
    """A file that is missing, not text, or of products ends in a usage error."""
    broken, products = tmp_path / "측정.csv", tmp_path / "gemm.csv"
    broken.write_bytes("장치,값\n".encode("cp949"))
    products.write_text("device,M,N,K,seconds_fp16_median\nt4,8,8,8,1e-6\n", encoding="utf-8")
    for path in (broken, products, tmp_path / "none.csv", tmp_path):
        answer = npusdk("calibrate", path, "--name", "my-lab", "--save", tmp_path / "a.json", "--json")
        assert (answer.code, answer.out, answer.error()["code"]) == (2, "", "config")
