"""RetinaNet: Lin et al. (2017), arXiv:1708.02002, as the MLPerf inference suite has it.

ResNeXt50 32x4d (arXiv:1611.05431), a feature pyramid (arXiv:1612.03144) of five levels, the sixth made from the fifth,
and two heads whose weights all levels share; 264 classes of Open Images, 9 anchors at each place. The network ends in
scores and box offsets, before boxes are decoded and suppressed. Architecture: github.com/mlcommons/inference
(models/resnext50) and github.com/pytorch/vision (torchvision/models/detection/retinanet.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.network import Network
from npusdk.zoo.resnet import bottleneck, stem
from npusdk.zoo.ssd import flatten_boxes

ANCHORS = 9
WIDTH = 256
"""Channels of the pyramid and of the heads."""


def _pyramid(net: Network, stages: Mapping[int, str]) -> list[str]:
    """Add the feature pyramid over stages of a backbone, given by their height; return its levels, the finest first."""
    levels: list[str] = []
    above = ""
    for height, x in sorted(stages.items()):
        side = net.conv(x, WIDTH, 1)
        above = net.add(side, _enlarge(net, above, height)) if above else side
        levels.insert(0, net.conv(above, WIDTH, 3))
    levels.append(net.conv(levels[-1], WIDTH, 3, stride=2))
    levels.append(net.conv(net.activate(levels[-1], "Relu"), WIDTH, 3, stride=2))
    return levels


def _enlarge(net: Network, x: str, height: int) -> str:
    """Add the nearest-neighbour enlargement to a square image of that height."""
    sizes = net.constant(np.array([height, height]), f"size_{height}")
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return net.keep(net.op("Resize", x, "", "", sizes, axes=(2, 3), **nearest), x)


def _head(net: Network, levels: list[str], name: str, values: int) -> str:
    """Add a head of four convolutions and its predictions on every level."""
    parts = []
    for x in levels:
        for number in range(4):
            x = net.activate(_shared(net, x, f"{name}.{number}", WIDTH), "Relu")  # noqa: PLW2901 - a chain
        parts.append(flatten_boxes(net, _shared(net, x, f"{name}.last", ANCHORS * values), values))
    return net.op("Concat", *parts, name=name, axis=1)


def _shared(net: Network, x: str, name: str, filters: int) -> str:
    """Add a 3x3 convolution with the weights of that name, which all levels read."""
    return net.convolve(x, (net.weight(f"{name}.weight", filters, WIDTH, 3, 3), net.weight(f"{name}.bias", filters)))


def make_retinanet(size: Size, *, groups: int = 32, each: int = 4, classes: int = 264) -> Graph:
    """Return the network.

    Parameters
    ----------
    groups, each
        Groups of the backbone's 3x3 convolutions and their channels in the first stage; (1, 64) is ResNet-50.
    classes
        Scores of each box.
    """
    net = Network("retinanet")
    x = stem(net, net.image(3, size.resolution, size.resolution))
    stages = {}
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for number in range(blocks):
            x = bottleneck(net, x, 64 << stage, 2 if stage and not number else 1, groups=groups, each=each)
        if stage:
            stages[-(-size.resolution // (4 << stage))] = x
    levels = _pyramid(net, stages)
    return net.build([_head(net, levels, "scores", classes), _head(net, levels, "boxes", 4)])


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "retinanet": Entry(
            make_retinanet,
            Size(resolution=800),
            "arXiv:1708.02002; github.com/mlcommons/inference, models/resnext50/retinanet.py",
            counts="github.com/pytorch/vision: 34,014,999 parameters on ResNet-50 with 91 classes, met exactly",
        )
    }
)
