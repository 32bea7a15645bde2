"""YOLOv10 with its one-to-one head.

Source: arXiv:2405.14458 and https://github.com/ultralytics/ultralytics (cfg/models/v10). Of the two heads only the
one-to-one head is there, as in inference; large kernels are re-parametrised. The choice of the 300 best boxes is not
part of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    Unit,
    bottleneck,
    c2f,
    make_entry,
    pyramid_pool,
)
from npusdk.zoo.yolo_heads import Branch, Cells, distance_head
from npusdk.zoo.yolov8 import STAGES, distance_branch

HEAD_CHANNELS = 64
"""Fewest channels of one head of the attention; a key has half as many as the head."""


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Parameters
    ----------
    scale
        Factors of depth and width.
    compact
        Where blocks are compact and inverted: in the backbone ("stage"), or in the neck on the way down ("top") or up
        ("bottom"), with the level.
    side
        Kernel of the middle convolution of a compact block.
    """

    scale: Scale
    compact: frozenset[str]
    side: int = 3

    def unit(self, place: str, *, shortcut: bool) -> Unit:
        """Return what a block at a place repeats; a compact unit has its shortcut everywhere."""
        if place in self.compact:
            return partial(compact_unit, side=self.side)
        return partial(bottleneck, shortcut=shortcut)


def compact_unit(net: Detector, x: str, *, side: int) -> str:
    """Add a compact inverted block and what it started from (CIB)."""
    channels = net.channels[x]
    y = net.block(net.depthwise(x, 3), 2 * channels)
    y = net.block(net.depthwise(y, side), channels)
    return net.add(x, net.depthwise(y, 3))


def halve(net: Detector, x: str, filters: int) -> str:
    """Add half the resolution: channels first, then pixels (SCDown)."""
    return net.depthwise(net.block(x, filters), 3, stride=2, activation="")


def partial_attention(net: Detector, x: str, side: int) -> str:
    """Add attention among all pixels for one half of the channels (PSA)."""
    channels = net.channels[x]
    kept, y = net.halves(net.block(x, channels))
    y = net.add(y, _attention(net, y, side))
    y = net.add(y, net.conv(net.block(y, channels), channels // 2, 1))
    return net.block(net.concat(kept, y), channels)


def _attention(net: Detector, x: str, side: int) -> str:
    """Add multi-head attention with a depthwise convolution of the values for positions.

    The published code multiplies values by transposed weights; here weights by transposed values, the same numbers.
    """
    channels = net.channels[x]
    heads = channels // HEAD_CHANNELS
    width = channels // heads
    key = width // 2
    mixed = net.reshape(net.conv(x, channels + 2 * key * heads, 1), 0, heads, 2 * key + width, side * side)
    queries, keys, values = net.split(mixed, key, key, width, axis=2)
    scores = net.op("MatMul", net.op("Transpose", queries, perm=(0, 1, 3, 2)), keys)
    scores = net.op("Mul", scores, net.constant(np.float32(key**-0.5)))
    weighted = net.op("MatMul", net.op("Softmax", scores, axis=-1), net.op("Transpose", values, perm=(0, 1, 3, 2)))
    result = net.reshape(net.op("Transpose", weighted, perm=(0, 1, 3, 2)), 0, channels, side, side)
    places = net.keep(net.reshape(values, 0, channels, side, side), x)
    placed = net.add(net.keep(result, x), net.depthwise(places, 3, activation=""))
    return net.conv(placed, channels, 1)


def class_branch(finest: int) -> Branch:
    """Return the light branch of the classes: depthwise convolutions of 3 x 3, each with one of 1 x 1 behind it."""
    inner = max(finest, min(CLASSES, 100))

    def add(net: Detector, x: str) -> str:
        for _ in range(2):
            x = net.block(net.depthwise(x, 3), inner)
        return net.conv(x, CLASSES, 1)

    return add


def _backbone(net: Detector, x: str, variant: Variant) -> list[str]:
    """Add the backbone without pooling and attention, and return its stages."""
    scale = variant.scale
    x = net.block(x, scale.channels(64), 3, stride=2)
    levels = []
    for level, (published, repeats) in enumerate(STAGES, start=2):
        filters = scale.channels(published)
        x = net.block(x, filters, 3, stride=2) if level < 4 else halve(net, x, filters)
        x = c2f(net, x, filters, variant.unit(f"stage{level}", shortcut=True), repeats=scale.repeats(repeats))
        levels.append(x)
    return levels


def _make(name: str, variant: Variant, size: Size) -> Graph:
    net = Detector(name)
    scale = variant.scale
    levels = _backbone(net, net.image(3, size.resolution, size.resolution), variant)
    levels[-1] = partial_attention(net, pyramid_pool(net, levels[-1]), size.resolution // 32)
    widths = [scale.channels(filters) for filters, _repeats in STAGES[1:]]

    def mix(path: str, x: str, level: int) -> str:
        unit = variant.unit(f"{path}{level + 3}", shortcut=False)
        return c2f(net, x, widths[level], unit, repeats=scale.repeats(3))

    def down(x: str, level: int) -> str:
        return halve(net, x, widths[level]) if level else net.block(x, widths[level], 3, stride=2)

    found = Neck(top=partial(mix, "top"), bottom=partial(mix, "bottom"), down=down).join(net, levels[1:])
    finest = net.channels[found[0]]
    branches = distance_branch(finest), class_branch(finest)
    return net.build([distance_head(net, found, branches, Cells(size.resolution), corners=True)])


_LARGE = frozenset({"stage5", "top4", "bottom4", "bottom5"})
VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "n": Variant(Scale(0.33, 0.25, 1024), frozenset({"bottom5"}), side=7),
    "s": Variant(Scale(0.33, 0.50, 1024), frozenset({"stage5", "bottom5"}), side=7),
    "m": Variant(Scale(0.67, 0.75, 768), frozenset({"stage5", "bottom4", "bottom5"})),
    "b": Variant(Scale(0.67, 1.00, 512), _LARGE),
    "l": Variant(Scale(1.00, 1.00, 512), _LARGE),
    "x": Variant(Scale(1.00, 1.25, 512), _LARGE | {"stage4"}),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "n": Published(6.7, 2.3),
    "s": Published(21.6, 7.2),
    "m": Published(59.1, 15.4),
    "b": Published(92.0, 19.1),
    "l": Published(120.3, 24.4),
    "x": Published(160.4, 29.5),
})  # fmt: skip
_SOURCE = "https://github.com/ultralytics/ultralytics/blob/main/ultralytics/cfg/models/v10"
_COUNTS = "arXiv:2405.14458, table 1: at 640 pixels, with the one-to-one head alone"

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        f"yolov10{name}": make_entry(partial(_make, f"yolov10{name}", variant), _PUBLISHED[name], _SOURCE, _COUNTS)
        for name, variant in VARIANTS.items()
    }
)
"""YOLOv10 n, s, m, b, l and x."""
