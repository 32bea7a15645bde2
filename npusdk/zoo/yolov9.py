"""YOLOv9 in the form for deployment: GELAN, without the auxiliary branch that only trains.

Source: arXiv:2402.13616 and https://github.com/WongKinYiu/yolov9 (models/detect/gelan-*.yaml). Re-parametrised
convolutions are one convolution. The branch of classes of YOLOv9-T is as wide as there are classes, which its published
counts demand. Suppression of double boxes is not part of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.yolo_blocks import Detector, Neck, Published, bottleneck, c3, make_entry
from npusdk.zoo.yolo_heads import BINS, Cells, branch, distance_head
from npusdk.zoo.yolov8 import class_branch

Down = Callable[[Detector, str, int], str]
"""Adds half the resolution with so many filters."""


def smooth_down(net: Detector, x: str, filters: int) -> str:
    """Add a mean over 2 x 2 and a convolution with stride 2 (AConv)."""
    return net.block(_mean(net, x), filters, 3, stride=2)


def split_down(net: Detector, x: str, filters: int) -> str:
    """Add a mean over 2 x 2, then a convolution for one half of the channels and a maximum for the other (ADown)."""
    first, second = net.halves(_mean(net, x))
    strided = net.block(first, filters // 2, 3, stride=2)
    return net.concat(strided, net.block(net.max_pool(second, 3, stride=2), filters // 2))


def _mean(net: Detector, x: str) -> str:
    return net.keep(net.op("AveragePool", x, kernel_shape=(2, 2), strides=(1, 1), count_include_pad=1), x)


@dataclass(frozen=True)
class Stage:
    """A generalised efficient layer aggregation (RepNCSPELAN4).

    Parameters
    ----------
    filters
        Channels of the result.
    split
        Channels that are halved: one half is kept, the other goes on.
    inner
        Channels of each of the two partial blocks that follow.
    """

    filters: int
    split: int
    inner: int

    def add(self, net: Detector, x: str, repeats: int) -> str:
        """Add the stage; its partial blocks have so many bottlenecks."""
        parts = list(net.halves(net.block(x, self.split)))
        for _ in range(2):
            parts.append(net.block(c3(net, parts[-1], self.inner, bottleneck, repeats=repeats), self.inner, 3))
        return net.block(net.concat(*parts), self.filters)

    def add_plain(self, net: Detector, x: str) -> str:
        """Add the stage with a convolution of 3 x 3 in the place of each partial block (ELAN1)."""
        parts = list(net.halves(net.block(x, self.split)))
        for _ in range(2):
            parts.append(net.block(parts[-1], self.inner, 3))
        return net.block(net.concat(*parts), self.filters)


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Parameters
    ----------
    stem
        Channels of the two first convolutions.
    stages
        Backbone, the finest stage first.
    down
        How the resolution is halved, and to how many channels before the second stage and those that follow.
    before
        Channels to which the resolution is halved before each stage but the first.
    neck
        Stages of the neck: on the way down the finest and the middle level, on the way up the middle and the coarsest.
    rising
        Channels to which the resolution is halved on the way up.
    pooled
        Channels of the pooling pyramid.
    repeats
        Bottlenecks of a partial block.
    is_plain
        Whether the first stage has no partial blocks.
    """

    stem: tuple[int, int]
    stages: tuple[Stage, ...]
    down: Down
    before: tuple[int, int, int]
    neck: tuple[Stage, Stage, Stage, Stage]
    rising: tuple[int, int]
    pooled: int
    repeats: int = 1
    is_plain: bool = False


def _backbone(net: Detector, x: str, variant: Variant) -> list[str]:
    """Add the backbone and return stem and stages."""
    levels = [net.block(x, variant.stem[0], 3, stride=2)]
    x = net.block(levels[0], variant.stem[1], 3, stride=2)
    for index, stage in enumerate(variant.stages):
        x = variant.down(net, x, variant.before[index - 1]) if index else x
        x = stage.add_plain(net, x) if variant.is_plain and not index else stage.add(net, x, variant.repeats)
        levels.append(x)
    return levels


