"""What functions record: a graph that gives the same, and that a device's cost can be predicted for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from npusdk.array import Context, DeviceArray
from npusdk.array.stand_in import stand_in
from npusdk.catalogue import find_device
from npusdk.errors import NpuError
from npusdk.pipeline.recorded import Recording
from tests.array import test_functions_elementwise as elementwise
from tests.array import test_functions_joining as joining
from tests.array import test_functions_linear as linear
from tests.array import test_functions_ordering as ordering
from tests.array import test_functions_reductions as reductions
from tests.array import test_functions_selection as selection
from tests.array import test_functions_shaping as shaping
from tests.array import test_functions_signals as signals
from tests.array import test_functions_statistics as statistics
from tests.array.agreeing import on, recorded

VECTOR = np.array([0.5, -1.25, 3.0, 2.0, 0.5, -3.75], np.float32)
SQUARE = np.array([[1.5, -2.0, 0.25], [0.5, 3.0, -1.0], [2.0, 0.75, 1.25]], np.float32)
ALONE: dict[str, Callable[..., Any]] = {
    **shaping.FREE, **selection.ALONE, **elementwise.ALONE, **reductions.FOLDS, **reductions.ARGS, **reductions.RUNS,
    **reductions.MEDIANS, **reductions.DETAILS, **reductions.GRADIENTS, **linear.ALONE, **signals.PADS,
    **statistics.HISTOGRAMS, **ordering.SETS,
}  # fmt: skip
PAIRS: dict[str, Callable[..., Any]] = {
    **joining.PAIRS, **linear.PAIRS, **elementwise.PAIRS, **statistics.PAIRS, **ordering.PAIRS,
    **{f"{name} along": (lambda a, _b, f=function: f(a, 0)) for name, function in shaping.BY_AXIS.items()},
    **{f"{name} along": (lambda a, _b, f=function: f(a, -1)) for name, function in ordering.SORTS.items()},
    "quantile": lambda a, _b: np.quantile(a, [0.1, 0.5]),
    "searchsorted": lambda a, b: np.searchsorted(np.sort(np.ravel(a)), b),
    "digitize": lambda a, _b: np.digitize(a, np.array([0.0, 1.0])),
    "interp": lambda a, _b: np.interp(a, [0.0, 1.0, 2.0], [3.0, 5.0, 4.0]),
    "convolve": lambda a, b: np.convolve(np.ravel(a), np.ravel(b)[:2]),
    "unwrap": lambda a, _b: np.unwrap(a),
    "einsum": lambda a, b: np.einsum("ij,kj->ik", np.atleast_2d(a), np.atleast_2d(b)),
    "norm": lambda a, _b: np.linalg.norm(a, axis=-1),
    "norm 1": lambda a, _b: np.linalg.norm(a, 1),
}  # fmt: skip
WRITING = selection.WRITING
CASES = [
    *((name, lambda x, f=f: f(x)) for name, f in ALONE.items()),
    *((name, lambda x, f=f: f(x, x[::-1])) for name, f in PAIRS.items()),
]


def leaves(result: Any) -> list[DeviceArray]:
    """Return the arrays in a result."""
    if isinstance(result, DeviceArray):
        return [result]
    return [leaf for item in result for leaf in leaves(item)] if isinstance(result, (tuple, list)) else []


def called(function: Callable[..., Any], context: Context, host: Any) -> list[DeviceArray]:
    """Return the arrays that a function gives, none where NumPy refuses its argument."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            function(host)
        except Exception:  # noqa: BLE001 - the laws of agreement hold refusals
            return []
        return leaves(function(on(context, host)))


@pytest.mark.parametrize("host", [VECTOR, SQUARE], ids=["vector", "square"])
@pytest.mark.parametrize(("name", "function"), CASES, ids=[name for name, _function in CASES])
def test_the_recorded_graph_gives_what_the_function_gave(name, function, host):
    """The graph, bound and run in NumPy's own types, gives the arrays that the function gave."""
    context = recorded()
    results = called(function, context, host)
    graph = context.record.graph(name, results)
    if not graph.nodes:
        return
    found = Recording(graph).evaluate(context.record.feeds)
    for result in results:
        np.testing.assert_allclose(found[context.record.name_of(result)], result.numpy(), 1e-5, 1e-6)


