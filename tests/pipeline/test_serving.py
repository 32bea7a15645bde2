"""Serving in closed form: its arithmetic by hand, and the laws that every prediction obeys."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusdk as npu
from npusdk.importers.language import bundled_models

SMALL = "qwen3-0.6b"
DEVICES = ("rngd", "a100", "h100", "lpu", "atom-max")


def serve(name, device, tokens=(128, 32), **options):
    return npu.LLM(name).serve(device, input_tokens=tokens[0], output_tokens=tokens[1], **options)


def test_room_for_keys_and_values_is_counted_by_hand():
    """Llama 3 8B on an H100: (0.9 x 85.52 GB - 16.06 GB) / 131072 B a token; 1500 tokens a request at their mean."""
    report = serve("llama-3-8b", "h100", (1000, 1000))
    capacity = int((0.9 * 85_520_809_984 - 2 * 8_030_261_248) // 131_072)
    assert (report.kv_capacity_tokens, report.largest_batch) == (capacity, capacity // 1500)
    assert (report.batch, report.batch_basis, report.kv_bytes_per_token) == (capacity // 1500, "memory", 131_072)
    assert serve("llama-3-8b", "h100", (1000, 1000), batching="static").batch == capacity // 2000
    assert serve(SMALL, "h100", (1, 1)).batch_basis == "cap"


def test_request_is_its_prefill_and_its_steps():
    """The closed form is the passes' own times: a prefill of 8192 tokens at a time, steps at four points."""
    model, batch, tokens = npu.LLM("llama-3-8b"), 20, (1024, 256)
    report = serve("llama-3-8b", "rngd", tokens, batch=batch)
    time_s = lambda made: npu.profile(made, "rngd").latency_s  # noqa: E731
    prefill_s = batch * min(time_s(model.prefill(tokens=1024)), time_s(model.prefill(tokens=1024, batch=8)) / 8)
    steps_s = [time_s(model.decode(context=1024 + 32 + 64 * point, batch=batch)) for point in range(4)]
    assert report.ttft_s == pytest.approx(time_s(model.prefill(tokens=1024)))
    assert report.prefill.value == pytest.approx(prefill_s)
    assert report.tpot_s == pytest.approx(sum(steps_s) / 4)
    assert report.latency_s == pytest.approx(prefill_s + 255 * sum(steps_s) / 4)
    assert report.tokens_per_s.value == pytest.approx(batch * 256 / report.latency_s)


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_model_serves_wherever_it_fits(name):
    """A model that fits is served; one that does not is refused with the devices that it needs, and these serve it."""
    for device in DEVICES:
        try:
            report = serve(name, device)
        except npu.DoesNotFitError as error:
            shared = npu.Parallel(tp=error.params["tp"], pp=error.params["pp"])
            report = serve(name, device, parallel=shared)
            assert report.parallel.devices > 1
        assert 0 < report.ttft_s <= report.latency_s
        assert report.largest_batch >= 1


def test_way_out_of_a_model_that_does_not_fit_is_the_smallest():
    """Half the devices that the error proposes are too few."""
    with pytest.raises(npu.DoesNotFitError) as error:
        serve("llama-3-70b", "rngd")
    assert (error.value.params["tp"], error.value.params["pp"]) == (4, 1)
    with pytest.raises(npu.DoesNotFitError):
        serve("llama-3-70b", "rngd", parallel=npu.Parallel(tp=2))


def test_batch_that_is_given_may_take_all_memory_and_no_more():
    """A batch beyond nine tenths of the memory is served, one beyond the memory is refused."""
    largest = serve("llama-3-8b", "rngd", (1000, 1000)).largest_batch
    assert serve("llama-3-8b", "rngd", (1000, 1000), batch=largest + 10).batch == largest + 10
    with pytest.raises(npu.DoesNotFitError, match="GiB"):
        serve("llama-3-8b", "rngd", (1000, 1000), batch=2 * largest)


@settings(max_examples=20)
@given(st.sampled_from(["rngd", "h100", "lpu", "atom-max"]), st.integers(1, 128), st.integers(1, 400))
def test_batch_never_serves_fewer_tokens_than_one_request(device, batch, tokens):
    """Tokens a second at a batch are at least those of one request at a time."""
    one, many = (serve(SMALL, device, (tokens, 64), batch=size).tokens_per_s.value for size in (1, batch))
    assert many >= one * (1 - 1e-9)


