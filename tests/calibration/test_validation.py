"""Predictions beside files of measurements: what is counted, what is refused, and what the report says."""

import csv
import json
from importlib.resources import files
from io import StringIO

import pytest

from npusdk.calibration.predictor import Prediction, predict
from npusdk.calibration.questions import ask
from npusdk.calibration.refusals import Refused
from npusdk.calibration.rows import read_rows
from npusdk.calibration.scores import FIXED_CONSTANT
from npusdk.calibration.validation import validate
from npusdk.errors import ConfigError
from npusdk.language import language_set_to
from npusdk.report.validation import REASONS, ValidationReport
from npusdk.views import text

OWN = files("npusdk.calibration") / "data" / "measured_calibration.csv"

MODELS = """id,device_key,model,model_detail,precision,scenario,batch,metric,value,unit,software,use,split_unit
r1,t4,ResNet-50 v1.5,224x224x3,int8,,1,latency,1,ms,TensorRT 8,primary,t4|ResNet
r2,t4,ResNet-50 v1.5,224x224x3,int8,,8,latency,4,ms,TensorRT 8,primary,t4|ResNet
r3,warboy,SSD-ResNet34,,int8,MLPerf SingleStream,,latency_mean,13541251,ns,Furiosa SDK,primary,
r4,a40,ResNet-50 v1.5,,int8,,1,latency,1,ms,,primary,
r5,t4,ResNet-50 v1.5,,tf32,,1,latency,1,ms,,primary,
r6,t4,ResNet-50 v1.5,,int8,,1,latency,-1,ms,,primary,
r7,t4,BERT-Large,seq 128,fp16,,1,latency,9,ms,,conditional,
r8,t4,BERT,,fp16,,1,latency,9,ms,,conditional,
"""

PRODUCTS = """device,model,operator,M,N,K,seconds_fp16_median
a100,own,up,128,8192,8192,9.0e-05
a100,own,up,4096,8192,8192,2.2e-03
a40,own,up,4096,8192,8192,2.2e-03
h100,own,up,0,8192,8192,2.2e-03
h100,own,up,64,8192,8192,nan
"""

