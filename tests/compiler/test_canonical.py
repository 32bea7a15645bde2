"""Composites that exporters write out become single operators, and compute the same."""

from math import pi, sqrt

import numpy as np
import pytest

from npusdk.compiler import canonicalize
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call


def f32(value):
    return np.float32(value)


def run(graph, feeds):
    """Evaluate a graph node by node."""
    values = dict(graph.constants) | feeds
    for node in graph.nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        outputs = call(node.op, inputs, node.attrs, len(node.outputs))
        values.update(zip(node.outputs, outputs, strict=True))
    return [values[name] for name in graph.outputs]


def gelu_last_half(b, x):
    gate = b.op("Add", b.op("Erf", b.op("Div", x, b.constant(f32(sqrt(2))))), b.constant(f32(1)))
    return b.op("Mul", b.op("Mul", x, gate), b.constant(f32(0.5)))


def gelu_first_half(b, x):
    gate = b.op("Add", b.constant(f32(1)), b.op("Erf", b.op("Mul", x, b.constant(f32(1 / sqrt(2))))))
    return b.op("Mul", b.op("Mul", b.constant(f32(0.5)), x), gate)


def gelu_tanh(b, x):
    cube = b.op("Mul", b.constant(f32(0.044715)), b.op("Pow", x, b.constant(f32(3))))
    inner = b.op("Mul", b.constant(f32(sqrt(2 / pi))), b.op("Add", x, cube))
    gate = b.op("Add", b.op("Tanh", inner), b.constant(f32(1)))
    return b.op("Mul", b.op("Mul", b.constant(f32(0.5)), x), gate)


def swish(b, x):
    return b.op("Mul", x, b.op("Sigmoid", x))


def quick_gelu(b, x):
    return b.op("Mul", x, b.op("Sigmoid", b.op("Mul", x, b.constant(f32(1.702)))))


def hard_swish_gate(b, x):
    return b.op("Mul", x, b.op("HardSigmoid", x, alpha=1 / 6, beta=0.5))


def hard_swish_clip(b, x, low=0, high=6):
    gate = b.op("Clip", b.op("Add", x, b.constant(f32(3))), b.constant(f32(low)), b.constant(f32(high)))
    return b.op("Div", b.op("Mul", x, gate), b.constant(f32(6)))


def hard_swish_clip_between_vectors(b, x):
    return hard_swish_clip(b, x, [0], [6])


def layer_norm(b, x, square="Pow"):
    axes = b.constant(np.array([-1]))
    centred = b.op("Sub", x, b.op("ReduceMean", x, axes))
    squared = b.op("Pow", centred, b.constant(f32(2))) if square == "Pow" else b.op("Mul", centred, centred)
    spread = b.op("Sqrt", b.op("Add", b.op("ReduceMean", squared, axes), b.constant(f32(1e-5))))
    scaled = b.op("Mul", b.op("Div", centred, spread), b.constant(np.linspace(0.5, 2, 8, dtype=np.float32)))
    return b.op("Add", scaled, b.constant(np.linspace(-1, 1, 8, dtype=np.float32)))


def layer_norm_by_product(b, x):
    return layer_norm(b, x, "Mul")


def root_mean(b, x):
    mean = b.op("ReduceMean", b.op("Pow", x, b.constant(f32(2))), b.constant(np.array([-1])))
    return b.op("Sqrt", b.op("Add", mean, b.constant(f32(1e-6))))


def rms_norm(b, x):
    normal = b.op("Mul", x, b.op("Reciprocal", root_mean(b, x)))
    return b.op("Mul", b.constant(np.linspace(0.5, 2, 8, dtype=np.float32)), normal)


def rms_norm_by_quotient(b, x):
    normal = b.op("Mul", x, b.op("Div", b.constant(f32(1)), root_mean(b, x)))
    return b.op("Mul", normal, b.constant(np.linspace(0.5, 2, 8, dtype=np.float32)))


