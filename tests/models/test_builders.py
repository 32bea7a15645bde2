"""The networks of `builders` are valid, alive and of the published size."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from tests.models.builders import bert_encoder, efficientnet_like, mobilenet_v2, quantised_cnn, resnet50, vit
from tests.models.counting import macs_of, parameters_of
from tests.models.quantised import STEP
from tests.models.samples import FULL, TINY, feeds_of

PARAMETERS = {
    "resnet50": 25_557_032,
    "resnet50-folded": 25_557_032 - 26_560,
    "mobilenet_v2": 3_504_872 - 17_056,
    "mobilenet_v2-unfolded": 3_504_872,
    "efficientnet_like": 5_288_548,
    "bert_encoder": 109_482_240 - 590_592,
    "vit": 86_567_656,
    "gpt_decoder": 124_439_808,
}
"""Parameters of torchvision's and Hugging Face's models. Folding drops one value per normalised channel, 26,560 and
17,056 of them; BERT's pooler, 768 x 768 + 768, is left out."""

MACS = {
    "resnet50": (partial(resnet50, 1), 4.09e9),
    "mobilenet_v2": (partial(mobilenet_v2, 1), 0.301e9),
    "efficientnet_like": (partial(efficientnet_like, 1), 0.386e9),
    "vit": (partial(vit, 1), 17.56e9),
    "bert_encoder": (partial(bert_encoder, 1, 128), 12 * 128 * (12 * 768**2 + 2 * 128 * 768)),
}
"""Multiply-accumulates as torchvision publishes them, and BERT's by hand: 12 h^2 + 2 s h per token and layer."""

EQUAL = [
    ("vit", "vit-split"),
    ("efficientnet_like", "efficientnet_like-mean"),
    ("bert_encoder", "bert_encoder-dynamic"),
    ("bert_encoder", "bert_encoder-fused"),
    ("gpt_decoder", "gpt_decoder-static"),
    ("gpt_decoder", "gpt_decoder-trilu"),
    ("quantised_cnn", "quantised_cnn-signed"),
]
"""Two ways to write one network."""


def run(
    model: onnx.ModelProto, level: ort.GraphOptimizationLevel = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
) -> np.ndarray:
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feeds_of(model, N=2, S=12))[0])


@pytest.mark.parametrize("name", TINY)
def test_tiny_network_is_valid_and_alive(name):
    """Each tiny network passes the checker and runs to finite outputs of moderate size that depend on the input."""
    model = TINY[name]()
    onnx.checker.check_model(model, full_check=True)
    result = run(model)
    assert np.isfinite(result).all()
    assert 0.05 < np.abs(result).max() < 50
    assert not np.allclose(result[0], result[1], atol=1e-3)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_tiny_network_variants_agree(one, other):
    """Two ways to write the same network, drawn from the same seed, compute the same function."""
    expected = run(TINY[one]())
    assert np.allclose(run(TINY[other]()), expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_quantised_network_is_within_a_step():
    """Joined to integer operators or not, the QDQ network's logits differ by one step at most, and not everywhere."""
    model = quantised_cnn()
    joined, single = run(model), run(model, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    assert np.abs(joined - single).max() <= 1.001 * STEP
    assert np.mean(joined == single) > 0.9


@pytest.mark.parametrize("name", TINY)
def test_tiny_network_is_deterministic(name):
    """A builder called twice gives the same bytes."""
    build = TINY[name]
    assert build().SerializeToString(deterministic=True) == build().SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", FULL)
def test_full_network_has_published_parameters(name):
    """Each full network has as many parameters as the published one."""
    assert parameters_of(FULL[name](filled=False)) == PARAMETERS[name]


@pytest.mark.parametrize(("build", "published"), MACS.values(), ids=MACS)
def test_full_network_has_published_macs(build, published):
    """Each full network does as many multiply-accumulates as published, to the digits that are published."""
    assert macs_of(build(filled=False)) == pytest.approx(published, rel=2e-3)
