"""YOLOv8: detection, key points and masks.

Source: https://github.com/ultralytics/ultralytics (cfg/models/v8). Suppression of double boxes, and the product of
coefficients and prototypes that gives the masks of the boxes that are left, are not part of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.yolo_blocks import (
    CLASSES,
    Detector,
    Neck,
    Published,
    Scale,
    bottleneck,
    c2f,
    make_entry,
    pyramid_pool,
)
from npusdk.zoo.yolo_heads import BINS, Branch, Cells, branch, distance_head, flatten

SCALES: Mapping[str, Scale] = MappingProxyType({
    "n": Scale(0.33, 0.25, 1024),
    "s": Scale(0.33, 0.50, 1024),
    "m": Scale(0.67, 0.75, 768),
    "l": Scale(1.00, 1.00, 512),
    "x": Scale(1.00, 1.25, 512),
})  # fmt: skip
STAGES = ((128, 3), (256, 6), (512, 6), (1024, 3))
"""Channels and repetitions of the stages before scaling."""
KEYPOINTS = 17
PROTOTYPES = 32


def distance_branch(finest: int) -> Branch:
    """Return the branch of the boxes for a head whose finest level has `finest` channels."""
    return branch(max(16, finest // 4, 4 * BINS), 4 * BINS)


def class_branch(finest: int, classes: int = CLASSES) -> Branch:
    """Return the branch of the classes for a head whose finest level has `finest` channels."""
    return branch(max(finest, min(classes, 100)), classes)


def _features(net: Detector, x: str, scale: Scale) -> list[str]:
    """Add backbone and neck and return the maps that the head reads."""
    x = net.block(x, scale.channels(64), 3, stride=2)
    levels = []
    for published, repeats in STAGES:
        filters = scale.channels(published)
        x = c2f(net, net.block(x, filters, 3, stride=2), filters, bottleneck, repeats=scale.repeats(repeats))
        levels.append(x)
    levels[-1] = pyramid_pool(net, levels[-1])
    widths = [scale.channels(filters) for filters, _repeats in STAGES[1:]]

    def mix(x: str, level: int) -> str:
        return c2f(net, x, widths[level], partial(bottleneck, shortcut=False), repeats=scale.repeats(3))

    neck = Neck(top=mix, bottom=mix, down=lambda x, level: net.block(x, widths[level], 3, stride=2))
    return neck.join(net, levels[1:])


def _detect(net: Detector, levels: Sequence[str], _scale: Scale, cells: Cells, *, classes: int = CLASSES) -> list[str]:
    finest = net.channels[levels[0]]
    return [
        distance_head(net, levels, (distance_branch(finest), class_branch(finest, classes)), cells, classes=classes)
    ]


def _detect_pose(net: Detector, levels: Sequence[str], scale: Scale, cells: Cells) -> list[str]:
    """Add the head of key points: x, y and visibility of each, behind boxes and scores of the one class, a person."""
    channels = 3 * KEYPOINTS
    points = branch(max(net.channels[levels[0]] // 4, channels), channels)
    flat = flatten(net, [points(net, x) for x in levels], channels)
    (found,) = _detect(net, levels, scale, cells, classes=1)
    place, seen = net.split(net.reshape(flat, 0, KEYPOINTS, 3, -1), 2, 1, axis=2)
    place = net.op("Mul", place, net.constant(np.float32(2)))
    place = net.op("Add", place, net.constant(cells.all_centres() - np.float32(0.5)))
    place = net.op("Mul", place, net.constant(cells.all_strides()))
    joined = net.op("Concat", place, net.op("Sigmoid", seen), axis=2)
    return [net.op("Concat", found, net.reshape(joined, 0, channels, -1), axis=1)]


def _detect_masks(net: Detector, levels: Sequence[str], scale: Scale, cells: Cells) -> list[str]:
    """Add the head of masks: coefficients behind boxes and scores, and the prototypes that they weigh."""
    prototypes = _prototypes(net, levels[0], scale.channels(256))
    weights = branch(max(net.channels[levels[0]] // 4, PROTOTYPES), PROTOTYPES)
    flat = flatten(net, [weights(net, x) for x in levels], PROTOTYPES)
    (found,) = _detect(net, levels, scale, cells)
    return [net.op("Concat", found, flat, axis=1), prototypes]


def _prototypes(net: Detector, x: str, filters: int) -> str:
    x = net.block(x, filters, 3)
    weight, bias = net.weight("prototypes.weight", filters, filters, 2, 2), net.weight("prototypes.bias", filters)
    x = net.keep(net.op("ConvTranspose", x, weight, bias, kernel_shape=(2, 2), strides=(2, 2)), x)
    return net.block(net.block(x, filters, 3), PROTOTYPES)


Head = Callable[[Detector, Sequence[str], Scale, Cells], list[str]]


def _make(name: str, scale: Scale, head: Head, size: Size) -> Graph:
    net = Detector(name)
    levels = _features(net, net.image(3, size.resolution, size.resolution), scale)
    return net.build(head(net, levels, scale, Cells(size.resolution)))


_HEADS: Mapping[str, Head] = MappingProxyType({"": _detect, "_pose": _detect_pose, "_seg": _detect_masks})
_SOURCE = "https://github.com/ultralytics/ultralytics/blob/main/ultralytics/cfg/models/v8"
_COUNTS = "https://docs.ultralytics.com/models/yolov8: FLOPs at 640 pixels, batch normalisation folded"
_PUBLISHED: Mapping[str, Mapping[str, Published]] = MappingProxyType(
    {
        "": {
            "n": Published(8.7, 3.2),
            "s": Published(28.6, 11.2),
            "m": Published(78.9, 25.9),
            "l": Published(165.2, 43.7),
            "x": Published(257.8, 68.2),
        },
        "_pose": {
            "n": Published(9.2, 3.3),
            "s": Published(30.2, 11.6),
            "m": Published(81.0, 26.4),
            "l": Published(168.6, 44.4),
            "x": Published(263.2, 69.4),
        },
        "_seg": {
            "n": Published(12.6, 3.4),
            "s": Published(42.6, 11.8),
            "m": Published(110.2, 27.3),
            "l": Published(220.5, 46.0),
            "x": Published(344.1, 71.8),
        },
    }
)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        f"yolov8{variant}{task}": make_entry(
            partial(_make, f"yolov8{variant}{task}", SCALES[variant], _HEADS[task]), published, _SOURCE, _COUNTS
        )
        for task, variants in _PUBLISHED.items()
        for variant, published in variants.items()
    }
)
"""YOLOv8 n to x for boxes, for key points ("_pose") and for masks ("_seg")."""
