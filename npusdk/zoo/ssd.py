"""Single-shot detectors: Liu et al. (2016), arXiv:1512.02325, on the two backbones of the MLPerf inference suite.

A network ends in the offsets of its boxes and the scores of their classes, before boxes are decoded and suppressed:
that part runs on the host and is not a network. The architectures are those of github.com/mlcommons/inference
(vision/classification_and_detection) and, for MobileNet, of github.com/tensorflow/models (ssd_mobilenet_v1_coco).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.mobilenet import separable_layers
from npusdk.zoo.network import Network
from npusdk.zoo.resnet import basic, stem

_EXTRA_MOBILENET = ((256, 512, 2, 1), (128, 256, 2, 1), (128, 256, 2, 1), (64, 128, 2, 1))
_EXTRA_RESNET34 = ((256, 512, 2, 1), (256, 512, 2, 1), (128, 256, 2, 1), (128, 256, 2, 0), (128, 256, 1, 0))
"""Filters of the 1x1 and of the 3x3 convolution, stride and padding of the layers behind a backbone."""


def _extra_layers(net: Network, x: str, layers: Sequence[tuple[int, int, int, int]], activation: str) -> list[str]:
    """Add layers that make smaller feature maps; return each."""
    results = []
    for narrow, wide, stride, side in layers:
        x = net.conv(x, narrow, 1, activation=activation)
        x = net.conv(x, wide, 3, stride=stride, pads=(side,) * 4, activation=activation)
        results.append(x)
    return results


def flatten_boxes(net: Network, x: str, values: int) -> str:
    """Add the view of a head's result as (batch, boxes, values)."""
    last = net.op("Transpose", x, perm=(0, 2, 3, 1))
    return net.op("Reshape", last, net.constant(np.array([0, -1, values])))


def _ssd_mobilenet_v1(size: Size) -> Graph:
    net = Network("ssd_mobilenet_v1")
    layers = separable_layers(net, net.image(3, size.resolution, size.resolution))
    maps = [layers[11], layers[13]]
    maps += _extra_layers(net, maps[-1], _EXTRA_MOBILENET, "Relu6")
    found: dict[int, list[str]] = {4: [], 91: []}
    for number, x in enumerate(maps):
        for values, parts in found.items():
            parts.append(flatten_boxes(net, net.conv(x, (6 if number else 3) * values, 1), values))
    boxes = net.op("Concat", *found[4], name="boxes", axis=1)
    scores = net.op("Sigmoid", net.op("Concat", *found[91], axis=1), name="scores")
    return net.build([boxes, scores])


def _ssd_resnet34(size: Size) -> Graph:
    net = Network("ssd_resnet34")
    x = stem(net, net.image(3, size.resolution, size.resolution))
    for width, blocks, first in ((64, 3, 1), (128, 4, 2), (256, 6, 1)):
        for number in range(blocks):
            x = basic(net, x, width, 1 if number else first)
    maps = [x, *_extra_layers(net, x, _EXTRA_RESNET34, "Relu")]
    found: dict[int, list[str]] = {4: [], 81: []}
    for anchors, x in zip((4, 6, 6, 6, 4, 4), maps, strict=True):
        for values, parts in found.items():
            parts.append(flatten_boxes(net, net.conv(x, anchors * values, 3, stride=3), values))
    boxes = net.op("Concat", *found[4], name="boxes", axis=1)
    return net.build([boxes, net.op("Concat", *found[81], name="scores", axis=1)])


_OPEN_MODEL_ZOO = "github.com/openvinotoolkit/open_model_zoo"

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "ssd_mobilenet_v1": Entry(
            _ssd_mobilenet_v1,
            Size(resolution=300),
            "github.com/tensorflow/models (ssd_mobilenet_v1_coco), as in github.com/mlcommons/inference: 1,917 boxes",
            macs=2.494e9 / 2,
            parameters=6.807e6,
            counts=f"{_OPEN_MODEL_ZOO}, ssd_mobilenet_v1_coco (2.494 GFLOP with elementwise ones; 6.807 M)",
        ),
        "ssd_resnet34": Entry(
            _ssd_resnet34,
            Size(resolution=1200),
            "github.com/mlcommons/inference, ssd_r34.py: 15,130 boxes",
            macs=433.411e9 / 2,
            parameters=20.058e6,
            counts=f"{_OPEN_MODEL_ZOO}, ssd-resnet34-1200-onnx (433.411 GFLOP, 20.058 M parameters)",
        ),
    }
)
