"""What a row asks of the cost model, and why some rows cannot be answered."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.calibration.preparation import prepare
from npusdk.calibration.questions import Question, ask
from npusdk.calibration.refusals import Refused
from npusdk.calibration.rows import Row
from npusdk.report.validation import REASONS, Reason

IMAGE = Row(
    line=2, id="a", device_key="a100-sxm-80", model="ResNet-50 v1.5", precision="int8", scenario="MLPerf Offline",
    batch="8", metric="throughput", value=100.0, unit="samples/s", model_detail="224x224x3 ImageNet",
)  # fmt: skip
TEXT = Row(
    line=3, id="b", device_key="h100-sxm", model="Llama-3-8B", precision="fp16", batch="16", input_len="128",
    output_len="32", metric="end-to-end latency (prefill+decode)", value=1.0, unit="s",
)  # fmt: skip


def test_throughput_counts_devices_and_parts():
    """Copies that work side by side add their rates: of all devices, and of Warboy's two elements."""
    eight = ask(replace(IMAGE, n_devices=8))
    assert (eight.batch, eight.copies, eight.to_unit(10.0)) == (8, 8, 80.0)
    warboy = ask(replace(IMAGE, device_key="warboy"))
    assert (warboy.device, warboy.parts, warboy.copies) == ("furiosa-warboy:1pe", 2, 2)


@pytest.mark.parametrize("batch", ["1", "8 (fused 2 PE)"])
def test_fused_elements_are_one_device(batch):
    """One sample at a time, or elements that are said to be fused, run on the whole of Warboy."""
    assert ask(replace(IMAGE, device_key="warboy", batch=batch)).device == "furiosa-warboy"


def test_latency_is_no_matter_of_the_number_of_devices():
    """The time of one call is that of one device however many stand in the box."""
    one = replace(IMAGE, metric="latency_mean", unit="ms", scenario="MLPerf SingleStream", batch="")
    assert ask(replace(one, n_devices=2)).to_unit(0.001) == ask(one).to_unit(0.001) == 1.0


def test_query_of_many_samples_is_one_call():
    """A MultiStream query is a call of eight samples unless the row says otherwise; its latency is that of all."""
    query = replace(IMAGE, metric="latency_mean per query", unit="ns", scenario="MLPerf MultiStream", batch="")
    assert (ask(query).batch, ask(query).to_unit(1e-3)) == (8, 1e6)
    assert ask(replace(query, batch="4")).batch == 4


def test_latency_per_image_is_a_share_of_the_call():
    """A time per image is the call's over its samples."""
    row = replace(IMAGE, metric="NPU latency per image", unit="ms", batch="4")
    assert (ask(row).to_unit(4e-3), ask(row).clock) == (1.0, "device")


def test_host_copies_are_left_out_where_the_notes_say_so():
    """The device's own clock is asked for where the source timed that."""
    row = replace(IMAGE, metric="latency", unit="ms")
    assert ask(row).clock == "call"
    assert ask(replace(row, notes="host-device copies NOT included (stated in README)")).clock == "device"


@pytest.mark.parametrize(
    ("changes", "tp", "pp", "copies"),
    [
        ({"model_detail": "tensor parallel 4"}, 4, 1, 1),
        ({"model_detail": "tensor parallel 4", "n_devices": 8}, 4, 1, 2),
        ({"model_detail": "tensor parallel 2, pipeline parallel 2", "n_devices": 4}, 2, 2, 1),
        ({"n_devices": 4}, 4, 1, 1),
        ({"n_devices": 2, "software": "llama.cpp"}, 1, 2, 1),
        ({"device_key": "rngd", "n_devices": 1, "model_detail": "tensor parallel 8"}, 1, 1, 1),
    ],
)
def test_devices_of_a_copy(changes, tp, pp, copies):
    """As stated; over all devices where one batch is timed; elements inside one device are no devices."""
    question = ask(replace(TEXT, **changes))
    assert (question.tp, question.pp, question.copies) == (tp, pp, copies)


def test_server_takes_as_few_devices_as_the_weights_fit_into():
    """Where nothing is said, a copy of 70 billion weights in sixteen bits takes two cards of 141 GB, of eight."""
    row = replace(TEXT, device_key="h200-sxm", model="Llama-3-70B", n_devices=8, metric="output token throughput",
                  unit="tokens/s", batch="not stated (saturated)")  # fmt: skip
    assert (ask(row).tp, ask(row).batch) == (0, 0)
    settled = prepare(ask(row)).question
    assert (settled.tp, settled.copies, settled.batch > 1) == (2, 4, True)


def test_rate_of_one_card_is_a_share():
    """A rate per GPU is the whole rate over all devices."""
    row = replace(
        TEXT, metric="output token throughput per GPU", unit="tokens/s", n_devices=8, model_detail="tensor parallel 2"
    )
    assert ask(row).to_unit(100.0) == 100.0 * 4 / 8


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        ("batch 64", 64), ("bs=1", 1), ("~32", 32), ("gpu_batch_size: 2048", 2048), ("{'resnet50': 2048}", 2048),
        ("32 concurrent requests", 32), ("concurrency 8", 8),
    ],
)  # fmt: skip
def test_batch_is_read_from_what_people_write(text, batch):
    """A batch may come with its own name."""
    assert ask(replace(IMAGE, batch=text)).batch == batch