@settings(max_examples=20)
@given(st.sampled_from(["rngd", "h100"]), st.integers(1, 2000), st.integers(1, 500), st.integers(1, 500))
def test_longer_answers_never_come_sooner(device, tokens, output, more):
    """A request with more output tokens takes longer, and its first token comes no sooner or later."""
    short, long = (serve(SMALL, device, (tokens, size), batch=4) for size in (output, output + more))
    assert short.latency_s < long.latency_s
    assert short.ttft_s == long.ttft_s


def test_one_device_is_no_parallelism():
    """One share, one stage and one replica are the single device."""
    assert serve(SMALL, "rngd", parallel=npu.Parallel()) == serve(SMALL, "rngd")


def test_replicas_multiply_tokens_and_nothing_else():
    """Three replicas give three times the tokens, each as many as before, in the same time."""
    one, three = (serve(SMALL, "rngd", parallel=npu.Parallel(replicas=n), batch=16) for n in (1, 3))
    assert three.tokens_per_s.value == pytest.approx(3 * one.tokens_per_s.value)
    assert three.tokens_per_s_per_device == pytest.approx(one.tokens_per_s_per_device)
    assert three.latency == one.latency


def test_stages_add_memory_and_work_on_streams_of_their_own():
    """Two stages have twice the memory; a request takes as long as in half the batch, and a little for passing on."""
    two = serve("llama-3-8b", "rngd", parallel=npu.Parallel(pp=2), batch=32)
    half = serve("llama-3-8b", "rngd", batch=16)
    assert two.memory_bytes == 2 * half.memory_bytes
    assert half.latency_s < two.latency_s < 1.1 * half.latency_s
    assert two.tokens_per_s.value == pytest.approx(32 * 32 / two.latency_s)


def test_more_devices_than_key_heads_hold_copies():
    """Sixteen devices hold eight key heads twice, so that they have room for half the tokens a byte."""
    eight, sixteen = (serve("llama-3-8b", "rngd", parallel=npu.Parallel(tp=tp), batch=1) for tp in (8, 16))
    free = [0.9 * report.memory_bytes - report.weight_bytes for report in (eight, sixteen)]
    assert eight.kv_capacity_tokens == int(free[0] // 131_072)
    assert sixteen.kv_capacity_tokens == int(free[1] // 262_144)


def test_card_of_four_memories_is_four_devices():
    """A model on ATOM-Max is divided among its four chips: times of four shares, memory of four pools."""
    card = serve("llama-3-8b", "atom-max", batch=8)
    chips = serve("llama-3-8b", "atom-max:1chip", batch=8, parallel=npu.Parallel(tp=4))
    assert (card.latency, card.kv_capacity_tokens) == (chips.latency, chips.kv_capacity_tokens)
    assert card.memory_bytes == 4 * 16_877_879_296
    assert card.tokens_per_s_per_device == pytest.approx(4 * chips.tokens_per_s_per_device)
    with pytest.raises(npu.DoesNotFitError):
        serve("llama-3-8b", "atom-max:1chip")


def test_one_token_needs_no_step():
    """A request of one output token ends with its prefill."""
    report = serve(SMALL, "rngd", (256, 1), batch=2)
    assert (report.steps, report.tpot_s, report.latency) == (0, None, report.prefill)


def test_prompts_longer_than_a_prefill_go_alone():
    """A prompt of more than 8192 tokens is one pass of its own."""
    report = serve(SMALL, "h100", (10_000, 8), batch=3)
    assert report.prefill.value == pytest.approx(3 * report.ttft_s)


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"batching": "dynamic"}, npu.ConfigError, "continuous, static"),
        ({"stack": "nobody's"}, npu.ConfigError, "nobody's"),
        ({"batch": 0}, npu.ShapeError, "batch"),
        ({"tokens": (0, 4)}, npu.ShapeError, "input_tokens"),
        ({"tokens": (4, 2.5)}, npu.ShapeError, "output_tokens"),
        ({"precision": "fp8", "device": "a100"}, npu.PrecisionError, "fp8"),
        ({"device": 7}, npu.UnknownDeviceError, "7"),
        ({"device": "graphcore-c600"}, npu.ConfigError, "batch"),
        ({"parallel": npu.Parallel(tp=17)}, npu.ConfigError, "16"),
    ],
)
def test_impossible_questions_are_refused_by_name(options, error, word):
    """A question that has no answer is refused, naming what is wrong or possible."""
    with pytest.raises(error, match=word):
        serve(SMALL, options.pop("device", "rngd"), **options)