@pytest.mark.parametrize("name", WRITING)
def test_the_recorded_graph_knows_what_was_written(name):
    """What a function wrote into an array is in the graph."""
    context = recorded()
    x = on(context, np.arange(12.0, dtype=np.float32).reshape(4, 3))
    try:
        WRITING[name](x)
    except IndexError:
        assert name == "put outside"
    graph = context.record.graph("written", [x])
    if graph.nodes:
        found = Recording(graph).evaluate(context.record.feeds)
        np.testing.assert_array_equal(found[context.record.name_of(x)], x.numpy())


@pytest.mark.parametrize(("name", "function"), CASES, ids=[name for name, _function in CASES])
def test_a_device_has_a_cost_for_what_a_function_ran(name, function):
    """Every operator that functions are made of can be priced on a device, so that a cell always has its line."""
    device = find_device("rngd")
    context = recorded("bf16", "rngd")
    results = called(function, context, SQUARE)
    graph = context.record.graph(name, results)
    if graph.nodes:
        assert Recording(graph).profile(device, "bf16").latency_s > 0


BLURRED = {"matrix_power 5", "vander", "vander increasing", "cumprod", "nancumprod", "cumulative_prod"}
"""Functions that multiply many rounded numbers, whose errors add up."""
JUMPING = {
    "angle", "unwrap", "histogram", "density", "automatic", "weights", "allclose itself", "unique", "isclose wide",
    "array2string", "array_str", "nan_to_num", "nan_to_num values", "var of a mean", "corrcoef", "cov of two",
    "corrcoef of two", "round tens", "edges", "plain", "bins", "range", "trim_zeros", "isclose", "isclose nan",
}  # fmt: skip
"""Functions that jump, or subtract what is nearly equal, where a small error may become a large one."""


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
@pytest.mark.parametrize(("name", "function"), CASES, ids=[name for name, _function in CASES])
def test_results_stay_within_the_error_of_the_format(name, function, precision):
    """A device's result differs from float32's by the format's rounding, at every step, and not more."""
    if name in JUMPING:
        return
    context = recorded(precision, {"bf16": "rngd", "fp16": "atom", "tf32": "a100"}[precision])
    wanted = called(function, recorded("fp32", "ipu"), SQUARE)
    unit = {"bf16": 2**-8, "fp16": 2**-11, "tf32": 2**-11}[precision]
    steps = 40 if name in BLURRED else 8
    for one, other in zip(called(function, context, SQUARE), wanted, strict=True):
        assert one.dtype == other.dtype
        scale = np.abs(other.numpy(), dtype=np.float64).max(initial=1) if other.dtype.kind == "f" else 0
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=steps * unit, atol=steps * unit * scale)


def test_a_step_of_training_is_recorded_and_priced():
    """A layer, its softmax, its loss and its gradients in ordinary NumPy code run on a device and have a cost."""
    context = recorded("bf16", "rngd")
    xp = stand_in(context)
    rng = xp.random.default_rng(0)
    x, labels = rng.normal(size=(32, 16)), xp.arange(32) % 4
    weights, bias = rng.normal(size=(16, 4)) * 0.1, xp.zeros(4)
    losses = []
    for _step in range(12):
        scores = x @ weights + bias
        scores = scores - xp.max(scores, axis=1, keepdims=True)
        shares = xp.exp(scores)
        shares /= xp.sum(shares, axis=1, keepdims=True)
        losses.append(float(-xp.mean(xp.log(shares[xp.arange(32), labels]))))
        slopes = shares.copy()
        slopes[xp.arange(32), labels] -= 1
        weights -= 0.5 * (x.T @ slopes) / 32
        bias -= 0.5 * slopes.mean(axis=0)
    assert losses[-1] < 0.8 * losses[0]
    report = Recording(context.record.graph("training", [weights, bias])).profile(find_device("rngd"), "bf16")
    assert report.macs >= 12 * 2 * 32 * 16 * 4
    assert not isinstance(report, NpuError)
