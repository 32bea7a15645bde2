"""The cost model's answers: tables first, then their cost under any parameters."""

from dataclasses import replace
from functools import partial

import pytest

from npusdk.calibration.predictor import answer, predict
from npusdk.calibration.preparation import prepare
from npusdk.calibration.questions import ask
from npusdk.calibration.rows import Row
from npusdk.catalogue import cost_parameters
from npusdk.cost import best_schedule
from npusdk.pipeline import load
from npusdk.pipeline.calibration import expected_parameters

IMAGE = Row(
    line=2, id="a", device_key="a100-sxm-80", model="ResNet-50 v1.5", precision="int8", batch="8",
    metric="throughput", value=100.0, unit="samples/s",
)  # fmt: skip
TEXT = Row(
    line=3, id="b", device_key="h100-sxm", model="Llama-3-8B", precision="fp16", batch="64", input_len="1024",
    output_len="33", metric="end-to-end latency (prefill+decode)", value=1.0, unit="s",
)  # fmt: skip


def changed(row, **changes):
    """Return what a changed row asks."""
    return ask(replace(row, **changes))


def test_work_of_a_generation_is_a_prefill_and_steps():
    """Prompts run together as far as one pass takes them; every token but the first is a step of all sequences."""
    first, *steps = prepare(changed(TEXT)).works
    assert (first.batch, first.times) == (8, 8)
    assert {step.batch for step in steps} == {64}
    assert sum(step.times for step in steps) == 32


def test_work_of_a_decode_is_all_its_tokens():
    """A speed of decoding counts every token, and no prompt."""
    works = prepare(changed(TEXT, metric="decode speed batch 1", unit="tokens/s", batch="", input_len="")).works
    assert sum(work.times for work in works) == 33
    assert {work.batch for work in works} == {1}


def test_guidance_doubles_the_batch_of_each_step():
    """SDXL's denoiser runs once a step on twice the images, its decoder once on as many as there are."""
    works = prepare(changed(IMAGE, model="SDXL", model_detail="1024x1024, 20 steps", precision="fp16", batch="1")).works
    assert [(work.batch, work.times) for work in works] == [(2, 1), (2, 1), (2, 20), (1, 1)]


def test_latency_is_that_of_the_schedule():
    """The answer for a network is the cost model's, with or without host and runtime."""
    parameters = expected_parameters(prepare(changed(IMAGE)).device, "int8", "other")
    (work,) = prepare(changed(IMAGE)).works
    timed = best_schedule(work.tables, parameters, 8)
    latency = changed(IMAGE, metric="latency", unit="ms")
    assert predict(latency).quantity == pytest.approx(timed.latency_s)
    assert predict(replace(latency, clock="device")).quantity == pytest.approx(timed.device_s)
    assert predict(changed(IMAGE)).quantity == pytest.approx(timed.throughput_per_s)


def test_network_of_a_row_is_that_of_load():
    """A resolution of a row is the one that the zoo builds with."""
    prepared = prepare(changed(IMAGE, model_detail="288x288x3"))
    (work,) = prepared.works
    model = load("zoo:resnet50", resolution=288, batch=8)
    report = model.planner.profile(prepared.device, "int8", 8)
    assert int(work.tables(8).macs.sum()) == report.macs


def test_rates_and_times_of_one_process_agree():
    """Tokens a second are the tokens over the seconds, whichever the source wrote down."""
    prompt = changed(TEXT, metric="TTFT", batch="1")
    speed = changed(TEXT, metric="prefill speed batch 1", unit="tokens/s", batch="1")
    assert predict(speed).quantity == pytest.approx(1024 / predict(prompt).quantity)
    step = changed(TEXT, metric="time per output token", unit="s", batch="1")
    pace = changed(TEXT, metric="decode speed batch 1", unit="tokens/s", batch="1")
    assert predict(pace).quantity == pytest.approx(1 / predict(step).quantity)
    whole = changed(TEXT)
    served = changed(TEXT, metric="output token throughput", unit="tokens/s")
    assert predict(served).quantity == pytest.approx(64 * 33 / predict(whole).quantity)


@pytest.mark.parametrize("row", [replace(IMAGE, metric="latency", unit="ms"), TEXT])
def test_prediction_is_never_faster_than_the_data_sheet_s_arithmetic(row):
    """The roofline without its traffic bounds every prediction from below."""
    question = ask(row)
    prepared = prepare(question)
    parameters = replace(cost_parameters(prepared.device, question.precision), memory_bandwidth_bytes_per_s=1e30)
    said = answer(prepared, parameters)
    assert said.quantity / question.batch >= said.roofline_s


def test_power_stays_between_idle_and_limit():
    """Mean watts of a generation, or of calls without a gap, are a power that the card can have."""
    for row in (replace(TEXT, metric="average board power", unit="mW"), replace(IMAGE, metric="board power", unit="W")):
        question = ask(row)
        parameters = cost_parameters(prepare(question).device, question.precision)
        assert parameters.idle_w < predict(question).quantity <= parameters.tdp_w
        assert predict(question).roofline_s is None
    assert predict(changed(IMAGE, metric="board power", unit="W", device_key="ipu-c600", precision="fp16")).reason == (
        "power_not_known"
    )


def test_tables_serve_any_parameters():
    """Other parameters change the answer and not the work: what a fit tries, a prediction with a profile uses."""
    question = changed(IMAGE, metric="latency", unit="ms", batch="128")

    def halved(device, dtype, stack, *, slower):
        parameters = expected_parameters(device, dtype, stack)
        return replace(parameters, eta_compute=parameters.eta_compute / slower)

    plain, slow = (predict(question, partial(halved, slower=slower)) for slower in (1, 2))
    assert plain == predict(question)
    assert plain.quantity < slow.quantity <= 2 * plain.quantity
    assert slow.roofline_s == plain.roofline_s
    assert prepare(question) is prepare(question)


def test_requests_that_do_not_fit_at_once_take_turns():
    """Half of a batch in each of two rounds, where keys and values of all do not fit beside the weights."""
    row = replace(TEXT, device_key="a100-40", model="Llama-2-7B", input_len="1024", output_len="1024")
    rounds = prepare(ask(replace(row, batch="32"))).works
    once = prepare(ask(replace(row, batch="16"))).works
    assert [work.batch for work in rounds] == [work.batch for work in once]
    assert [work.times for work in rounds] == pytest.approx([2 * work.times for work in once])
    assert predict(ask(replace(row, batch="32"))).quantity > predict(ask(replace(row, batch="16"))).quantity
    assert prepare(ask(replace(row, batch="32", model="Llama-3-70B"))).reason == "does_not_fit"


def test_sixteen_bit_models_run_in_the_format_that_the_device_has():
    """RNGD runs float16 models in bf16 by its own rule; a device that has the format keeps it."""
    assert changed(IMAGE, device_key="rngd", precision="fp16").precision == "bf16"
    assert changed(IMAGE, device_key="t4", precision="bf16").precision == "fp16"
    assert changed(IMAGE, precision="fp16").precision == "fp16"
    assert changed(IMAGE, device_key="warboy", precision="fp16").precision == "fp16"
