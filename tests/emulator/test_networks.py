"""Whole networks give onnxruntime's results in float32, in every grouping of their nodes into steps."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.backend.test.runner import Runner

from npusdk.emulator import Executor
from tests.emulator.plans import compiled, deviation, graph_of, grouped, on_onnxruntime, samples
from tests.models.builders import bert_encoder, efficientnet_like, gpt_decoder, mobilenet_v2, resnet50, vit

LIMIT = 1e-4

SMALL = {
    "resnet": lambda: resnet50(2, 64, blocks=(1, 2, 1, 1), width=16, classes=10),
    "mobilenet": lambda: mobilenet_v2(2, 64, stages=((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 1, 2)), width=16, head=64),
    "efficientnet": lambda: efficientnet_like(1, 48, stages=((1, 16, 1, 1, 3), (6, 24, 2, 2, 5)), width=16, head=32),
    "efficientnet, means": lambda: efficientnet_like(
        2, 48, stages=((1, 16, 1, 1, 3), (6, 24, 2, 2, 5)), width=16, head=32, pool="ReduceMean"
    ),
    "vit": lambda: vit(2, 32, patch=8, layers=2, hidden=32, heads=4, classes=10),
    "vit, split": lambda: vit(2, 32, patch=8, layers=2, hidden=32, heads=4, classes=10, unbind="Split"),
    "bert": lambda: bert_encoder(2, 12, layers=2, hidden=32, heads=4, vocabulary=50),
    "bert, fused": lambda: bert_encoder(2, 12, layers=2, hidden=32, heads=4, vocabulary=50, fused_norm=True),
    "gpt": lambda: gpt_decoder(2, 9, layers=2, hidden=32, heads=4, vocabulary=50, context=16),
}


@pytest.fixture(scope="module", params=SMALL)
def case(request):
    model = SMALL[request.param]()
    graph = graph_of(model)
    inputs = samples(graph)
    return graph, inputs, dict(zip(graph.outputs, on_onnxruntime(model, inputs), strict=True))


def assert_near(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape
        assert found[name].dtype == value.dtype
        assert deviation(found[name], value) <= LIMIT


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
def test_compiled_network_is_near_onnxruntime(case, fusion):
    """As the compiler groups it."""
    graph, inputs, expected = case
    assert_near(Executor(compiled(graph, fusion=fusion)).run(inputs), expected)


@settings(max_examples=6, deadline=None)
@given(sizes=st.lists(st.integers(1, 12), max_size=60))
def test_any_grouping_is_near_onnxruntime(case, sizes):
    """Any runs of nodes may be steps: one node each, all in one, or anything between."""
    graph, inputs, expected = case
    for choice in (sizes, [1] * len(graph.nodes), []):
        assert_near(Executor(grouped(graph, choice)).run(inputs), expected)


def test_resnet50_is_near_onnxruntime():
    """The full network, batch 1, 224 x 224."""
    model = resnet50(1)
    graph = graph_of(model)
    inputs = samples(graph)
    executor = Executor(compiled(graph))
    (found,), (expected,) = executor.run(inputs).values(), on_onnxruntime(model, inputs)
    assert deviation(found, expected) <= LIMIT


LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_network_gives_its_stored_output(path):
    """The nine networks of the onnx package, whose weights a ConstantOfShape makes, give the outputs beside them."""
    model = onnx.load(path)
    graph = graph_of(model)
    entries = {entry.name: entry for entry in model.graph.input}
    inputs = {name: Runner.generate_dummy_data(entries[name]) for name in graph.inputs}
    stored = onnx.load_tensor(path.with_name(f"{path.stem}_output_0.pb"))
    (found,) = Executor(compiled(graph)).run(inputs).values()
    np.testing.assert_allclose(found, onnx.numpy_helper.to_array(stored), rtol=1e-3, atol=1e-7)


def test_there_are_nine_light_networks():
    """The law above is about all of them."""
    assert len(LIGHT) == 9
