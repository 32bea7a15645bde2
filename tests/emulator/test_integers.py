"""Quantised steps compute in integers what onnxruntime computes after its QDQ fusion, bit for bit.

Activations are uint8: int8 activations make onnxruntime on x86 leave some convolutions in float. Weights stay within 64
where the CPU could saturate (see `tests.models.quantised`).
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from npusdk.compiler import Plan
from npusdk.emulator import Executor
from npusdk.emulator.planning import Planner
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call
from tests.emulator.plans import compiled, graph_of, node_by_node, on_onnxruntime, step_of
from tests.models.builders import quantised_cnn

DIGITS = Path(__file__).parents[2] / "tutorials" / "models"
few = settings(max_examples=30, deadline=None)


def units_of(plan):
    """Return the names of a plan's units, as often as they occur."""
    return [type(unit).__name__ for unit in Planner(plan).units()]


def test_digits_network_is_identical():
    """The int8 digits network on all held-out digits: every logit is onnxruntime's."""
    images = np.load(DIGITS / "heldout.npz")["image"]
    graph = graph_of(DIGITS / "digits_int8.onnx", batch=len(images))
    plan = compiled(graph, "int8", quantised=True)
    (found,) = Executor(plan).run({"image": images}).values()
    (expected,) = on_onnxruntime(str(DIGITS / "digits_int8.onnx"), {"image": images})
    np.testing.assert_array_equal(found, expected)
    assert units_of(plan).count("IntegerConvolved") == 3
    assert {"IntegerAdded", "IntegerAveraged", "IntegerProjected"} <= set(units_of(plan))


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quantised_network_is_identical(seed, per_channel):
    """Dense, depthwise and 1 x 1 convolutions, sums, pools and a product on random grids: no logit differs."""
    model = quantised_cnn(batch=300, per_channel=per_channel, seed=seed)
    graph = graph_of(model)
    images = np.random.default_rng(seed).normal(size=(300, 3, 16, 16)).astype(np.float32)
    (found,) = Executor(compiled(graph, "int8", quantised=True)).run({"image": images}).values()
    (expected,) = on_onnxruntime(model, {"image": images})
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", [78, 87, 108, 114, 123, 148, 149, 183])
def test_sum_of_all_pairs_of_integers_is_identical(seed):
    """Every pair of uint8 on grids where a product rounded too early, or not at all, would tip a result."""
    rng = np.random.default_rng(seed)
    scales, zeros = rng.uniform(0.005, 0.05, 3).astype(np.float32), rng.integers(0, 256, 3).astype(np.uint8)
    grids = [
        (helper.make_tensor(f"s{i}", 1, [], [scales[i]]), helper.make_tensor(f"z{i}", 2, [], [zeros[i]]))
        for i in range(3)
    ]
    names = [pair[0].name for pair in grids], [pair[1].name for pair in grids]
    left, right = (values.astype(np.uint8) for values in np.meshgrid(np.arange(256), np.arange(256)))
    nodes = [
        *(helper.make_node("DequantizeLinear", [x, names[0][i], names[1][i]], [f"{x}f"]) for i, x in enumerate("ab")),
        helper.make_node("Add", ["af", "bf"], ["sum"]),
        helper.make_node("QuantizeLinear", ["sum", names[0][2], names[1][2]], ["y"]),
    ]
    entries = [helper.make_tensor_value_info(name, 2, left.shape) for name in "aby"]
    drawn = helper.make_graph(nodes, "sum", entries[:2], entries[2:], [part for pair in grids for part in pair])
    model = helper.make_model(drawn, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    graph, inputs = graph_of(model), {"a": left, "b": right}
    plan = Plan(graph, "test", "int8", 1, (step_of(graph, graph.nodes, "integer"),))
    (found,) = Executor(plan).run(inputs).values()
    np.testing.assert_array_equal(found, on_onnxruntime(model, inputs)[0])
    assert units_of(plan) == ["IntegerAdded"]


def quantised(build, x, scale, zero_point):
    """Pass a tensor through QuantizeLinear and DequantizeLinear."""
    pair = build.constant(np.float32(scale)), build.constant(np.array(zero_point, np.uint8))
    return build.op("DequantizeLinear", build.op("QuantizeLinear", x, *pair), *pair)


def one_step(build, out, quantiser_inputs):
    """Return an integer plan: the quantisers of the inputs in a step of their own, everything else in one."""
    graph = bind(build.build([out]), {}, call)
    outside = {producer for name in quantiser_inputs for producer in [graph.producers[name]]}
    first = [graph.nodes[index] for index in sorted(outside)]
    rest = [node for index, node in enumerate(graph.nodes) if index not in outside]
    steps = (step_of(graph, first), step_of(graph, rest, "integer"))
    return Plan(graph, "test", "int8", 1, steps)


def grid(rng):
    return float(rng.uniform(0.01, 0.05)), int(rng.integers(0, 256))


def run_both(plan, inputs):
    """Return what the integer step gives, and what its nodes give in floats."""
    (name,) = plan.graph.outputs
    return Executor(plan).run(inputs)[name], node_by_node(plan.graph, inputs)[name]


@few
@given(st.sampled_from(["Relu", "Sigmoid", "HardSwish", "LeakyRelu", "Clip", "Tanh"]), st.integers(0, 999))
def test_function_of_one_integer_is_a_table(op, seed):
    """DequantizeLinear, a function, QuantizeLinear: exactly the three nodes, looked up."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder()
    x = quantised(build, build.input("x", (2, 3, 5, 7)), *grid(rng))
    limits = [build.constant(np.float32(value)) for value in (-0.7, 1.1)] if op == "Clip" else []
    out = quantised(build, build.op(op, x, *limits), *grid(rng))
    plan = one_step(build, out, [build._nodes[0].outputs[0]])
    found, expected = run_both(plan, {"x": rng.normal(size=(2, 3, 5, 7)).astype(np.float32)})
    np.testing.assert_array_equal(found, expected)
    assert "Tabled" in units_of(plan)


def convolution_plan(rng, channels, groups=1, *, follows=(), ends=True):
    """Return an integer plan of one convolution with what follows it, and its inputs."""
    build = GraphBuilder()
    scale, zero = grid(rng)
    x = quantised(build, build.input("x", (2, channels, 6, 6)), scale, zero)
    weights = rng.integers(-127, 128, (8, channels // groups, 3, 3)).astype(np.int8)
    scales = rng.uniform(0.001, 0.01, 8).astype(np.float32)
    weight = build.op("DequantizeLinear", build.constant(weights), build.constant(scales), axis=0)
    total = (scales * np.float32(scale)).astype(np.float32)
    bias = build.op(
        "DequantizeLinear", build.constant(rng.integers(-999, 999, 8, np.int32)), build.constant(total), axis=0
    )
    y = build.op("Conv", x, weight, bias, pads=(1, 1, 1, 1), group=groups)
    for op in follows:
        y = build.op(op, y)
    y = quantised(build, y, 0.02 * np.sqrt(channels), 77) if ends else y
    plan = one_step(build, y, [build._nodes[0].outputs[0]])
    return plan, {"x": rng.normal(size=(2, channels, 6, 6)).astype(np.float32)}


@pytest.mark.parametrize(("channels", "groups"), [(16, 1), (16, 4), (8, 8), (300, 1), (2000, 1), (4000, 2)])
def test_sums_beyond_2_24_are_split_and_stay_exact(channels, groups):
    """Sums that float32 could not hold: every result is that of 64-bit integers, requantised once."""
    rng = np.random.default_rng(channels)
    plan, inputs = convolution_plan(rng, channels, groups, follows=("Relu",))
    nodes = {node.op: node for node in plan.graph.nodes}
    constants = plan.graph.constants
    first = plan.graph.nodes[0]
    (x,) = call("QuantizeLinear", [inputs["x"], *(constants[name] for name in first.inputs[1:])], {})
    producers = {node.outputs[0]: node for node in plan.graph.nodes}
    weight, bias = (producers[name] for name in nodes["Conv"].inputs[1:])
    last = producers[producers[plan.graph.outputs[0]].inputs[0]]
    step, zero = (constants[name] for name in last.inputs[1:])
    total, _ = (constants[first.inputs[1]] * constants[weight.inputs[1]]).astype(np.float32), None
    wide = [constants[weight.inputs[0]].astype(np.float64), constants[bias.inputs[0]].astype(np.float64)]
    centred = x.astype(np.float64) - int(constants[first.inputs[2]])
    (exact,) = call("Conv", [centred, *wide], nodes["Conv"].attrs)
    factor = (total / step).astype(np.float32).reshape(-1, 1, 1)
    integers = np.clip(np.rint(exact.astype(np.float32) * factor) + int(zero), int(zero), 255)
    expected = (integers - int(zero)).astype(np.float32) * step
    (found,) = Executor(plan).run(inputs).values()
    np.testing.assert_array_equal(found, expected)
    assert "IntegerConvolved" in units_of(plan)


@pytest.mark.parametrize(("follows", "ends"), [((), False), (("Sigmoid",), True), (("HardSwish",), False)])
def test_total_becomes_a_float_where_no_grid_or_an_activation_follows(follows, ends):
    """The exact total times its scale: near the nodes' results, and equal to them where it is quantised again."""
    plan, inputs = convolution_plan(np.random.default_rng(3), 16, follows=follows, ends=ends)
    found, expected = run_both(plan, inputs)
    if ends:
        assert (found != expected).mean() < 0.001
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert "IntegerConvolved" in units_of(plan)


@pytest.mark.parametrize("depth", [64, 700])
def test_product_of_two_quantised_tensors_is_exact(depth):
    """Both operands computed, as in attention: integers multiply exactly, in float64 where float32 could round."""
    rng = np.random.default_rng(depth)
    build = GraphBuilder()
    grids = grid(rng), grid(rng)
    names = [build.input("a", (2, 5, depth)), build.input("b", (2, depth, 4))]
    a, b = (quantised(build, name, *one) for name, one in zip(names, grids, strict=True))
    step = 0.02 * np.sqrt(depth)
    out = quantised(build, build.op("MatMul", a, b), step, 99)
    plan = one_step(build, out, [node.outputs[0] for node in build._nodes if node.inputs[0] in names])
    inputs = {
        name: rng.normal(size=shape).astype(np.float32) for name, shape in (("a", (2, 5, depth)), ("b", (2, depth, 4)))
    }
    operands = []
    for name, (scale, zero) in zip(names, grids, strict=True):
        (q,) = call("QuantizeLinear", [inputs[name], np.float32(scale), np.array(zero, np.uint8)], {})
        operands.append(q.astype(np.int64) - zero)
    factor = np.float32(np.float32(grids[0][0]) * np.float32(grids[1][0])) / np.float32(step)
    integers = np.clip(np.rint((operands[0] @ operands[1]).astype(np.float32) * factor) + 99, 0, 255)
    (found,) = Executor(plan).run(inputs).values()
    np.testing.assert_array_equal(found, (integers.astype(np.float32) - 99) * np.float32(step))
    assert "IntegerMultiplied" in units_of(plan)


@pytest.mark.parametrize("moved", [False, True])
def test_view_between_quantisers_of_one_grid_is_a_view(moved):
    """Reshape between equal grids moves no integer; between different ones it requantises each."""
    build = GraphBuilder()
    x = quantised(build, build.input("x", (2, 3, 4)), 0.02, 120)
    y = build.op("Reshape", x, build.constant(np.array([2, 12])))
    out = quantised(build, y, 0.03 if moved else 0.02, 120)
    plan = one_step(build, out, [build._nodes[0].outputs[0]])
    found, expected = run_both(plan, {"x": np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)})
    np.testing.assert_array_equal(found, expected)
    assert units_of(plan).count("Called") == (4 if moved else 2)


@few
@given(st.integers(0, 9999))
def test_step_of_unknown_form_runs_between_its_quantisers(seed):
    """A quantised step that has no integer form is its nodes in floats."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder()
    x = quantised(build, build.input("x", (2, 4, 6)), *grid(rng))
    y = build.op("Softmax", build.op("Mul", x, x), axis=-1)
    out = quantised(build, y, 1 / 255, 0)
    plan = one_step(build, out, [build._nodes[0].outputs[0]])
    found, expected = run_both(plan, {"x": rng.normal(size=(2, 4, 6)).astype(np.float32)})
    assert np.abs(found - expected).max() <= 1.01 / 255
    assert (found != expected).mean() < 0.02
