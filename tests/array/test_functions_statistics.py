from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on

METHODS = ("linear", "lower", "higher", "midpoint", "nearest", "weibull", "hazen", "median_unbiased", "normal_unbiased",
           "interpolated_inverted_cdf")  # fmt: skip
FLOATS = ("float32", "float64", "int64", "uint8")


FRACTIONS = st.one_of(
    st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]), min_size=1, max_size=3)
)


@given(a=arrays(nan=False, dtypes=FLOATS), axis=st.sampled_from([None, 0, -1, (0, 1)]), q=FRACTIONS, data=st.data())
@settings(max_examples=150)
def test_quantiles_agree(a, axis, q, data):
    """Quantiles and percentages by every method of positions are NumPy's."""
    assume(a.size or not isinstance(axis, tuple))  # NumPy cannot reshape what is empty
    method, keepdims = data.draw(st.sampled_from(METHODS)), data.draw(st.booleans())
    agree(lambda x: np.quantile(x, q, axis=axis, method=method, keepdims=keepdims), a)
    hundred = [part * 100 for part in q] if isinstance(q, list) else q * 100
    agree(lambda x: np.percentile(x, hundred, axis=axis, method=method, keepdims=keepdims), a)


@given(
    a=arrays(least=1, dtypes=FLOATS),
    axis=st.sampled_from([None, 0, -1]),
    q=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
@settings(max_examples=50)
def test_quantiles_of_numbers_alone_agree(a, axis, q):
    """What is no number makes a quantile no number, and is left out where NumPy leaves it out."""
    a = np.where(np.isinf(a), 3, a).astype(a.dtype)
    agree(lambda x: np.quantile(x, q, axis=axis), a)
    agree(lambda x: np.nanquantile(x, q, axis=axis, keepdims=True), a)
    agree(lambda x: np.nanpercentile(x, 50, axis=axis), a)


def test_whole_fractions_give_elements():
    """The fractions 0 and 1, written as integers, give elements in their own type."""
    for q in (0, 1, [0, 1]):
        agree(lambda x, q=q: np.quantile(x, q), np.array([3, 1, 2]))
        agree(lambda x, q=q: np.percentile(x, q), np.array([3, 1, 2]))


def test_a_quantile_outside_is_refused():
    """Fractions lie between zero and one."""
    with pytest.raises(ValueError, match="range"):
        np.quantile(on(EXACT, np.arange(3.0)), 1.5)
    with pytest.raises(ValueError, match="range"):
        np.percentile(on(EXACT, np.arange(3.0)), 150)


PAIRS = {
    "cov": lambda a, _b: np.cov(a),
    "cov of two": np.cov,
    "cov columns": lambda a, _b: np.cov(a, rowvar=False),
    "cov bias": lambda a, _b: np.cov(a, bias=True),
    "cov ddof": lambda a, _b: np.cov(a, ddof=0),
    "corrcoef": lambda a, _b: np.corrcoef(a),
    "corrcoef of two": np.corrcoef,
}


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
@given(data=st.data(), n=st.integers(2, 5))
@settings(max_examples=25)
def test_covariances_agree(function, data, n):
    """Covariances and correlations of variables in rows or columns are NumPy's."""
    shapes = st.sampled_from([(n,), (2, n), (1, n)])
    a, b = (data.draw(arrays(nan=False, dtypes=("int64", "float64"), shape=data.draw(shapes))) for _ in range(2))
    agree(function, a, b)


@given(a=arrays(nan=False, dtypes=("int64", "uint8", "int8", "float64"), most=2), minlength=st.integers(0, 12))
@settings(max_examples=50)
def test_counts_agree(a, minlength):
    """Numbers are counted, or their weights added up, as NumPy does it; negative ones are refused."""
    agree(lambda x: np.bincount(x, minlength=minlength), a)
    agree(lambda x: np.bincount(x, weights=x * 0.5), np.abs(a))


HISTOGRAMS = {
    "plain": np.histogram,
    "bins": lambda a: np.histogram(a, 3),
    "range": lambda a: np.histogram(a, bins=4, range=(-1, 2)),
    "edges": lambda a: np.histogram(a, [-2.0, 0.0, 0.5, 3.0]),
    "density": lambda a: np.histogram(a, 4, density=True),
    "weights": lambda a: np.histogram(a, 4, weights=a * 2.0),
    "automatic": lambda a: np.histogram(np.ravel(a), "sturges"),
    "edges alone": lambda a: np.histogram_bin_edges(a, 5),
}


@pytest.mark.parametrize("function", HISTOGRAMS.values(), ids=HISTOGRAMS)
@given(a=arrays(nan=False, dtypes=("int64", "float32", "float64")))
@settings(max_examples=25)
def test_histograms_agree(function, a):
    """Counts between edges, and the edges, are NumPy's."""
    agree(function, a)
