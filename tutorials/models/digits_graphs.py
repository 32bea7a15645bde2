"""The digits network as ONNX: float32, and int8 with QuantizeLinear and DequantizeLinear (QDQ).

Number formats of the int8 graph, each with ``value = scale * (integer - zero_point)``, every scale a power of two:

- activations: uint8, one scale per tensor from the largest value seen in calibration; zero point 0 where no value is
  negative, else 128;
- weights: int8 from -64 to 64, zero point 0, one scale per output channel;
- biases: int32, zero point 0, scale of the input times scale of the weight.

With such scales all products and sums of this network are exact in float32. So the graph has one right result, whether
a runtime computes its nodes one by one in float32 or joins them to integer operators, and in whatever order it adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import onnx
from digits_network import CONVOLUTIONS, Array, Parameters
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8

# An x86 CPU without VNNI adds two uint8 x int8 products in a saturating int16 (vpmaddubsw). With weights up to 64 the
# largest sum is 2 * 255 * 64 = 32,640 < 32,767, so it computes what all others compute; with weights up to 127 it does
# not. int8 activations would not help: onnxruntime turns them into uint8 on x86 before it chooses that instruction.
WEIGHT_LIMIT = 64

Format: TypeAlias = tuple[float, int]
"""Scale and zero point of an activation."""


@dataclass
class _Body:
    """Nodes and constants of a graph while it is written."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node named after its output."""
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Append an initialiser."""
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def model(self, name: str, doc: str) -> onnx.ModelProto:
        """Return the checked model."""
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])
        graph = helper.make_graph(self.nodes, name, [image], [logits], self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="train_digits", doc_string=doc)
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def _convolution(name: str) -> dict[str, Any]:
    """Return the attributes of convolution `name`."""
    stride = CONVOLUTIONS[name][2]
    return {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [stride, stride]}


def float_model(parameters: Parameters) -> onnx.ModelProto:
    """Return the network in float32."""
    body = _Body()
    for name, value in parameters.items():
        body.constant(name, value.astype(np.float32))
    body.add("Conv", ["image", "conv1.weight", "conv1.bias"], "conv1", **_convolution("conv1"))
    body.add("Relu", ["conv1"], "conv1_relu")
    body.add("Conv", ["conv1_relu", "conv2.weight", "conv2.bias"], "conv2", **_convolution("conv2"))
    body.add("Relu", ["conv2"], "conv2_relu")
    body.add("Conv", ["conv2_relu", "conv3.weight", "conv3.bias"], "conv3", **_convolution("conv3"))
    body.add("Add", ["conv3", "conv2_relu"], "residual")
    body.add("Relu", ["residual"], "residual_relu")
    body.add("GlobalAveragePool", ["residual_relu"], "features")
    body.add("Flatten", ["features"], "features_flat", axis=1)
    body.add("Gemm", ["features_flat", "gemm.weight", "gemm.bias"], "logits", transB=1)
    return body.model("digits", "Handwritten digits, 8 x 8 grey levels from 0 to 1, to 10 logits; float32.")


def step_of(largest: Array, limit: int) -> Array:
    """Return the smallest power of two with which integers up to `limit` reach the values `largest`."""
    return np.exp2(np.ceil(np.log2(largest / limit)))


def formats_of(tensors: dict[str, Array]) -> dict[str, Format]:
    """Return scale and zero point of each tensor, from the values it takes on the digits of calibration."""
    zero_points = {name: 128 if x.min() < 0 else 0 for name, x in tensors.items()}
    return {
        name: (float(step_of(np.abs(x).max(), 255 - zero_points[name])), zero_points[name])
        for name, x in tensors.items()
    }


@dataclass
class _QdqBody(_Body):
    """A graph in which tensors and parameters pass QuantizeLinear and DequantizeLinear."""

    formats: dict[str, Format] = field(default_factory=dict)

    def quantised(self, tensor: str, like: str) -> str:
        """Pass `tensor` through uint8 with the format of tensor `like`; return its dequantised name."""
        scale, zero_point = self.formats[like]
        pair = [
            self.constant(f"{tensor}_scale", np.asarray(scale, np.float32)),
            self.constant(f"{tensor}_zero_point", np.asarray(zero_point, np.uint8)),
        ]
        self.add("QuantizeLinear", [tensor, *pair], f"{tensor}_quantised")
        return self.add("DequantizeLinear", [f"{tensor}_quantised", *pair], f"{tensor}_dequantised")

    def parameters(self, layer: str, like: str, values: Parameters) -> list[str]:
        """Append weights and bias of `layer`, whose input has the format of `like`; return their dequantised names."""
        weight, bias = values[f"{layer}.weight"], values[f"{layer}.bias"]
        scale = step_of(np.abs(weight.reshape(len(weight), -1)).max(axis=1), WEIGHT_LIMIT)
        bias_scale = scale * self.formats[like][0]
        integers = np.round(weight / scale.reshape((-1,) + (1,) * (weight.ndim - 1))).astype(np.int8)
        bias_integers = np.round(bias / bias_scale).astype(np.int32)
        return [
            self._stored(f"{layer}.weight", integers, scale),
            self._stored(f"{layer}.bias", bias_integers, bias_scale),
        ]

    def _stored(self, name: str, integers: NDArray[np.integer], scale: Array) -> str:
        """Append integers with one scale per first axis and their DequantizeLinear."""
        inputs = [
            self.constant(f"{name}_quantised", integers),
            self.constant(f"{name}_scale", scale.astype(np.float32)),
            self.constant(f"{name}_zero_point", np.zeros(len(scale), integers.dtype)),
        ]
        return self.add("DequantizeLinear", inputs, f"{name}_dequantised", axis=0)


def int8_model(parameters: Parameters, formats: dict[str, Format]) -> onnx.ModelProto:
    """Return the network in QDQ int8 with the `formats` of its activations."""
    body = _QdqBody(formats=formats)
    x = body.quantised("image", "image")
    body.add("Conv", [x, *body.parameters("conv1", "image", parameters)], "conv1", **_convolution("conv1"))
    body.add("Relu", ["conv1"], "conv1_relu")
    x = body.quantised("conv1_relu", "conv1_relu")
    body.add("Conv", [x, *body.parameters("conv2", "conv1_relu", parameters)], "conv2", **_convolution("conv2"))
    body.add("Relu", ["conv2"], "conv2_relu")
    x = body.quantised("conv2_relu", "conv2_relu")
    body.add("Conv", [x, *body.parameters("conv3", "conv2_relu", parameters)], "conv3", **_convolution("conv3"))
    body.add("Add", [body.quantised("conv3", "conv3"), x], "residual")
    body.add("Relu", ["residual"], "residual_relu")
    body.add("GlobalAveragePool", [body.quantised("residual_relu", "residual_relu")], "features")
    body.add("Flatten", [body.quantised("features", "features")], "features_flat", axis=1)
    x = body.quantised("features_flat", "features")
    body.add("Gemm", [x, *body.parameters("gemm", "features", parameters)], "logits_float", transB=1)
    body.quantised("logits_float", "logits")
    body.nodes[-1].output[0] = "logits"
    return body.model("digits_int8", "Handwritten digits, 8 x 8 grey levels from 0 to 1, to 10 logits; QDQ int8.")
