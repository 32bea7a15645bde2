"""The command validate: the report of the call, as text and as JSON."""

import pytest

from npusdk.calibration.validation import validate
from npusdk.report.validation import ValidationReport
from npusdk.views import text

LINES = """id,device_key,model,precision,batch,metric,value,unit
a,t4,ResNet-50 v1.5,int8,1,latency,1,ms
b,t4,ResNet,int8,1,latency,1,ms
"""


@pytest.fixture
def measured(tmp_path):
    """Path of a small file of measurements."""
    path = tmp_path / "my card.csv"
    path.write_text(LINES, encoding="utf-8")
    return path


def test_validate_is_that_of_the_call(npusdk, measured):
    """The command shows the report that `validate` returns, and answers in JSON where that is asked."""
    report = validate(measured)
    answer = npusdk("validate", measured)
    assert (answer.code, answer.err, answer.out) == (0, "", text.validation(report))
    assert ValidationReport.from_json(npusdk("validate", measured, "--kind", "model", "--json").out) == report


def test_validate_answers_in_korean(npusdk, measured):
    """Nothing of the page is left in English but names."""
    out = npusdk("validate", measured, "--lang", "ko").out
    assert "측정" in out or "실측" in out
    assert "predicted" not in out


def test_validate_refuses_what_is_no_file_of_measurements(npusdk, tmp_path, measured):
    """A file that is missing, of another kind, or not text ends in usage errors that name it."""
    broken = tmp_path / "측정.csv"
    broken.write_bytes("장치,값\n".encode("cp949"))
    for words in ((tmp_path / "none.csv",), (broken,), (measured, "--kind", "gemm"), (measured, "--kind", "x")):
        answer = npusdk("validate", *words, "--json")
        assert (answer.code, answer.out, answer.error()["code"]) == (2, "", "config")


def test_validate_saves_its_report(npusdk, tmp_path, measured):
    """The report can be kept as a file."""
    npusdk("validate", measured, "--save", tmp_path / "out.json")
    assert ValidationReport.from_json((tmp_path / "out.json").read_text(encoding="utf-8")) == validate(measured)
