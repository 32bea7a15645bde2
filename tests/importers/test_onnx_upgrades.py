"""Laws of upgrades: an operator's older form computes what onnxruntime computes with it."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from npusdk.errors import ModelError
from npusdk.graph import bind
from npusdk.importers import load_onnx
from npusdk.importers.onnx_upgrades import UPGRADES
from npusdk.kernels import call
from tests.importers.models import float_input, model_of, run

RNG = np.random.default_rng(11)
X = RNG.standard_normal((2, 4, 4, 6)).astype(np.float32)

FORMS = [
    ("Unsqueeze", 7, {"axes": [0, 2]}, 1),
    ("Unsqueeze", 11, {"axes": [0, -1]}, 1),
    ("Squeeze", 7, {"axes": [0]}, 1),
    ("Squeeze", 12, {}, 1),
    ("ReduceSum", 7, {"axes": [1, 3], "keepdims": 0}, 1),
    ("ReduceSum", 12, {}, 1),
    *((op, 11, {"axes": [-1], "keepdims": 1}, 1) for op in UPGRADES if op.startswith("Reduce") and "Log" not in op),
    ("ReduceMean", 17, {"keepdims": 0}, 1),
    ("Split", 7, {"axis": 1, "split": [1, 3]}, 2),
    ("Split", 12, {"axis": 2}, 2),
    ("Slice", 7, {"starts": [1, -3], "ends": [9, -1], "axes": [1, 3]}, 1),
    ("Slice", 9, {"starts": [1, 2], "ends": [2, 4]}, 1),
    ("TopK", 9, {"k": 2, "axis": 1}, 2),
    ("Clip", 7, {"min": -0.5, "max": 0.5}, 1),
    ("Clip", 10, {"max": 0.25}, 1),
    ("Clip", 10, {"min": 0.0}, 1),
    ("Clip", 6 + 1, {}, 1),
    ("Pad", 7, {"pads": [0, 0, 1, 2, 0, 0, 3, 1], "value": 1.5}, 1),
    ("Pad", 10, {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": "reflect"}, 1),
    ("Pad", 10, {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": "edge"}, 1),
    ("Dropout", 7, {"ratio": 0.25}, 1),
    ("Dropout", 11, {}, 1),
    ("Softmax", 7, {}, 1),
    ("Softmax", 11, {"axis": -1}, 1),
    ("Softmax", 12, {"axis": 2}, 1),
    ("Softmax", 13, {}, 1),
    ("LogSoftmax", 9, {"axis": 3}, 1),
    ("LogSoftmax", 9, {"axis": 0}, 1),
    ("Hardmax", 11, {"axis": -2}, 1),
    ("Hardmax", 13, {"axis": 1}, 1),
    ("Upsample", 7, {"mode": "nearest", "scales": [1.0, 1.0, 2.0, 3.0]}, 1),
    ("Upsample", 7, {"mode": "linear", "scales": [1.0, 1.0, 2.0, 2.0]}, 1),
]
"""Operator, opset, attributes and number of outputs; the input is always (2, 4, 4, 6)."""


@pytest.mark.parametrize(("op", "opset", "attrs", "outputs"), FORMS)
def test_older_forms_compute_what_onnxruntime_computes(op, opset, attrs, outputs):
    """Attributes that became inputs, flattening softmax and the like mean what they meant."""
    x = np.abs(X[:1]) if "Squeeze" in op or op == "Squeeze" else X
    names = [f"y{index}" for index in range(outputs)]
    model = model_of([helper.make_node(op, ["x"], names, **attrs)], [float_input("x", *x.shape)], names, opset=opset)
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    for found, wanted in zip(run(model, {"x": x}), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("op", ["Upsample", "Resize"])
def test_scales_from_before_opset_11_compute_what_onnxruntime_computes(op, mode):
    """Upsample 9 and Resize 10 have scales as input and no coordinate mode."""
    node = helper.make_node(op, ["x", "scales"], ["y"], mode=mode)
    scales = np.array([1, 1, 2, 2], np.float32)
    opset = 9 if op == "Upsample" else 10
    model = model_of([node], [float_input("x", *X.shape)], ["y"], weights={"scales": scales}, opset=opset)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": X})
    np.testing.assert_allclose(run(model, {"x": X})[0], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("attrs", [{}, {"mode": "bilinear"}, {"mode": "nearest"}, {"mode": "bicubic"}])
def test_samples_from_before_opset_20_compute_what_onnxruntime_computes(attrs):
    """GridSample 16 names its modes after images."""
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], **attrs)
    grid = np.random.default_rng(8).uniform(-1.2, 1.2, (len(X), 3, 5, 2)).astype(np.float32)
    model = model_of([node], [float_input("x", *X.shape)], ["y"], weights={"grid": grid}, opset=16)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": X})
    np.testing.assert_allclose(run(model, {"x": X})[0], expected, rtol=1e-4, atol=1e-4)


def test_scatter_is_scatter_elements():
    """Scatter got another name in opset 11."""
    node = helper.make_node("Scatter", ["x", "indices", "updates"], ["y"], axis=1)
    indices = np.array([[0, 2]])
    weights = {"indices": indices, "updates": np.array([[5, 6]], np.float32)}
    model = model_of([node], [float_input("x", 1, 4)], ["y"], weights=weights, opset=9)
    assert run(model, {"x": np.zeros((1, 4), np.float32)})[0].tolist() == [[5, 0, 6, 0]]


def test_group_normalization_18_has_parameters_for_each_group():
    """Scale and shift of a group serve all of its channels, as the function in onnx's schema says."""
    node = helper.make_node("GroupNormalization", ["x", "scale", "shift"], ["y"], num_groups=2)
    scale, shift = np.array([1, 2], np.float32), np.array([3, 4], np.float32)
    model = model_of([node], [float_input("x", *X.shape)], ["y"], weights={"scale": scale, "shift": shift}, opset=18)
    grouped = X.reshape(2, 2, -1)
    normal = (grouped - grouped.mean(-1, keepdims=True)) / np.sqrt(grouped.var(-1, keepdims=True) + 1e-5)
    expected = (normal * scale[:, None] + shift[:, None]).reshape(X.shape)
    np.testing.assert_allclose(run(model, {"x": X})[0], expected, rtol=1e-4, atol=1e-4)


