"""Heads decode what they read into boxes, as the papers write it."""

import numpy as np
import pytest

from npusdk.zoo.yolo_blocks import Detector
from npusdk.zoo.yolo_heads import Cells, anchor_head, boxes, expected_distances
from tests.zoo.graphs import run

RESOLUTION = 64
SIDES = (8, 4, 2)


def places(side):
    return [(column, row) for row in range(side) for column in range(side)]


@pytest.mark.parametrize("corners", [False, True])
def test_box_stands_around_the_centre_of_its_cell(corners):
    """Distances to left, top, right and bottom count cells from the cell's centre; boxes count pixels."""
    net = Detector("boxes")
    distances = net.input("distances", ("batch", 4, 84))
    graph = net.build([boxes(net, distances, Cells(RESOLUTION), corners=corners)])
    given = np.random.default_rng(1).uniform(0, 3, (2, 4, 84)).astype(np.float32)
    known = run(graph, {"distances": given})
    centres = [(x + 0.5, y + 0.5, RESOLUTION // side) for side in SIDES for x, y in places(side)]
    for cell, (x, y, stride) in enumerate(centres):
        left, top, right, bottom = given[1, :, cell]
        low, high = np.array([x - left, y - top]) * stride, np.array([x + right, y + bottom]) * stride
        box = [*low, *high] if corners else [*(low + high) / 2, *(high - low)]
        np.testing.assert_allclose(known[graph.outputs[0]][1, :, cell], box, rtol=1e-4, atol=1e-4)


def test_distance_is_the_mean_of_its_distribution():
    """Each of four rows of bins is normalised, and its mean bin is the distance."""
    net = Detector("distances")
    bins = net.input("bins", ("batch", 64, 5))
    graph = net.build([expected_distances(net, bins)])
    given = np.random.default_rng(2).normal(0, 2, (3, 64, 5)).astype(np.float32)
    known = run(graph, {"bins": given})
    shares = np.exp(given.reshape(3, 4, 16, 5).astype(np.float64))
    expected = (shares * np.arange(16)[:, None]).sum(2) / shares.sum(2)
    np.testing.assert_allclose(known[graph.outputs[0]], expected, rtol=1e-4)


def test_anchor_box_moves_and_grows_by_at_most_what_the_paper_allows():
    """YOLOv5: centre = (2 sigmoid - 0.5 + cell) stride, size = (2 sigmoid)^2 anchor, the rest a sigmoid."""
    net = Detector("anchors")
    levels = [net.image(2, side, side, name=f"level{side}") for side in SIDES]
    anchors = [(10, 20, 30, 40, 50, 60), (11, 21, 31, 41, 51, 61), (12, 22, 32, 42, 52, 62)]
    graph = net.build([anchor_head(net, levels, anchors, RESOLUTION)])
    draw = np.random.default_rng(3)
    feeds = {
        name: draw.normal(0, 1, (1, 2, side, side)).astype(np.float32) for name, side in zip(levels, SIDES, strict=True)
    }
    known = run(graph, feeds)
    found = known[graph.outputs[0]][0]
    convolutions = [node.outputs[0] for node in graph.nodes if node.op == "Conv"]
    row = 0
    for name, side, sizes in zip(convolutions, SIDES, anchors, strict=True):
        raw = 1 / (1 + np.exp(-known[name][0].reshape(3, 85, side, side).astype(np.float64)))
        for anchor in range(3):
            for x, y in places(side):
                value = raw[anchor, :, y, x]
                centre = (2 * value[:2] - 0.5 + (x, y)) * (RESOLUTION // side)
                size = (2 * value[2:4]) ** 2 * sizes[2 * anchor : 2 * anchor + 2]
                np.testing.assert_allclose(found[row], [*centre, *size, *value[4:]], rtol=1e-3, atol=1e-4)
                row += 1
    assert row == len(found)
