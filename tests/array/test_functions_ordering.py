from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on

SORTS = {
    "sort": lambda a, axis: np.sort(a, axis=axis),
    "sort stable": lambda a, axis: np.sort(a, axis=axis, stable=True),
    "argsort": lambda a, axis: np.argsort(a, axis=axis, kind="stable"),
    "lexsort": lambda a, axis: np.lexsort((a, -1.0 * a), axis=axis),
    "lexsort rows": lambda a, _axis: np.lexsort(a),
}


@pytest.mark.parametrize("function", SORTS.values(), ids=SORTS)
@given(a=arrays(side=5), axis=st.one_of(st.none(), st.integers(-3, 2)))
@settings(max_examples=30)
def test_sorting_agrees(function, a, axis):
    """Sorted elements and their places are NumPy's, and what is no number comes last."""
    agree(function, a, axis)


@given(a=arrays(least=1, side=6), kth=st.integers(-3, 4))
@settings(max_examples=40)
def test_partitions_put_the_element_in_its_place(a, kth):
    """The element at the place has smaller ones before it and larger ones behind it, as NumPy promises."""
    if not -a.shape[-1] <= kth < a.shape[-1]:
        with pytest.raises(ValueError, match="out of bounds"):
            np.partition(on(EXACT, a), kth)
        return
    wanted = np.sort(a)[..., kth]
    np.testing.assert_array_equal(np.partition(on(EXACT, a), kth).numpy()[..., kth], wanted)
    places = np.argpartition(on(EXACT, a), kth).numpy()
    np.testing.assert_array_equal(np.take_along_axis(a, places, -1)[..., kth], wanted)


@given(a=arrays(least=1, most=1, side=9), v=arrays(), side=st.sampled_from(["left", "right"]))
@settings(max_examples=60)
def test_searching_agrees(a, v, side):
    """Where values belong is NumPy's answer, on both sides, also for what is no number."""
    table = np.sort(a)
    agree(lambda x, y: np.searchsorted(x, y, side), table, v)
    order = np.argsort(a, kind="stable")
    agree(lambda x, y: np.searchsorted(x, y, side, sorter=order), a, v)
    agree(lambda x: np.searchsorted(x, 1.5, side), table)


@given(x=arrays(nan=False), right=st.booleans(), falling=st.booleans())
@settings(max_examples=30)
def test_bins_agree(x, right, falling):
    """Bins that rise and bins that fall are numbered as NumPy does it."""
    bins = np.array([-3.0, 0, 0.5, 2])
    agree(lambda y: np.digitize(y, bins[::-1] if falling else bins, right=right), x)
    with pytest.raises(ValueError, match="monotonic"):
        np.digitize(on(EXACT, x), np.array([1.0, 3, 2]))


SETS = {
    "unique": np.unique,
    "unique all": lambda a: np.unique(a, return_index=True, return_inverse=True, return_counts=True),
    "unique nan": lambda a: np.unique(a, return_counts=True, equal_nan=False),
    "unique rows": lambda a: np.unique(a, axis=0),
    "unique columns": lambda a: np.unique(a, axis=-1, return_index=True, return_counts=True, return_inverse=True),
    "unique_all": np.unique_all,
    "unique_counts": np.unique_counts,
    "unique_inverse": lambda a: np.unique_inverse(np.nan_to_num(a)),  # NumPy's sorting leaves the order of NaNs open
    "unique_values": lambda a: np.sort(np.unique_values(a)),
}
PAIRS = {
    "isin": np.isin,
    "isin invert": lambda a, b: np.isin(a, b, invert=True),
    "union1d": np.union1d,
    "intersect1d": np.intersect1d,
    "intersect1d indices": lambda a, b: np.intersect1d(a, b, return_indices=True),
    "setdiff1d": np.setdiff1d,
    "setxor1d": np.setxor1d,
}


@pytest.mark.parametrize("function", SETS.values(), ids=SETS)
@given(a=arrays())
@settings(max_examples=30)
def test_unique_values_agree(function, a):
    """Each value is there once, with where it stands and how often, as in NumPy."""
    agree(function, a)


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
@given(a=arrays(nan=False), b=arrays(nan=False))
@settings(max_examples=30)
def test_sets_agree(function, a, b):
    """Sets of values are NumPy's."""
    agree(function, a, b)
