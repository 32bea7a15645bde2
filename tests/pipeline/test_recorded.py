"""What ran becomes a profile of one call."""

import numpy as np
import pytest

import npusdk as npu
from npusdk.errors import ConfigError, PrecisionError
from npusdk.graph import GraphBuilder, Tensor
from npusdk.pipeline.recorded import Recording


def recorded(rows=256):
    """Return a product and a rectifier that a cell might have run, as a bound graph."""
    build = GraphBuilder("cell")
    x, w = build.input("x", (rows, 512)), build.input("w", (512, 512))
    graph = build.build([build.op("Relu", build.op("MatMul", x, w, name="product"), name="y")])
    types = {**graph.tensors, **{name: Tensor(name, "float32", (rows, 512)) for name in ("product", "y")}}
    return type(graph)("cell", graph.nodes, graph.inputs, graph.outputs, types, graph.constants)


def test_recording_is_one_call_whatever_its_shapes():
    """A cell has no samples: its first input's rows are no batch."""
    report = Recording(recorded()).profile(npu.device("rngd"), "bf16")
    assert (report.batch, report.precision, report.model) == (1, "bf16", "cell")
    assert report.macs == 256 * 512 * 512


def test_recording_says_what_it_takes_for_granted():
    """The report says that it is of one path, taken as one compiled graph, before anything else."""
    report = Recording(recorded()).profile(npu.device("rngd"), "bf16")
    assert report.assumptions[0].code == "recorded_path"
    assert type(report).from_json(report.to_json()) == report


def test_recording_costs_more_for_more_work():
    """Sixteen times the rows take longer."""
    small, large = (Recording(recorded(rows)).profile(npu.device("a100"), "tf32") for rows in (256, 4096))
    assert large.latency_s > small.latency_s


def test_recording_is_refused_where_there_are_no_figures():
    """The reference device has no cost, and no device a format that it lacks."""
    recording = Recording(recorded())
    with pytest.raises(ConfigError):
        recording.profile(npu.device("reference"), "bf16")
    with pytest.raises(PrecisionError):
        recording.profile(npu.device("warboy"), "bf16")


def test_recording_evaluates_without_rounding():
    """The same operators in float32 give NumPy's result."""
    x, w = np.random.default_rng(0).normal(size=(2, 512, 512)).astype(np.float32)
    found = Recording(recorded(512)).evaluate({"x": x, "w": w})
    np.testing.assert_allclose(found["y"], np.maximum(x @ w, 0), atol=1e-3)


def test_cell_is_not_advised_another_batch():
    """A cell has no samples: advice on it never names a batch, however much a network would gain by one."""
    report = Recording(recorded(rows=2)).profile(npu.device("a100"), "bf16")
    assert report.sensitivity
    assert not [advice for advice in report.advice if advice.action.code.startswith("use_batch")]
