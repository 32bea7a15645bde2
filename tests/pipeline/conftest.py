from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import npusdk as npu
from tests.models.samples import TINY

DIGITS = Path(__file__).parents[2] / "tutorials" / "models"


@pytest.fixture(scope="session")
def digits():
    return npu.load(DIGITS / "digits.onnx")


@pytest.fixture(scope="session")
def digits_int8():
    return npu.load(DIGITS / "digits_int8.onnx")


@pytest.fixture(scope="session")
def heldout():
    with np.load(DIGITS / "heldout.npz") as data:
        return data["image"], data["label"]


@pytest.fixture(scope="session", params=sorted(TINY))
def tiny(request):
    """Every small network of the builders, loaded; open sequences are 12 long."""
    model = TINY[request.param]()
    open_inputs = [value for value in model.graph.input if value.type.tensor_type.shape.dim[-1].dim_param]
    return npu.load(model, input_shapes={value.name: (1, 12) for value in open_inputs})


@pytest.fixture
def one_op():
    """Return an ONNX model of one Relu over an input of a shape."""

    def build(shape, op="Relu"):
        x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
        graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], name="only")], "one_op", [x], [y])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    return build


@pytest.fixture(scope="session")
def weak():
    """Return a T4 that may draw 30 W."""
    device = npu.device("t4")
    limit = device.specs["tdp_w"].model_copy(update={"value": 30.0})
    return device.model_copy(update={"specs": {**device.specs, "tdp_w": limit}})
