"""The digits networks that README, notebook and tests use are the ones that their origin note describes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

FOLDER = Path(__file__).parents[2] / "tutorials" / "models"
RECORD = json.loads((FOLDER / "digits.json").read_text(encoding="utf-8"))
LEVELS = ort.GraphOptimizationLevel
MODELS = {"float32": "digits.onnx", "int8": "digits_int8.onnx"}


def logits_of(name: str, level: ort.GraphOptimizationLevel = LEVELS.ORT_ENABLE_ALL) -> np.ndarray:
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(FOLDER / name, options, providers=["CPUExecutionProvider"])
    with np.load(FOLDER / "heldout.npz") as heldout:
        return np.asarray(session.run(["logits"], {"image": heldout["image"]})[0])


def accuracy_of(name: str) -> float:
    with np.load(FOLDER / "heldout.npz") as heldout:
        return float(np.mean(logits_of(name).argmax(axis=1) == heldout["label"]))


@pytest.mark.parametrize("name", RECORD["sha256"])
def test_digits_file_is_the_recorded_one(name):
    """The bytes of each committed file are those that the origin note was written for."""
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == RECORD["sha256"][name]


@pytest.mark.parametrize("name", MODELS.values())
def test_digits_file_is_valid_onnx(name):
    """Each model passes the ONNX checker with shape inference, from a float32 image to float32 logits."""
    model = onnx.load(FOLDER / name)
    onnx.checker.check_model(model, full_check=True)
    types = {value.name: value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.output)}
    assert types == {"image": onnx.TensorProto.FLOAT, "logits": onnx.TensorProto.FLOAT}


def test_digits_heldout_is_small_and_scaled():
    """The held-back digits can be fed as they are: float32 images from 0 to 1 and their labels."""
    with np.load(FOLDER / "heldout.npz") as heldout:
        images, labels = heldout["image"], heldout["label"]
    assert (images.shape, images.dtype) == ((RECORD["heldout"]["digits"], 1, 8, 8), np.float32)
    assert (images.min(), images.max()) == (0, 1)
    assert sorted(set(labels.tolist())) == list(range(10))


@pytest.mark.parametrize(("dtype", "name"), MODELS.items())
def test_digits_accuracy_is_as_recorded(dtype, name):
    """Onnxruntime classifies as many held-back digits rightly as the origin note says."""
    assert accuracy_of(name) == RECORD["heldout"][f"accuracy_{dtype}_onnxruntime"]


def test_digits_accuracy_is_worth_showing():
    """The float32 network is right on 97 % of the held-back digits, and int8 loses at most one point."""
    float32, int8 = accuracy_of(MODELS["float32"]), accuracy_of(MODELS["int8"])
    assert float32 >= 0.97
    assert int8 >= float32 - 0.01


@pytest.mark.parametrize("level", [LEVELS.ORT_DISABLE_ALL, LEVELS.ORT_ENABLE_EXTENDED])
def test_digits_int8_has_one_result(level):
    """Node by node in float32 and joined to integer operators, the int8 network gives the same bits."""
    assert np.array_equal(logits_of(MODELS["int8"], level), logits_of(MODELS["int8"]))


def int8_constants() -> dict[str, np.ndarray]:
    return {
        tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(FOLDER / MODELS["int8"]).graph.initializer
    }


def test_digits_int8_never_saturates():
    """No pair of uint8 x int8 products leaves int16, so that CPUs with and without VNNI agree."""
    weights = [value.astype(np.int64) for value in int8_constants().values() if value.dtype == np.int8]
    largest = max(np.abs(value).max() for value in weights)
    assert largest == RECORD["int8"]["weight_limit"]
    assert 2 * 255 * largest <= np.iinfo(np.int16).max


def test_digits_int8_is_exact_in_float32():
    """Scales are powers of two and sums of integers stay below 2^24: float32 arithmetic rounds nothing."""
    constants = int8_constants()
    scales = np.concatenate([np.ravel(value) for name, value in constants.items() if name.endswith("_scale")])
    assert np.array_equal(np.frexp(scales)[0], np.full(len(scales), 0.5))
    for layer in ("conv1", "conv2", "conv3", "gemm"):
        weight, bias = (constants[f"{layer}.{part}_quantised"].astype(np.int64) for part in ("weight", "bias"))
        assert (255 * np.abs(weight.reshape(len(weight), -1)).sum(axis=1) + np.abs(bias)).max() < 2**24


def test_digits_training_is_repeatable(tmp_path):
    """The training script, run again, writes the same graphs, weights and digits."""
    script = [sys.executable, "-W", "error", str(FOLDER / "train_digits.py"), "--folder", str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    for name in MODELS.values():
        assert onnx.load(tmp_path / name) == onnx.load(FOLDER / name)
    assert (tmp_path / "heldout.npz").read_bytes() == (FOLDER / "heldout.npz").read_bytes()
