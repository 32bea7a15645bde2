"""Memory: what is shared, what is taken, and what is refused before anything is."""

import tracemalloc

import numpy as np
import pytest

import npusdk.emulator.executor as executor_module
from npusdk.emulator import Executor
from npusdk.errors import DoesNotFitError, OutOfDeviceMemoryError
from npusdk.graph import GraphBuilder, bind
from npusdk.host import memory_bytes
from npusdk.kernels import call
from tests.emulator.plans import compiled, graph_of, grouped, node_by_node, samples
from tests.emulator.small import NETWORKS, small_graph
from tests.models.builders import mobilenet_v2, resnet50


@pytest.mark.parametrize("name", NETWORKS)
def test_views_and_live_buffers_save_memory(name):
    """All memory stays under twice the weights and the largest live set, the law of the design."""
    graph = graph_of(NETWORKS[name]())
    plan = compiled(graph)
    executor = Executor(plan)
    sizes = {key: tensor.elements * 4 for key, tensor in graph.tensors.items()}
    weights = sum(value.nbytes for value in graph.constants.values())
    assert executor.planned_bytes < 2 * (weights + executor._largest_live_set(sizes))


@pytest.mark.parametrize("build", [resnet50, mobilenet_v2])
def test_full_networks_keep_the_law_of_memory(build):
    """At full size: under twice the weights and the largest live set, and as much as was planned."""
    graph = graph_of(build(1))
    plan, inputs = compiled(graph), samples(graph)
    tracemalloc.start()
    try:
        executor = Executor(plan)
        executor.run(inputs)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    sizes = {key: tensor.elements * 4 for key, tensor in graph.tensors.items()}
    weights = sum(value.nbytes for value in graph.constants.values())
    assert executor.planned_bytes < 2 * (weights + executor._largest_live_set(sizes))
    assert 0.8 * executor.planned_bytes < peak < 1.2 * executor.planned_bytes


def test_reshaping_takes_no_memory_of_its_own():
    """Reshape, Transpose, Squeeze and Split of one tensor are views of it."""
    build = GraphBuilder()
    x = build.input("x", (4, 8, 1))
    y = build.op("Relu", x)
    y = build.op("Squeeze", y, build.constant(np.array([2])))
    y = build.op("Transpose", y, perm=(1, 0))
    build.op("Split", y, build.constant(np.array([4, 4])), outputs=("a", "b"), axis=0)
    graph = bind(build.build([build.op("Add", "a", "b")]), {}, call)
    executor = Executor(grouped(graph, [1] * 9))
    arrays = executor._storage
    assert all(np.shares_memory(arrays[name], arrays["Relu_0"]) for name in ("a", "b", graph.nodes[2].outputs[0]))
    inputs = samples(graph)
    (found,) = executor.run(inputs).values()
    np.testing.assert_array_equal(found, node_by_node(graph, inputs)[graph.outputs[0]])


def test_model_that_exceeds_the_machine_is_refused_with_the_sum():
    """A petabyte of activations is refused from its sizes alone, weights and activations named."""
    build = GraphBuilder("huge")
    x = build.input("x", (1 << 20, 1 << 10))
    wide = build.op("MatMul", x, build.constant(np.broadcast_to(np.float32(0), (1 << 10, 1 << 20))), name="wide")
    graph = bind(build.build([build.op("Relu", wide)]), {}, call)
    with pytest.raises(DoesNotFitError) as caught:
        Executor(compiled(graph))
    assert caught.value.params["model"] == "huge"
    assert caught.value.params["activations"] > 4e6
    assert caught.value.params["total"] > caught.value.params["limit"]


def test_arena_that_exceeds_the_machine_is_refused_before_it_is_taken(monkeypatch):
    """The second check counts every buffer as it was laid out."""
    plan = compiled(small_graph())
    needed = Executor(plan).planned_bytes
    monkeypatch.setattr(executor_module, "memory_bytes", lambda: needed - 1)
    with pytest.raises(DoesNotFitError):
        Executor(plan)
    monkeypatch.setattr(executor_module, "memory_bytes", lambda: needed)
    Executor(plan)


def test_model_that_exceeds_the_device_is_refused_in_the_devices_bytes():
    """Half the bits, half the memory: what fp16 fits, fp32 may exceed."""
    graph = graph_of(NETWORKS["resnet"]())
    wide, narrow = (compiled(graph, precision) for precision in ("fp32", "fp16"))
    limit = narrow.weight_bytes * 3 // 2
    Executor(narrow, memory_limit_bytes=limit)
    with pytest.raises(OutOfDeviceMemoryError) as caught:
        Executor(wide, memory_limit_bytes=limit)
    assert caught.value.params["device"] == "test"
    assert caught.value.params["weights"] == round(wide.weight_bytes / (1 << 20), 1)


def test_host_memory_is_a_plausible_number():
    """At least 64 MiB and less than a petabyte, or unknown."""
    found = memory_bytes()
    assert found is None or 1 << 26 < found < 1 << 50
