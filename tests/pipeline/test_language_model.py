"""Passes of language models: what they count, hold and cost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusdk as npu
from npusdk.importers.language import bundled_models
from npusdk.units import parse_bytes

SMALL = "qwen3-0.6b"
DEVICES = ("rngd", "a100", "h100", "lpu", "atom-max")


def steps_of(made, device):
    """Return (kind, name) of the steps of the block that move bytes."""
    steps = npu.compile(made, device).plan.steps
    return [(step.kind, step.name) for step in steps if step.name.startswith("block/") and step.kind != "view"]


PLAIN = ("matrix", "attention", "matrix", "vector", "matrix", "matrix", "vector")
TURNED = ("matrix", "vector", "attention", "matrix", "vector", "matrix", "matrix", "vector")
NORMED = ("matrix", "vector", "vector", "attention", "matrix", "vector", "matrix", "matrix", "vector")
PARALLEL = ("matrix", "vector", "attention", "matrix", "matrix", "vector")


@pytest.mark.parametrize("device", ["h100", "rngd"])
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("gpt-6.7b", PLAIN), ("opt-1.3b", PLAIN), ("llama-2-7b", TURNED), ("llama-3-8b", TURNED),
        ("mistral-7b", TURNED), ("qwen2.5-7b", TURNED), ("solar-10.7b", TURNED), ("exaone-3.5-7.8b", TURNED),
        ("qwen3-4b", NORMED), ("gpt-j-6b", PARALLEL),
    ],
)  # fmt: skip
def test_block_is_as_many_steps_as_its_family_has_kernels(name, kinds, device):
    """Query, key and value are one step, so is attention, and a gate with its product; norms take their residual."""
    model = npu.LLM(name)
    for made in (model.prefill(tokens=64), model.decode(context=64)):
        assert tuple(kind for kind, _ in steps_of(made, device)) == kinds


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_model_profiles_wherever_its_formats_allow(name):
    """A pass has a time on every device, with all its multiply-accumulates and all weights of its layers."""
    model = npu.LLM(name)
    made = model.decode(context=100, batch=2)
    for device in DEVICES:
        report = npu.profile(made, device)
        assert report.macs == made.macs
        assert report.weight_bytes == pytest.approx(model.weight_bytes(report.precision), rel=1e-4)
        cache_bytes = 2 * 100 * model.kv_bytes_per_token(report.precision)
        assert report.weight_bytes + cache_bytes <= report.peak_memory_bytes < report.weight_bytes + 1.5 * cache_bytes


@pytest.mark.parametrize("name", ["llama-3-8b", "gpt-j-6b", "opt-1.3b"])
def test_first_token_costs_the_same_either_way(name):
    """A prefill of one token does the work of a step of decoding that sees itself alone."""
    model = npu.LLM(name)
    prefill, decode = model.prefill(tokens=1), model.decode(context=1)
    assert prefill.macs == decode.macs
    assert prefill.parameters == decode.parameters


def test_macs_of_a_prefill_are_those_of_the_papers():
    """A token costs one multiply-accumulate a weight of its layers, and two half rows of scores of every head."""
    config = npu.LLM("llama-2-7b").config
    tokens, batch = 1000, 3
    matrices = config.layers * (config.block_parameters - config.norms * config.norm_parameters)
    scores = config.layers * config.heads * config.head_dim * tokens
    wanted = tokens * (matrices + scores) + config.vocabulary * config.hidden
    assert npu.LLM("llama-2-7b").prefill(tokens=tokens, batch=batch).macs == batch * wanted


def test_step_reads_the_cache_of_all_sequences():
    """Attention in decoding moves keys and values of every token that is seen, in every layer, and little else."""
    model = npu.LLM("llama-3-8b")
    report = npu.profile(model.decode(context=4096, batch=8), "h100")
    traffic = next(layer.traffic_bytes for layer in report.layers if layer.group == "attention")
    assert traffic == pytest.approx(8 * 4096 * model.kv_bytes_per_token("bf16"), rel=0.01)


def test_narrow_formats_take_less_memory():
    """Weights and cache take their own formats, whatever the products are in; q4_k_m is 4.85 bits."""
    wide, narrow = npu.LLM(SMALL), npu.LLM(SMALL, weights="q4_k_m", cache="fp8")
    assert narrow.weight_bytes("bf16") == pytest.approx(4.85 / 16 * wide.weight_bytes("bf16"), rel=1e-6)
    assert 2 * narrow.kv_bytes_per_token("bf16") == wide.kv_bytes_per_token("bf16") == 114_688
    reports = [npu.profile(model.decode(context=2048), "rngd") for model in (wide, narrow)]
    assert reports[1].weight_bytes == pytest.approx(narrow.weight_bytes("bf16"), rel=1e-3)
    assert reports[1].latency_s < 0.6 * reports[0].latency_s


def test_one_device_is_no_parallelism():
    """One share in one stage is the single device."""
    model = npu.LLM(SMALL)
    alone, shared = (npu.profile(model.decode(context=50, parallel=p), "rngd") for p in (None, npu.Parallel()))
    assert alone == shared


def test_devices_share_layers_and_stages_divide_them():
    """Devices hold a share of every layer and reduce two sums in each; stages hold a share of the layers."""
    model = npu.LLM("llama-3-70b")
    whole, four = model.decode(context=10), model.decode(context=10, parallel=npu.Parallel(tp=4))
    stage = model.decode(context=10, parallel=npu.Parallel(pp=4))
    outside = 2 * model.config.vocabulary * model.config.hidden + model.config.hidden
    assert 4 * four.parameters == pytest.approx(whole.parameters, rel=1e-4)
    assert stage.parameters - outside == (whole.parameters - outside) / 4
    assert four.traits.reduced == {"block/projection", "block/down"}
    assert npu.LLM("gpt-j-6b").decode(context=10, parallel=npu.Parallel(tp=2)).traits.reduced == {"block/down"}
    assert whole.traits.reduced == frozenset()


@settings(max_examples=25)
@given(
    st.sampled_from(["rngd", "h100", "lpu"]), st.sampled_from(["prefill", "decode"]),
    st.tuples(st.integers(1, 3000), st.integers(0, 3000)), st.integers(1, 4),
)  # fmt: skip
def test_more_tokens_are_never_faster(device, kind, tokens, batch):
    """A longer prompt and a longer context take as long, or longer."""
    model = npu.LLM(SMALL)
    make = {
        "prefill": lambda size: model.prefill(tokens=size, batch=batch),
        "decode": lambda size: model.decode(context=size, batch=batch),
    }[kind]
    short, long = (npu.profile(make(size), device).latency_s for size in (tokens[0], sum(tokens)))
    assert short <= long * (1 + 1e-9)


def test_pass_is_checked_and_compared_like_any_model():
    """`check` counts weights of all layers and the cache; `compare` takes a pass; another batch is another pass."""
    made = npu.LLM("llama-3-8b").decode(context=1000)
    small, large = (npu.check(made, "h100", batch=batch).fits[0] for batch in (1, 1000))
    assert (small.status, large.status) == ("runs", "blocked")
    assert small.memory.weight_bytes == pytest.approx(2 * 8.03e9, rel=0.01)
    assert large.memory.activation_bytes > 1000 * 1000 * 131_072
    assert large.memory.total_bytes > parse_bytes("80GB")
    assert len(npu.compare(made, ["h100", "rngd"], batch=4).profiles) == 2


def test_pass_does_not_run_on_the_emulator():
    """A pass is refused by name before anything is computed."""
    made = npu.LLM(SMALL).decode(context=4)
    with pytest.raises(npu.ConfigError, match=r"qwen3-0\.6b, decode of context 4"):
        npu.compile(made, "rngd").run({})


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (lambda: npu.LLM(SMALL).prefill(tokens=0), npu.ShapeError, "tokens"),
        (lambda: npu.LLM(SMALL).decode(context=1.5), npu.ShapeError, "context"),
        (lambda: npu.LLM(SMALL).decode(context=10, batch=True), npu.ShapeError, "batch"),
        (lambda: npu.LLM(SMALL).decode(context=1 << 30), npu.ConfigError, "1048576"),
        (lambda: npu.LLM(SMALL).decode(context=10, parallel=npu.Parallel(tp=17)), npu.ConfigError, "tp"),
        (lambda: npu.LLM(SMALL).decode(context=10, parallel=npu.Parallel(pp=29)), npu.ConfigError, "pp"),
        (lambda: npu.LLM(SMALL, weights="int3"), npu.ConfigError, "q4_k_m"),
        (lambda: npu.LLM(SMALL, cache="q4_k_m"), npu.ConfigError, "fp8"),
        (lambda: npu.LLM(SMALL).kv_bytes_per_token("bf17"), npu.ConfigError, "bf17"),
    ],
)
def test_impossible_passes_are_refused_by_name(make, error, word):
    """A size, a format or a division that the model cannot have is refused, naming it or the limit."""
    with pytest.raises(error, match=word):
        make()


def test_sliding_window_bounds_what_a_token_sees():
    """A step never sees more than the window; a prefill beyond it is refused, because its shape is another one."""
    config = {
        "model_type": "mistral", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
        "intermediate_size": 128, "vocab_size": 1000, "max_position_embeddings": 512, "sliding_window": 32,
    }  # fmt: skip
    model = npu.LLM(json.loads(json.dumps(config)))
    assert model.decode(context=500).macs == model.decode(context=32).macs > model.decode(context=31).macs
    with pytest.raises(npu.ConfigError, match="32"):
        model.prefill(tokens=33)


def test_model_and_pass_say_what_they_are():
    """Both show name, size and what differs from the usual."""
    model = npu.LLM(SMALL, weights="int4")
    assert repr(model) == ("LLM(qwen3-0.6b: 596 M parameters, 28 layers of 1024, 16 heads, 8 for keys, weights int4)")
    made = model.decode(context=128, batch=2, parallel=npu.Parallel(tp=2))
    assert repr(made).startswith("Pass(qwen3-0.6b, decode of context 128, batch 2: 28 layers, 298 M parameters")
    assert repr(made).endswith("1 of 2 shares)")
