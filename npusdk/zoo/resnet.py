"""Residual networks: He et al., "Deep Residual Learning for Image Recognition" (2015), arXiv:1512.03385, table 1.

Bottleneck blocks halve the image in their 3x3 convolution, which is called version 1.5, as torchvision has it
(github.com/pytorch/vision, torchvision/models/resnet.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.network import Network


def basic(net: Network, x: str, width: int, stride: int) -> str:
    """Add a block of two 3x3 convolutions."""
    shortcut = x if stride == 1 and net.channels[x] == width else net.conv(x, width, 1, stride=stride)
    y = net.conv(x, width, 3, stride=stride, activation="Relu")
    return net.add(net.conv(y, width, 3), shortcut, "Relu")


def bottleneck(net: Network, x: str, width: int, stride: int, *, groups: int = 1, each: int = 0) -> str:
    """Add a block of 1x1, 3x3 and 1x1 convolutions that ends in four times `width` channels.

    Parameters
    ----------
    groups, each
        Groups of the 3x3 convolution and channels of one, as multiples of `width` / 64 (ResNeXt, arXiv:1611.05431).
    """
    inner = width * groups * each // 64 if each else width
    shortcut = x if stride == 1 and net.channels[x] == 4 * width else net.conv(x, 4 * width, 1, stride=stride)
    y = net.conv(x, inner, 1, activation="Relu")
    y = net.conv(y, inner, 3, stride=stride, groups=groups, activation="Relu")
    return net.add(net.conv(y, 4 * width, 1), shortcut, "Relu")


def stem(net: Network, x: str) -> str:
    """Add the 7x7 convolution and the pooling that quarter the image."""
    x = net.conv(x, 64, 7, stride=2, activation="Relu")
    pooled = net.op("MaxPool", x, kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1))
    return net.keep(pooled, x)


def classify(net: Network, x: str, classes: int = 1000) -> str:
    """Add the mean over the image and a linear layer; return the logits."""
    flat = net.op("Flatten", net.op("GlobalAveragePool", x), axis=1)
    weight, bias = net.weight("fc.weight", classes, net.channels[x]), net.weight("fc.bias", classes)
    return net.op("Gemm", flat, weight, bias, name="logits", transB=1)


def _resnet(name: str, block: str, depths: tuple[int, ...], size: Size) -> Graph:
    net = Network(name)
    x = stem(net, net.image(3, size.resolution, size.resolution))
    for stage, depth in enumerate(depths):
        for number in range(depth):
            stride = 2 if stage and not number else 1
            x = _BLOCKS[block](net, x, 64 << stage, stride)
    return net.build([classify(net, x)])


_BLOCKS = {"basic": basic, "bottleneck": bottleneck}

_SOURCE = "arXiv:1512.03385, table 1; stride in the 3x3 convolution (v1.5) as in github.com/pytorch/vision"
_COUNTS = "github.com/pytorch/vision, torchvision/models/resnet.py (num_params, _ops)"


_NETWORKS: Mapping[str, tuple[str, tuple[int, ...], float, float]] = {
    "resnet18": ("basic", (2, 2, 2, 2), 1.814e9, 11_689_512),
    "resnet34": ("basic", (3, 4, 6, 3), 3.664e9, 21_797_672),
    "resnet50": ("bottleneck", (3, 4, 6, 3), 4.089e9, 25_557_032),
    "resnet101": ("bottleneck", (3, 4, 23, 3), 7.801e9, 44_549_160),
}
"""Blocks, blocks in each stage, and published counts."""

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: Entry(partial(_resnet, name, block, depths), Size(resolution=224), _SOURCE, macs, parameters, _COUNTS)
        for name, (block, depths, macs, parameters) in _NETWORKS.items()
    }
)