@pytest.mark.parametrize(("text", "tokens"), [("ISL 128", 128), ("2k", 2048), ("128 tokens", 128)])
def test_length_is_read_from_what_people_write(text, tokens):
    """A length may come with its own name; k is 1024."""
    assert ask(replace(TEXT, input_len=text)).input_tokens == tokens


def test_one_request_is_a_batch_of_one():
    """A scenario of one request at a time states the batch."""
    row = replace(TEXT, metric="TTFT", batch="")
    assert ask(replace(row, scenario="vLLM serve, concurrency 1")).batch == 1
    assert ask(replace(row, scenario="single request")).batch == 1
    assert ask(replace(row, scenario="vLLM serve, concurrency 16")).reason == "batch_not_stated"


def test_variable_lengths_take_the_average_of_a_known_data_set_only():
    """Padding that is removed leaves an average where the data set has one that is published."""
    row = replace(IMAGE, model="BERT-Large", model_detail="SQuAD v1.1, max seq 384", input_len="<=384 (variable)")
    assert ask(row).sequence == 177
    assert ask(replace(row, model_detail="own texts")) == Refused("variable_size", "<=384 (variable)")
    assert ask(replace(row, input_len="")).sequence == 384


@pytest.mark.parametrize(
    ("row", "changes", "reason"),
    [
        (IMAGE, {"is_whole": False}, "malformed_row"),
        (IMAGE, {"value": None}, "bad_value"),
        (IMAGE, {"n_devices": 0}, "bad_value"),
        (TEXT, {"n_devices": 5000}, "bad_value"),
        (TEXT, {"model_detail": "tensor parallel 9999"}, "bad_value"),
        (IMAGE, {"batch": "eight"}, "bad_value"),
        (IMAGE, {"batch": "99999999"}, "bad_value"),
        (IMAGE, {"device_key": "a40"}, "unknown_device"),
        (IMAGE, {"model": "ResNet"}, "unknown_model"),
        (IMAGE, {"precision": "fp12"}, "unknown_precision"),
        (IMAGE, {"metric": "mood"}, "unknown_metric"),
        (IMAGE, {"unit": "ms"}, "unknown_unit"),
        (IMAGE, {"unit": "parsec"}, "unknown_unit"),
        (IMAGE, {"batch": ""}, "batch_not_stated"),
        (IMAGE, {"metric": "p99 latency", "unit": "ms"}, "not_modelled"),
        (IMAGE, {"model": "3D-UNet KiTS19"}, "variable_size"),
        (TEXT, {"input_len": ""}, "lengths_not_stated"),
        (TEXT, {"input_len": "about 100"}, "lengths_not_stated"),
    ],
)
def test_rows_that_cannot_be_asked_have_a_reason(row, changes, reason):
    """Each thing that is missing or wrong has its own reason."""
    assert ask(replace(row, **changes)).reason == reason


@pytest.mark.parametrize(
    ("row", "changes", "reason"),
    [
        (IMAGE, {"device_key": "warboy", "precision": "fp16"}, "precision_not_on_device"),
        (IMAGE, {"model_detail": "224x192"}, "not_modelled"),
        (IMAGE, {"model": "YOLOv8n", "model_detail": "333x333"}, "not_modelled"),
        (TEXT, {"model": "Llama-3-70B"}, "does_not_fit"),
    ],
)
def test_questions_that_cannot_be_prepared_have_a_reason(row, changes, reason):
    """What device, zoo or memory do not allow is refused with what they say."""
    refused = prepare(ask(replace(row, **changes)))
    assert (refused.reason, bool(refused.detail)) == (reason, True)


def test_reasons_are_closed_and_each_has_a_sentence():
    """The list of reasons is the list of sentences."""
    assert set(REASONS) == set(get_args(Reason))


TEXTS = st.text(max_size=40)


@given(st.builds(Row, line=st.just(1), id=TEXTS, device_key=st.sampled_from(["t4", "warboy", "x"]), model=TEXTS,
                 model_detail=TEXTS, precision=st.sampled_from(["fp16", "int8", "?"]), scenario=TEXTS, batch=TEXTS,
                 input_len=TEXTS, output_len=TEXTS, metric=TEXTS, value=st.none() | st.floats(1e-9, 1e9), unit=TEXTS,
                 n_devices=st.none() | st.integers(0, 10**7)))  # fmt: skip
def test_any_row_is_a_question_or_a_reason(row):
    """No row breaks the reading."""
    assert isinstance(ask(row), (Question, Refused))


@given(st.sampled_from(["1", "8", "64"]), st.sampled_from([None, 1, 4]), st.floats(1e-6, 1e6))
def test_seconds_per_sample_do_not_depend_on_the_unit(batch, devices, value):
    """A rate and the time that it stands for are the same seconds per sample."""
    rate = ask(replace(IMAGE, batch=batch, n_devices=devices))
    time = ask(replace(IMAGE, batch=batch, metric="latency", unit="ms"))
    seconds = rate.seconds_per_sample(rate.to_unit(value))
    assert seconds == pytest.approx(1 / value)
    assert time.seconds_per_sample(time.to_unit(value)) == pytest.approx(value / int(batch))
