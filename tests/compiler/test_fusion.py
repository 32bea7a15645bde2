"""What becomes one step, rule by rule, and the laws that every grouping obeys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.compiler import canonicalize, compile_graph
from npusdk.compiler.legality import Legality
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call


def labels(steps):
    return [step.label for step in steps]


def test_convolution_takes_normalisation_residual_and_activation(build, steps_of, weight):
    """F1: a convolution, its normalisation, the residual and the activation are one step."""
    x = build.input("x", (1, 8, 6, 6))
    y = build.op("Conv", x, build.constant(weight(8, 8, 3, 3)), pads=(1, 1, 1, 1))
    stats = [build.constant(np.abs(weight(8)) + 0.5) for _ in range(4)]
    y = build.op("Relu", build.op("Add", build.op("BatchNormalization", y, *stats), x))
    (step,) = steps_of(build.build([y]))
    assert (step.label, step.kind) == ("Conv+BatchNormalization+Add+Relu", "matrix")
    assert "x" in step.inputs
    assert step.outputs == (y,)


def test_result_that_others_read_is_not_fused_away(build, steps_of, weight):
    """F1: an activation does not join when somebody else reads the result before it."""
    x = build.input("x", (2, 8))
    y = build.op("MatMul", x, build.constant(weight(8, 8)))
    steps = steps_of(build.build([build.op("Relu", y), y]))
    assert labels(steps) == ["MatMul", "Relu"]


def test_gate_of_another_size_is_a_step_of_its_own(build, steps_of, weight):
    """F1: a product that is larger than the result of the convolution (squeeze and excite) does not join it."""
    x = build.input("x", (1, 8, 6, 6))
    pooled = build.op("GlobalAveragePool", x)
    gate = build.op("Sigmoid", build.op("Conv", pooled, build.constant(weight(8, 8, 1, 1))))
    steps = steps_of(build.build([build.op("Mul", x, gate)]))
    assert labels(steps) == ["GlobalAveragePool", "Conv+Sigmoid", "Mul"]


def test_elementwise_chain_is_one_vector_step(build, steps_of):
    """F2: elementwise operators of one size follow each other in one step."""
    x = build.input("x", (4, 8))
    (step,) = steps_of(build.build([build.op("Exp", build.op("Neg", build.op("Abs", x)))]))
    assert (step.label, step.kind) == ("Abs+Neg+Exp", "vector")


@pytest.mark.parametrize("norm", ["GroupNormalization", "InstanceNormalization"])
def test_normalisation_of_images_takes_its_activation(build, steps_of, weight, norm):
    """F2: what normalises channels of an image is one step with the elementwise operators behind it."""
    x = build.input("x", (1, 8, 6, 6))
    groups = {"num_groups": 4} if norm == "GroupNormalization" else {}
    y = build.op(norm, x, build.constant(weight(8)), build.constant(weight(8)), **groups)
    (step,) = steps_of(build.build([build.op("Mul", y, build.op("Sigmoid", y))]))
    assert (step.label, step.kind) == (f"{norm}+Swish", "vector")


def test_residual_and_normalisation_are_one_vector_step_that_gives_both(build, steps_of, weight):
    """F3: the sum before a normalisation leaves the GEMM, joins the normalisation, and both results come out."""
    x = build.input("x", (4, 8))
    y = build.op("MatMul", x, build.constant(weight(8, 8)))
    total = build.op("Add", y, x)
    normal = build.op("LayerNormalization", total, build.constant(weight(8)), build.constant(weight(8)))
    gemm, norm = steps_of(build.build([build.op("Add", build.op("Exp", normal), total)]))[:2]
    assert (gemm.label, norm.label) == ("MatMul", "Add+LayerNormalization+Exp")
    assert total in norm.outputs


def attention(build, weight, *, mask):
    x = build.input("x", (2, 6, 16))

    def heads(perm):
        y = build.op("MatMul", x, build.constant(weight(16, 16)))
        split = build.op("Reshape", y, build.constant(np.array([2, 6, 4, 4])))
        return build.op("Transpose", split, perm=perm)

    q, k, v = heads((0, 2, 1, 3)), heads((0, 2, 3, 1)), heads((0, 2, 1, 3))
    scores = build.op("Div", build.op("MatMul", q, k), build.constant(np.float32(2)))
    if mask:
        scores = build.op("Add", scores, build.input("mask", (2, 1, 1, 6)))
    y = build.op("Transpose", build.op("MatMul", build.op("Softmax", scores), v), perm=(0, 2, 1, 3))
    return build.build([build.op("Reshape", y, build.constant(np.array([2, 6, 16])))])


def test_attention_is_one_step_and_its_projections_another(build, steps_of, weight):
    """F4, F5: query, key and value are one GEMM; scores, scale, mask, softmax and transpositions are one attention."""
    for mask in (False, True):
        builder = GraphBuilder()
        steps = [step for step in steps_of(attention(builder, weight, mask=mask)) if step.kind != "view"]
        assert [(step.kind, sum(node.op == "MatMul" for node in step.nodes)) for step in steps] == [
            ("matrix", 3),
            ("attention", 2),
        ]
        assert ("mask" in steps[1].inputs) is mask
        assert sum(node.op == "Transpose" for node in steps[1].nodes) == 4


def subtracted(build, scores):
    return build.op("Sub", scores, build.input("mask", (2, 1, 1, 6)))


def masked_by_window(build, scores):
    apart = build.op("Reshape", scores, build.constant(np.array([1, 2, 4, 6, 6])))
    masked = build.op("Add", apart, build.input("mask", (1, 2, 1, 6, 6)))
    return build.op("Reshape", masked, build.constant(np.array([2, 4, 6, 6])))


def unguarded(build, weights):
    return weights


def guarded(build, weights):
    return build.op("Where", build.op("IsNaN", weights), build.constant(np.float32(0)), weights)


@pytest.mark.parametrize("guard", [unguarded, guarded])
@pytest.mark.parametrize("mask", [subtracted, masked_by_window])
def test_attention_takes_its_mask_and_its_guard_however_they_are_written(build, steps_of, mask, guard):
    """F4: a subtracted bias, a mask for each window, and zeros for rows that are masked whole are in the one step."""
    q, k, v = build.input("q", (2, 4, 6, 8)), build.input("k", (2, 4, 8, 6)), build.input("v", (2, 4, 6, 8))
    weights = guard(build, build.op("Softmax", mask(build, build.op("MatMul", q, k))))
    (step,) = steps_of(build.build([build.op("MatMul", weights, v)]))
    assert step.kind == "attention"
    assert "mask" in step.inputs


def added_to_itself(build, weights):
    return build.op("Add", build.op("Relu", weights), weights)


@pytest.mark.parametrize("guard", [unguarded, guarded, added_to_itself])
def test_softmax_that_others_read_is_no_attention(build, steps_of, guard):
    """F4: weights that something beside the product or the guard reads leave the products as they are."""
    q, k, v = build.input("q", (2, 6, 8)), build.input("k", (2, 8, 6)), build.input("v", (2, 6, 8))
    weights = build.op("Softmax", build.op("MatMul", q, k))
    y = build.op("MatMul", guard(build, weights), v)
    wanted = [y] if guard is added_to_itself else [y, build.op("Exp", weights)]
    steps = steps_of(build.build(wanted))
    assert "attention" not in [step.kind for step in steps]


def test_attention_whose_softmax_falls_back_is_several_steps(build, steps_of, weight):
    """F4: what a device leaves to the host is not fused with what it runs itself."""
    graph = attention(build, weight, mask=False)
    softmax = next(node.name for node in graph.nodes if node.op == "Softmax")
    steps = steps_of(graph, host=(softmax,))
    assert "attention" not in [step.kind for step in steps]
    assert [step.label for step in steps if step.placement == "host"] == ["Softmax"]


def rotary(build, x, parts):
    """Return x cos + rotate(x) sin with the halves of x taken by Slice or by Split."""
    cos, sin = build.input("cos", (1, 1, 6, 8)), build.input("sin", (1, 1, 6, 8))
    return build.op("Add", build.op("Mul", x, cos), build.op("Mul", rotated(build, x, parts), sin))


def rotated(build, x, parts):
    if parts == "Split":
        first = build.op("Split", x, outputs=("first", "second"), axis=-1, num_outputs=2)
        second = "second"
    else:
        first, second = (build.op("Slice", x, *map(build.constant, cut)) for cut in (([0], [4], [3]), ([4], [8], [3])))
    return build.op("Concat", build.op("Neg", second), first, axis=-1)


@pytest.mark.parametrize("parts", ["Slice", "Split"])
def test_rotary_embedding_is_one_step(build, steps_of, parts):
    """F9: halves, negation, concatenation, both products and their sum are one vector step of three inputs."""
    (step,) = steps_of(build.build([rotary(build, build.input("x", (2, 4, 6, 8)), parts)]))
    assert step.kind == "vector"
    assert {"x", "cos", "sin"} <= set(step.inputs)


@pytest.mark.parametrize("others", [0, 1])
def test_split_that_parts_what_was_turned_ends_the_rotation(build, steps_of, others):
    """F9: queries and keys that are turned together leave one step, unless somebody reads them before they part."""
    turned = rotary(build, build.input("x", (2, 4, 6, 8)), "Slice")
    sizes = build.constant(np.array([3, 1]))
    query = build.op("Split", turned, sizes, outputs=("query", "key"), axis=1)
    steps = steps_of(build.build([query, "key", *[build.op("Relu", turned)][:others]]))
    assert [set(step.outputs) == {"query", "key"} for step in steps] == [[True], [False, True, False]][others]


def test_rotary_embedding_of_two_tensors_is_none(build, steps_of):
    """F9: both products are of one tensor."""
    x, y = build.input("x", (2, 4, 6, 8)), build.input("y", (2, 4, 6, 8))
    other = build.op("Mul", y, build.input("cos", (1, 1, 6, 8)))
    graph = build.build([build.op("Add", other, build.op("Mul", rotated(build, x, "Slice"), y))])
    assert len(steps_of(graph)) > 1


def test_view_inside_a_growing_step_does_not_part_it(build, steps_of, weight):
    """F7: an activation joins its GEMM through a reshape that nobody else reads; a reshape of an input is a view."""
    x = build.op("Reshape", build.input("x", (2, 3, 8)), build.constant(np.array([6, 8])))
    y = build.op("Gemm", x, build.constant(weight(8, 8)))
    y = build.op("Gelu", build.op("Reshape", y, build.constant(np.array([2, 3, 8]))))
    steps = steps_of(build.build([y]))
    assert [(step.label, step.kind) for step in steps] == [("Reshape", "view"), ("Gemm+Reshape+Gelu", "matrix")]


def test_one_projection_split_into_heads_belongs_to_the_attention(build, steps_of, weight):
    """F4: one product for query, key and value, parted by Transpose and Gather, leaves no movement of data behind."""
    x = build.input("x", (1, 6, 16))
    y = build.op("MatMul", x, build.constant(weight(16, 48)))
    y = build.op("Reshape", y, build.constant(np.array([1, 6, 3, 4, 4])))
    y = build.op("Transpose", y, perm=(2, 0, 3, 1, 4))
    q, k, v = (build.op("Gather", y, build.constant(np.array(i)), axis=0) for i in range(3))
    scores = build.op("MatMul", q, build.op("Transpose", k, perm=(0, 1, 3, 2)))
    steps = steps_of(build.build([build.op("MatMul", build.op("Softmax", scores), v)]))
    assert [step.kind for step in steps] == ["matrix", "attention"]


def test_swish_joins_a_convolution_on_an_npu_only(build, steps_of, weight):
    """F6: convolution and SiLU are one step on an NPU, two on a GPU."""
    x = build.input("x", (1, 4, 6, 6))
    y = build.op("Conv", x, build.constant(weight(4, 4, 1, 1)))
    graph = build.build([build.op("Mul", y, build.op("Sigmoid", y))])
    assert labels(steps_of(graph, "npu")) == ["Conv+Swish"]
    assert labels(steps_of(graph, "gpu")) == ["Conv", "Swish"]


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
def test_gate_of_a_feed_forward_layer_joins_its_product(build, steps_of, weight, fusion):
    """F5: SwiGLU is one step of two GEMMs of one input, on an NPU and on a GPU."""
    x = build.input("x", (4, 8))
    gate, up = (build.op("MatMul", x, build.constant(weight(8, 16))) for _ in range(2))
    active = build.op("Mul", gate, build.op("Sigmoid", gate))
    (step,) = steps_of(build.build([build.op("Mul", active, up)]), fusion)
    assert (step.label, step.kind, step.inputs[0], len(step.outputs)) == ("MatMul+Swish+Mul", "matrix", "x", 1)


def test_products_of_one_input_with_a_stranger_between_stay_apart(build, steps_of, weight):
    """F5: a GEMM that is multiplied by what another step gives is no sibling."""
    x = build.input("x", (4, 8))
    gate = build.op("Softmax", build.op("MatMul", x, build.constant(weight(8, 16))))
    up = build.op("MatMul", x, build.constant(weight(8, 16)))
    steps = steps_of(build.build([build.op("Mul", gate, up)]))
    assert labels(steps) == ["MatMul", "Softmax", "MatMul+Mul"]


def test_depthwise_convolution_has_its_own_kind(build, steps_of, weight):
    """A convolution with one input channel for each filter is depthwise; a grouped one with more is not."""
    x = build.input("x", (1, 8, 6, 6))
    y = build.op("Conv", x, build.constant(weight(8, 1, 3, 3)), group=8)
    steps = steps_of(build.build([build.op("Conv", y, build.constant(weight(8, 4, 1, 1)), group=2)]))
    assert [step.kind for step in steps] == ["depthwise", "matrix"]


def quantised(build, weight):
    scale, zero = build.constant(np.float32(0.1)), build.constant(np.uint8(128))
    q = build.op("QuantizeLinear", build.input("x", (2, 8)), scale, zero)
    integers = build.constant(np.arange(64, dtype=np.int8).reshape(8, 8))
    w = build.op("DequantizeLinear", integers, build.constant(np.float32(0.02)), build.constant(np.int8(0)))
    y = build.op("Relu", build.op("MatMul", build.op("DequantizeLinear", q, scale, zero), w))
    y = build.op("QuantizeLinear", y, scale, zero)
    total = build.op("Add", build.op("DequantizeLinear", y, scale, zero), build.op("DequantizeLinear", q, scale, zero))
    return build.build([build.op("DequantizeLinear", build.op("QuantizeLinear", total, scale, zero), scale, zero)])


def test_quantised_operators_become_integer_steps(build, steps_of, weight):
    """F8: in an integer plan what lies between DequantizeLinear and QuantizeLinear is one integer step."""
    steps = steps_of(quantised(build, weight), precision="int8", is_quantized=True)
    assert [(step.name.split("_")[0], step.arithmetic) for step in steps] == [
        ("QuantizeLinear", "exact"),
        ("MatMul", "integer"),
        ("Add", "integer"),
        ("DequantizeLinear", "exact"),
    ]
    borders = {name for step in steps[1:3] for name in step.outputs}
    assert all(name.startswith("QuantizeLinear") for name in borders)


def test_quantised_model_on_a_float_device_keeps_its_dequantised_weights_with_their_readers(build, steps_of, weight):
    """F8: without integer arithmetic a constant's DequantizeLinear still belongs to the step that reads it."""
    steps = steps_of(quantised(build, weight), precision="bf16", is_quantized=True)
    product = next(step for step in steps if any(node.op == "MatMul" for node in step.nodes))
    assert sum(node.op == "DequantizeLinear" for node in product.nodes) >= 1
    assert {step.arithmetic for step in steps} == {"rounded"}


