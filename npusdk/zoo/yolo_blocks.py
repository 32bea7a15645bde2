"""Blocks that the networks of the YOLO families share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

import numpy as np

from npusdk.zoo.entry import Entry, Make, Size
from npusdk.zoo.network import Network

CLASSES = 80
"""Classes of the COCO data set, for which all of them are published."""


@dataclass(frozen=True)
class Scale:
    """How a variant of a family is scaled.

    Parameters
    ----------
    depth, width
        Factors of repetitions and of channels.
    most
        Most channels before the factor of the width.
    """

    depth: float
    width: float
    most: int = 1024

    def channels(self, published: int) -> int:
        """Return the channels of the variant, a multiple of 8."""
        return ceil(min(published, self.most) * self.width / 8) * 8

    def repeats(self, published: int) -> int:
        """Return the repetitions of the variant, at least 1."""
        return max(round(published * self.depth), 1)


class Detector(Network):
    """A network with the small layers of detectors.

    Parameters
    ----------
    activation
        What follows a convolution where nothing else is said.
    """

    def __init__(self, name: str, activation: str = "Swish") -> None:
        super().__init__(name)
        self.activation = activation

    def block(self, x: str, filters: int, kernel: int = 1, *, stride: int = 1, groups: int = 1) -> str:
        """Add a convolution and the network's activation."""
        return self.conv(x, filters, kernel, stride=stride, groups=groups, activation=self.activation)

    def blocks(self, x: str, filters: int, count: int, kernel: int = 3) -> str:
        """Add several convolutions of as many filters, one behind the other."""
        for _ in range(count):
            x = self.block(x, filters, kernel)
        return x

    def depthwise(self, x: str, kernel: int, *, stride: int = 1, activation: str | None = None) -> str:
        """Add a convolution of each channel for itself; the network's activation follows unless another is given."""
        channels = self.channels[x]
        follows = self.activation if activation is None else activation
        return self.conv(x, channels, kernel, stride=stride, groups=channels, activation=follows)

    def max_pool(self, x: str, kernel: int, *, stride: int = 1) -> str:
        """Add a maximum over windows; (kernel - 1) / 2 zeros stand on each side, as around a convolution."""
        side = (kernel - 1) // 2
        result = self.op("MaxPool", x, kernel_shape=(kernel,) * 2, strides=(stride,) * 2, pads=(side,) * 4)
        return self.keep(result, x)

    def upsample(self, x: str, factor: int = 2) -> str:
        """Add a repetition of each pixel along both axes."""
        scales = self.constant(np.array([1, 1, factor, factor], np.float32))
        result = self.op(
            "Resize",
            x,
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return self.keep(result, x)

    def reshape(self, x: str, *sizes: int) -> str:
        """Add another shape; 0 keeps a size, -1 takes what is left."""
        return self.op("Reshape", x, self.constant(np.array(sizes, np.int64)))

    def split(self, x: str, *sizes: int, axis: int = 1) -> tuple[str, ...]:
        """Add the parts of a tensor along an axis and return their names."""
        stem = self._fresh("split")
        names = tuple(f"{stem}.{index}" for index in range(len(sizes)))
        self.op("Split", x, self.constant(np.array(sizes, np.int64)), outputs=names, name=stem, axis=axis)
        self.channels.update(zip(names, sizes, strict=True))
        return names

    def halves(self, x: str) -> tuple[str, ...]:
        """Add the two halves of the channels and return their names."""
        half = self.channels[x] // 2
        return self.split(x, half, half)


Unit: TypeAlias = Callable[[Detector, str], str]
"""Adds something that keeps the channels."""


def bottleneck(net: Detector, x: str, *, first: int = 3, shortcut: bool = True) -> str:
    """Add two convolutions, the first of `first` x `first`, and what they started from.

    Source: the bottleneck of YOLOv5 and YOLOv8 with as many channels inside as outside.
    """
    channels = net.channels[x]
    y = net.block(net.block(x, channels, first), channels, 3)
    return net.add(x, y) if shortcut else y


def c3(net: Detector, x: str, filters: int, unit: Unit, *, repeats: int) -> str:
    """Add a cross-stage partial block: half the filters through `repeats` units, half around them.

    Source: C3 of YOLOv5, https://github.com/ultralytics/yolov5; CSPNet, arXiv:1911.11929.
    """
    inner = net.block(x, filters // 2)
    for _ in range(repeats):
        inner = unit(net, inner)
    return net.block(net.concat(inner, net.block(x, filters // 2)), filters)


def c2f(net: Detector, x: str, filters: int, unit: Unit, *, repeats: int) -> str:
    """Add a partial block whose every unit's result is concatenated.

    Source: C2f of YOLOv8, https://github.com/ultralytics/ultralytics.
    """
    parts = list(net.halves(net.block(x, filters // 2 * 2)))
    for _ in range(repeats):
        parts.append(unit(net, parts[-1]))
    return net.block(net.concat(*parts), filters)


def pyramid_pool(net: Detector, x: str) -> str:
    """Add three maxima over 5 x 5 in a row, each of which is concatenated.

    Source: SPPF of YOLOv5 6.0.
    """
    channels = net.channels[x]
    parts = [net.block(x, channels // 2)]
    for _ in range(3):
        parts.append(net.max_pool(parts[-1], 5))
    return net.block(net.concat(*parts), channels)


Layer: TypeAlias = Callable[[str, int], str]
"""Adds a layer of a neck behind a tensor, at a level: 0 is the finest."""


@dataclass(frozen=True)
class Neck:
    """A path down from the coarsest level to the finest, and one up again (PANet, arXiv:1803.01534).

    Parameters
    ----------
    top, bottom
        What follows the concatenations of the two paths, at the level that it gives.
    down
        What halves the resolution, at the level that it reads.
    lateral
        What comes before each upsampling and is concatenated on the way up, at the level that it reads.
    """

    top: Layer
    bottom: Layer
    down: Layer
    lateral: Layer = lambda x, _level: x

    def join(self, net: Detector, levels: Sequence[str]) -> list[str]:
        """Add the neck behind `levels`, the finest first, and return as many."""
        x, skipped = levels[-1], []
        for level in reversed(range(len(levels) - 1)):
            skipped.append(self.lateral(x, level + 1))
            x = self.top(net.concat(net.upsample(skipped[-1]), levels[level]), level)
        results = [x]
        for level, skip in enumerate(reversed(skipped)):
            x = self.bottom(net.concat(self.down(x, level), skip), level + 1)
            results.append(x)
        return results


@dataclass(frozen=True)
class Published:
    """What is published of one variant.

    Parameters
    ----------
    gflops
        1e9 operations of one sample, two to a multiply-accumulate.
    millions
        Weights in 1e6.
    """

    gflops: float
    millions: float


def make_entry(make: Make, published: Published, source: str, counts: str, *, resolution: int = 640) -> Entry:
    """Return the entry of a network; one with a fourth level, for 1280 pixels, takes multiples of 64."""
    return Entry(
        make,
        Size(resolution=resolution),
        source,
        macs=published.gflops * 1e9 / 2,
        parameters=published.millions * 1e6,
        counts=counts,
        multiple=64 if resolution > 640 else 32,
    )
