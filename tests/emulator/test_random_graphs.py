"""Graphs that nobody would draw: any operators in any grouping give what plain kernels give node by node."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npusdk.emulator import Executor
from tests.emulator.drawing import graphs
from tests.emulator.plans import grouped, node_by_node
from tests.emulator.rounded import nearest, slow

some = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@some
@given(graphs(), st.lists(st.integers(1, 6), max_size=20), st.integers(0, 99))
def test_any_graph_in_any_grouping_gives_its_nodes_results(graph, sizes, seed):
    """Shapes, types and values are those of the nodes one by one, twice in a row, on memory full of NaN."""
    rng = np.random.default_rng(seed)
    inputs = {name: rng.normal(size=graph.tensors[name].sizes).astype(np.float32) for name in graph.inputs}
    with np.errstate(all="ignore"):
        expected = node_by_node(graph, inputs)
    executor = Executor(grouped(graph, sizes))
    for _ in range(2):
        executor._storage.memory[...] = 0xFF
        for name, value in executor.run(inputs).items():
            assert value.shape == expected[name].shape
            assert value.dtype == expected[name].dtype
            scale = max(1.0, float(np.abs(expected[name]).max(initial=0)))
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=2e-4 * scale)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@some
@given(graph=graphs(), sizes=st.lists(st.integers(1, 6), max_size=20), seed=st.integers(0, 99))
def test_any_graph_is_rounded_at_its_borders(precision, graph, sizes, seed):
    """In a device's format, outputs are numbers of that format, near those of the slow oracle."""
    rng = np.random.default_rng(seed)
    inputs = {name: rng.normal(size=graph.tensors[name].sizes).astype(np.float32) for name in graph.inputs}
    plan = grouped(graph, sizes, precision, "rounded")
    with np.errstate(all="ignore"):
        expected = slow(plan, inputs, precision)
    for name, value in Executor(plan).run(inputs).items():
        if name in graph.inputs:
            continue
        np.testing.assert_array_equal(nearest(value, precision), value)
        if np.isfinite(expected[name]).all():
            scale = max(1.0, float(np.abs(expected[name]).max(initial=0)))
            assert np.abs(value - expected[name]).max() <= scale / 16
