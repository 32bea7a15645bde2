"""Running a graph of the zoo node by node, with random weights."""

from dataclasses import replace

import numpy as np

from npusdk.graph import bind, is_absent
from npusdk.kernels import call


def run(graph, feeds, *, spread=0.5):
    """Return every tensor of a run, constants included; weights that are absent are random."""
    draw = np.random.default_rng(5)
    constants = {
        name: draw.normal(0, spread, value.shape).astype(np.float32) if is_absent(value) else value
        for name, value in graph.constants.items()
    }
    bound = bind(replace(graph, constants=constants), {name: value.shape for name, value in feeds.items()}, call)
    known = {**constants, **bound.constants, **feeds}
    for node in bound.nodes:
        given = [known[name] if name else None for name in node.inputs]
        known.update(zip(node.outputs, call(node.op, given, node.attrs, len(node.outputs)), strict=True))
    return known
