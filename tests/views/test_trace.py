"""The trace: what a viewer of Chrome's trace events shows of a profile."""

import json
import math

import pytest
from hypothesis import given

from npusdk.display import show
from npusdk.language import language_set_to
from npusdk.report import ProfileReport
from tests.report.test_profile import ALIVE, alive_rows, profiles
from tests.views import samples
from tests.views.corpus import HOSTILE
from tests.views.test_text import hostile


def events(report):
    return json.loads(show(report, "trace"))["traceEvents"]


def of_phase(report, phase):
    return [event for event in events(report) if event["ph"] == phase]


@given(profiles())
def test_spans_fill_the_latency_without_overlap(report):
    """Call, link and layers follow each other, in microseconds, and end with the latency within a nanosecond.

    An end is the next beginning to the last bit: viewers drop a span that seems to end inside another.
    """
    spans = of_phase(report, "X")
    assert len(spans) == len(report.layers) + 2
    assert math.fsum(span["dur"] for span in spans) == pytest.approx(report.latency_s * 1e6, rel=1e-6, abs=1e-3)
    now = 0.0
    for span in spans:
        assert span["ts"] == now
        now = span["ts"] + span["dur"]


@pytest.mark.parametrize(("language", "word"), [("en", "predicted"), ("ko", "예측값")])
def test_process_and_every_event_say_what_the_numbers_are(language, word):
    """Nobody who opens a trace takes it for one of a real device."""
    with language_set_to(language):
        named = {event["name"]: event["args"] for event in of_phase(samples.profile(), "M")}
        assert named["process_name"] == {"name": f"RNGD ({word})"}
    for event in of_phase(samples.profile(), "X"):
        assert event["cat"] == event["args"]["basis"] == "predicted"


def test_layer_carries_its_numbers():
    """What a layer does can be read beside it, in SI units and in full."""
    report = samples.profile()
    span = next(span for span in of_phase(report, "X") if span["name"] == "conv1")
    layer = report.layers[0]
    assert span["args"] == {
        "basis": "predicted", "index": 0, "op": "Conv+Relu", "group": "matrix", "macs": layer.macs,
        "traffic_bytes": layer.traffic_bytes, "bound": "compute", "utilization": layer.utilization,
    }  # fmt: skip


def test_threads_are_what_bounds_the_time():
    """Each bound that occurs has a thread of its own, named and in order; a layer is on that of its bound."""
    report = samples.profile()
    with language_set_to("en"):
        names = {
            event["tid"]: event["args"]["name"] for event in of_phase(report, "M") if event["name"] == "thread_name"
        }
        on = {span["name"]: names[span["tid"]] for span in of_phase(report, "X")}
    assert on == {
        "call of the runtime": "call of the runtime", "inputs and outputs, host link": "inputs and outputs, host link",
        "conv1": "compute", "pool": "vector", "fc": "memory", "flatten": "overhead",
    }  # fmt: skip
    assert list(names) == sorted(names)


def test_counter_follows_the_live_memory_to_its_peak():
    """Weights and live activations together reach the peak memory, and the activations are gone at the end."""
    report = samples.profile(rows=alive_rows(*ALIVE))
    counters = of_phase(report, "C")
    assert [counter["args"]["live_activations"] for counter in counters] == [*ALIVE, 0]
    assert max(sum(counter["args"].values()) for counter in counters) == report.peak_memory_bytes
    assert of_phase(samples.profile(), "C") == []


def test_comparison_has_a_process_for_each_device():
    """Devices stand below each other, fastest first."""
    named = [event for event in of_phase(samples.comparison(), "M") if event["name"] == "process_name"]
    assert [event["args"]["name"].split(" (")[0] for event in named] == ["RNGD", "ATOM-Max", "H100 SXM"]
    assert [event["pid"] for event in named] == [1, 2, 3]


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_name_stays_a_name(case):
    """A name ends no string and fills no trace."""
    text = show(hostile("profile", HOSTILE[case]), "trace")
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text) < 10_000
    assert len([event for event in json.loads(text)["traceEvents"] if event["ph"] == "X"]) == 3


def test_data_is_the_report():
    """What a program draws is the report itself."""
    report = samples.profile()
    assert ProfileReport.from_json(show(report, "data")) == report
