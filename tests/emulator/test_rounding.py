"""In a device's number format, what crosses the border of a step is rounded, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.compiler import Plan
from npusdk.emulator import Executor
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call
from tests.emulator.plans import compiled, deviation, graph_of, grouped, node_by_node, samples, step_of
from tests.emulator.rounded import nearest, slow
from tests.models.builders import bert_encoder, mobilenet_v2, resnet50, vit

few = settings(max_examples=15, deadline=None)


def integer_graph(seed, relu=True):
    """Return a convolutional network whose float32 sums are whole numbers, exact in any order."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder("whole")

    def whole(*shape, low=-2, high=3):
        return build.constant(rng.integers(low, high, shape).astype(np.float32))

    x = build.input("x", (2, 4, 9, 10))
    y = build.op("Conv", x, whole(8, 4, 3, 3), whole(8), pads=(1, 1, 1, 1))
    y = build.op("Relu", y) if relu else y
    z = build.op("Conv", y, whole(8, 1, 3, 3), group=8, pads=(1, 1, 1, 1))
    y = build.op("Add", z, y)
    y = build.op("MaxPool", y, kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1))
    y = build.op("Conv", y, whole(6, 8, 1, 1, low=-1, high=2), strides=(2, 1))
    y = build.op("Concat", y, y, axis=1)
    flat = build.op("Flatten", y, axis=1)
    out = build.op("Gemm", flat, whole(12 * 15, 5, low=0, high=2), whole(5))
    return bind(build.build([out]), {}, call)


@few
@given(
    st.sampled_from(["bf16", "fp16", "tf32"]),
    st.lists(st.integers(1, 4), max_size=8),
    st.integers(0, 99),
    st.booleans(),
)
def test_rounded_plan_equals_rounded_tensors_at_borders(precision, sizes, seed, relu):
    """Every bit of the result, for every grouping, where sums are exact so that their order cannot matter."""
    graph = integer_graph(seed, relu)
    plan = grouped(graph, sizes, precision, "rounded")
    inputs = {"x": np.random.default_rng(seed).normal(size=(2, 4, 9, 10)).astype(np.float32) * 20}
    inputs = {"x": nearest(inputs["x"], precision).round() + np.float32(0.25)}
    found, expected = Executor(plan).run(inputs), slow(plan, inputs, precision)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


UNITS = {"bf16": 2.0**-8, "fp16": 2.0**-11, "tf32": 2.0**-11}
"""Half a step of the format, relative."""


@pytest.mark.parametrize("precision", UNITS)
@pytest.mark.parametrize(
    "make",
    [
        lambda: resnet50(1, 64, blocks=(1, 1, 1, 1), width=16, classes=10),
        lambda: mobilenet_v2(1, 32, stages=((1, 16, 1, 1), (6, 24, 1, 2)), width=16, head=32, classes=10),
        lambda: vit(1, 32, patch=8, layers=1, hidden=32, heads=4, classes=10),
        lambda: bert_encoder(1, 12, layers=1, hidden=32, heads=4, vocabulary=50),
    ],
    ids=["resnet", "mobilenet", "vit", "bert"],
)
def test_rounded_network_stays_near_its_oracle(make, precision):
    """Where the order of sums can tip a rounding, results part by a few steps of the format at most."""
    graph = graph_of(make())
    plan, inputs = compiled(graph, precision), samples(graph)
    found, expected = Executor(plan).run(inputs), slow(plan, inputs, precision)
    exact = Executor(compiled(graph)).run(inputs)
    for name, value in expected.items():
        assert deviation(found[name], value) <= 16 * UNITS[precision]
        assert (nearest(found[name], precision) == found[name]).all()
        assert deviation(found[name], exact[name]) > UNITS[precision] / 64


@pytest.mark.parametrize("precision", UNITS)
def test_rounded_step_equals_its_oracle_but_for_ties(precision):
    """A product, a bias, an activation: the order of the sum tips at most one result in a hundred, by one step."""
    build = GraphBuilder()
    rng = np.random.default_rng(5)
    x, weight = build.input("x", (64, 96)), build.constant(rng.normal(size=(96, 80)).astype(np.float32))
    y = build.op("Gelu", build.op("Add", build.op("MatMul", x, weight), build.constant(np.float32(0.1))))
    graph = bind(build.build([y]), {}, call)
    plan, inputs = grouped(graph, [], precision, "rounded"), {"x": rng.normal(size=(64, 96)).astype(np.float32)}
    (found,), (expected,) = Executor(plan).run(inputs).values(), slow(plan, inputs, precision).values()
    assert (found != expected).mean() < 0.01
    np.testing.assert_allclose(found, expected, rtol=2.1 * UNITS[precision], atol=1e-5)


