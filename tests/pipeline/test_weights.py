"""Weights that are not there are drawn when a network runs, and never computed with as they are."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

import npusdk as npu
from npusdk.emulator import Executor
from npusdk.emulator import executor as executor_module
from npusdk.graph import GraphBuilder, absent_weight, bind, is_absent
from npusdk.kernels import call
from npusdk.pipeline import Model
from npusdk.pipeline.weights import draw_weights
from npusdk.zoo import Network, Size
from npusdk.zoo.resnet import bottleneck, classify
from npusdk.zoo.vit import VisionTransformer, make_vit

PRINT_A_RUN = """
import numpy, npusdk
model = npusdk.load("zoo:mobilenet_v2", resolution=32)
image = numpy.random.default_rng(0).standard_normal((1, 3, 32, 32), numpy.float32)
print(npusdk.compile(model, "reference")(image).tobytes().hex()[:4000])
"""


def feeds(model):
    random = np.random.default_rng(0)
    return {tensor.name: random.standard_normal(tensor.sizes, np.float32) for tensor in model.inputs}


def deep_resnet():
    """Return a narrow network of as many blocks as ResNet-101 has."""
    net = Network("deep_resnet")
    x = net.conv(net.image(3, 32, 32), 64, 3, activation="Relu")
    for block in range(33):
        x = bottleneck(net, x, 16, 2 if block in (8, 20) else 1)
    return Model(net.build([classify(net, x)]), {})


def small_vit():
    return Model(make_vit(Size(resolution=32), "small_vit", VisionTransformer(patch=8, layers=3, width=128)), {})


NETWORKS = {
    "resnet18": lambda: npu.load("zoo:resnet18", resolution=32),
    "mobilenet_v2": lambda: npu.load("zoo:mobilenet_v2", resolution=64),
    "yolov8n": lambda: npu.load("zoo:yolov8n", resolution=64),
    "vit": small_vit,
    "deep": deep_resnet,
}


@pytest.mark.parametrize("device", ["reference", "rngd", "atom"])
@pytest.mark.parametrize("name", NETWORKS)
def test_reference_network_runs_with_sensible_numbers(name, device):
    """Outputs are finite and differ from place to place, in float32, bf16 and fp16."""
    model = NETWORKS[name]()
    for output in npu.compile(model, device).run(feeds(model)).values():
        assert np.isfinite(output).all()
        assert 1e-3 < output.std() < 1e4


def test_runs_and_processes_draw_the_same():
    """Two programs and two processes give equal outputs, bit by bit."""
    runs = {
        subprocess.run([sys.executable, "-c", PRINT_A_RUN], capture_output=True, encoding="utf-8", check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
    model = npu.load("zoo:mobilenet_v2", resolution=32)
    first, second = (npu.compile(model, "reference").run(feeds(model))["logits"] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_seed_network_and_name_decide_what_is_drawn():
    """Another seed, another network or another constant has other numbers; the same three have the same."""
    builder = GraphBuilder("chain")
    x = builder.input("x", (1, 32))
    for name in ("first", "second"):
        x = builder.op("MatMul", x, builder.constant(absent_weight((32, 32)), name))
    graph = bind(builder.build([x]), {}, call)
    drawn, again = draw_weights(graph), draw_weights(graph)
    other, renamed = draw_weights(graph, seed=1), draw_weights(replace(graph, name="another"))
    np.testing.assert_array_equal(drawn["first"], again["first"])
    assert len({weights[name].tobytes() for weights in (drawn, other, renamed) for name in ("first", "second")}) == 6


def test_profiling_draws_nothing():
    """Profile, check and compare never hold a weight; running a program leaves the model without any."""
    model = npu.load("zoo:resnet18", resolution=32)
    npu.compare(model, ["rngd", "a100"])
    npu.check(model)
    npu.compile(model, "reference").run(feeds(model))
    weights = [value for name, value in model.at_batch(1).constants.items() if name.endswith(("weight", "bias"))]
    assert len(weights) > 40
    assert all(is_absent(value) and not any(value.strides) for value in weights)


def layers(build):
    """Return an output that reads absent weights through everything that reshapes, joins and computes constants."""
    x = build.input("x", ("batch", 8))
    weight = build.constant(absent_weight((8, 8)), "w")
    turned = build.op("Transpose", weight, perm=(1, 0))
    parts = build.op("Split", turned, outputs=("left", "right"), axis=1, num_outputs=2)
    joined = build.op("Concat", parts, "right", axis=1)
    x = build.op("Gemm", build.op("MatMul", x, joined), turned, build.constant(absent_weight((8,)), "c"), transB=1)
    row = build.op("Reshape", build.constant(absent_weight((1,)), "one"), build.constant(np.array([1, 1])))
    half = build.op("Add", build.constant(absent_weight((4,)), "a"), build.constant(np.ones(4, np.float32)))
    total = build.op("Concat", build.constant(np.ones(4, np.float32)), half, axis=0)
    cut = build.op("Slice", weight, *(build.constant(np.array([value])) for value in (0, 1, 0)))
    x = build.op("Add", build.op("Mul", x, total), build.op("Add", row, cut))
    return build.op("LayerNormalization", x, build.constant(absent_weight((8,)), "scale"), axis=-1)


def test_absent_weights_are_drawn_however_they_are_read():
    """Transposed, split, sliced, joined, added to a number: no stand-in becomes a number of a result."""
    build_layers = GraphBuilder("layers")
    model = Model(build_layers.build([layers(build_layers)]), {})
    x = np.random.default_rng(0).standard_normal((1, 8), np.float32)
    for device in ("reference", "rngd"):
        (found,) = npu.compile(model, device).run({"x": x}).values()
        assert np.isfinite(found).all()
        assert found.std() > 0


def test_executor_refuses_absent_weights_that_nobody_draws():
    """An executor that is not told how to draw weights says which are missing; it computes nothing."""
    model = npu.load("zoo:resnet18", resolution=32)
    plan = npu.compile(model, "reference").plan
    with pytest.raises(npu.ConfigError, match=r"conv.*weight"):
        Executor(plan)


def test_network_too_large_for_a_device_is_refused_before_it_is_drawn():
    """Sizes alone say that weights do not fit the device; none is drawn then."""
    plan = npu.compile(npu.load("zoo:resnet18", resolution=32), "rngd").plan
    drawn = []
    with pytest.raises(npu.OutOfDeviceMemoryError):
        Executor(plan, memory_limit_bytes=1 << 20, draw=lambda graph: drawn.append(graph) or {})
    assert not drawn


def test_network_too_large_for_this_machine_is_refused_before_it_is_drawn(monkeypatch):
    """Weights that this machine has no room for are refused by their sizes, though a stand-in takes no memory."""
    model = npu.load("zoo:resnet18", resolution=32)
    monkeypatch.setattr(executor_module, "memory_bytes", lambda: model.weight_bytes // 2)
    drawn = []
    with pytest.raises(npu.DoesNotFitError):
        Executor(npu.compile(model, "reference").plan, draw=lambda graph: drawn.append(graph) or {})
    assert not drawn


def test_nan_of_a_file_is_its_own():
    """A file whose weights are NaN is computed as it says: its NaN is not taken for a weight that is missing."""
    nan = numpy_helper.from_array(np.full((1,), np.nan, np.float32), "w")
    values = [helper.make_tensor_value_info(name, 1, (2,)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "nan", values[:1], values[1:], [nan])
    model = npu.load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9))
    (found,) = npu.compile(model, "reference").run({"x": np.ones(2, np.float32)}).values()
    assert np.isnan(found).all()


READERS = {
    "Conv": lambda build, x, w: build.op("Conv", build.op("Reshape", x, build.constant(np.array([1, -1, 1, 1]))), w),
    "MatMul": lambda build, x, w: build.op("MatMul", x, w),
    "Gemm": lambda build, x, w: build.op("Gemm", x, w),
    "Gemm, transposed": lambda build, x, w: build.op("Gemm", x, w, transB=1),
}


@given(reader=st.sampled_from(sorted(READERS)), inputs=st.integers(20, 200), outputs=st.integers(20, 200),
       relu=st.booleans())  # fmt: skip
def test_matrices_are_drawn_by_what_they_sum_over(reader, inputs, outputs, relu):
    """The variance of a matrix is its gain over the products of one result: two before a Relu, one before nothing."""
    builder = GraphBuilder("one")
    shape = {"Conv": (outputs, inputs, 1, 1), "Gemm, transposed": (outputs, inputs)}.get(reader, (inputs, outputs))
    weight = builder.constant(absent_weight(shape), "w")
    y = READERS[reader](builder, builder.input("x", (1, inputs)), weight)
    graph = bind(builder.build([builder.op("Relu", y) if relu else y]), {}, call)
    drawn = draw_weights(graph)["w"]
    assert drawn.var() == pytest.approx((2 if relu else 1) / inputs, rel=10 / np.sqrt(drawn.size))
    assert drawn.dtype == np.float32
