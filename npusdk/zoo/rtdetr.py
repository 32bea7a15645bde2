"""RT-DETR L and X: a detector that needs no suppression of double boxes.

Source: arXiv:2304.08069 and https://github.com/ultralytics/ultralytics (cfg/models/rt-detr); the backbone is HGNetv2,
with its convolutions padded as published. Batch normalisation is folded and re-parametrised convolutions are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.rtdetr_decoder import LAYERS, Detr, decode
from npusdk.zoo.transformer import Heads
from npusdk.zoo.yolo_blocks import Neck, Published, make_entry
from npusdk.zoo.yolo_heads import Cells

DEPTH = 6
"""Convolutions of a block of the backbone."""
_AFTER = (0, 0, 1, 1)
"""Padding of one row and one column, behind the last ones."""


@dataclass(frozen=True)
class Stage:
    """One stage of the backbone.

    Parameters
    ----------
    inner, filters
        Channels of each convolution in a block, and of the block.
    count
        Blocks; each but the first has a shortcut.
    kernel
        Side of a convolution.
    is_light
        Whether a convolution is one of 1 x 1 and one of each channel for itself.
    """

    inner: int
    filters: int
    count: int = 1
    kernel: int = 3
    is_light: bool = False

    def add(self, net: Detr, x: str) -> str:
        """Add the blocks of the stage."""
        for index in range(self.count):
            y = self._block(net, x)
            x = net.add(y, x) if index else y
        return x

    def _block(self, net: Detr, x: str) -> str:
        """Add a block: convolutions in a row, each concatenated, and two of 1 x 1."""
        parts = [x]
        for _ in range(DEPTH):
            parts.append(self._convolve(net, parts[-1]))
        squeezed = net.conv(net.concat(*parts), self.filters // 2, 1, activation="Relu")
        return net.conv(squeezed, self.filters, 1, activation="Relu")

    def _convolve(self, net: Detr, x: str) -> str:
        if self.is_light:
            return net.depthwise(net.conv(x, self.inner, 1), self.kernel, activation="Relu")
        return net.conv(x, self.inner, self.kernel, activation="Relu")


@dataclass(frozen=True)
class Hybrid:
    """What stands behind a backbone.

    Parameters
    ----------
    width
        Channels of the neck.
    inner
        Features inside the perceptron of the encoder.
    mixed
        Channels of the re-parametrised convolutions; `width` where it is 0.
    layers
        Layers of the decoder.
    """

    width: int
    inner: int
    mixed: int = 0
    layers: int = LAYERS


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Parameters
    ----------
    stem
        Channels of the stem's first convolutions, and of the stem.
    stages
        The backbone.
    hybrid
        What stands behind it.
    """

    stem: tuple[int, int]
    stages: tuple[Stage, ...]
    hybrid: Hybrid


