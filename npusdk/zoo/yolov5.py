"""YOLOv5 6.0 and later with anchor boxes, its P6 form, and the form with the head of YOLOv8.

Source: https://github.com/ultralytics/yolov5 (models/*.yaml, models/hub/*6.yaml) and
https://github.com/ultralytics/ultralytics (cfg/models/v5). Suppression of double boxes is not part of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.yolo_blocks import Detector, Neck, Published, Scale, bottleneck, c3, make_entry, pyramid_pool
from npusdk.zoo.yolo_heads import Cells, anchor_head, distance_head
from npusdk.zoo.yolov8 import class_branch, distance_branch

SCALES: Mapping[str, Scale] = MappingProxyType({
    "n": Scale(0.33, 0.25),
    "s": Scale(0.33, 0.50),
    "m": Scale(0.67, 0.75),
    "l": Scale(1.00, 1.00),
    "x": Scale(1.33, 1.25),
})  # fmt: skip
STAGES = {5: ((128, 3), (256, 6), (512, 9), (1024, 3)), 6: ((128, 3), (256, 6), (512, 9), (768, 3), (1024, 3))}
"""Channels and repetitions of the stages before scaling, by the last level."""
ANCHORS = {
    5: ((10, 13, 16, 30, 33, 23), (30, 61, 62, 45, 59, 119), (116, 90, 156, 198, 373, 326)),
    6: (
        (19, 27, 44, 40, 38, 94),
        (96, 68, 86, 152, 180, 137),
        (140, 301, 303, 264, 238, 542),
        (436, 615, 739, 380, 925, 792),
    ),
}
"""Width and height of the three anchor boxes of each level in pixels, by the last level."""


def _features(net: Detector, x: str, scale: Scale, last: int) -> list[str]:
    """Add backbone and neck and return the maps that the head reads."""
    stages = [(scale.channels(filters), scale.repeats(repeats)) for filters, repeats in STAGES[last]]
    x = net.block(x, scale.channels(64), 6, stride=2)
    levels = []
    for filters, repeats in stages:
        x = c3(net, net.block(x, filters, 3, stride=2), filters, partial(bottleneck, first=1), repeats=repeats)
        levels.append(x)
    levels[-1] = pyramid_pool(net, levels[-1])
    widths = [filters for filters, _repeats in stages[1:]]

    def mix(x: str, level: int) -> str:
        return c3(net, x, widths[level], partial(bottleneck, first=1, shortcut=False), repeats=scale.repeats(3))

    neck = Neck(
        top=mix,
        bottom=mix,
        down=lambda x, level: net.block(x, widths[level], 3, stride=2),
        lateral=lambda x, level: net.block(x, widths[level - 1]),
    )
    return neck.join(net, levels[1:])


def _make(name: str, scale: Scale, last: int, size: Size) -> Graph:
    net = Detector(name)
    levels = _features(net, net.image(3, size.resolution, size.resolution), scale, last)
    return net.build([anchor_head(net, levels, ANCHORS[last], size.resolution)])


def _make_u(name: str, scale: Scale, last: int, size: Size) -> Graph:
    net = Detector(name)
    levels = _features(net, net.image(3, size.resolution, size.resolution), scale, last)
    finest = net.channels[levels[0]]
    branches = distance_branch(finest), class_branch(finest)
    return net.build([distance_head(net, levels, branches, Cells(size.resolution, len(levels)))])


_SOURCE = "https://github.com/ultralytics/yolov5"
_COUNTS = f"{_SOURCE} README: FLOPs at 640 pixels, batch normalisation folded"
_COUNTS_6 = f"{_COUNTS}; four times as many at 1280 pixels"
_SOURCE_U = "https://github.com/ultralytics/ultralytics/blob/main/ultralytics/cfg/models/v5"
_COUNTS_U = "https://docs.ultralytics.com/models/yolov5: FLOPs at 640 pixels, batch normalisation folded"
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "n": Published(4.5, 1.9),
    "s": Published(16.5, 7.2),
    "m": Published(49.0, 21.2),
    "l": Published(109.1, 46.5),
    "x": Published(205.7, 86.7),
})  # fmt: skip
_PUBLISHED_6: Mapping[str, Published] = MappingProxyType({
    "n": Published(4 * 4.6, 3.2),
    "s": Published(4 * 16.8, 12.6),
    "m": Published(4 * 50.0, 35.7),
    "l": Published(4 * 111.4, 76.8),
    "x": Published(4 * 209.8, 140.7),
})  # fmt: skip
_PUBLISHED_U: Mapping[str, Published] = MappingProxyType({
    "n": Published(7.7, 2.6),
    "s": Published(24.0, 9.1),
    "m": Published(64.2, 25.1),
    "l": Published(135.0, 53.2),
    "x": Published(246.4, 97.2),
})  # fmt: skip
_PUBLISHED_6U: Mapping[str, Published] = MappingProxyType({
    "n": Published(4 * 7.8, 4.3),
    "s": Published(4 * 24.6, 15.3),
    "m": Published(4 * 65.7, 41.2),
    "l": Published(4 * 137.4, 86.1),
    "x": Published(4 * 250.7, 155.4),
})  # fmt: skip


def _entry(variant: str, last: int, *, has_anchors: bool) -> tuple[str, Entry]:
    name = f"yolov5{variant}{'' if last == 5 else last}{'' if has_anchors else 'u'}"
    table = {
        (5, True): (_PUBLISHED, _SOURCE, _COUNTS),
        (6, True): (_PUBLISHED_6, _SOURCE, _COUNTS_6),
        (5, False): (_PUBLISHED_U, _SOURCE_U, _COUNTS_U),
        (6, False): (_PUBLISHED_6U, _SOURCE_U, f"{_COUNTS_U}; four times as many at 1280 pixels"),
    }
    published, source, counts = table[last, has_anchors]
    make = partial(_make if has_anchors else _make_u, name, SCALES[variant], last)
    return name, make_entry(make, published[variant], source, counts, resolution=640 if last == 5 else 1280)


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    dict(
        _entry(variant, last, has_anchors=has_anchors)
        for has_anchors in (True, False)
        for last in (5, 6)
        for variant in SCALES
    )
)
"""YOLOv5 n to x, with three levels and with four ("6"), with anchor boxes and without ("u")."""