def _second_backbone(net: Detector, image: str, first: Sequence[str], variant: Variant) -> list[str]:
    """Add a second backbone whose every level starts from a sum with all coarser levels of the first.

    Source: the composite backbone of YOLOv9-E (CBLinear, CBFuse).
    """
    widths = (*variant.stem, *variant.before)
    parts = []
    for x, count in zip(first, range(1, len(first) + 1), strict=True):
        mixed = net.conv(x, sum(widths[:count]), 1)
        parts.append(net.split(mixed, *widths[:count]) if count > 1 else (mixed,))

    def fuse(x: str, level: int) -> str:
        for coarser in range(level, len(first)):
            part = parts[coarser][level]
            scaled = net.upsample(part, _ratio(coarser, level)) if _ratio(coarser, level) > 1 else part
            x = net.add(scaled, x)
        return x

    x = fuse(net.block(image, variant.stem[0], 3, stride=2), 0)
    x = net.block(x, variant.stem[1], 3, stride=2)
    levels = []
    for index, stage in enumerate(variant.stages):
        x = variant.down(net, x, variant.before[index - 1]) if index else x
        x = stage.add(net, fuse(x, index + 1), variant.repeats)
        levels.append(x)
    return levels


def _ratio(coarser: int, level: int) -> int:
    """Return how many times finer one of the levels is: the stem is the first, each next has half the resolution."""
    return 1 << (coarser - level)


def _pool_pyramid(net: Detector, x: str, inner: int, filters: int) -> str:
    """Add three maxima over 5 x 5 in a row, each of which is concatenated (SPPELAN)."""
    parts = [net.block(x, inner)]
    for _ in range(3):
        parts.append(net.max_pool(parts[-1], 5))
    return net.block(net.concat(*parts), filters)


def _make(name: str, variant: Variant, size: Size, *, is_composite: bool = False) -> Graph:
    net = Detector(name)
    image = net.image(3, size.resolution, size.resolution)
    levels = _backbone(net, image, variant)
    levels = _second_backbone(net, image, levels, variant) if is_composite else levels[1:]
    levels[-1] = _pool_pyramid(net, levels[-1], variant.pooled // 2, variant.pooled)
    neck = Neck(
        top=lambda x, level: variant.neck[level].add(net, x, variant.repeats),
        bottom=lambda x, level: variant.neck[level + 1].add(net, x, variant.repeats),
        down=lambda x, level: variant.down(net, x, variant.rising[level]),
    )
    found = neck.join(net, levels[1:])
    finest = net.channels[found[0]]
    branches = branch(max(finest // 4, 4 * BINS), 4 * BINS, groups=4), class_branch(finest)
    return net.build([distance_head(net, found, branches, Cells(size.resolution))])


def _even(stem: int, plain: int, widths: tuple[int, int, int], repeats: int, *, is_plain: bool) -> Variant:
    """Return a small variant: every stage splits all its channels, and a partial block has half of them."""
    fine, middle, coarse = (Stage(width, width, width // 2) for width in widths)
    return Variant(
        stem=(stem, 2 * stem),
        stages=(Stage(plain, plain, plain // 2), fine, middle, coarse),
        down=smooth_down,
        before=widths,
        neck=(fine, middle, middle, coarse),
        rising=(widths[1] // 2, widths[2] // 2),
        pooled=widths[2],
        repeats=repeats,
        is_plain=is_plain,
    )


_WIDE = Stage(512, 512, 256)
VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "yolov9t": _even(16, 32, (64, 96, 128), 3, is_plain=True),
    "yolov9s": _even(32, 64, (128, 192, 256), 3, is_plain=True),
    "yolov9m": _even(32, 128, (240, 360, 480), 1, is_plain=False),
    "yolov9c": Variant(
        stem=(64, 128),
        stages=(Stage(256, 128, 64), Stage(512, 256, 128), _WIDE, _WIDE),
        down=split_down,
        before=(256, 512, 512),
        neck=(Stage(256, 256, 128), _WIDE, _WIDE, _WIDE),
        rising=(256, 512),
        pooled=512,
    ),
    "yolov9e": Variant(
        stem=(64, 128),
        stages=(Stage(256, 128, 64), Stage(512, 256, 128), Stage(1024, 512, 256), Stage(1024, 512, 256)),
        down=split_down,
        before=(256, 512, 1024),
        neck=(Stage(256, 256, 128), _WIDE, _WIDE, Stage(512, 1024, 512)),
        rising=(256, 512),
        pooled=512,
        repeats=2,
    ),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "yolov9t": Published(7.7, 2.0),
    "yolov9s": Published(26.4, 7.1),
    "yolov9m": Published(76.3, 20.0),
    "yolov9c": Published(102.1, 25.3),
    "yolov9e": Published(189.0, 57.3),
})  # fmt: skip
_SOURCE = "https://github.com/WongKinYiu/yolov9/blob/main/models/detect"
_COUNTS = "https://github.com/WongKinYiu/yolov9 README: at 640 pixels, in the form for deployment"

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: make_entry(
            partial(_make, name, variant, is_composite=name == "yolov9e"), _PUBLISHED[name], _SOURCE, _COUNTS
        )
        for name, variant in VARIANTS.items()
    }
)
"""YOLOv9 t, s, m, c and e."""
