"""Resize agrees with onnxruntime where that follows ONNX, and with ONNX's reference evaluator everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from npusdk.kernels import call
from tests.kernels.oracle import assert_agrees

X = np.random.default_rng(29).normal(size=(1, 2, 5, 6)).astype(np.float32)
MODES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]
few = settings(max_examples=40, deadline=None)


def by_reference(inputs, attrs):
    """Run Resize on the reference evaluator of the onnx package."""
    names = ["x", "roi", "scales", "sizes"]
    fed = {name: value for name, value in zip(names, inputs, strict=False) if value is not None}
    types = {"x": TensorProto.FLOAT, "roi": TensorProto.FLOAT, "scales": TensorProto.FLOAT, "sizes": TensorProto.INT64}
    node = helper.make_node("Resize", [name if name in fed else "" for name in names], ["y"], **attrs)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, types[name], value.shape) for name, value in fed.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    return ReferenceEvaluator(model).run(None, fed)[0]


def assert_as_reference(inputs, attrs):
    (found,) = call("Resize", inputs, attrs)
    expected = by_reference(inputs, attrs)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)  # the reference has float32 weights


@few
@given(
    mode=st.sampled_from(["nearest", "linear", "cubic"]),
    place=st.sampled_from(MODES),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    outside=st.integers(0, 1),
)
def test_resize_to_sizes_follows_the_reference(mode, place, size, outside):
    """Any target size, in every mode, with and without weights outside the image."""
    attrs = {"mode": mode, "coordinate_transformation_mode": place}
    if mode != "nearest":
        attrs["exclude_outside"] = outside
    assert_as_reference([X, None, None, np.array([1, 2, *size], np.int64)], attrs)


@few
@given(
    mode=st.sampled_from(["nearest", "linear", "cubic"]),
    place=st.sampled_from(MODES),
    scale=st.tuples(*[st.sampled_from([0.4, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0])] * 2),
)
def test_resize_by_scales_follows_the_reference(mode, place, scale):
    """Any scale, in every mode."""
    attrs = {"mode": mode, "coordinate_transformation_mode": place}
    assert_as_reference([X, None, np.array([1, 1, *scale], np.float32)], attrs)


@few
@given(mode=st.sampled_from(["linear", "cubic"]), size=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_resize_with_antialias_follows_the_reference(mode, size):
    """Filters are stretched where an axis shrinks."""
    assert_as_reference([X, None, None, np.array([1, 2, *size], np.int64)], {"mode": mode, "antialias": 1})


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("place", ["half_pixel", "asymmetric", "align_corners"])
def test_resize_to_the_nearest_agrees_in_every_rounding(rounding, place):
    """Ties go where the rounding says, as onnxruntime's; aligned corners are compared where lengths are whole."""
    attrs = {"mode": "nearest", "nearest_mode": rounding, "coordinate_transformation_mode": place}
    for scale in (2.0, 3.0) if place == "align_corners" else (0.5, 1.5, 2.0, 3.0):
        assert_agrees("Resize", [X, None, np.array([1, 1, scale, scale], np.float32)], attrs)


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_resize_keeps_proportions_as_the_policy_says(policy):
    """One scale for all named axes, the smaller or the larger."""
    attrs = {"mode": "linear", "axes": (3, 2), "keep_aspect_ratio_policy": policy}
    assert_agrees("Resize", [X, None, None, np.array([9, 10], np.int64)], attrs)


def test_resize_of_a_region_fills_what_lies_outside():
    """The region of interest may leave the image; what it sees there is the given value."""
    roi = np.array([0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7], np.float32)
    attrs = {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 10.0}
    assert_as_reference([X, roi, None, np.array([1, 2, 3, 3], np.int64)], attrs)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.float16, np.float64])
def test_resize_keeps_element_types(dtype):
    """Integers are rounded and saturate; the nearest neighbour is taken as it is."""
    x = np.array([[[[0, 100], [120, 7]]]], dtype)
    scales = np.array([1, 1, 2, 2], np.float32)
    (linear,) = call("Resize", [x, None, scales], {"mode": "linear"})
    (exact,) = call("Resize", [x.astype(np.float64), None, scales], {"mode": "linear"})
    assert linear.dtype == dtype
    np.testing.assert_allclose(linear, np.rint(exact) if np.dtype(dtype).kind in "iu" else exact, rtol=1e-3)
    (nearest,) = call("Resize", [x, None, scales], {})
    np.testing.assert_array_equal(nearest, x.repeat(2, 2).repeat(2, 3), strict=True)
    (cubic,) = call("Resize", [x, None, scales], {"mode": "cubic"})
    assert cubic.dtype == dtype
    if dtype == np.uint8:
        assert cubic.min() == 0


def test_resize_by_one_is_the_input():
    """Nothing is computed where nothing changes."""
    (found,) = call("Resize", [X, None, np.ones(4, np.float32)], {"mode": "linear"})
    np.testing.assert_array_equal(found, X, strict=True)
