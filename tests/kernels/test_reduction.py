"""Reductions, rankings, softmax and einsum agree with onnxruntime, over any axes and without elements too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from npusdk.kernels import call
from npusdk.kernels.reduction import REDUCTION
from tests.kernels.oracle import assert_agrees

few = settings(max_examples=40, deadline=None)
REDUCTIONS = sorted(op for op in REDUCTION if op.startswith("Reduce"))
RNG = np.random.default_rng(17)
X = RNG.uniform(0.1, 2, (2, 3, 4)).astype(np.float32)


@few
@given(
    op=st.sampled_from(REDUCTIONS),
    axes=st.one_of(st.none(), st.lists(st.integers(0, 2), unique=True)),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_reduction_agrees_over_any_axes(op, axes, flags):
    """Some axes, all, or none; an empty set of axes means all of them, or, if asked, none."""
    keep, noop, negative = flags
    if op == "ReduceLogSum" or (noop and not axes and op != "ReduceSum"):
        noop = False  # onnxruntime skips what these do to each element; the law of ONNX is tested below
    chosen = None if axes is None else np.array([axis - 3 * negative for axis in axes], np.int64)
    inputs = [X] if chosen is None else [X, chosen]
    assert_agrees(op, inputs, {"keepdims": int(keep), "noop_with_empty_axes": int(noop)})


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("ReduceL1", np.abs), ("ReduceL2", np.abs), ("ReduceLogSum", np.log), ("ReduceSumSquare", np.square),
        ("ReduceSum", np.positive), ("ReduceMax", np.positive), ("ReduceLogSumExp", np.positive),
    ],
)  # fmt: skip
def test_reduction_over_no_axes_still_maps_elements(op, expected):
    """Over an empty set of axes nothing is folded, and what the operator does to each element is done (ONNX)."""
    (found,) = call(op, [X], {"noop_with_empty_axes": 1})
    np.testing.assert_allclose(found, expected(X), rtol=1e-6)


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "int64", "uint32"])
def test_reduction_keeps_element_types(op, dtype):
    """What goes in as a type comes out as it; integer means and roots are truncated."""
    x = (X * 3).astype(dtype)
    (found,) = call(op, [x, np.array([1], np.int64)], {})
    assert found.dtype == np.dtype(dtype)
    assert found.shape == (2, 1, 4)
    (wide,) = call(op, [x.astype(np.float64), np.array([1], np.int64)], {})
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(found, wide.astype(dtype), rtol=2e-3)
    else:
        np.testing.assert_array_equal(found, np.trunc(wide + 1e-9).astype(dtype))


@pytest.mark.parametrize(
    ("op", "value"),
    [("ReduceSum", 0), ("ReduceProd", 1), ("ReduceMax", -np.inf), ("ReduceMin", np.inf), ("ReduceLogSumExp", -np.inf)],
)
def test_reduction_of_nothing_gives_its_neutral_element(op, value):
    """An axis without elements folds to what changes nothing."""
    (found,) = call(op, [np.zeros((2, 0, 3), np.float32), np.array([1], np.int64)], {})
    np.testing.assert_array_equal(found, np.full((2, 1, 3), value, np.float32), strict=True)


def test_reduction_of_booleans_is_logic():
    """The largest of truth values is any, the smallest all."""
    x = np.array([[True, False], [False, False], [True, True]])
    axes = np.array([1], np.int64)
    np.testing.assert_array_equal(call("ReduceMax", [x, axes], {"keepdims": 0})[0], x.any(1), strict=True)
    np.testing.assert_array_equal(call("ReduceMin", [x, axes], {"keepdims": 0})[0], x.all(1), strict=True)


def test_log_sum_exp_does_not_overflow():
    """The largest element is subtracted first; infinities come through."""
    x = np.array([[1000, 1000], [-1000, -1000], [np.inf, 1], [-np.inf, -np.inf]], np.float32)
    (found,) = call("ReduceLogSumExp", [x, np.array([1], np.int64)], {"keepdims": 0})
    np.testing.assert_allclose(found, np.float32([1000 + np.log(2), -1000 + np.log(2), np.inf, -np.inf]), rtol=1e-6)


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (1, 2, 2, 3, 2)])
def test_global_pooling_agrees_in_any_rank(op, shape):
    """One number for each channel of each image."""
    assert_agrees(op, [RNG.normal(size=shape).astype(np.float32)])


@pytest.mark.parametrize("p", [1, 2, 3])
def test_global_lp_pool_is_the_norm_of_a_channel(p):
    """The p-norm over everything but batch and channel."""
    x = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    (found,) = call("GlobalLpPool", [x], {"p": p})
    expected = np.linalg.norm(x.astype(np.float64).reshape(2, 3, 20), p, axis=2)
    np.testing.assert_allclose(found, expected.reshape(2, 3, 1, 1), rtol=1e-5)


@few
@given(
    op=st.sampled_from(["ArgMax", "ArgMin"]),
    axis=st.integers(-3, 2),
    flags=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    seed=st.integers(0, 99),
)
def test_arg_extreme_agrees_with_ties(op, axis, flags, seed):
    """Of equal values the first is found, or the last if asked."""
    x = np.random.default_rng(seed).integers(0, 3, (2, 3, 4)).astype(np.float32)
    assert_agrees(op, [x], {"axis": axis, "keepdims": flags[0], "select_last_index": flags[1]})


@few
@given(
    axis=st.integers(-2, 1),
    count=st.integers(1, 4),
    largest=st.integers(0, 1),
    values=npst.arrays(st.sampled_from([np.float32, np.int64, np.int32]), (4, 5), elements=st.integers(0, 3)),
)
def test_top_k_agrees_with_ties(axis, count, largest, values):
    """Values come in order; of equal ones those with lower places come first."""
    assert_agrees("TopK", [values, np.array([count], np.int64)], {"axis": axis, "largest": largest}, outputs=2)


def test_top_k_orders_unsigned_integers():
    """The largest unsigned number comes first, though it has no negative."""
    x = np.array([0, 255, 7, 255], np.uint8)
    values, places = call("TopK", [x, np.array([3], np.int64)], {}, 2)
    np.testing.assert_array_equal(values, np.uint8([255, 255, 7]))
    np.testing.assert_array_equal(places, [1, 3, 2])


@few
@given(axis=st.integers(-3, 2), exclusive=st.integers(0, 1), reverse=st.integers(0, 1))
def test_cumulative_sum_agrees(axis, exclusive, reverse):
    """From either end, with or without the element itself."""
    attrs = {"exclusive": exclusive, "reverse": reverse}
    assert_agrees("CumSum", [X, np.array(axis, np.int64)], attrs)
    assert_agrees("CumSum", [(X * 10).astype(np.int32), np.array(axis, np.int64)], attrs)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax_agrees_on_every_axis(op, axis):
    """Any axis, values so large that their exponentials would overflow, and more rows than a block holds."""
    assert_agrees(op, [X * 300], {"axis": axis})
    assert_agrees(op, [RNG.normal(size=(700, 130, 2)).astype(np.float32)], {"axis": axis}, atol=1e-5)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_softmax_keeps_float16_and_float64(op):
    """Narrow floats are computed in float32, wide ones in float64."""
    (exact,) = call(op, [X.astype(np.float64)], {})
    assert exact.dtype == np.float64
    (found,) = call(op, [X.astype(np.float16)], {})
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, exact, rtol=2e-3)
    assert call(op, [X[:, :0]], {"axis": 1})[0].shape == (2, 0, 4)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("ij, jk", [(2, 3), (3, 4)]),
        ("...ij,...jk->...ik", [(2, 2, 3), (2, 3, 4)]),
        ("ii->i", [(3, 3)]),
        ("ij->", [(3, 4)]),
        ("a,b,c->abc", [(2,), (3,), (4,)]),
    ],
)
def test_einsum_agrees(equation, shapes):
    """Products, traces, sums and outer products, with ellipses and implied outputs."""
    assert_agrees("Einsum", [RNG.normal(size=shape).astype(np.float32) for shape in shapes], {"equation": equation})


def test_einsum_keeps_float16():
    """Half-precision operands are multiplied and added in float32: what overflows on the way may come back."""
    large, small = np.array([300, 300], np.float16), np.array([0.25, 0.25], np.float16)
    (found,) = call("Einsum", [large, large, small], {"equation": "i,i,i->"})
    np.testing.assert_array_equal(found, np.array(45000, np.float16), strict=True)
