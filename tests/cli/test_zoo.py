"""A reference network and a language model are named where a model file is."""

import json

import numpy as np
import pytest

import npusdk as npu
from npusdk.report import Comparison, Parallel, ProfileReport, ServingReport
from npusdk.views import text


def test_zoo_profile_check_and_compare(npusdk):
    """The three commands take "zoo:" and a name, and say the network's name."""
    profile = npusdk("profile", "zoo:resnet18", "--device", "rngd", "--batch", 2, "--json").json()
    assert (profile["model"], profile["batch"]) == ("resnet18", 2)
    assert npusdk("check", "zoo:resnet18", "--devices", "rngd").code == 0
    assert "resnet18" in npusdk("compare", "zoo:ResNet18", "--devices", "rngd,a100").out


def test_zoo_run_gives_an_array(npusdk, tmp_path):
    """A reference network runs on arrays of a file, with weights that are drawn."""
    np.save(tmp_path / "image.npy", np.ones((1, 3, 224, 224), np.float32))
    ran = npusdk(
        "run", "zoo:mobilenet_v2", "--device", "reference", "--inputs", tmp_path / "image.npy",
        "--output", tmp_path / "logits.npy",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert np.isfinite(np.load(tmp_path / "logits.npy")).all()


def test_zoo_name_that_is_wrong_shows_the_nearest(npusdk):
    """A wrong name is a usage error with near names."""
    wrong = npusdk("profile", "zoo:resnet500", "--device", "rngd")
    assert wrong.code == 2
    assert "resnet50" in wrong.err


def test_zoo_network_takes_its_sizes(npusdk):
    """`--resolution` and `--sequence` are those of `load`."""
    answer = npusdk("profile", "zoo:resnet18", "--device", "rngd", "--resolution", 160, "--json")
    assert answer.json()["macs"] == npu.profile(npu.load("zoo:resnet18", resolution=160), "rngd").macs
    tokens = npusdk("profile", "zoo:bert_base", "--device", "rngd", "--sequence", 64, "--json").json()
    assert tokens["macs"] < npu.profile("zoo:bert_base", "rngd").macs


@pytest.mark.parametrize("batch", [1, 4])
def test_pass_of_a_language_model_is_that_of_the_call(npusdk, batch):
    """`--prefill` and `--decode` make the pass, `--tp` divides it, `--replicas` copy the device."""
    model, parallel = npu.LLM("qwen3-0.6b"), Parallel(tp=2, replicas=3)
    made = {
        "--prefill": model.prefill(tokens=64, batch=batch, parallel=Parallel(tp=2)),
        "--decode": model.decode(context=64, batch=batch, parallel=Parallel(tp=2)),
    }
    for option, one in made.items():
        line = ("profile", "llm:qwen3-0.6b", option, 64, "--device", "h100", "--batch", batch, "--tp", 2)
        answer = npusdk(*line, "--replicas", 3, "--json")
        expected = npu.profile(one, "h100", parallel=parallel)
        assert ProfileReport.from_json(answer.out) == expected, answer.err


def test_language_model_is_read_from_its_configuration(npusdk, tmp_path):
    """A path after "llm:" is that of a config.json."""
    path = tmp_path / "tiny" / "config.json"
    path.parent.mkdir()
    config = {
        "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
        "intermediate_size": 128, "num_key_value_heads": 2, "max_position_embeddings": 256, "hidden_act": "silu",
    }  # fmt: skip
    path.write_text(json.dumps(config), encoding="utf-8")
    answer = npusdk("profile", f"llm:{path}", "--decode", 16, "--device", "rngd", "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["macs"] == npu.LLM(path).decode(context=16).macs


def test_serving_is_that_of_the_call(npusdk, tmp_path):
    """The command shows what `LLM.serve` returns, as text, JSON and file."""
    model = npu.LLM("llama-3-8b", weights="int4")
    report = model.serve("h100", input_tokens=128, output_tokens=32, batch=8, parallel=Parallel(tp=2))
    line = ("serve", "llm:llama-3-8b", "--device", "h100", "--input", 128, "--output", 32, "--batch", 8, "--tp", 2)
    answer = npusdk(*line, "--weights", "int4")
    assert (answer.code, answer.out) == (0, text.serving(report))
    again = npusdk(*line, "--weights", "int4", "--json", "--save", tmp_path / "serving.csv")
    assert ServingReport.from_json(again.out) == report
    assert (tmp_path / "serving.csv").read_text(encoding="utf-8").startswith("basis,")


def test_compare_takes_several_precisions_and_batches(npusdk):
    """Commas make a product of devices, precisions and batches, with its Pareto set."""
    line = ("compare", "zoo:resnet18", "--devices", "rngd,a100", "--precision", "bf16,int8", "--batch", "1,8")
    expected = npu.compare("zoo:resnet18", ["rngd", "a100"], precision=["bf16", "int8"], batch=[1, 8])
    answer = npusdk(*line)
    assert answer.out == text.comparison(expected)
    assert "Pareto set" in answer.out
    assert Comparison.from_json(npusdk(*line, "--json").out) == expected
    assert len(expected.profiles) == 8


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (("profile", "llm:llama-3-8b", "--device", "h100"), "--prefill"),
        (("profile", "llm:llama-3-8b", "--device", "h100", "--prefill", 1, "--decode", 1), "--prefill"),
        (("profile", "llm:llama-3-8b", "--device", "h100", "--decode", 1, "--resolution", 8), "--resolution"),
        (("profile", "llm:llama-3-8b", "--device", "h100", "--decode", 1, "--input-shape", "x=1"), "--input-shape"),
        (("profile", "llm:llama-9000b", "--device", "h100", "--decode", 1), "llama-7b"),
        (("profile", "zoo:resnet18", "--device", "h100", "--tp", 2), "--tp"),
        (("profile", "zoo:resnet18", "--device", "h100", "--decode", 2), "--decode"),
        (("compare", "zoo:resnet18", "--devices", "h100", "--stack", "nonsense"), "nonsense"),
        (("serve", "zoo:resnet18", "--device", "h100", "--input", 1, "--output", 1), "llm:"),
        (("serve", "llm:llama-3-8b", "--device", "h100", "--input", 1), "--output"),
        (("compare", "zoo:resnet18", "--batch", "1,x"), "1,x"),
        (("compare", "zoo:resnet18", "--batch", "0"), "--batch"),
        (("compare", "zoo:resnet18", "--batch", ","), "--batch"),
        (("compare", "zoo:resnet18", "--precision", ","), "precision"),
    ],
)
def test_words_that_do_not_suit_the_model_are_usage_errors(npusdk, line, problem):
    """What is for another kind of model is refused, with what to write instead."""
    answer = npusdk(*line)
    assert answer.code == 2, answer.out
    assert problem in answer.err
    assert "hint" in answer.err
