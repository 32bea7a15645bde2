"""The laws of a fit: the worst finding decides."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from npusdk.errors import ConfigError
from npusdk.report import DeviceFit, FitReport
from npusdk.report.fit import STATUSES
from tests.views import samples

FINDINGS = {
    "runs": samples.RUNS, "falls_back": samples.FALLS_BACK, "undocumented": samples.UNDOCUMENTED,
    "blocked": samples.BLOCKED,
}  # fmt: skip


@given(st.lists(st.sampled_from(STATUSES), max_size=6), st.sampled_from(STATUSES))
def test_status_is_that_of_the_worst_finding(statuses, stated):
    """A device is as good as its worst finding; one without findings runs the model."""
    worst = max(statuses, key=STATUSES.index, default="runs")
    findings = tuple(FINDINGS[status] for status in statuses)
    if stated == worst:
        assert samples.device_fit(stated, findings=findings).status == worst
    else:
        with pytest.raises(ValidationError, match="worst finding"):
            samples.device_fit(stated, findings=findings)


@pytest.mark.parametrize("status", STATUSES)
def test_fit_round_trips_through_json(status):
    """What is written is read back equal."""
    report = samples.fit(fits=(samples.device_fit(status),))
    assert FitReport.from_json(report.to_json()) == report


def test_fit_is_a_sequence_of_devices():
    """Answers come by device identifier and in the order asked for."""
    report = samples.fit()
    assert len(report) == 4
    assert [answer.device for answer in report] == [f"vendor-{status}" for status in STATUSES]
    assert report["vendor-blocked"].status == "blocked"
    with pytest.raises(KeyError):
        report["nobody"]


def test_memory_is_weights_and_activations():
    """The total is the sum of both, and none is negative."""
    assert samples.MEMORY.total_bytes == 6_500_000


@pytest.mark.parametrize("field", ["weight_bytes", "activation_bytes", "pool_bytes"])
def test_negative_bytes_are_refused(field):
    """No memory is smaller than nothing."""
    memory = samples.MEMORY.model_dump() | {field: -1}
    with pytest.raises(ValidationError, match=field):
        samples.device_fit(memory=memory)


def test_finding_counts_one_node_at_least():
    """A finding is about something."""
    with pytest.raises(ValidationError, match="count"):
        type(samples.RUNS)(**{**dict(samples.RUNS), "count": 0})


def test_repr_counts_each_status_that_occurs():
    """The short form names the statuses that there are, best first."""
    assert repr(samples.fit()) == (
        "FitReport(small net, batch 1, auto: 1 runs, 1 falls_back, 1 undocumented, 1 blocked)"
    )
    assert repr(samples.fit(fits=())) == "FitReport(small net, batch 1, auto: no device)"


def test_additions_of_a_newer_writer_are_left_out():
    """A field that this version does not know is ignored wherever it stands."""
    data = json.loads(samples.fit().to_json())
    data["fits"][0]["price"] = 3
    data["fits"][0]["findings"][0]["severity"] = "high"
    assert FitReport.from_json(json.dumps(data)) == samples.fit()


def test_status_from_nowhere_is_refused():
    """A status outside the schema is not shown as if it were one."""
    data = json.loads(samples.fit().to_json())
    data["fits"][0]["status"] = "flies"
    with pytest.raises(ConfigError, match="status"):
        FitReport.from_json(json.dumps(data))


def test_fit_of_a_device_is_a_record():
    """An answer is made from its fields alone."""
    answer = samples.device_fit("falls_back")
    assert DeviceFit.model_validate(answer.model_dump()) == answer
