"""Heads of the YOLO families: from feature maps to boxes and scores, as they are exported, without suppression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusdk.zoo.yolo_blocks import CLASSES, Detector

BINS = 16
"""Bins of the distribution of a distance."""


@dataclass(frozen=True)
class Cells:
    """The cells of all levels of a square image, the finest level first.

    Parameters
    ----------
    resolution
        Pixels of a side.
    levels
        Levels; the first has cells of 8 pixels, each next of twice as many.
    """

    resolution: int
    levels: int = 3

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels of a cell's side for each level."""
        return tuple(8 << level for level in range(self.levels))

    def centres(self, stride: int) -> npt.NDArray[np.float32]:
        """Return the centres of a level's cells in cells, shape (2, cells): x, then y."""
        line = np.arange(self.resolution // stride, dtype=np.float32) + np.float32(0.5)
        return np.stack([np.tile(line, len(line)), np.repeat(line, len(line))])

    def all_centres(self) -> npt.NDArray[np.float32]:
        """Return the centres of all cells, shape (1, 2, cells)."""
        return np.concatenate([self.centres(stride) for stride in self.strides], axis=1)[None]

    def all_strides(self) -> npt.NDArray[np.float32]:
        """Return the stride of each cell, shape (1, cells)."""
        counts = [(self.resolution // stride) ** 2 for stride in self.strides]
        return np.repeat(np.array(self.strides, np.float32), counts)[None]


Branch = Callable[[Detector, str], str]
"""Adds one branch of a head behind a level."""


def anchor_head(net: Detector, levels: Sequence[str], anchors: Sequence[Sequence[int]], resolution: int) -> str:
    """Add the head of YOLOv5 and YOLOv7: three anchor boxes a cell, and return boxes, objectness and scores.

    The result has shape (batch, boxes, 5 + classes), boxes as centre, width and height in pixels.

    Parameters
    ----------
    anchors
        Width and height of each anchor box of each level, in pixels.
    """
    cells = Cells(resolution, len(levels))
    found = []
    for x, sizes, stride in zip(levels, anchors, cells.strides, strict=True):
        count, side = len(sizes) // 2, resolution // stride
        raw = net.conv(x, count * (CLASSES + 5), 1)
        raw = net.op("Transpose", net.reshape(raw, 0, count, CLASSES + 5, side, side), perm=(0, 1, 3, 4, 2))
        centre, size, rest = net.split(net.op("Sigmoid", raw), 2, 2, CLASSES + 1, axis=4)
        corner = cells.centres(stride).T.reshape(1, 1, side, side, 2) - np.float32(1)
        centre = _shift(net, centre, 2, corner)
        centre = net.op("Mul", centre, net.constant(np.float32(stride)))
        size = net.op("Pow", net.op("Mul", size, net.constant(np.float32(2))), net.constant(np.float32(2)))
        size = net.op("Mul", size, net.constant(np.array(sizes, np.float32).reshape(1, count, 1, 1, 2)))
        found.append(net.reshape(net.op("Concat", centre, size, rest, axis=4), 0, -1, CLASSES + 5))
    return net.op("Concat", *found, axis=1)


def _shift(net: Detector, x: str, factor: float, offset: npt.NDArray[np.float32]) -> str:
    """Add x factor + offset."""
    return net.op("Add", net.op("Mul", x, net.constant(np.float32(factor))), net.constant(offset))


def flatten(net: Detector, maps: Sequence[str], channels: int) -> str:
    """Add maps of all levels as one tensor of shape (batch, channels, cells)."""
    return net.op("Concat", *(net.reshape(x, 0, channels, -1) for x in maps), axis=2)


def expected_distances(net: Detector, x: str, bins: int = BINS) -> str:
    """Add the mean of the distribution of each of four distances: (batch, 4 bins, cells) becomes (batch, 4, cells).

    Source: Generalized Focal Loss, arXiv:2006.04388.
    """
    x = net.op("Transpose", net.reshape(x, 0, 4, bins, -1), perm=(0, 2, 1, 3))
    places = net.constant(np.arange(bins, dtype=np.float32).reshape(1, bins, 1, 1))
    mean = net.op("Conv", net.op("Softmax", x, axis=1), places, kernel_shape=(1, 1))
    return net.reshape(mean, 0, 4, -1)


def boxes(net: Detector, distances: str, cells: Cells, *, corners: bool = False) -> str:
    """Add boxes in pixels, shape (batch, 4, cells), of distances to left, top, right and bottom in cells.

    Parameters
    ----------
    corners
        Whether a box is two corners and not its centre, width and height.
    """
    before, after = net.split(distances, 2, 2)
    centres = net.constant(cells.all_centres())
    low, high = net.op("Sub", centres, before), net.op("Add", after, centres)
    if corners:
        found = net.op("Concat", low, high, axis=1)
    else:
        centre = net.op("Div", net.op("Add", low, high), net.constant(np.float32(2)))
        found = net.op("Concat", centre, net.op("Sub", high, low), axis=1)
    return net.op("Mul", found, net.constant(cells.all_strides()))


def distance_head(
    net: Detector,
    levels: Sequence[str],
    branches: tuple[Branch, Branch],
    cells: Cells,
    *,
    classes: int = CLASSES,
    corners: bool = False,
) -> str:
    """Add the head of YOLOv8 and its successors: one box a cell, and return boxes and scores.

    The result has shape (batch, 4 + classes, cells), see `boxes`.

    Parameters
    ----------
    branches
        What gives the 4 x BINS channels of boxes, and what gives those of classes.
    """
    maps = [net.concat(*(branch(net, x) for branch in branches)) for x in levels]
    box, scores = net.split(flatten(net, maps, 4 * BINS + classes), 4 * BINS, classes)
    found = boxes(net, expected_distances(net, box), cells, corners=corners)
    return net.op("Concat", found, net.op("Sigmoid", scores), axis=1)


def branch(inner: int, outputs: int, *, groups: int = 1) -> Branch:
    """Return a branch of two convolutions of 3 x 3 and one of 1 x 1, the last two in `groups`."""

    def add(net: Detector, x: str) -> str:
        return net.conv(net.block(net.block(x, inner, 3), inner, 3, groups=groups), outputs, 1, groups=groups)

    return add