COMPOSITES = {
    gelu_last_half: "Gelu",
    gelu_first_half: "Gelu",
    gelu_tanh: "Gelu",
    swish: "Swish",
    quick_gelu: "Swish",
    hard_swish_gate: "HardSwish",
    hard_swish_clip: "HardSwish",
    hard_swish_clip_between_vectors: "HardSwish",
    layer_norm: "LayerNormalization",
    layer_norm_by_product: "LayerNormalization",
    rms_norm: "RMSNormalization",
    rms_norm_by_quotient: "RMSNormalization",
}


@pytest.mark.parametrize("composite", COMPOSITES, ids=lambda composite: composite.__name__)
def test_composite_becomes_its_operator_and_computes_the_same(composite):
    """A composite becomes one node whose result differs from the written-out one by rounding only."""
    build = GraphBuilder()
    graph = bind(build.build([composite(build, build.input("x", (4, 8)))]), {}, call)
    canonical = canonicalize(graph)
    assert [node.op for node in canonical.nodes] == [COMPOSITES[composite]]
    x = np.random.default_rng(1).standard_normal((4, 8)).astype(np.float32)
    np.testing.assert_allclose(run(canonical, {"x": x})[0], run(graph, {"x": x})[0], rtol=2e-5, atol=2e-6)


def test_composite_stays_when_somebody_reads_its_inside():
    """A composite whose inner result is wanted elsewhere is left as it was written."""
    build = GraphBuilder()
    x = build.input("x", (4, 8))
    gate = build.op("Sigmoid", x)
    graph = bind(build.build([build.op("Mul", x, gate), gate]), {}, call)
    assert canonicalize(graph) == graph


def test_near_composite_is_left_alone():
    """A constant that is not the composite's own leaves the nodes as they are."""
    build = GraphBuilder()
    x = build.input("x", (4, 8))
    gate = build.op("Add", build.op("Erf", build.op("Div", x, build.constant(f32(1.5)))), build.constant(f32(1)))
    graph = bind(build.build([build.op("Mul", build.op("Mul", x, gate), build.constant(f32(0.5)))]), {}, call)
    assert [node.op for node in canonicalize(graph).nodes] == ["Div", "Erf", "Add", "Mul", "Mul"]


def widened_norm(dtype):
    """Return a root mean square norm that is worked out in float32 and given in float16."""
    build = GraphBuilder()
    x = build.input("x", (4, 8), dtype)
    wide = build.op("Cast", x, to="float32")
    normal = build.op("Cast", build.op("Div", wide, root_mean(build, wide)), to="float16")
    scaled = build.op("Mul", normal, build.constant(np.linspace(0.5, 2, 8, dtype=np.float16)))
    return bind(build.build([scaled]), {}, call)


def test_norm_of_sixteen_bits_that_is_widened_is_one_operator():
    """C7: the casts around a norm of float16 are part of it, and it computes the same."""
    graph = widened_norm("float16")
    canonical = canonicalize(graph)
    assert [node.op for node in canonical.nodes] == ["RMSNormalization"]
    x = np.random.default_rng(1).standard_normal((4, 8)).astype(np.float16)
    np.testing.assert_allclose(run(canonical, {"x": x})[0], run(graph, {"x": x})[0], rtol=2**-9)


def test_norm_that_gives_another_type_than_it_takes_is_left_alone():
    """C7: input, scale and result are of one element type."""
    graph = widened_norm("bfloat16")
    assert "RMSNormalization" not in [node.op for node in canonicalize(graph).nodes]


def test_cast_to_the_type_that_a_tensor_has_is_dropped():
    """C8: such a cast, and a chain of them, moves no bytes; one that an output is named after stays."""
    build = GraphBuilder()
    x = build.input("x", (4, 8))
    twice = build.op("Cast", build.op("Cast", x, to="float32"), to="float32")
    last = build.op("Cast", build.op("Relu", twice), to="float32")
    canonical = canonicalize(bind(build.build([last]), {}, call))
    assert [node.op for node in canonical.nodes] == ["Relu", "Cast"]
    assert (canonical.nodes[0].inputs, canonical.outputs) == (("x",), (last,))
