"""The report of serving: what it refuses to say, and that it survives being written."""

import pytest
from pydantic import ValidationError

import npusdk as npu
from npusdk.report import ServingReport


@pytest.fixture(scope="module")
def report():
    return npu.LLM("qwen3-0.6b").serve("rngd", input_tokens=128, output_tokens=32)


def test_report_is_read_back_as_it_was(report, tmp_path):
    """JSON gives an equal report back; another suffix is refused."""
    assert ServingReport.from_json(report.to_json()) == report
    path = report.save(tmp_path / "serving.json")
    assert ServingReport.from_json(path.read_text(encoding="utf-8")) == report
    with pytest.raises(npu.ConfigError, match="png"):
        report.save(tmp_path / "serving.png")


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"steps": 30}, "first token"),
        ({"tpot": None}, "has a time"),
        ({"batch": 7}, "batch over latency"),
        ({"tokens_per_s_per_device": 1.0}, "share the tokens"),
        ({"energy_j_per_token": -1.0}, "energy"),
        ({"energy_low_j_per_token": 1e9}, "low <= energy"),
        ({"energy_high_j_per_token": 0.0}, "energy <= high"),
        ({"energy_high_j_per_token": None}, "both ends"),
        ({"energy_j_per_token": None}, "both ends"),
        ({"kv_capacity_tokens": None}, "all or nothing"),
        ({"largest_batch": 5}, "memory fits"),
        ({"latency": {"value": 2.0, "low": 1.0, "high": 3.0}}, "add up"),
        ({"ttft": {"value": 2.0, "low": 3.0, "high": 3.0}}, "low <= value"),
        ({"ttft": {"value": 1.0, "low": 1.0, "high": "inf"}}, "high"),
    ],
)
def test_report_that_contradicts_itself_cannot_be_made(report, changes, law):
    """Every invariant of the schema is checked when a report is made."""
    with pytest.raises(ValidationError, match=law):
        ServingReport.model_validate({**report.model_dump(), **changes})


def test_report_says_that_it_is_predicted(report):
    """The one line names model, device, workload, basis, rate with its interval, and both latencies."""
    said = repr(report)
    for word in ("qwen3-0.6b", "1 x RNGD", "128 + 32 tokens", "predicted", "tokens/s [", "first token", "a step"):
        assert word in said
    assert report._repr_mimebundle_()["text/plain"]
