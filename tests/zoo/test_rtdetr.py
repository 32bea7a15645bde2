"""RT-DETR holds what is published of it; its deformable attention reads where the paper says."""

from collections import Counter

import numpy as np
import pytest

from npusdk.compiler import canonicalize, compile_graph
from npusdk.compiler.legality import Legality
from npusdk.cost.work import work_of
from npusdk.graph import bind, is_absent
from npusdk.kernels import call
from npusdk.zoo import Size
from npusdk.zoo.rtdetr import ENTRIES, positions
from npusdk.zoo.rtdetr_decoder import HEADS, POINTS, WIDTH, Anchors, Detr, deform
from npusdk.zoo.rtdetr_resnet import ENTRIES as RESIDUAL
from npusdk.zoo.rtdetr_resnet import VARIANTS
from npusdk.zoo.yolo_heads import Cells
from tests.zoo.graphs import run


def bound(name, resolution=640, batch=1):
    opened = ENTRIES[name].make(Size(resolution=resolution))
    return opened, bind(opened, {"image": (batch, 3, resolution, resolution)}, call)


def second_branches(graph):
    """Return MACs and weights of the 1 x 1 branches beside the convolutions of the neck, a ninth of theirs each."""
    macs = weights = 0
    for node in graph.nodes:
        filters, channels, *kernel = graph.tensors[node.inputs[1]].shape if node.op == "Conv" else (0, 1)
        inner = kernel == [3, 3] and filters == channels in (256, 384) and node.attrs["strides"] == (1, 1)
        macs += work_of(node, graph).macs // 9 if inner else 0
        weights += filters * channels if inner else 0
    return macs, weights


@pytest.mark.parametrize("name", ENTRIES)
def test_rtdetr_has_the_published_macs_and_parameters(name):
    """MACs are within 3 % of the paper's, weights within 2 % and the half million that it rounds by.

    The paper counts both branches of the re-parametrised convolutions.
    """
    entry = ENTRIES[name]
    opened, graph = bound(name)
    macs, weights = second_branches(graph)
    macs += sum(work_of(node, graph).macs for node in graph.nodes)
    weights += sum(value.size for value in opened.constants.values() if is_absent(value))
    assert macs == pytest.approx(entry.macs, rel=0.03)
    assert abs(weights - entry.parameters) <= 0.02 * entry.parameters + 0.5e6


@pytest.mark.parametrize("name", RESIDUAL)
def test_rtdetr_on_residual_networks_has_the_published_macs_and_parameters(name):
    """MACs are within 1.5 % of those published, weights within 2 % and the half million that they are rounded by.

    Published are both branches of the twelve re-parametrised convolutions: on 40 x 40 cells twice, 80 x 80, 20 x 20.
    """
    entry, hybrid = RESIDUAL[name], VARIANTS[name].hybrid
    opened = entry.make(Size(resolution=640))
    graph = bind(opened, {"image": (1, 3, 640, 640)}, call)
    branch = 3 * (hybrid.mixed or hybrid.width) ** 2
    macs = sum(work_of(node, graph).macs for node in graph.nodes) + branch * (2 * 40**2 + 80**2 + 20**2)
    weights = sum(value.size for value in opened.constants.values() if is_absent(value)) + 4 * branch
    assert macs == pytest.approx(entry.macs, rel=0.015)
    assert abs(weights - entry.parameters) <= 0.02 * entry.parameters + 0.5e6


def test_rtdetr_gives_the_queries_that_there_are():
    """Three hundred boxes come out of an image with as many cells, and one of each cell of a smaller one."""
    for resolution, queries in ((640, 300), (64, 84)):
        _opened, graph = bound("rtdetr_l", resolution, batch=2)
        assert graph.tensors[graph.outputs[0]].shape == (2, queries, 84)


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
def test_rtdetr_attentions_are_one_step_each(fusion):
    """F3, F4, F6: attentions of the encoder and of the decoder's six layers, normalised sums, and a Swish's step."""
    _opened, graph = bound("rtdetr_l")
    steps = compile_graph(canonicalize(graph), "fp16", Legality(), fusion=fusion, is_quantized=False)
    assert [step.kind for step in steps].count("attention") == 7
    labels = Counter(step.label for step in steps)
    assert labels["GridSample"] == 18
    assert labels["Add+LayerNormalization"] == 20
    assert ("Conv+Swish" in labels) == (fusion == "npu")


