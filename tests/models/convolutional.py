"""Convolutional networks in the node patterns of exported vision models, with seeded random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from tests.models.writer import Dim, ModelWriter

MOBILENET_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, repeats and first stride of each stage (Sandler et al. 2018, table 2)."""

EFFICIENTNET_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Expansion, channels, repeats, first stride and kernel of each stage of B0 (Tan and Le 2019, table 1)."""

RESIDUAL_GAIN = 0.4
"""Scale of the last normalisation of a residual branch, so that a deep sum of branches stays moderate."""

EXCITED_GAIN = 1.5
"""Scale of a normalisation after excitation, whose gates halve their input on average."""


@dataclass(frozen=True)
class _Convolutions:
    """Convolutions followed by a BatchNormalization node, or by none when it is folded into weights and bias."""

    write: ModelWriter
    folded: bool

    def __call__(
        self,
        x: str,
        name: str,
        channels: tuple[int, int],
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        gain: float = 1.0,
    ) -> str:
        """Convolve `channels` = (inputs, outputs) with padding to the same size and normalise by `gain`."""
        inputs, outputs = channels
        shape = (outputs, inputs // groups, kernel, kernel)
        deviation = np.sqrt(2 / np.prod(shape[1:])) * (gain if self.folded else 1.0)
        attributes = {
            "dilations": [1, 1],
            "group": groups,
            "kernel_shape": [kernel, kernel],
            "pads": [kernel // 2] * 4,
            "strides": [stride, stride],
        }
        with self.write.scope(name):
            parameters = [self.write.weight("weight", shape, deviation)]
            if self.folded:
                parameters.append(self.write.weight("bias", (outputs,), 0.1 * gain))
            y = self.write.node("Conv", x, *parameters, **attributes)
        return y if self.folded else self._normalised(y, f"{name}.bn", outputs, gain)

    def _normalised(self, x: str, name: str, channels: int, gain: float) -> str:
        with self.write.scope(name):
            parameters = [
                self.write.positive("weight", (channels,), 0.8 * gain, 1.2 * gain),
                self.write.weight("bias", (channels,), 0.1 * gain),
                self.write.weight("running_mean", (channels,), 0.1),
                self.write.positive("running_var", (channels,), 0.8, 1.2),
            ]
            return self.write.node("BatchNormalization", x, *parameters, epsilon=1e-5, momentum=0.9)


def _classifier(write: ModelWriter, x: str, *, features: int, classes: int, batch: Dim) -> onnx.ModelProto:
    """End with Flatten and Gemm to `classes` logits."""
    flat = write.node("Flatten", x, axis=1)
    with write.scope("classifier"):
        weight, bias = (
            write.weight("weight", (classes, features), features**-0.5),
            write.weight("bias", (classes,), 0.1),
        )
        logits = write.node("Gemm", flat, weight, bias, alpha=1.0, beta=1.0, transB=1)
    return write.output("logits", logits, [batch, classes])


def resnet50(
    batch: Dim = "N",
    image: int = 224,
    *,
    blocks: Sequence[int] = (3, 4, 6, 3),
    width: int = 64,
    classes: int = 1000,
    folded: bool = False,
    opset: int = 17,
    filled: bool = True,
) -> onnx.ModelProto:
    """Build ResNet v1.5 with bottleneck blocks: the stride sits on the 3 x 3 convolution (He et al. 2016).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `image` [batch, 3, image, image], output `logits` [batch, classes].
    image
        Height and width.
    blocks
        Bottleneck blocks of each stage; ``(1, 1)`` with ``width=8`` is tiny.
    width
        Channels after the first convolution.
    classes
        Logits.
    folded
        True writes BatchNormalization folded into the convolutions.
    opset
        Operator set, 11 to 21.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("resnet50", opset=opset, filled=filled)
    convolve = _Convolutions(write, folded)
    x = write.input("image", [batch, 3, image, image])
    x = write.node("Relu", convolve(x, "conv1", (3, width), kernel=7, stride=2))
    x = write.node("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], ceil_mode=0)
    channels = width
    for stage, count in enumerate(blocks):
        for block in range(count):
            with write.scope(f"layer{stage + 1}.{block}"):
                inner, stride = width << stage, 2 if stage and not block else 1
                x = _bottleneck(convolve, x, (channels, inner), stride)
                channels = 4 * inner
    return _classifier(write, write.node("GlobalAveragePool", x), features=channels, classes=classes, batch=batch)


def _bottleneck(convolve: _Convolutions, x: str, channels: tuple[int, int], stride: int) -> str:
    """Write 1 x 1, 3 x 3 and 1 x 1 convolutions and their sum with `x`, itself convolved where the shape changes."""
    write, (inputs, inner) = convolve.write, channels
    y = write.node("Relu", convolve(x, "conv1", (inputs, inner)))
    y = write.node("Relu", convolve(y, "conv2", (inner, inner), kernel=3, stride=stride))
    y = convolve(y, "conv3", (inner, 4 * inner), gain=RESIDUAL_GAIN)
    if stride != 1 or inputs != 4 * inner:
        x = convolve(x, "downsample", (inputs, 4 * inner), stride=stride, gain=2**-0.5)
    return write.node("Relu", write.node("Add", y, x))


def mobilenet_v2(
    batch: Dim = "N",
    image: int = 224,
    *,
    stages: Sequence[tuple[int, int, int, int]] = MOBILENET_STAGES,
    width: int = 32,
    head: int = 1280,
    classes: int = 1000,
    folded: bool = True,
    filled: bool = True,
) -> onnx.ModelProto:
    """Build MobileNetV2: inverted residuals with depthwise convolutions, ReLU6 as Clip (Sandler et al. 2018).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `image` [batch, 3, image, image], output `logits` [batch, classes].
    image
        Height and width.
    stages
        Expansion, channels, repeats and first stride of each stage.
    width
        Channels of the first convolution.
    head
        Channels of the last convolution.
    classes
        Logits.
    folded
        False writes BatchNormalization nodes.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("mobilenet_v2", filled=filled)
    convolve = _Convolutions(write, folded)
    x = write.input("image", [batch, 3, image, image])
    x, channels = _relu6(write, convolve(x, "features.0", (3, width), kernel=3, stride=2)), width
    for stage, (expansion, outputs, repeats, first) in enumerate(stages):
        for block in range(repeats):
            with write.scope(f"features.{stage + 1}.{block}"):
                x = _inverted_residual(convolve, x, (channels, expansion * channels, outputs), 1 if block else first)
                channels = outputs
    x = _relu6(write, convolve(x, "features.last", (channels, head)))
    return _classifier(write, write.node("GlobalAveragePool", x), features=head, classes=classes, batch=batch)


def _relu6(write: ModelWriter, x: str) -> str:
    return write.node("Clip", x, write.constant(0.0, np.float32), write.constant(6.0, np.float32))


def _inverted_residual(convolve: _Convolutions, x: str, channels: tuple[int, int, int], stride: int) -> str:
    """Widen, filter each channel, narrow again without activation; add `x` where the shape is kept."""
    write, (inputs, inner, outputs) = convolve.write, channels
    y = x if inner == inputs else _relu6(write, convolve(x, "expand", (inputs, inner)))
    y = _relu6(write, convolve(y, "depthwise", (inner, inner), kernel=3, stride=stride, groups=inner))
    kept = stride == 1 and inputs == outputs
    y = convolve(y, "project", (inner, outputs), gain=RESIDUAL_GAIN if kept else 1.0)
    return write.node("Add", x, y) if kept else y


def efficientnet_like(
    batch: Dim = "N",
    image: int = 224,
    *,
    stages: Sequence[tuple[int, int, int, int, int]] = EFFICIENTNET_STAGES,
    width: int = 32,
    head: int = 1280,
    classes: int = 1000,
    pool: str = "GlobalAveragePool",
    filled: bool = True,
) -> onnx.ModelProto:
    """Build a network of EfficientNet-B0's geometry: SiLU as Sigmoid and Mul, squeeze and excitation (Tan and Le 2019).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `image` [batch, 3, image, image], output `logits` [batch, classes].
    image
        Height and width.
    stages
        Expansion, channels, repeats, first stride and kernel of each stage.
    width
        Channels of the first convolution.
    head
        Channels of the last convolution.
    classes
        Logits.
    pool
        `GlobalAveragePool` or `ReduceMean`, for the squeeze and the head.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("efficientnet_like", filled=filled)
    convolve = _Convolutions(write, folded=False)
    x = write.input("image", [batch, 3, image, image])
    x, channels = _silu(write, convolve(x, "stem", (3, width), kernel=3, stride=2)), width
    for stage, (expansion, outputs, repeats, first, kernel) in enumerate(stages):
        for block in range(repeats):
            with write.scope(f"blocks.{stage}.{block}"):
                stride, sizes = 1 if block else first, (channels, expansion * channels, outputs)
                x = _excited_residual(convolve, x, sizes, stride=stride, kernel=kernel, pool=pool)
                channels = outputs
    x = _silu(write, convolve(x, "head", (channels, head)))
    return _classifier(write, _pooled(write, x, pool), features=head, classes=classes, batch=batch)


def _silu(write: ModelWriter, x: str) -> str:
    return write.node("Mul", x, write.node("Sigmoid", x))


def _pooled(write: ModelWriter, x: str, pool: str) -> str:
    return write.reduce_mean(x, [2, 3]) if pool == "ReduceMean" else write.node(pool, x)


def _excited_residual(
    convolve: _Convolutions, x: str, channels: tuple[int, int, int], *, stride: int, kernel: int, pool: str
) -> str:
    """Write an inverted residual whose inner channels are weighted by squeeze and excitation."""
    write, (inputs, inner, outputs) = convolve.write, channels
    y = x if inner == inputs else _silu(write, convolve(x, "expand", (inputs, inner)))
    y = _silu(write, convolve(y, "depthwise", (inner, inner), kernel=kernel, stride=stride, groups=inner))
    plain, squeezed = _Convolutions(write, folded=True), max(1, inputs // 4)
    gate = _silu(write, plain(_pooled(write, y, pool), "se.reduce", (inner, squeezed)))
    gate = write.node("Sigmoid", plain(gate, "se.expand", (squeezed, inner)))
    y = write.node("Mul", y, gate)
    kept = stride == 1 and inputs == outputs
    y = convolve(y, "project", (inner, outputs), gain=1.0 if kept else EXCITED_GAIN)
    return write.node("Add", y, x) if kept else y
