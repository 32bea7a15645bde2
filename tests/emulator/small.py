"""Small graphs and networks that several tests run."""

from __future__ import annotations

import numpy as np

from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call
from tests.models.builders import bert_encoder, mobilenet_v2, resnet50, vit


def small_graph():
    """Return a graph with a view, a fused convolution, two outputs and an integer input."""
    rng = np.random.default_rng(0)
    build = GraphBuilder("small")
    image, count = build.input("image", (2, 3, 8, 8)), build.input("count", (2,), "int64")
    weight = build.constant(rng.normal(size=(5, 3, 3, 3)).astype(np.float32))
    y = build.op("Relu", build.op("Conv", image, weight, pads=(1, 1, 1, 1)))
    flat = build.op("Reshape", y, build.constant(np.array([2, -1])))
    one = build.constant(np.array(1))
    return bind(build.build([flat, build.op("Add", count, one), y]), {}, call)


NETWORKS = {
    "resnet": lambda: resnet50(1, 32, blocks=(1, 1, 1, 1), width=8, classes=4),
    "mobilenet": lambda: mobilenet_v2(1, 32, stages=((1, 16, 1, 1), (6, 24, 2, 2)), width=8, head=16),
    "vit": lambda: vit(1, 16, patch=8, layers=1, hidden=16, heads=2, classes=4),
    "bert": lambda: bert_encoder(1, 6, layers=1, hidden=16, heads=2, vocabulary=20),
}
