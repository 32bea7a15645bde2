"""The decoder of RT-DETR: 300 queries chosen from the feature maps, refined by deformable attention.

Source: arXiv:2304.08069; deformable attention: arXiv:2010.04159; the forms are those of
https://github.com/ultralytics/ultralytics (RTDETRDecoder). What only trains is left out: scores of all layers but the
last, and the queries that are denoised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from npusdk.zoo.transformer import Heads, Transformer
from npusdk.zoo.yolo_blocks import CLASSES, Detector
from npusdk.zoo.yolo_heads import Cells

WIDTH = 256
QUERIES = 300
"""Queries, in an image that has as many cells."""
LAYERS = 6
INNER = 1024
POINTS = 4
"""Places on each level that a head of a query reads."""
HEADS = 8


class Detr(Detector, Transformer):
    """A detector with convolutions and tokens."""

    def add_norm(self, name: str, x: str, y: str, width: int) -> str:
        """Add the sum of a layer's input and result, normalised."""
        return self.norm(name, self.residual_sum(name, x, y), width)

    def attend_placed(self, name: str, x: str, places: str, heads: Heads) -> str:
        """Add an attention of a tensor to itself whose queries and keys know their places."""
        placed = self.op("Add", x, places)
        sources = {"query": placed, "key": placed, "value": x}
        parts = [self.project(name, source, heads, part=part) for part, source in sources.items()]
        return self.linear(self.attend(name, parts, heads), heads.width, heads.width, name=f"{name}.output")

    def perceptron(self, name: str, x: str, sizes: Sequence[int]) -> str:
        """Add linear layers of these widths with a Relu between them."""
        for index, (inputs, outputs) in enumerate(pairwise(sizes)):
            x = self.op("Relu", x) if index else x
            x = self.linear(x, inputs, outputs, name=f"{name}.{index}")
        return x


@dataclass(frozen=True)
class Anchors:
    """The first guess of each cell: a box around its centre that is 5 % of the image wide on the finest level.

    Parameters
    ----------
    cells
        The cells of all levels.
    """

    cells: Cells

    def boxes(self) -> npt.NDArray[np.float64]:
        """Return centre, width and height in images, shape (cells, 4)."""
        strides = self.cells.all_strides()[0].astype(np.float64)
        centres = self.cells.all_centres()[0] * strides / self.cells.resolution
        return np.stack([*centres, *[0.05 * strides / self.cells.strides[0]] * 2], axis=1)

    def valid(self) -> npt.NDArray[np.float32]:
        """Return 1 for a box that keeps 1 % away from 0 and from 1, else 0: shape (1, cells, 1)."""
        boxes = self.boxes()
        is_inside = np.abs(boxes - 0.5).max(axis=1) < 0.49
        return np.where(is_inside, np.float32(1), np.float32(0)).reshape(1, -1, 1)

    def logits(self) -> npt.NDArray[np.float32]:
        """Return what a sigmoid makes those boxes of, shape (cells, 4); the largest number where a box is not valid."""
        boxes = self.boxes()
        logits = np.log(boxes / (1 - boxes))
        return np.where(self.valid()[0] > 0, logits, np.finfo(np.float32).max).astype(np.float32)


def decode(net: Detr, levels: Sequence[str], cells: Cells, *, layers: int = LAYERS) -> str:
    """Add the decoder behind the levels and return boxes and scores, shape (batch, queries, 4 + classes).

    A box is centre, width and height in images.
    """
    maps = [net.conv(x, WIDTH, 1) for x in levels]
    tokens = net.op("Concat", *(net.transpose(net.reshape(x, 0, WIDTH, -1), 0, 2, 1) for x in maps), axis=1)
    anchors = Anchors(cells)
    heads = Heads(WIDTH, HEADS, min(QUERIES, len(anchors.boxes())), scale="query")
    queries, guess = _choose(net, tokens, anchors, heads.tokens)
    box = net.op("Sigmoid", guess)
    place = _Placing(net)
    for layer in range(layers):
        name = f"layer{layer}"
        places = place.add(net, box)
        queries = net.add_norm(f"{name}.norm1", queries, net.attend_placed(name, queries, places, heads), WIDTH)
        read = deform(net, f"{name}.cross", (net.op("Add", queries, places), tokens, box), cells, count=heads.tokens)
        queries = net.add_norm(f"{name}.norm2", queries, read, WIDTH)
        inner = net.perceptron(f"{name}.inner", queries, (WIDTH, INNER, WIDTH))
        queries = net.add_norm(f"{name}.norm3", queries, inner, WIDTH)
        shift = net.perceptron(f"{name}.box", queries, (WIDTH, WIDTH, WIDTH, 4))
        box = net.op("Sigmoid", net.op("Add", shift, _logit(net, box)))
    scores = net.linear(queries, WIDTH, CLASSES, name="scores")
    return net.op("Concat", box, net.op("Sigmoid", scores), axis=2)


