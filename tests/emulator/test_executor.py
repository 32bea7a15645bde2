"""What a caller of the executor may rely on: checked inputs, outputs of his own, repeatability, limits."""

import signal
import sys
import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import npusdk.emulator.executor as executor_module
from npusdk.emulator import Executor
from npusdk.emulator.memory import host_memory_bytes
from npusdk.errors import DoesNotFitError, DtypeError, OutOfDeviceMemoryError, ShapeError
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call
from tests.emulator.plans import compiled, graph_of, grouped, node_by_node, samples
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


@pytest.fixture
def executor():
    return Executor(compiled(small_graph()))


def given_inputs(seed=0):
    rng = np.random.default_rng(seed)
    return {"image": rng.normal(size=(2, 3, 8, 8)).astype(np.float32), "count": rng.integers(0, 9, 2)}


def test_outputs_are_the_callers(executor):
    """No later run changes an output, and writing to one changes no later run."""
    first = executor.run(given_inputs(0))
    kept = {name: value.copy() for name, value in first.items()}
    second = executor.run(given_inputs(1))
    for name, value in kept.items():
        np.testing.assert_array_equal(first[name], value)
        assert not np.array_equal(second[name], value)
        first[name][...] = 0
    for name, value in executor.run(given_inputs(0)).items():
        np.testing.assert_array_equal(value, kept[name])
        assert value.flags.c_contiguous


def test_inputs_are_never_written_to(executor):
    """The caller's arrays stay as they were, and may be read-only."""
    inputs = given_inputs()
    for value in inputs.values():
        value.flags.writeable = False
    kept = {name: value.copy() for name, value in inputs.items()}
    executor.run(inputs)
    assert all(np.array_equal(inputs[name], value) for name, value in kept.items())


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"image": None}, ShapeError, "Input image of model small is missing: float32 of shape (2, 3, 8, 8)."),
        ({"picture": np.zeros(3)}, ShapeError, "Model small has no input picture; it has image, count."),
        ({"image": np.zeros((1, 3, 8, 8), np.float32)}, ShapeError, "Input image has shape (1, 3, 8, 8)"),
        ({"image": np.zeros((2, 3, 8, 8))}, DtypeError, "Input image is float64; model small takes float32"),
        ({"count": np.zeros(2, np.float32)}, DtypeError, "Input count is float32; model small takes int64"),
    ],
)
def test_wrong_input_is_refused_with_the_way_out(executor, changes, error, words):
    """Missing, unknown, of another shape or type: named, with what is expected."""
    inputs = {name: value for name, value in (given_inputs() | changes).items() if value is not None}
    with pytest.raises(error) as caught:
        executor.run(inputs)
    text = caught.value.text("en").replace("[", "(").replace("]", ")")
    assert words in text
    assert "hint: " in text


def test_input_that_converts_without_loss_is_taken(executor):
    """float16 for float32 and int32 for int64 give what the wider arrays give."""
    inputs = given_inputs()
    narrow = {"image": inputs["image"].astype(np.float16), "count": inputs["count"].astype(np.int32)}
    wide = {"image": narrow["image"].astype(np.float32), "count": inputs["count"]}
    for ours, theirs in zip(executor.run(narrow).values(), executor.run(wide).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


NETWORKS = {
    "resnet": lambda: resnet50(1, 32, blocks=(1, 1, 1, 1), width=8, classes=4),
    "mobilenet": lambda: mobilenet_v2(1, 32, stages=((1, 16, 1, 1), (6, 24, 2, 2)), width=8, head=16),
    "vit": lambda: vit(1, 16, patch=8, layers=1, hidden=16, heads=2, classes=4),
    "bert": lambda: bert_encoder(1, 6, layers=1, hidden=16, heads=2, vocabulary=20),
}


@pytest.mark.parametrize("precision", ["exact", "bf16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_result_does_not_depend_on_what_lay_in_memory(name, precision):
    """Whatever lay in the arena, even NaN everywhere, a run gives the same bits."""
    graph = graph_of(NETWORKS[name]())
    executor, inputs = Executor(compiled(graph, precision)), samples(graph)
    first = executor.run(inputs)
    executor._storage.memory[...] = 0xFF
    for output, value in executor.run(inputs).items():
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(value, first[output])


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


def test_inputs_and_constants_can_be_outputs():
    """What a graph passes through or states comes out, as a copy."""
    build = GraphBuilder()
    x, stated = build.input("x", (3,)), build.constant(np.arange(3.0, dtype=np.float32), "stated")
    graph = bind(build.build([x, stated, build.op("Identity", x, name="same")]), {}, call)
    executor = Executor(compiled(graph))
    value = np.array([1.0, 2.0, 3.0], np.float32)
    found = executor.run({"x": value})
    np.testing.assert_array_equal(found["x"], value)
    np.testing.assert_array_equal(found["same"], value)
    found["stated"][...] = 9
    np.testing.assert_array_equal(executor.run({"x": value})["stated"], [0, 1, 2])
    assert not np.shares_memory(found["x"], value)


def test_two_executors_run_in_two_threads(executor):
    """Threads with an executor each, and threads that share one, all get their own inputs' results."""
    inputs = [given_inputs(seed) for seed in range(4)]
    expected = [executor.run(one) for one in inputs]
    other = Executor(executor.plan)
    wrong = []

    def work(engine, place):
        for _ in range(30):
            found = engine.run(inputs[place])
            if any(not np.array_equal(found[name], value) for name, value in expected[place].items()):
                wrong.append(place)

    engines = (executor, executor, other, other)
    threads = [threading.Thread(target=work, args=pair) for pair in zip(engines, range(4), strict=True)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


def test_interrupted_run_leaves_the_executor_usable(executor):
    """Ctrl-C ends a run between two operators; the next run is whole."""
    expected = executor.run(given_inputs())
    calls = executor._calls
    executor._calls = [*calls[:2], lambda: signal.raise_signal(signal.SIGINT), *calls[2:]]
    with pytest.raises(KeyboardInterrupt):
        executor.run(given_inputs())
    executor._calls = calls
    for name, value in executor.run(given_inputs()).items():
        np.testing.assert_array_equal(value, expected[name])


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
    monkeypatch.setattr(executor_module, "host_memory_bytes", lambda: needed - 1)
    with pytest.raises(DoesNotFitError):
        Executor(plan)
    monkeypatch.setattr(executor_module, "host_memory_bytes", lambda: needed)
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
    found = host_memory_bytes()
    assert found is None or 1 << 26 < found < 1 << 50


def test_plan_without_steps_runs():
    """A graph of one input that is its output."""
    build = GraphBuilder()
    graph = bind(build.build([build.input("x", ())]), {}, call)
    found = Executor(replace(compiled(graph), steps=())).run({"x": np.float32(3)})
    assert found["x"].shape == ()
    assert found["x"] == 3