KEYS = {
    "macro_mape", "roofline_macro_mape", "rows_predicted", "rows_refused", "by_unit", "by_device", "by_vendor",
    "by_stack", "rank_within_chip", "rank_within_workload", "rows",
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(content, name="own.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def own():
    """The report of the measurements that come with npusdk."""
    return validate(read_rows(str(OWN)))


def test_scores_are_over_primary_rows_and_units(file):
    """Every row has an error or a reason; the headline is the mean over units, conditional rows stand apart."""
    report = validate(file(MODELS))
    errors = {row.id: row.error for row in report.rows}
    assert {row.id: row.reason for row in report.rows if row.reason} == {
        "r4": "unknown_device", "r5": "precision_not_on_device", "r6": "bad_value", "r8": "unknown_model",
    }  # fmt: skip
    assert (report.rows_predicted, report.rows_refused) == (3, 3)
    assert (report.conditional.rows_predicted, report.conditional.rows_refused) == (1, 1)
    assert report.conditional.macro_mape == errors["r7"]
    resnet = (errors["r1"] + errors["r2"]) / 2
    assert report.macro_mape == pytest.approx((resnet + errors["r3"]) / 2)
    assert report.by_unit == pytest.approx({"t4|ResNet": resnet, "furiosa-warboy|SSD-ResNet34": errors["r3"]})
    assert report.by_vendor == pytest.approx({"FuriosaAI": errors["r3"], "NVIDIA": resnet})
    assert set(report.by_stack) == {"tensorrt", "furiosa-sdk"}
    assert report.groups["vendor"]["NVIDIA"].rows == 2


def test_prediction_is_the_predictor_s_answer_in_the_row_s_unit(file):
    """What stands beside a measurement is what the predictor said of its question."""
    path = file(MODELS)
    first = read_rows(path)[0]
    question = ask(first)
    expected = question.to_unit(predict(question).quantity)
    assert validate(path).rows[0].predicted == expected
    doubled = validate(path, predictor=lambda _question: Prediction(0.002, None))
    assert (doubled.rows[0].predicted, doubled.rows[0].error) == (2.0, 1.0)
    assert validate(path, predictor=lambda _question: Refused("not_modelled")).rows_predicted == 0


def test_prediction_that_is_no_time_is_refused(file):
    """A quantity that is not positive and finite is no prediction."""
    for quantity in (float("nan"), float("inf"), 0.0, -1.0):
        report = validate(file(MODELS), predictor=lambda _question, said=quantity: Prediction(said, None))
        assert report.refused_by_reason["not_modelled"] == 4
        assert report.macro_mape is None


def test_report_is_json_with_the_published_keys(file):
    """The keys that people's scripts read, fractions, and nothing that JSON cannot hold."""
    report = validate(file(MODELS))
    data = json.loads(json.dumps(report.model_dump(mode="json"), allow_nan=False))
    assert set(data) >= KEYS
    assert set(data["rows"][0]) >= {"id", "predicted", "measured", "error", "reason"}
    assert (data["basis"], data["kind"]) == ("predicted", "model")
    assert ValidationReport.from_json(report.to_json()) == report


def test_products_are_known_by_their_columns(file):
    """A file with M, N and K is one of matrix products; unknown cards and sides that are none are refused."""
    report = validate(file(PRODUCTS))
    assert report.kind == "gemm"
    assert [row.reason for row in report.rows] == [None, None, "unknown_device", "bad_value", "bad_value"]
    assert report.by_device.keys() == {"nvidia-a100-sxm4-80gb"}
    assert report.rows[0].error < 0.5
    assert report.model_version.startswith("gemm-")


def test_kind_that_is_asked_for_decides(file):
    """A file of models is no file of products: the columns that it lacks are named."""
    with pytest.raises(ConfigError, match="M, N, K"):
        validate(file(MODELS), "gemm")
    with pytest.raises(ConfigError, match="precision"):
        validate(file(PRODUCTS), "model")
    with pytest.raises(ConfigError, match="'models'"):
        validate(file(MODELS), "models")


def test_own_measurements_are_predicted_for_the_most_part(own):
    """At least nine in ten primary rows of the shipped file have a prediction, and each other has a known reason."""
    assert own.rows_predicted >= 0.9 * (own.rows_predicted + own.rows_refused)
    assert own.rows_predicted + own.rows_refused == 268
    assert len(own.rows) == 323
    assert {row.reason for row in own.rows if row.reason} <= set(REASONS)


def test_own_measurements_are_predicted_better_than_by_a_roofline(own):
    """The model is worth more than one constant."""
    assert own.macro_mape < own.roofline_macro_mape
    assert own.rank_within_chip > 0.8


def test_constant_of_small_files_is_that_of_own_measurements(own):
    """Files too small to fit take the roofline's constant from the shipped ones."""
    assert own.roofline_constant == pytest.approx(FIXED_CONSTANT, rel=0.1)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_page_says_what_stands_behind_the_headline(file, language):
    """The text has the error with its counts, the baseline beside it, refusals by reason, and fits a terminal."""
    report = validate(file(MODELS))
    with language_set_to(language):
        page = text.validation(report)
    assert f"{report.macro_mape:.1%}" in page
    assert f"{report.roofline_macro_mape:.1%}" in page
    assert "a40" in page
    assert ("예측" if language == "ko" else "predicted against measured") in page
    assert str(report) == text.validation(report)


def test_file_where_nothing_is_predicted_has_a_page_too(file):
    """A report without a score shows itself."""
    head, line, *_ = MODELS.splitlines()
    report = validate(file(f"{head}\n{line.replace('t4', 'a40')}\n"))
    assert (report.macro_mape, report.rank_within_chip, report.by_unit) == (None, None, {})
    assert "unknown" not in text.validation(report)
    assert "-" in text.validation(report)


def test_report_is_saved_as_page_and_table(file, tmp_path):
    """A page stands alone; a table has one row for each measurement, and runs nothing in a spreadsheet."""
    report = validate(file(MODELS.replace("r1,", "=cmd(),")))
    page = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<html" in page
    table = report.save(tmp_path / "report.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(StringIO(table)))
    assert len(rows) == len(report.rows)
    assert (rows[0]["id"], rows[0]["basis"]) == ("'=cmd()", "predicted")


def test_report_whose_counts_lie_is_refused(file):
    """The invariants of a report are checked when one is read."""
    data = validate(file(MODELS)).model_dump()
    for change in ({"rows_predicted": 4}, {"rows": [{**data["rows"][0], "reason": "bad_value"}]}):
        with pytest.raises(ValueError, match=r"rows_predicted|either"):
            ValidationReport(**{**data, **change})