class _Placing:
    """Two linear layers that tell where a box is; all layers of the decoder share them."""

    def __init__(self, net: Detr) -> None:
        sizes = ((4, 2 * WIDTH), (2 * WIDTH, WIDTH))
        self.weights = [
            (net.weight(f"place.{index}.weight", *size), net.weight(f"place.{index}.bias", size[1]))
            for index, size in enumerate(sizes)
        ]

    def add(self, net: Detr, box: str) -> str:
        """Add the layers behind a box."""
        (first, first_bias), (second, second_bias) = self.weights
        inner = net.op("Relu", net.op("Add", net.op("MatMul", box, first), first_bias))
        return net.op("Add", net.op("MatMul", inner, second), second_bias)


def _choose(net: Detr, tokens: str, anchors: Anchors, count: int) -> tuple[str, str]:
    """Add the choice of the cells with the best scores, and return their features and guesses of their boxes."""
    valid = net.op("Mul", net.constant(anchors.valid()), tokens)
    features = net.norm("chosen.norm", net.linear(valid, WIDTH, WIDTH, name="chosen"), WIDTH)
    scores = net.linear(features, WIDTH, CLASSES, name="chosen.scores")
    best = net.op("ReduceMax", scores, net.numbers(-1), keepdims=0)
    net.op("TopK", best, net.numbers(count), outputs=("chosen.best", "chosen.cells"), name="chosen.top", axis=1)
    index = net.op("Unsqueeze", "chosen.cells", net.numbers(-1))
    queries = net.op("GatherND", features, index, batch_dims=1)
    guess = net.perceptron("chosen.box", queries, (WIDTH, WIDTH, WIDTH, 4))
    known = net.op("Gather", net.constant(anchors.logits()), "chosen.cells", axis=0)
    return queries, net.op("Add", guess, known)


def _logit(net: Detr, x: str) -> str:
    """Add what a sigmoid makes `x` of, at least 1e-5 away from 0 and 1."""
    least = net.scalar(1e-5)
    x = net.op("Clip", x, net.scalar(0.0), net.scalar(1.0))
    rest = net.op("Clip", net.op("Sub", net.scalar(1.0), x), least)
    return net.op("Log", net.op("Div", net.op("Clip", x, least), rest))


def deform(net: Detr, name: str, parts: tuple[str, str, str], cells: Cells, *, count: int) -> str:
    """Add deformable attention: each head of a query reads a few places around its box on every level.

    Parameters
    ----------
    parts
        Queries with their places, tokens of all levels, and boxes.
    count
        Queries.
    """
    queries, tokens, box = parts
    levels = cells.levels
    values = net.linear(tokens, WIDTH, WIDTH, name=f"{name}.values")
    offsets = net.linear(queries, WIDTH, HEADS * levels * POINTS * 2, name=f"{name}.offsets")
    shares = net.linear(queries, WIDTH, HEADS * levels * POINTS, name=f"{name}.shares")
    shares = net.op("Softmax", net.reshape(shares, -1, count, HEADS, levels * POINTS), axis=-1)
    grid = _grid(
        net, net.reshape(offsets, -1, count, HEADS, levels, POINTS, 2), net.reshape(box, -1, count, 1, 1, 1, 4)
    )
    sides = [cells.resolution // stride for stride in cells.strides]
    read = [
        net.op("GridSample", _by_head(net, part, side), _level(net, grid, level, count), mode="linear")
        for level, (part, side) in enumerate(zip(_levels(net, values, sides), sides, strict=True))
    ]
    shares = net.reshape(net.transpose(shares, 0, 2, 1, 3), -1, 1, count, levels * POINTS)
    weighted = net.op("Mul", net.op("Concat", *read, axis=3), shares)
    mixed = net.reshape(net.op("ReduceSum", weighted, net.numbers(-1), keepdims=0), -1, WIDTH, count)
    return net.linear(net.transpose(mixed, 0, 2, 1), WIDTH, WIDTH, name=f"{name}.output")


def _grid(net: Detr, offsets: str, box: str) -> str:
    """Add the places that are read, from -1 to 1: offsets in halves of a box, around its centre."""
    centre, size = net.split(box, 2, 2, axis=5)
    offsets = net.op("Mul", net.op("Div", offsets, net.scalar(float(POINTS))), size)
    place = net.op("Add", centre, net.op("Mul", offsets, net.scalar(0.5)))
    return net.op("Sub", net.op("Mul", place, net.scalar(2.0)), net.scalar(1.0))


def _levels(net: Detr, values: str, sides: Sequence[int]) -> tuple[str, ...]:
    return net.split(values, *(side * side for side in sides), axis=1)


def _by_head(net: Detr, values: str, side: int) -> str:
    """Arrange the values of a level as an image for each head of each sample."""
    return net.reshape(net.transpose(values, 0, 2, 1), -1, WIDTH // HEADS, side, side)


def _level(net: Detr, grid: str, level: int, count: int) -> str:
    """Add the places of one level for each head of each sample."""
    part = net.op("Gather", grid, net.index(level), axis=3)
    return net.reshape(net.transpose(part, 0, 2, 1, 3, 4), -1, count, POINTS, 2)