def test_rtdetr_gives_boxes_and_scores_between_0_and_1():
    """A run with random weights gives finite numbers that a sigmoid made."""
    opened = ENTRIES["rtdetr_l"].make(Size(resolution=64))
    image = np.random.default_rng(1).uniform(0, 1, (1, 3, 64, 64)).astype(np.float32)
    found = run(opened, {"image": image}, spread=0.02)[opened.outputs[0]]
    assert found.shape == (1, 84, 84)
    assert ((found >= 0) & (found <= 1)).all()


def test_first_boxes_stand_on_their_cells():
    """A sigmoid of the logits gives the centre of each cell and 5, 10 and 20 % of the image."""
    anchors = Anchors(Cells(320))
    boxes = 1 / (1 + np.exp(-anchors.logits().astype(np.float64)))
    inside = anchors.valid()[0, :, 0] > 0
    row, column = 7, 11
    assert inside[row * 40 + column]
    np.testing.assert_allclose(boxes[row * 40 + column], [11.5 / 40, 7.5 / 40, 0.05, 0.05], rtol=1e-5)
    np.testing.assert_allclose(boxes[-1], [9.5 / 10, 9.5 / 10, 0.2, 0.2], rtol=1e-5)
    small = Anchors(Cells(1280))
    assert small.valid()[0, 0, 0] == 0  # 4 pixels of 1280 are less than 1 %
    assert (small.logits()[0] == np.finfo(np.float32).max).all()


def test_positions_are_sines_of_column_and_row():
    """The first quarter of features are sines of one coordinate, the third of the other, at falling rates."""
    found = positions(5, 16)[0]
    for cell in range(25):
        first, second = divmod(cell, 5)
        np.testing.assert_allclose(found[cell, 1], np.sin(first * 10000**-0.25), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(found[cell, 4], np.cos(first), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(found[cell, 10], np.sin(second * 10000**-0.5), rtol=1e-5, atol=1e-7)


def bilinear(image, x, y):
    """Return an image of shape (channels, side, side) at a place in pixels' centres; it is zero beside itself."""
    side = image.shape[-1]
    total = np.zeros(len(image))
    for row in (int(np.floor(y)), int(np.floor(y)) + 1):
        for column in (int(np.floor(x)), int(np.floor(x)) + 1):
            if 0 <= row < side and 0 <= column < side:
                total += image[:, row, column] * (1 - abs(x - column)) * (1 - abs(y - row))
    return total


def test_deformable_attention_reads_around_the_boxes_of_its_queries():
    """arXiv:2010.04159, equation 3: each head weighs what it reads at centre + offset / points * size / 2."""
    cells, count = Cells(64), 3
    tokens_of = [(64 // stride) ** 2 for stride in cells.strides]
    net = Detr("deformable")
    queries = net.input("queries", ("batch", count, WIDTH))
    tokens = net.input("tokens", ("batch", sum(tokens_of), WIDTH))
    box = net.input("box", ("batch", count, 4))
    graph = net.build([deform(net, "read", (queries, tokens, box), cells, count=count)])
    draw = np.random.default_rng(4)
    feeds = {
        "queries": draw.normal(size=(2, count, WIDTH)).astype(np.float32),
        "tokens": draw.normal(size=(2, sum(tokens_of), WIDTH)).astype(np.float32),
        "box": draw.uniform(0.2, 0.8, (2, count, 4)).astype(np.float32),
    }
    known = run(graph, feeds, spread=0.05)

    def linear(name, x):
        return x.astype(np.float64) @ known[f"read.{name}.weight"] + known[f"read.{name}.bias"]

    sample, query, head = 1, 2, 5
    values = linear("values", feeds["tokens"][sample])[:, head * 32 : head * 32 + 32]
    offsets = linear("offsets", feeds["queries"][sample, query]).reshape(HEADS, 3, POINTS, 2)[head]
    shares = np.exp(linear("shares", feeds["queries"][sample, query]).reshape(HEADS, 3 * POINTS)[head])
    shares = (shares / shares.sum()).reshape(3, POINTS)
    centre, size = feeds["box"][sample, query, :2], feeds["box"][sample, query, 2:]
    expected, start = np.zeros(32), 0
    for level, stride in enumerate(cells.strides):
        side = 64 // stride
        image = values[start : start + side * side].T.reshape(32, side, side)
        start += side * side
        for point in range(POINTS):
            x, y = (centre + offsets[level, point] / POINTS * size / 2) * side - 0.5
            expected += shares[level, point] * bilinear(image, x, y)
    mixed = next(node.inputs[0] for node in graph.nodes if node.name == "read.output")
    np.testing.assert_allclose(known[mixed][sample, query, head * 32 : head * 32 + 32], expected, rtol=1e-3, atol=1e-4)