def _stem(net: Detr, x: str, inner: int, filters: int) -> str:
    """Add the stem of HGNetv2: a quarter of the resolution."""
    x = net.conv(x, inner, 3, stride=2, activation="Relu")
    y = net.conv(x, inner // 2, 2, pads=_AFTER, activation="Relu")
    y = net.conv(y, inner, 2, pads=_AFTER, activation="Relu")
    # What is padded is not negative, so that a maximum beside the image is one with a zero.
    pooled = net.keep(net.op("MaxPool", x, kernel_shape=(2, 2), strides=(1, 1), pads=_AFTER), x)
    x = net.conv(net.concat(pooled, y), inner, 3, stride=2, activation="Relu")
    return net.conv(x, filters, 1, activation="Relu")


def _encode(net: Detr, x: str, hybrid: Hybrid, side: int) -> str:
    """Add attention among all cells of the coarsest level (AIFI)."""
    width = hybrid.width
    heads = Heads(width, 8, side * side, scale="query")
    tokens = net.transpose(net.reshape(x, 0, width, -1), 0, 2, 1)
    places = net.constant(positions(side, width))
    tokens = net.add_norm("encoder.norm1", tokens, net.attend_placed("encoder", tokens, places, heads), width)
    inner = net.mlp("encoder.inner", tokens, (width, hybrid.inner))
    tokens = net.add_norm("encoder.norm2", tokens, inner, width)
    return net.keep(net.reshape(net.transpose(tokens, 0, 2, 1), 0, width, side, side), x)


def positions(side: int, width: int) -> npt.NDArray[np.float32]:
    """Return sines and cosines of the column and of the row of each cell, shape (1, cells, width).

    Wave lengths rise from 2 pi by the power of 10000; the column changes slowest, as published.
    """
    rates = 10000.0 ** -(np.arange(width // 4) / (width // 4))
    column, row = (axis.reshape(-1, 1) * rates for axis in np.indices((side, side)))
    waves = [np.sin(column), np.cos(column), np.sin(row), np.cos(row)]
    return np.concatenate(waves, axis=1, dtype=np.float32, casting="same_kind")[None]


def _mix(net: Detr, x: str, hybrid: Hybrid) -> str:
    """Add three re-parametrised convolutions beside one of 1 x 1, and their sum (RepC3)."""
    inner = hybrid.mixed or hybrid.width
    mixed = net.add(net.blocks(net.block(x, inner), inner, 3), net.block(x, inner))
    return mixed if inner == hybrid.width else net.block(mixed, hybrid.width)


def detect(net: Detr, levels: Sequence[str], hybrid: Hybrid, resolution: int) -> Graph:
    """Return the graph of a backbone that gives three levels, the finest an eighth of the image, with all behind it."""
    width = hybrid.width
    levels = [net.conv(level, width, 1) for level in levels]
    levels[-1] = _encode(net, levels[-1], hybrid, resolution // 32)
    neck = Neck(
        top=lambda x, _level: _mix(net, x, hybrid),
        bottom=lambda x, _level: _mix(net, x, hybrid),
        down=lambda x, _level: net.block(x, width, 3, stride=2),
        lateral=lambda x, _level: net.block(x, width),
    )
    return net.build([decode(net, neck.join(net, levels), Cells(resolution), layers=hybrid.layers)])


def _make(name: str, variant: Variant, size: Size) -> Graph:
    net = Detr(name)
    x = _stem(net, net.image(3, size.resolution, size.resolution), *variant.stem)
    levels = []
    for index, stage in enumerate(variant.stages):
        x = stage.add(net, net.depthwise(x, 3, stride=2, activation="") if index else x)
        levels.append(x)
    return detect(net, levels[1:], variant.hybrid, size.resolution)


VARIANTS: Mapping[str, Variant] = MappingProxyType({
    "rtdetr_l": Variant(
        (32, 48),
        (Stage(48, 128), Stage(96, 512), Stage(192, 1024, 3, 5, True), Stage(384, 2048, 1, 5, True)),
        Hybrid(256, 1024),
    ),
    "rtdetr_x": Variant(
        (32, 64),
        (Stage(64, 128), Stage(128, 512, 2), Stage(256, 1024, 5, 5, True), Stage(512, 2048, 2, 5, True)),
        Hybrid(384, 2048),
    ),
})  # fmt: skip
_PUBLISHED: Mapping[str, Published] = MappingProxyType({
    "rtdetr_l": Published(110, 32),
    "rtdetr_x": Published(234, 67),
})  # fmt: skip
_SOURCE = "https://github.com/ultralytics/ultralytics/blob/main/ultralytics/cfg/models/rt-detr"
_COUNTS = (
    "arXiv:2304.08069, table 2: at 640 pixels, in whole millions of weights, before the twelve re-parametrised "
    "convolutions lose a second branch of 1 x 1"
)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        name: make_entry(partial(_make, name, variant), _PUBLISHED[name], _SOURCE, _COUNTS)
        for name, variant in VARIANTS.items()
    }
)
"""RT-DETR L and X."""
