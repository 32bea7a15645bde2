"""YOLOv7 and YOLOv7-X in the form for deployment, with anchor boxes.

Source: arXiv:2207.02696 and https://github.com/WongKinYiu/yolov7 (cfg/deploy). Re-parametrised convolutions are one
convolution; the implicit knowledge of the training head is folded. Suppression of double boxes is not part of the
network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.yolo_blocks import Detector, Published, make_entry
from npusdk.zoo.yolo_heads import anchor_head

ANCHORS = ((12, 16, 19, 36, 40, 28), (36, 75, 76, 55, 72, 146), (142, 110, 192, 243, 459, 401))
"""Width and height of the three anchor boxes of each level in pixels."""


@dataclass(frozen=True)
class Variant:
    """What tells the two networks apart.

    Parameters
    ----------
    unit
        Channels of the first layer, of which all widths of the backbone are multiples.
    depth
        Convolutions of 3 x 3 in an aggregation.
    backbone, neck
        Filters inside the aggregations of the four stages, and of the neck's levels on the way down.
    rising
        Filters inside the aggregations of the neck's two levels on the way up.
    keeps_all
        Whether an aggregation in the neck concatenates every layer, the inner ones half as wide, and not every second.
    """

    unit: int
    depth: int
    backbone: tuple[int, int, int, int]
    neck: tuple[int, int]
    rising: tuple[int, int]
    keeps_all: bool


def _aggregate(net: Detector, x: str, filters: int, *, inner: int, depth: int) -> str:
    """Add an efficient layer aggregation: every second of `depth` convolutions of 3 x 3, and what they started from."""
    parts = [net.block(x, inner), net.block(x, inner)]
    last = parts[-1]
    for _ in range(depth // 2):
        last = net.blocks(last, inner, 2)
        parts.append(last)
    return net.block(net.concat(*reversed(parts)), filters)


def _aggregate_all(net: Detector, x: str, filters: int, *, inner: int, depth: int) -> str:
    """Add an aggregation whose every convolution of 3 x 3, of half the filters, is concatenated."""
    parts = [net.block(x, inner), net.block(x, inner)]
    for _ in range(depth):
        parts.append(net.block(parts[-1], inner // 2, 3))
    return net.block(net.concat(*reversed(parts)), filters)


def _halve(net: Detector, x: str, filters: int, *skipped: str) -> str:
    """Add half the resolution: a maximum beside a convolution, each of `filters`."""
    pooled = net.block(net.max_pool(x, 2, stride=2), filters)
    strided = net.block(net.block(x, filters), filters, 3, stride=2)
    return net.concat(strided, pooled, *skipped)


def _pool_pyramid(net: Detector, x: str, filters: int) -> str:
    """Add maxima over 5 x 5, 9 x 9 and 13 x 13 in one half of a partial block."""
    inner = net.block(net.block(net.block(x, filters), filters, 3), filters)
    inner = net.concat(inner, *(net.max_pool(inner, kernel) for kernel in (5, 9, 13)))
    inner = net.block(net.block(inner, filters), filters, 3)
    return net.block(net.concat(inner, net.block(x, filters)), filters)


def _backbone(net: Detector, x: str, variant: Variant) -> list[str]:
    """Add the backbone and return its last three levels, the finest first."""
    unit, depth = variant.unit, variant.depth
    x = net.block(net.block(x, unit, 3), 2 * unit, 3, stride=2)
    x = net.block(net.block(x, 2 * unit, 3), 4 * unit, 3, stride=2)
    levels = []
    for stage, inner in enumerate(variant.backbone):
        if stage:
            x = _halve(net, x, net.channels[x] // 2)
        x = _aggregate(net, x, min(8 << stage, 32) * unit, inner=inner, depth=depth)
        levels.append(x)
    return levels[1:]


def _make(name: str, variant: Variant, size: Size) -> Graph:
    net = Detector(name)
    fine, middle, coarse = _backbone(net, net.image(3, size.resolution, size.resolution), variant)
    unit = variant.unit
    aggregate = partial(_aggregate_all if variant.keeps_all else _aggregate, net, depth=variant.depth)

    def widen(x: str, skip: str, filters: int) -> str:
        return net.concat(net.block(skip, filters), net.upsample(net.block(x, filters)))

    level5 = _pool_pyramid(net, coarse, 16 * unit)
    level4 = aggregate(widen(level5, middle, 8 * unit), 8 * unit, inner=variant.neck[1])
    level3 = aggregate(widen(level4, fine, 4 * unit), 4 * unit, inner=variant.neck[0])
    rising4 = aggregate(_halve(net, level3, 4 * unit, level4), 8 * unit, inner=variant.rising[0])
    rising5 = aggregate(_halve(net, rising4, 8 * unit, level5), 16 * unit, inner=variant.rising[1])
    levels = [net.block(x, 2 * net.channels[x], 3) for x in (level3, rising4, rising5)]
    return net.build([anchor_head(net, levels, ANCHORS, size.resolution)])


VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "yolov7": Variant(32, 4, (64, 128, 256, 256), (128, 256), (256, 512), keeps_all=True),
    "yolov7x": Variant(40, 6, (64, 128, 256, 256), (128, 256), (256, 512), keeps_all=False),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "yolov7": Published(104.7, 36.9),
    "yolov7x": Published(189.9, 71.3),
})  # fmt: skip
_SOURCE = "https://github.com/WongKinYiu/yolov7/blob/main/cfg/deploy"
_COUNTS = "arXiv:2207.02696, table 2: at 640 pixels, in the form for deployment"

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: make_entry(partial(_make, name, variant), _PUBLISHED[name], _SOURCE, _COUNTS)
        for name, variant in VARIANTS.items()
    }
)
"""YOLOv7 and YOLOv7-X."""