def test_group_normalization_21_has_parameters_for_each_channel():
    """From opset 21 on nothing is repeated."""
    node = helper.make_node("GroupNormalization", ["x", "scale", "shift"], ["y"], num_groups=2)
    weights = {name: np.ones(4, np.float32) for name in ("scale", "shift")}
    model = model_of([node], [float_input("x", *X.shape)], ["y"], weights=weights, opset=21)
    assert load_onnx(model).nodes[0].attrs == {"num_groups": 2}
    assert run(model, {"x": X})[0].shape == X.shape


def test_bounds_of_clip_have_the_type_of_its_input():
    """Clip 6 on float16 becomes a Clip whose bounds are float16."""
    node = helper.make_node("Clip", ["x"], ["y"], min=-1.0)
    model = model_of([node], [float_input("x", 3, dtype=TensorProto.FLOAT16)], ["y"], opset=7)
    bound = bind(load_onnx(model), {}, call)
    assert [item.op for item in bound.nodes] == ["Clip"]
    assert bound.tensors[bound.nodes[0].inputs[1]].dtype == "float16"


def test_batch_normalization_of_single_activations_is_refused():
    """BatchNormalization 7 with spatial=0 has another meaning, which is named."""
    names = ["scale", "shift", "mean", "variance"]
    node = helper.make_node("BatchNormalization", ["x", *names], ["y"], "bn", spatial=0)
    weights = {name: np.ones(4, np.float32) for name in names}
    with pytest.raises(ModelError, match=r"bn.*spatial"):
        load_onnx(model_of([node], [float_input("x", 1, 4)], ["y"], weights=weights, opset=7))


def test_unread_training_outputs_are_dropped():
    """BatchNormalization 7 names five outputs; a network reads the first."""
    names = ["scale", "shift", "mean", "variance"]
    node = helper.make_node("BatchNormalization", ["x", *names], ["y", "m", "v", "sm", "sv"])
    weights = {name: np.ones(4, np.float32) for name in names}
    model = model_of([node], [float_input("x", 1, 4)], ["y"], weights=weights, opset=7)
    np.testing.assert_allclose(run(model, {"x": np.ones((1, 4), np.float32)})[0], np.ones((1, 4)), atol=1e-4)


def test_constants_of_every_kind_become_constants():
    """Constant nodes vanish; lists, numbers and tensors keep value, type and rank."""
    kinds = {
        "value": helper.make_tensor("t", TensorProto.DOUBLE, (2,), [1, 2]),
        "value_float": 1.5,
        "value_floats": [1.5, 2.5],
        "value_int": 7,
        "value_ints": [7, 8, 9],
    }
    nodes = [helper.make_node("Constant", [], [name], **{name: value}) for name, value in kinds.items()]
    graph = load_onnx(model_of(nodes, [], list(kinds)))
    assert not graph.nodes
    found = {name: (value.dtype.name, value.tolist()) for name, value in graph.constants.items()}
    assert found == {
        "value": ("float64", [1, 2]),
        "value_float": ("float32", 1.5),
        "value_floats": ("float32", [1.5, 2.5]),
        "value_int": ("int64", 7),
        "value_ints": ("int64", [7, 8, 9]),
    }


@pytest.mark.parametrize(("number", "name"), [(TensorProto.BFLOAT16, "bfloat16"), (TensorProto.BOOL, "bool")])
def test_numbers_of_element_types_become_names(number, name):
    """Cast carries the name of the element type, whatever opset it comes from."""
    node = helper.make_node("Cast", ["x"], ["y"], to=number)
    graph = load_onnx(model_of([node], [float_input("x", 2)], ["y"], opset=13))
    assert graph.nodes[0].attrs["to"] == name
    assert bind(graph, {}, call).tensors["y"].dtype == name


def test_filled_bfloat16_keeps_its_type():
    """ConstantOfShape with a bfloat16 value makes bfloat16, though the array behind it is float32."""
    value = helper.make_tensor("v", TensorProto.BFLOAT16, (1,), [2.0])
    node = helper.make_node("ConstantOfShape", ["s"], ["y"], value=value)
    bound = bind(load_onnx(model_of([node], [], ["y"], weights={"s": np.array([2])}, opset=21)), {}, call)
    assert (bound.tensors["y"].dtype, bound.constants["y"].tolist()) == ("bfloat16", [2, 2])