def test_device_without_a_documented_memory_serves_the_batch_it_is_given():
    """Where memory is not known nothing is said of room, and times all the same."""
    report = serve(SMALL, "graphcore-c600", batch=4)
    assert (report.memory_bytes, report.kv_capacity_tokens, report.largest_batch) == (None, None, None)
    assert report.latency_s > 0


def test_price_of_tokens_is_that_of_the_devices_and_their_energy():
    """A million tokens cost the hours of all devices and their electricity; twice the prices make twice the won."""
    shared = npu.Parallel(tp=2, replicas=3)
    options = {"input_tokens": 128, "output_tokens": 64, "batch": 8, "parallel": shared}
    rent = npu.PriceList("rent", {"a100": 3600.0})
    power = npu.PriceList("power", {"a100": 0.0}, pue=1.5, tariff_krw_per_kwh=100.0)
    both = npu.PriceList("both", {"a100": 7200.0}, pue=1.5, tariff_krw_per_kwh=200.0)
    paid = [npu.LLM("qwen3-1.7b").serve("a100", **options, prices=prices) for prices in (rent, power, both)]
    hours, electricity, doubled = (report.krw_per_million_tokens for report in paid)
    assert hours == pytest.approx(shared.devices * 1e6 / paid[0].tokens_per_s.value)
    assert electricity == pytest.approx(paid[1].energy_j_per_token * 1e6 / 3.6e6 * 150.0)
    assert doubled == pytest.approx(2 * (hours + electricity))
    assert [report.price_basis for report in paid] == ["rent", "power", "both"]
    assert "price" not in paid[0].excluded


def test_serving_without_a_price_says_none():
    """Without a price list, or a price of the device, no won are said and the price is excluded."""
    for prices in (None, npu.PriceList("other", {"h100": 1.0})):
        report = npu.LLM("qwen3-0.6b").serve("a100", input_tokens=8, output_tokens=4, batch=1, prices=prices)
        assert (report.krw_per_million_tokens, report.price_basis) == (None, "")
        assert "price" in report.excluded


def test_energy_of_a_token_is_that_of_all_devices_that_share_it():
    """Static requests one at a time take the energy of a prefill and of their steps on all devices of a replica."""
    model, shared = npu.LLM("qwen3-0.6b"), npu.Parallel(tp=2)
    report = model.serve("a100", input_tokens=64, output_tokens=2, batch=1, parallel=shared, batching="static")
    passes = [
        model.prefill(tokens=64, parallel=shared),
        *(model.decode(context=64 + n, parallel=shared) for n in (0, 1)),
    ]
    prefill, *steps = (npu.profile(made, "a100").energy_j for made in passes)
    assert 2 * report.energy_j_per_token == pytest.approx(prefill + sum(steps) / 2)
    assert report.power_boundary == "card"


@pytest.mark.parametrize(("device", "basis"), [("a100", "gpu_energy"), ("rngd", "tdp_bound"), ("lpu", "")])
def test_energy_of_a_token_has_the_interval_of_its_passes(device, basis):
    """Both ends add up as the energy does, and rest on what those of a profile rest on; none without a prediction."""
    model = npu.LLM("qwen3-0.6b")
    report = model.serve(device, input_tokens=64, output_tokens=2, batch=1, batching="static")
    passes = [model.prefill(tokens=64), *(model.decode(context=64 + n) for n in (0, 1))]
    for end in ("low_", "", "high_"):
        prefill, *steps = (getattr(npu.profile(made, device), f"energy_{end}j") for made in passes)
        expected = None if prefill is None else pytest.approx((prefill + sum(steps) / 2) / 2)
        assert getattr(report, f"energy_{end}j_per_token") == expected
    assert report.energy_basis == basis
