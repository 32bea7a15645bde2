"""RT-DETR on residual networks: R18, R34, R50 and R101.

Source: arXiv:2304.08069 and https://github.com/lyuwenyu/RT-DETR (rtdetr_pytorch/configs/rtdetr). The backbone is
ResNet-vd (arXiv:1812.01187, figure 2): three convolutions in the stem, stride in the 3x3 convolution, and a mean over
2x2 before the shortcut's. Batch normalisation is folded and re-parametrised convolutions are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.rtdetr import Hybrid, detect
from npusdk.zoo.rtdetr_decoder import Detr
from npusdk.zoo.yolo_blocks import Published, make_entry

_STEM = (32, 32, 64)
"""Channels of the stem's convolutions, the first of which halves the image."""


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Parameters
    ----------
    depths
        Blocks of each stage.
    is_deep
        Whether a block is of 1x1, 3x3 and 1x1 convolutions, and not of two 3x3 ones.
    hybrid
        What stands behind the backbone.
    """

    depths: tuple[int, ...]
    is_deep: bool
    hybrid: Hybrid


def _stem(net: Detr, x: str) -> str:
    for index, filters in enumerate(_STEM):
        x = net.conv(x, filters, 3, stride=1 if index else 2, activation="Relu")
    return net.max_pool(x, 3, stride=2)


def _shortcut(net: Detr, x: str, filters: int, stride: int) -> str:
    """Add the way around the first block of a stage: as published, there are weights also where nothing changes."""
    if stride > 1:
        x = net.keep(net.op("AveragePool", x, kernel_shape=(2, 2), strides=(2, 2)), x)
    return net.conv(x, filters, 1)


def _block(net: Detr, x: str, width: int, stride: int, *, is_deep: bool) -> str:
    filters = 4 * width if is_deep else width
    y = net.conv(x, width, 1, activation="Relu") if is_deep else x
    y = net.conv(y, width, 3, stride=stride, activation="Relu")
    return net.conv(y, filters, 1 if is_deep else 3)


def _make(name: str, variant: Variant, size: Size) -> Graph:
    net = Detr(name)
    x = _stem(net, net.image(3, size.resolution, size.resolution))
    levels = []
    for stage, depth in enumerate(variant.depths):
        for number in range(depth):
            stride = 2 if stage and not number else 1
            y = _block(net, x, 64 << stage, stride, is_deep=variant.is_deep)
            x = net.add(y, x if number else _shortcut(net, x, net.channels[y], stride), "Relu")
        levels.append(x)
    return detect(net, levels[1:], variant.hybrid, size.resolution)


VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "rtdetr_r18": Variant((2, 2, 2, 2), False, Hybrid(256, 1024, mixed=128, layers=3)),
    "rtdetr_r34": Variant((3, 4, 6, 3), False, Hybrid(256, 1024, mixed=128, layers=4)),
    "rtdetr_r50": Variant((3, 4, 6, 3), True, Hybrid(256, 1024)),
    "rtdetr_r101": Variant((3, 4, 23, 3), True, Hybrid(384, 2048)),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "rtdetr_r18": Published(60, 20),
    "rtdetr_r34": Published(92, 31),
    "rtdetr_r50": Published(136, 42),
    "rtdetr_r101": Published(259, 76),
})  # fmt: skip
_SOURCE = "https://github.com/lyuwenyu/RT-DETR/tree/main/rtdetr_pytorch/configs/rtdetr"
_COUNTS = (
    "https://github.com/lyuwenyu/RT-DETR, table of models: at 640 pixels, in whole GFLOPs and millions of weights, "
    "before the twelve re-parametrised convolutions lose a second branch of 1 x 1"
)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: make_entry(partial(_make, name, variant), _PUBLISHED[name], _SOURCE, _COUNTS)
        for name, variant in VARIANTS.items()
    }
)
"""RT-DETR R18, R34, R50 and R101."""