def test_host_steps_keep_their_own_types():
    """A step on the host computes in float32 on what it reads; the device rounds what it takes from there."""
    build = GraphBuilder()
    x = build.input("x", (4, 33))
    on_host = build.op("Mul", x, build.constant(np.float32(1 / 3)), name="host")
    out = build.op("Add", on_host, build.constant(np.float32(1.0)), name="device")
    graph = bind(build.build([out, on_host]), {}, call)
    host, device = graph.nodes
    steps = (step_of(graph, [host], "exact", "host"), step_of(graph, [device], "rounded"))
    plan = Plan(graph, "test", "bf16", 1, steps)
    values = {"x": np.random.default_rng(1).normal(size=(4, 33)).astype(np.float32)}
    found = Executor(plan).run(values)
    third = values["x"] * np.float32(1 / 3)
    np.testing.assert_array_equal(found[on_host], third)
    np.testing.assert_array_equal(found[out], nearest(nearest(third, "bf16") + np.float32(1), "bf16"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_exact_plan_of_a_narrow_model_rounds_every_node(dtype):
    """A model in a 16-bit type, run exactly, is its nodes one by one, each result in that type."""
    build = GraphBuilder()
    rng = np.random.default_rng(2)
    storage = np.float16 if dtype == "float16" else np.float32

    def given_constant(*shape):
        value = nearest(rng.normal(size=shape).astype(np.float32), "fp16" if dtype == "float16" else "bf16")
        return build.constant(value.astype(storage), dtype=dtype)

    x = build.input("x", (2, 6, 7, 7), dtype)
    y = build.op("Relu", build.op("Conv", x, given_constant(5, 6, 3, 3), given_constant(5)))
    y = build.op("Reshape", build.op("Add", y, given_constant(5, 1, 1)), build.constant(np.array([2, -1])))
    out = build.op("Softmax", build.op("MatMul", y, given_constant(125, 9)), axis=-1)
    graph = bind(build.build([out]), {}, call)
    value = nearest(rng.normal(size=(2, 6, 7, 7)).astype(np.float32), "fp16" if dtype == "float16" else "bf16")
    inputs = {"x": value.astype(storage)}
    found = Executor(compiled(graph)).run(inputs)[out]
    assert found.dtype == storage
    np.testing.assert_array_equal(found, node_by_node(graph, inputs)[out])


def test_bfloat16_input_is_rounded_when_it_enters():
    """NumPy has no bfloat16: float32 is given, and its low bits do not get in."""
    build = GraphBuilder()
    out = build.op("Identity", build.input("x", (100,), "bfloat16"))
    graph = bind(build.build([out]), {}, call)
    value = np.random.default_rng(3).normal(size=100).astype(np.float32)
    found = Executor(compiled(graph)).run({"x": value})[out]
    np.testing.assert_array_equal(found, nearest(value, "bf16"))


def test_narrow_model_on_a_device_is_fused_in_float32():
    """A float16 model in fp16 on a device rounds at the borders of steps only, and gives float16."""
    build = GraphBuilder()
    rng = np.random.default_rng(4)
    x, weight = build.input("x", (3, 32), "float16"), build.constant(rng.normal(size=(32, 8)).astype(np.float16))
    y = build.op("Sigmoid", build.op("MatMul", x, weight))
    graph = bind(build.build([y]), {}, call)
    value = rng.normal(size=(3, 32)).astype(np.float16)
    found = Executor(grouped(graph, [], "fp16", "rounded")).run({"x": value})[y]
    total = value.astype(np.float32) @ graph.constants[weight].astype(np.float32)
    expected = (1 / (1 + np.exp(-total.astype(np.float64)))).astype(np.float16)
    assert found.dtype == np.float16
    assert (np.abs(found.astype(np.float64) - expected) <= 2.0**-11).all()
    assert (found == expected).mean() > 0.8
