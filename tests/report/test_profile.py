"""The laws of a profile, checked whenever one is made or read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from npusdk.errors import ConfigError
from npusdk.report import BOUNDS, SCHEMA_VERSION, TERMS, LayerCost, LayerTable, Note, ProfileReport, Reachability
from tests.views import samples

TIMES = st.floats(min_value=0, max_value=1e3, allow_subnormal=False)


@st.composite
def layer_rows(draw):
    """Draw a layer that keeps every law at a bandwidth of 1.5 TB/s."""
    time_s = draw(TIMES)
    return LayerCost(
        name=draw(st.text(max_size=20)),
        op=draw(st.sampled_from(["Conv", "Gemm+Relu", "Softmax"])),
        group=draw(st.sampled_from(["matrix", "vector", "view"])),
        macs=draw(st.integers(min_value=0, max_value=10**15)),
        traffic_bytes=draw(st.floats(min_value=0, max_value=1)) * time_s * 1.5e12,
        time_s=time_s,
        bound=draw(st.sampled_from(BOUNDS)),
        utilization=draw(st.floats(min_value=0, max_value=1)),
    )


@st.composite
def profiles(draw):
    """Draw a profile that keeps every law."""
    rows = draw(st.lists(layer_rows(), max_size=6))
    call_s, host_s = draw(TIMES), draw(TIMES)
    latency_s = sum(row.time_s for row in rows) + call_s + host_s
    weights, activations = draw(st.integers(0, 2**40)), draw(st.integers(0, 2**40))
    return samples.profile(
        rows=[],
        layers=LayerTable.from_rows(rows),
        macs=sum(row.macs for row in rows),
        call_s=call_s,
        host_s=host_s,
        latency_s=latency_s,
        latency_low_s=latency_s * draw(st.floats(0, 1)),
        latency_high_s=latency_s * draw(st.floats(1, 4)),
        throughput_per_s=draw(st.floats(0, 1e9)),
        weight_bytes=weights,
        peak_memory_bytes=weights + activations,
        device_memory_bytes=draw(st.none() | st.integers(1, 2**42)),
        batch=draw(st.integers(1, 4096)),
        model=draw(st.text(max_size=30)),
    )


@given(profiles())
def test_profile_round_trips_through_json(report):
    """What is written is read back equal, to the last bit of every number."""
    again = ProfileReport.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()


@given(profiles(), st.floats(min_value=0.01, max_value=10))
def test_latency_that_is_not_the_sum_is_refused(report, off):
    """Layers and overheads add up to the latency, or there is no report."""
    wrong = report.latency_s * (1 + off) + off
    with pytest.raises(ValidationError, match="add up to latency_s"):
        broken(report, latency_s=wrong, latency_low_s=0.0, latency_high_s=wrong)


@given(profiles())
def test_macs_that_are_not_the_sum_are_refused(report):
    """Layers add up to the multiply-accumulates of the whole."""
    with pytest.raises(ValidationError, match="add up to macs"):
        broken(report, macs=report.macs + 1)


@given(profiles(), st.floats(min_value=1.001, max_value=100))
def test_interval_that_does_not_hold_the_latency_is_refused(report, factor):
    """The low end is not above the latency, the high end not below it."""
    latency_s = max(report.latency_s, 1e-9)
    with pytest.raises(ValidationError, match="low <= latency <= high"):
        broken(report, latency_low_s=latency_s * factor, latency_high_s=latency_s * factor)
    if report.latency_s > 1e-12:
        with pytest.raises(ValidationError, match="low <= latency <= high"):
            broken(report, latency_low_s=0.0, latency_high_s=report.latency_s / factor)


@pytest.mark.parametrize(
    ("column", "value", "law"),
    [
        ("utilization", 1.01, "utilization <= 1"),
        ("utilization", -0.1, "nothing is negative"),
        ("traffic_bytes", 1e9, "bytes <= bandwidth x time"),
        ("traffic_bytes", -1.0, "nothing is negative"),
        ("time_s", float("nan"), "every number is finite"),
        ("time_s", float("inf"), "every number is finite"),
        ("macs", -5, "nothing is negative"),
        ("energy_j", float("nan"), "every number is finite"),
    ],
)
def test_layer_that_breaks_a_law_is_refused(column, value, law):
    """Every law of a layer is checked, and the message names the one that is broken."""
    rows = [{"energy_j": 0.0, **row} for row in samples.ROWS]
    rows[0][column] = value
    with pytest.raises(ValidationError, match=law):
        samples.profile(rows=rows)


@pytest.mark.parametrize(
    ("field", "value", "law"),
    [
        ("weight_bytes", -1, "nothing is negative"),
        ("batch", 0, "one sample or more"),
        ("peak_memory_bytes", 1, "weights are part of the peak memory"),
        ("throughput_per_s", float("inf"), "every number is finite"),
        ("throughput_per_s", -1.0, "nothing is negative"),
        ("peak_ops_per_s", float("nan"), "every number is finite"),
        ("latency_high_s", float("inf"), "every number is finite"),
        ("memory_bandwidth_bytes_per_s", float("nan"), "every number is finite"),
        ("energy_j", float("inf"), "every number is finite"),
        ("power_w", -3.0, "nothing is negative"),
    ],
)
def test_profile_that_breaks_a_law_is_refused(field, value, law):
    """Every law of the whole is checked, and the message names the one that is broken."""
    with pytest.raises(ValidationError, match=law):
        samples.profile(**{field: value})


def test_bandwidth_that_is_not_known_bounds_nothing():
    """Where the memory term is left out, traffic is not held against the time."""
    rows = [{**samples.ROWS[0], "traffic_bytes": 1e12}]
    assert samples.profile(rows=rows, memory_bandwidth_bytes_per_s=None).memory_bandwidth_bytes_per_s is None


@pytest.mark.parametrize("field", ["basis", "validity", "bound"])
def test_word_outside_the_schema_is_refused(field):
    """A basis, class or bound is one of those that readers know."""
    with pytest.raises(ValidationError, match=field):
        samples.profile(**{field: "guessed"})


def test_basis_is_required():
    """No report is made that does not say whether its numbers are predicted, simulated or measured."""
    fields = samples.profile().model_dump()
    del fields["basis"]
    with pytest.raises(ValidationError, match="basis"):
        ProfileReport.model_validate(fields)


def test_report_is_immutable():
    """Nobody changes a number after the laws were checked."""
    with pytest.raises(ValidationError, match="frozen"):
        samples.profile().latency_s = 1.0


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.99", "1"])
def test_newer_minor_version_is_read(version):
    """Within a major version a reader takes reports of any minor one, and leaves out fields that it does not know."""
    data = json.loads(samples.profile().to_json())
    data |= {"schema_version": version, "a_field_of_the_future": [1, 2]}
    data["layers"][0]["another"] = "x"
    report = ProfileReport.from_json(json.dumps(data))
    assert report.schema_version == version
    assert report.latency_s == samples.profile().latency_s
    assert not hasattr(report, "a_field_of_the_future")


@pytest.mark.parametrize("version", ["0.9", "2.0", "10.0", "x", ""])
def test_other_major_version_is_refused(version):
    """A report of another major version is refused on the version alone."""
    data = json.loads(samples.profile().to_json()) | {"schema_version": version}
    with pytest.raises(ConfigError, match="schema_version"):
        ProfileReport.from_json(json.dumps(data))


def test_report_without_an_addition_of_a_later_minor_version_is_read():
    """Fields that have defaults may be missing: an older writer did not know them."""
    data = json.loads(samples.profile().to_json())
    for field in ("energy_j", "power_w", "krw", "schema_version"):
        del data[field]
    assert ProfileReport.from_json(json.dumps(data)) == samples.profile()


def test_unknown_code_is_kept_and_shown_as_it_is():
    """A code from a newer writer survives reading and showing."""
    report = samples.profile(excluded=("dark_silicon",), assumptions=(Note(code="moon_phase", params={"phase": 3}),))
    again = ProfileReport.from_json(report.to_json())
    assert again.excluded == ("dark_silicon",)
    assert "dark_silicon" in str(again)
    assert "moon_phase" in str(again)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', "{}", "\x00", '{"schema_version": "1.0"}', '{"layers": 3}', b"\xff\xfe", "1e999"],
)
def test_text_that_is_no_report_is_a_config_error(text):
    """Whatever is read, the answer is a report or an error of ours that says where it is wrong."""
    with pytest.raises(ConfigError, match="ProfileReport"):
        ProfileReport.from_json(text)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(10**400), st.just(-(10**400)),
    st.just([]), st.just({}), st.just([[1]]), st.just({"a": 1}), st.just(2**63), st.just(2**64), st.just(-(2**63) - 1),
)  # fmt: skip


@given(st.data())
def test_report_with_one_value_replaced_is_read_or_refused(data):
    """No value in a file, however absurd, does anything but make a report that keeps the laws or an error of ours."""
    content = json.loads(samples.profile().to_json())
    target = data.draw(st.sampled_from([content, content["layers"][0], content["precision_reachable"]]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(LEAVES)
    try:
        report = ProfileReport.from_json(json.dumps(content))
    except ConfigError:
        return
    assert str(report).replace("\n", "").isprintable()
    assert repr(report).isprintable()


def test_sum_that_wraps_around_is_refused():
    """Counts are added as whole numbers of any size: a sum beyond 64 bits does not come back small."""
    rows = [{**samples.ROWS[0], "macs": 2**62}] * 5
    with pytest.raises(ValidationError, match="add up to macs"):
        samples.profile(rows=rows, macs=2**62)


def broken(report, **changes):
    """Make the report again with fields changed."""
    return ProfileReport.model_validate({**dict(report), **changes})


def test_layers_are_rows_when_looked_at():
    """A table is a sequence of costs: by index, from the end, by slice."""
    table = samples.profile().layers
    assert isinstance(table[0], LayerCost)
    assert table[-1].name == "flatten"
    assert [row.name for row in table[1:3]] == ["pool", "fc"]
    assert len(list(table)) == len(table) == 4
    with pytest.raises(IndexError):
        table[4]


def test_columns_of_unequal_length_are_refused():
    """A table whose columns do not match is not made."""
    table = samples.profile().layers
    with pytest.raises(ValueError, match="length"):
        LayerTable(
            names=table.names[:2],
            ops=table.ops,
            groups=table.groups,
            bounds=table.bounds,
            macs=table.macs,
            traffic_bytes=table.traffic_bytes,
            time_s=table.time_s,
            utilization=table.utilization,
        )


def test_energy_is_there_for_all_layers_or_for_none():
    """A column half filled is no column."""
    rows = [{**row, "energy_j": 1e-3} for row in samples.ROWS]
    assert LayerTable.from_rows(rows)[2].energy_j == pytest.approx(1e-3)
    del rows[1]["energy_j"]
    assert LayerTable.from_rows(rows).energy_j is None
    assert np.shape(LayerTable.from_rows([]).time_s) == (0,)


def test_reachability_has_three_words():
    """Public software reaches a precision, is planned to, or nothing says so."""
    with pytest.raises(ValidationError, match="status"):
        Reachability(status="perhaps")


def test_schema_version_is_of_the_first_major():
    """The schema that this suite describes."""
    assert SCHEMA_VERSION.split(".")[0] == "1"


ALIVE = (2_000_000, 2_500_000, 300_000, 4_000)


def alive_rows(*live_bytes):
    return [{**row, "live_bytes": size} for row, size in zip(samples.ROWS, live_bytes, strict=True)]


def test_live_bytes_and_weights_make_the_peak():
    """The largest live set and the weights are the peak memory, which some layer reaches."""
    report = samples.profile(rows=alive_rows(*ALIVE))
    assert report.weight_bytes + max(ALIVE) == report.peak_memory_bytes
    assert ProfileReport.from_json(report.to_json()).layers.live_bytes.tolist() == list(ALIVE)


@pytest.mark.parametrize("largest", [2_499_999, 2_500_001])
def test_live_bytes_that_are_not_the_peak_are_refused(largest):
    """Neither a layer above the peak nor a peak that no layer reaches makes a report."""
    with pytest.raises(ValidationError, match="most live bytes are the peak"):
        samples.profile(rows=alive_rows(1, largest, 1, 1))


def test_live_bytes_below_nothing_are_refused():
    """No layer holds a negative number of bytes."""
    with pytest.raises(ValidationError, match="nothing is negative"):
        samples.profile(rows=alive_rows(-1, 2_500_000, 1, 1))


def test_live_bytes_are_there_for_all_layers_or_for_none():
    """A column half filled is no column."""
    rows = alive_rows(*ALIVE)
    del rows[1]["live_bytes"]
    assert LayerTable.from_rows(rows).live_bytes is None


def test_layer_table_is_short_in_a_shell():
    """A table of many layers does not fill a screen when it is named."""
    assert repr(samples.profile().layers) == "LayerTable(4 layers, 120 MMAC)"


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"energy_low_j": 1.0}, "low <= energy <= high"),
        ({"energy_high_j": 1e-9}, "low <= energy <= high"),
        ({"power_w": 151.0}, "energy is power x latency"),
        ({"energy_low_j": -1.0}, "nothing is negative"),
        ({"sustained_power_w": float("nan")}, "every number is finite"),
        ({"krw": -1.0}, "nothing is negative"),
        ({"chunk": 9}, "1 <= chunk <= batch"),
        ({"chunk": 0}, "1 <= chunk <= batch"),
        ({"partitions": 0}, "partitions >= 1"),
    ],
)
def test_grounds_that_break_a_law_are_refused(changes, law):
    """Energy lies in its interval and is power times latency; a chunk is part of the batch."""
    samples.grounded()
    with pytest.raises(ValidationError, match=law):
        samples.grounded(**changes)


@pytest.mark.parametrize(
    ("column", "value", "law"),
    [
        ("repeats", 0, "repeats >= 1"),
        ("terms", dict.fromkeys(TERMS.values(), -1e-9), "nothing is negative"),
        ("terms", dict.fromkeys(TERMS.values(), float("inf")), "every number is finite"),
    ],
)
def test_layer_whose_terms_break_a_law_is_refused(column, value, law):
    """A layer runs once or more, and no term of its time is negative."""
    row = {**samples.ROWS[0], "repeats": 1, "terms": dict.fromkeys(TERMS.values(), 0.0), column: value}
    with pytest.raises(ValidationError, match=law):
        samples.profile(rows=[row])


def test_terms_have_a_margin_where_there_are_two():
    """The largest term over the second largest; a single one has none."""
    terms = dict.fromkeys(TERMS.values(), 0.0)
    rows = [
        {**samples.ROWS[0], "terms": terms | {"compute_s": 6e-6, "memory_s": 2e-6}},
        {**samples.ROWS[1], "terms": terms | {"vector_s": 1e-6}},
    ]
    table = samples.profile(rows=rows).layers
    assert [row.margin for row in table] == [pytest.approx(3.0), None]
    assert table.margins.tolist() == [pytest.approx(3.0), np.inf]
    assert samples.profile().layers.margins is None
    assert samples.profile().layers[0].margin is None


def test_terms_that_are_not_those_of_the_schema_are_refused():
    """A column of another name would be lost when it is written."""
    table = samples.grounded().layers
    with pytest.raises(ValueError, match="terms are"):
        replace(table, terms={"compute_s": table.time_s})


def test_terms_repeats_and_explanations_are_there_for_all_layers_or_for_none():
    """A column half filled is no column."""
    rows = [row.model_dump() for row in samples.grounded().layers]
    rows[1] |= {"terms": None, "repeats": None, "explanation": None}
    table = LayerTable.from_rows(rows)
    assert (table.terms, table.repeats, table.explanations) == (None, None, None)
    assert (table[0].terms, table[0].repeats, table[0].explanation) == (None, None, None)


def test_figures_of_a_sample_are_those_of_a_call_over_the_batch():
    """Joules and won of a sample are what batches are compared by; a report says how many devices it is for."""
    report = samples.grounded()
    assert report.energy_j_per_sample == report.energy_j / 8
    assert report.krw_per_sample == report.krw / 8
    assert (report.devices, samples.profile().devices) == (6, 1)
    assert samples.profile().energy_j_per_sample is None