def test_placement_parts_steps(build, steps_of, weight):
    """Nodes on the host and on the device never share a step."""
    x = build.input("x", (2, 8))
    y = build.op("MatMul", x, build.constant(weight(8, 8)))
    graph = build.build([build.op("Exp", build.op("Erf", y, name="erf"))])
    assert [(s.label, s.placement) for s in steps_of(graph, host=["erf"])] == [
        ("MatMul", "device"),
        ("Erf", "host"),
        ("Exp", "device"),
    ]


@st.composite
def graphs(draw):
    """Draw a graph of elementwise, matrix, normalising and moving operators over (4, 8) tensors."""
    build = GraphBuilder()
    live = [build.input("x", (4, 8)), build.input("y", (4, 8))]
    square = build.constant(np.eye(8, dtype=np.float32))
    row = build.constant(np.ones(8, np.float32))
    for _ in range(draw(st.integers(1, 14))):
        one, two = draw(st.sampled_from(live)), draw(st.sampled_from(live))
        kind = draw(st.sampled_from(["unary", "binary", "matmul", "norm", "softmax", "view", "swish"]))
        make = {
            "unary": lambda a, _b: build.op("Relu", a),
            "binary": lambda a, b: build.op("Add", a, b),
            "matmul": lambda a, _b: build.op("MatMul", a, square),
            "norm": lambda a, _b: build.op("LayerNormalization", a, row),
            "softmax": lambda a, _b: build.op("Softmax", a),
            "view": lambda a, _b: build.op("Reshape", a, build.constant(np.array([4, 8]))),
            "swish": lambda a, _b: build.op("Mul", a, build.op("Sigmoid", a)),
        }[kind]
        live.append(make(one, two))
    return build.build(draw(st.lists(st.sampled_from(live[2:]), min_size=1, max_size=3, unique=True)))


@given(graphs(), st.sampled_from(["npu", "gpu"]))
def test_steps_cover_the_graph_in_an_order_in_which_they_can_run(graph, fusion):
    """Every node is in exactly one step, every step reads only what is there before it, and nothing leaks out."""
    bound = canonicalize(bind(graph, {}, call))
    steps = compile_graph(bound, "bf16", Legality(), fusion=fusion, is_quantized=False)
    assert sorted(node.name for step in steps for node in step.nodes) == sorted(node.name for node in bound.nodes)
    assert len({step.name for step in steps}) == len(steps)
    known = {*bound.inputs, *bound.constants}
    for step in steps:
        assert known.issuperset(step.inputs)
        inside = set(step.inputs)
        for node in step.nodes:
            assert inside.issuperset(name for name in node.inputs if name)
            inside.update(node.outputs)
        known.update(step.outputs)
    assert known.issuperset(bound.outputs)
