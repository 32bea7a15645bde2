"""GridSample agrees with ONNX's reference evaluator, and with onnxruntime on images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from npusdk.kernels import call
from tests.kernels.oracle import assert_agrees

MODES = ["linear", "nearest", "cubic"]
PADDINGS = ["zeros", "border", "reflection"]
few = settings(max_examples=100, deadline=None)


def by_reference(x, grid, attrs):
    """Run GridSample on the reference evaluator of the onnx package."""
    graph = helper.make_graph(
        [helper.make_node("GridSample", ["x", "grid"], ["y"], **attrs)],
        "one",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape),
            helper.make_tensor_value_info("grid", TensorProto.FLOAT, grid.shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    return ReferenceEvaluator(model).run(None, {"x": x, "grid": grid})[0]


def drawn(seed, shape, places, spread):
    """Return an input and a grid that reaches `spread` times as far as the input."""
    draw = np.random.default_rng(seed)
    grid = draw.uniform(-spread, spread, (shape[0], *places, len(places))).astype(np.float32)
    return draw.normal(size=shape).astype(np.float32), grid


@few
@given(
    choices=st.tuples(st.sampled_from(MODES), st.sampled_from(PADDINGS), st.integers(0, 1)),
    sizes=st.tuples(st.integers(2, 6), st.integers(2, 6)),
    spread=st.sampled_from([0.9, 1.6, 3.0]),
    seed=st.integers(0, 1000),
)
def test_grid_sample_of_an_image_follows_onnxruntime(choices, sizes, spread, seed):
    """Any grid, inside the image and beside it, in every mode, padding and alignment."""
    x, grid = drawn(seed, (2, 3, *sizes), (4, 5), spread)
    attrs = dict(zip(("mode", "padding_mode", "align_corners"), choices, strict=True))
    assert_agrees("GridSample", [x, grid], attrs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("aligned", [0, 1])
def test_grid_sample_of_a_volume_follows_the_reference(mode, padding, aligned):
    """Three axes are sampled as two are."""
    x, grid = drawn(7, (1, 2, 3, 4, 5), (2, 2, 3), 1.4)
    attrs = {"mode": mode, "padding_mode": padding, "align_corners": aligned}
    (found,) = call("GridSample", [x, grid], attrs)
    np.testing.assert_allclose(found, by_reference(x, grid, attrs), rtol=1e-4, atol=1e-5)


def test_grid_sample_takes_the_even_one_of_two_neighbours_as_near():
    """A place halfway between two elements rounds to the even index, as IEEE 754 does."""
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    grid = (np.array([0.5, 1.5, 2.5, 3.5], np.float32) / 2 - 1).reshape(1, 4, 1)
    (found,) = call("GridSample", [x, grid], {"mode": "nearest", "align_corners": 1})
    assert found.ravel().tolist() == [0, 2, 2, 4]


def test_grid_sample_reads_no_value_beside_the_input():
    """With zeros around it, a place outside is 0 whatever the border holds, infinities included."""
    x = np.full((1, 1, 2, 2), np.inf, np.float32)
    grid = np.array([[[[5, 5], [-9, 0.5]]]], np.float32)
    for mode in MODES:
        (found,) = call("GridSample", [x, grid], {"mode": mode})
        assert not found.any()


@pytest.mark.parametrize("dtype", ["int32", "bool", "float16", "float64"])
def test_grid_sample_keeps_the_element_type(dtype):
    """The centres of an input's elements give the elements, in their own type."""
    x = np.arange(6).reshape(1, 1, 6).astype(dtype)
    grid = ((np.arange(6) * 2 + 1) / 6 - 1).reshape(1, 6, 1)
    for mode in MODES:
        (found,) = call("GridSample", [x, grid], {"mode": mode})
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found.astype(float), x.astype(float), rtol=1e-3)
