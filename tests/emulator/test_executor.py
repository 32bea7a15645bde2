"""What a caller of the executor may rely on: checked inputs, outputs of his own, repeatability, limits."""

import signal
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from npusdk.emulator import Executor
from npusdk.errors import DtypeError, ShapeError
from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call
from tests.emulator.plans import compiled, graph_of, grouped, samples
from tests.emulator.small import NETWORKS, small_graph


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


def test_what_reads_constants_alone_is_computed_once():
    """A weight that is cast, transposed and scaled in the graph is one matrix when the network runs."""
    raw = np.random.default_rng(1).normal(size=(80, 60)).astype(np.float16)
    build = GraphBuilder()
    x, stored = build.input("x", (4, 60)), build.constant(raw)
    weight = build.op("Transpose", build.op("Cast", stored, to="float32"), perm=(1, 0))
    weight = build.op("Mul", weight, build.constant(np.float32(0.5)))
    graph = bind(build.build([build.op("MatMul", x, weight)]), {}, call)
    assert len(graph.nodes) == 4
    executor, inputs = Executor(grouped(graph, [1, 1])), samples(graph)
    assert len(executor._calls) == 1
    (found,) = executor.run(inputs).values()
    np.testing.assert_allclose(found, inputs["x"] @ (raw.astype(np.float32).T / 2), rtol=1e-4, atol=1e-5)


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


@pytest.mark.parametrize("precision", ["exact", "bf16"])
def test_empty_batch_gives_empty_results(precision):
    """No sample, no error: every operator takes a batch of none."""
    rng = np.random.default_rng(0)
    build = GraphBuilder()
    x = build.input("x", (0, 4, 8, 8))

    def weights(*shape):
        return build.constant(rng.normal(size=shape).astype(np.float32))

    y = build.op("Relu", build.op("Conv", x, weights(4, 4, 3, 3), pads=(1, 1, 1, 1)))
    y = build.op("Conv", build.op("Conv", y, weights(4, 1, 3, 3), group=4), weights(8, 4, 1, 1))
    y = build.op(
        "Concat", build.op("MaxPool", y, kernel_shape=(2, 2)), build.op("AveragePool", y, kernel_shape=(2, 2)), axis=1
    )
    y = build.op("Flatten", build.op("GlobalAveragePool", y), axis=1)
    y = build.op("Softmax", build.op("LayerNormalization", build.op("Gemm", y, weights(16, 5)), weights(5), weights(5)))
    graph = bind(build.build([y]), {}, call)
    arithmetic = "exact" if precision == "exact" else "rounded"
    (found,) = (
        Executor(grouped(graph, [2, 3], precision, arithmetic)).run({"x": np.zeros((0, 4, 8, 8), np.float32)}).values()
    )
    assert found.shape == (0, 5)


def test_plan_without_steps_runs():
    """A graph of one input that is its output."""
    build = GraphBuilder()
    graph = bind(build.build([build.input("x", ())]), {}, call)
    found = Executor(replace(compiled(graph), steps=())).run({"x": np.float32(3)})
    assert found["x"].shape == ()
    assert found["x"] == 3
