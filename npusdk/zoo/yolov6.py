"""YOLOv6 3.0 in the form for deployment: re-parametrised convolutions are one convolution.

Source: arXiv:2301.05586 and https://github.com/meituan/YOLOv6 (configs/yolov6*.py). Suppression of double boxes is not
part of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.yolo_blocks import CLASSES, Detector, Published, Scale, make_entry, pyramid_pool
from npusdk.zoo.yolo_heads import Cells, boxes, expected_distances, flatten

STAGES = ((128, 6), (256, 12), (512, 18), (1024, 6))
"""Channels and repetitions of the backbone's stages before scaling."""
NECK_REPEATS = 12
BINS = 17
"""Bins of the distribution of a distance in the variants that have one."""

Stack = Callable[[Detector, str, int, int], str]
"""Adds a stage of so many filters and repetitions."""


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Parameters
    ----------
    scale
        Factors of depth and width.
    hidden
        Share of the filters inside a partial block; 0 where a stage is a plain row of convolutions.
    activation
        What follows the convolutions of backbone and stages; between the stages of the neck it is always a Relu.
    bins
        Bins of the distribution of a distance; 1 where the distance itself comes out.
    """

    scale: Scale
    hidden: float
    activation: str = "Relu"
    bins: int = BINS

    def stack(self, net: Detector, x: str, filters: int, repeats: int) -> str:
        """Add a stage behind a tensor."""
        if not self.hidden:
            return net.blocks(x, filters, repeats)
        inner = int(filters * self.hidden)
        y = net.block(x, inner)
        for _ in range(max(repeats // 2, 1)):
            y = _weighted_pair(net, y)
        return net.block(net.concat(y, net.block(x, inner)), filters)


def _weighted_pair(net: Detector, x: str) -> str:
    """Add two convolutions and what they started from, which one learnt number weighs (BottleRep)."""
    y = net.blocks(x, net.channels[x], 2)
    return net.add(y, net.keep(net.op("Mul", net.weight(f"{y}.alpha", 1), x), x))


def _relu(net: Detector, x: str, filters: int, kernel: int = 1, *, stride: int = 1) -> str:
    return net.conv(x, filters, kernel, stride=stride, activation="Relu")


def _partial_pyramid_pool(net: Detector, x: str) -> str:
    """Add three maxima over 5 x 5 in a row in one half of a partial block (SimCSPSPPF)."""
    channels = net.channels[x]
    inner = channels // 2
    parts = [net.block(net.block(net.block(x, inner), inner, 3), inner)]
    for _ in range(3):
        parts.append(net.max_pool(parts[-1], 5))
    y = net.block(net.block(net.concat(*parts), inner), inner, 3)
    return net.block(net.concat(net.block(x, inner), y), channels)


def _fuse(net: Detector, coarse: str, same: str, fine: str) -> str:
    """Add the fusion of three levels, of as many channels as the coarse one has (BiFusion)."""
    channels = net.channels[coarse]
    name = f"{coarse}.up"
    weight, bias = net.weight(f"{name}.weight", channels, channels, 2, 2), net.weight(f"{name}.bias", channels)
    up = net.op("ConvTranspose", coarse, weight, bias, name=name, kernel_shape=(2, 2), strides=(2, 2))
    down = _relu(net, _relu(net, fine, channels), channels, 3, stride=2)
    return _relu(net, net.concat(net.keep(up, coarse), _relu(net, same, channels), down), channels)


def _backbone(net: Detector, x: str, variant: Variant) -> list[str]:
    """Add the backbone and return its stages, the finest first."""
    scale = variant.scale
    x = net.block(x, scale.channels(64), 3, stride=2)
    levels = []
    for published, repeats in STAGES:
        filters = scale.channels(published)
        x = variant.stack(net, net.block(x, filters, 3, stride=2), filters, scale.repeats(repeats))
        levels.append(x)
    levels[-1] = (pyramid_pool if variant.hidden else _partial_pyramid_pool)(net, x)
    return levels


def _neck(net: Detector, levels: Sequence[str], variant: Variant) -> list[str]:
    """Add the neck behind four levels and return three, the finest first."""
    finest, fine, middle, coarse = levels
    scale = variant.scale
    stack = partial(variant.stack, net, repeats=scale.repeats(NECK_REPEATS))
    narrow, wide, widest = (scale.channels(filters) for filters in (128, 256, 512))
    lateral5 = _relu(net, coarse, wide)
    lateral4 = _relu(net, stack(_fuse(net, lateral5, middle, fine), filters=wide), narrow)
    level3 = stack(_fuse(net, lateral4, fine, finest), filters=narrow)
    level4 = stack(net.concat(_relu(net, level3, narrow, 3, stride=2), lateral4), filters=wide)
    level5 = stack(net.concat(_relu(net, level4, wide, 3, stride=2), lateral5), filters=widest)
    return [level3, level4, level5]


def _head(net: Detector, levels: Sequence[str], cells: Cells, bins: int) -> str:
    """Add the decoupled head and return boxes and scores, shape (batch, cells, 4 + classes).

    The ones that the published code writes in the place of objectness are left out.
    """
    distances, scores = [], []
    for x in levels:
        channels = net.channels[x]
        stem = net.conv(x, channels, 1, activation="Swish")
        by_class = net.conv(net.conv(stem, channels, 3, activation="Swish"), CLASSES, 1)
        by_side = net.conv(net.conv(stem, channels, 3, activation="Swish"), 4 * bins, 1)
        by_side = net.reshape(by_side, 0, 4 * bins, -1)
        distances.append(expected_distances(net, by_side, bins) if bins > 1 else by_side)
        scores.append(net.op("Sigmoid", by_class))
    found = boxes(net, net.op("Concat", *distances, axis=2), cells)
    rows = net.op("Concat", found, flatten(net, scores, CLASSES), axis=1)
    return net.op("Transpose", rows, perm=(0, 2, 1))


def _make(name: str, variant: Variant, size: Size) -> Graph:
    net = Detector(name, variant.activation)
    levels = _backbone(net, net.image(3, size.resolution, size.resolution), variant)
    return net.build([_head(net, _neck(net, levels, variant), Cells(size.resolution), variant.bins)])


VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "yolov6n": Variant(Scale(0.33, 0.25), 0, bins=1),
    "yolov6s": Variant(Scale(0.33, 0.50), 0, bins=1),
    "yolov6m": Variant(Scale(0.60, 0.75), 2 / 3),
    "yolov6l": Variant(Scale(1.00, 1.00), 1 / 2, "Swish"),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "yolov6n": Published(11.4, 4.7),
    "yolov6s": Published(45.3, 18.5),
    "yolov6m": Published(85.8, 34.9),
    "yolov6l": Published(150.7, 59.6),
})  # fmt: skip
_SOURCE = "https://github.com/meituan/YOLOv6/blob/main/configs"
_COUNTS = (
    "https://github.com/meituan/YOLOv6 README: at 640 pixels, in the form for deployment; every output of a transposed "
    "convolution is counted with its whole kernel of 2 x 2, of which one weight reaches it"
)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: make_entry(partial(_make, name, variant), _PUBLISHED[name], _SOURCE, _COUNTS)
        for name, variant in VARIANTS.items()
    }
)
"""YOLOv6 3.0 n, s, m and l."""
