"""Networks of depthwise convolutions.

MobileNet v1: Howard et al. (2017), arXiv:1704.04861, table 1. MobileNet v2: Sandler et al. (2018), arXiv:1801.04381,
table 2, as torchvision has it (github.com/pytorch/vision, torchvision/models/mobilenetv2.py). Activations are clipped
at 6. Strided convolutions pad both sides by one, where TensorFlow pads one side: sizes and work are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.network import Network
from npusdk.zoo.resnet import classify

SEPARABLE: tuple[tuple[int, int], ...] = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1),
)  # fmt: skip
"""Filters and strides of the separable convolutions of version 1."""

INVERTED: tuple[tuple[int, int, int, int], ...] = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, blocks and stride of the stages of version 2."""


def depthwise(net: Network, x: str, stride: int) -> str:
    """Add a 3x3 convolution of each channel for itself."""
    channels = net.channels[x]
    return net.conv(x, channels, 3, stride=stride, groups=channels, activation="Relu6")


def separable_layers(net: Network, x: str) -> list[str]:
    """Add the layers of version 1 before its classifier; return the result of each."""
    results = [net.conv(x, 32, 3, stride=2, activation="Relu6")]
    for filters, stride in SEPARABLE:
        results.append(net.conv(depthwise(net, results[-1], stride), filters, 1, activation="Relu6"))
    return results


def _inverted(net: Network, x: str, expansion: int, channels: int, *, stride: int) -> str:
    """Add an inverted residual: wider, depthwise, and narrow again without an activation."""
    before = net.channels[x]
    y = net.conv(x, before * expansion, 1, activation="Relu6") if expansion > 1 else x
    y = net.conv(depthwise(net, y, stride), channels, 1)
    return net.add(x, y) if stride == 1 and before == channels else y


def _mobilenet_v1(size: Size) -> Graph:
    net = Network("mobilenet_v1")
    x = separable_layers(net, net.image(3, size.resolution, size.resolution))[-1]
    return net.build([classify(net, x, classes=1001)])


def _mobilenet_v2(size: Size) -> Graph:
    net = Network("mobilenet_v2")
    x = net.conv(net.image(3, size.resolution, size.resolution), 32, 3, stride=2, activation="Relu6")
    for expansion, channels, blocks, first in INVERTED:
        for number in range(blocks):
            x = _inverted(net, x, expansion, channels, stride=1 if number else first)
    return net.build([classify(net, net.conv(x, 1280, 1, activation="Relu6"))])


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "mobilenet_v1": Entry(
            _mobilenet_v1,
            Size(resolution=224),
            "arXiv:1704.04861, table 1; 1001 classes as in github.com/tensorflow/models (slim)",
            macs=569e6,
            parameters=4.222e6,
            counts="arXiv:1704.04861, table 4 (569 M); github.com/openvinotoolkit/open_model_zoo (4.222 M parameters)",
        ),
        "mobilenet_v2": Entry(
            _mobilenet_v2,
            Size(resolution=224),
            "arXiv:1801.04381, table 2, as in github.com/pytorch/vision",
            macs=0.301e9,
            parameters=3_504_872,
            counts="github.com/pytorch/vision, torchvision/models/mobilenetv2.py (num_params, _ops)",
        ),
    }
)
