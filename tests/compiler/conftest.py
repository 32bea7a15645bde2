import numpy as np
import pytest

from npusdk.compiler import canonicalize, compile_graph
from npusdk.compiler.legality import Legality
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call


@pytest.fixture
def build():
    return GraphBuilder("test")


@pytest.fixture
def steps_of():
    """Return the steps of a built graph as (label, kind) pairs, or as steps."""

    def steps(graph, fusion="npu", precision="bf16", *, host=(), is_quantized=False):
        bound = canonicalize(bind(graph, {}, call))
        legality = Legality(host=frozenset(host))
        return compile_graph(bound, precision, legality, fusion=fusion, is_quantized=is_quantized)

    return steps


@pytest.fixture
def weight():
    """Return seeded weights of a shape."""
    random = np.random.default_rng(0)
    return lambda *shape: random.standard_normal(shape).astype(np.float32)
