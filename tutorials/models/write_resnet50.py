"""Write the shape of ResNet-50 as a small ONNX file: real layers, every weight the same made-up number.

``python tutorials/models/write_resnet50.py`` writes `resnet50.onnx` beside itself. A prediction of time needs the
shapes of a network and not its weights, so each weight is made inside the file by a `ConstantOfShape`. Its answers mean
nothing. The layers are those of He et al., "Deep Residual Learning for Image Recognition" (2016), with the stride on
the 3 x 3 convolution ("v1.5") and batch normalisation folded into the convolutions, as exporters write it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

BLOCKS = (3, 4, 6, 3)
"""Blocks of each stage."""

WIDTH = 64
EXPANSION = 4
CLASSES = 1000
IMAGE = 224
VALUE = 0.001
"""The made-up number that stands for every weight."""

OPSET, IR_VERSION = 13, 7


class Writer:
    """A graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.shapes: list[onnx.TensorProto] = []
        self.filling = numpy_helper.from_array(np.array([VALUE], np.float32))

    def node(self, op: str, name: str, *inputs: str, **attributes: object) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """Add a weight of `shape`, made when the file is read."""
        stated = f"{name}.shape"
        self.shapes.append(numpy_helper.from_array(np.array(shape, np.int64), stated))
        return self.node("ConstantOfShape", name, stated, value=self.filling)

    def conv(self, x: str, name: str, channels: tuple[int, int], kernel: int = 1, *, stride: int = 1) -> str:
        """Add a convolution with bias that keeps height and width up to its stride."""
        inputs, outputs = channels
        weight = self.weight(f"{name}.weight", outputs, inputs, kernel, kernel)
        bias = self.weight(f"{name}.bias", outputs)
        pads, strides = [kernel // 2] * 4, [stride] * 2
        return self.node("Conv", name, x, weight, bias, kernel_shape=[kernel] * 2, pads=pads, strides=strides)

    def relu(self, x: str) -> str:
        """Add max(x, 0)."""
        return self.node("Relu", f"{x}.relu", x)


def bottleneck(write: Writer, x: str, scope: str, channels: tuple[int, int], *, stride: int) -> str:
    """Add 1 x 1, 3 x 3 and 1 x 1 convolutions and their sum with `x`, itself convolved where its shape changes."""
    inputs, inner = channels
    outputs = EXPANSION * inner
    y = write.relu(write.conv(x, f"{scope}.conv1", (inputs, inner)))
    y = write.relu(write.conv(y, f"{scope}.conv2", (inner, inner), 3, stride=stride))
    y = write.conv(y, f"{scope}.conv3", (inner, outputs))
    if stride != 1 or inputs != outputs:
        x = write.conv(x, f"{scope}.shortcut", (inputs, outputs), stride=stride)
    return write.relu(write.node("Add", f"{scope}.add", y, x))


def resnet50(blocks: Sequence[int] = BLOCKS) -> onnx.ModelProto:
    """Return the network: `image` [N, 3, 224, 224] to `logits` [N, 1000], for any batch N."""
    write = Writer()
    x = write.relu(write.conv("image", "stem", (3, WIDTH), 7, stride=2))
    x = write.node("MaxPool", "stem.pool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])
    channels = WIDTH
    for stage, count in enumerate(blocks):
        for block in range(count):
            scope, inner = f"stage{stage + 1}.block{block + 1}", WIDTH << stage
            x = bottleneck(write, x, scope, (channels, inner), stride=2 if stage and not block else 1)
            channels = EXPANSION * inner
    x = write.node("Flatten", "flat", write.node("GlobalAveragePool", "pool", x), axis=1)
    weight, bias = write.weight("classifier.weight", CLASSES, channels), write.weight("classifier.bias", CLASSES)
    write.node("Gemm", "logits", x, weight, bias, transB=1)
    image = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["N", 3, IMAGE, IMAGE])
    logits = helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["N", CLASSES])
    graph = helper.make_graph(write.nodes, "resnet50", [image], [logits], write.shapes)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="npusdk.tutorials")


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the file goes")
    model = resnet50()
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, parser.parse_args().folder / "resnet50.onnx")


if __name__ == "__main__":
    main()
