from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on, recorded, same

FOLDS = {
    name: getattr(np, name)
    for name in (
        "sum", "prod", "mean", "var", "std", "max", "amax", "min", "amin", "ptp", "any", "all", "count_nonzero",
        "nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd",
    )
}  # fmt: skip
ARGS = {name: getattr(np, name) for name in ("argmax", "argmin", "nanargmax", "nanargmin")}
MEDIANS = {name: getattr(np, name) for name in ("median", "nanmedian")}
RUNS = {name: getattr(np, name) for name in ("cumsum", "cumprod", "nancumsum", "nancumprod", "diff", "sort")}
SMALL = ("bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64")
axes = st.one_of(st.none(), st.integers(-3, 2), st.tuples(st.integers(0, 2)), st.just((0, -1)), st.just(()))


@pytest.mark.parametrize("function", FOLDS.values(), ids=FOLDS)
@given(a=arrays(dtypes=SMALL, side=3), axis=axes, keepdims=st.booleans())
@settings(max_examples=25)
def test_reductions_agree(function, a, axis, keepdims):
    """A reduction gives NumPy's values in NumPy's type, over any axes, none and all of them."""
    agree(lambda x: function(x, axis=axis, keepdims=keepdims), a)


@pytest.mark.parametrize("function", MEDIANS.values(), ids=MEDIANS)
@given(a=arrays(dtypes=SMALL, side=3), axis=st.sampled_from([None, 0, -1, 1, (0, 1), (2, 0)]), keepdims=st.booleans())
@settings(max_examples=40)
def test_medians_agree(function, a, axis, keepdims):
    """The middle is NumPy's, with and without what is no number."""
    assume(a.size or not isinstance(axis, tuple))  # NumPy cannot reshape what is empty
    agree(lambda x: function(x, axis=axis, keepdims=keepdims), a)


@pytest.mark.parametrize("function", ARGS.values(), ids=ARGS)
@given(a=arrays(), axis=st.one_of(st.none(), st.integers(-3, 2)), keepdims=st.booleans())
@settings(max_examples=25)
def test_places_of_extremes_agree(function, a, axis, keepdims):
    """Of equal elements the first is found, and what is no number before all."""
    agree(lambda x: function(x, axis=axis, keepdims=keepdims), a)


@pytest.mark.parametrize("function", RUNS.values(), ids=RUNS)
@given(a=arrays(), axis=st.integers(-3, 2))
@settings(max_examples=25)
def test_running_totals_agree(function, a, axis):
    """What accumulates along an axis gives NumPy's values in NumPy's type."""
    agree(lambda x: function(x, axis=axis), a)


DETAILS = {
    "sum dtype": lambda a: np.sum(a, dtype=np.float32),
    "sum initial": lambda a: np.sum(a, axis=-1, initial=3),
    "sum where": lambda a: np.sum(a, where=a > 0),
    "prod where": lambda a: np.prod(a, where=np.True_, initial=2),
    "mean dtype": lambda a: np.mean(a, dtype=np.float64),
    "mean where": lambda a: np.mean(a, where=a > 1),
    "var ddof": lambda a: np.var(a, axis=0, ddof=1),
    "var correction": lambda a: np.var(a, correction=1),
    "var of a mean": lambda a: np.var(a, axis=0, mean=np.mean(a, axis=0, keepdims=True)),
    "std where": lambda a: np.std(a, where=a > 0),
    "max initial": lambda a: np.max(a, initial=5),
    "max where": lambda a: np.max(a, where=a > 0, initial=1),
    "max where alone": lambda a: np.max(a, where=a > 0),
    "min axis initial": lambda a: np.min(a, axis=0, initial=1),
    "any where": lambda a: np.any(a, axis=0, where=a > 2),
    "all where": lambda a: np.all(a, where=a > 2),
    "cumsum flat": np.cumsum,
    "cumsum dtype": lambda a: np.cumsum(a, dtype=np.float64),
    "cumprod flat": np.cumprod,
    "cumulative_sum": lambda a: np.cumulative_sum(a, axis=0, include_initial=True),
    "cumulative_prod": lambda a: np.cumulative_prod(np.ravel(a)),
    "diff n": lambda a: np.diff(a, n=2),
    "diff edges": lambda a: np.diff(np.ravel(a), prepend=0, append=a[:1] if a.ndim == 1 else 5),
    "ediff1d": np.ediff1d,
    "ediff1d edges": lambda a: np.ediff1d(a, to_begin=a, to_end=[1]),
    "trapezoid": np.trapezoid,
    "trapezoid dx": lambda a: np.trapezoid(a, dx=0.5, axis=0),
    "trapezoid x": lambda a: np.trapezoid(a, np.arange(a.shape[-1]) ** 2),
    "average": np.average,
    "average axis": lambda a: np.average(a, axis=0, keepdims=True),
    "average weights": lambda a: np.average(a, weights=np.ones(a.shape) * 3, returned=True),
    "average axis weights": lambda a: np.average(a, axis=-1, weights=np.arange(1, a.shape[-1] + 1)),
    "average wrong weights": lambda a: np.average(a, weights=np.ones(a.size + 1)),
}


@pytest.mark.parametrize("function", DETAILS.values(), ids=DETAILS)
@given(a=arrays(nan=False, dtypes=("bool", "int8", "uint16", "int64", "float32", "float64")))
@settings(max_examples=25)
def test_details_of_reductions_agree(function, a):
    """Types, initial values, masks, weights and edges mean what they mean in NumPy."""
    agree(function, a)


GRADIENTS = {
    "plain": np.gradient,
    "step": lambda a: np.gradient(a, 0.5),
    "axis": lambda a: np.gradient(a, 2, axis=0),
    "places": lambda a: np.gradient(a, np.arange(a.shape[-1]) ** 2.0, axis=-1),
    "second order": lambda a: np.gradient(a, edge_order=2),
    "second order places": lambda a: np.gradient(a, np.arange(a.shape[0]) ** 1.5, axis=0, edge_order=2),
}


@pytest.mark.parametrize("function", GRADIENTS.values(), ids=GRADIENTS)
@given(a=arrays(nan=False, least=1, most=2, side=5, dtypes=("int64", "float32", "float64")))
@settings(max_examples=25)
def test_gradients_agree(function, a):
    """Slopes are NumPy's inside and at the ends, for even and uneven steps."""
    agree(function, a)


def test_results_are_written_where_the_caller_wants_them():
    """`out=` gets the result, and is what comes back."""
    a = on(EXACT, np.arange(6.0).reshape(2, 3))
    out = on(EXACT, np.zeros(3))
    assert np.sum(a, axis=0, out=out) is out
    same(np.array([3.0, 5.0, 7.0]), out)


def test_sums_in_bf16_are_kept_in_float32_and_rounded_once():
    """A sum of many small numbers loses no more than one rounding, where bfloat16 additions would stand still."""
    context = recorded("bf16", "rngd")
    total = np.sum(on(context, np.ones(4096, np.float32)))
    assert float(total) == 4096.0
    mean = np.mean(on(context, np.full(1000, 1 / 3, np.float32)))
    assert abs(float(mean) - 1 / 3) <= 2**-9


def test_an_argument_that_is_lacking_is_refused_by_name():
    """What NumPy has and a device has not is named; what NumPy has not is a TypeError."""
    a = on(EXACT, np.arange(3.0))
    with pytest.raises(Exception, match="nanmean") as refusal:
        np.nanmean(a, where=[True, False, True])
    assert refusal.value.code == "unsupported_op"
    with pytest.raises(TypeError, match="unexpected"):
        np.sum(a, nonsense=1)
