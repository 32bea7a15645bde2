"""Sorting in blocks gives what sorting at once gives."""

import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.array import put, sorting
from npusdk.pipeline.recorded import Recording
from tests.array.agreeing import arrays
from tests.array.programs import make_context


@given(x=arrays(least=1, most=4), data=st.data(), block=st.integers(1, 20))
@settings(max_examples=150)
def test_blocks_of_lanes_are_sorted(x, data, block):
    """Values and places along any axis are NumPy's, whatever the size of a block; so are those of the record."""
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    context = make_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "BLOCK", block)
        patch.setattr(sorting, "FEW", 0)
        array = put(context, x)
        values, places = np.sort(array, axis), np.argsort(array, axis)
    np.testing.assert_array_equal(values.numpy(), np.sort(x, axis))
    np.testing.assert_array_equal(places.numpy(), np.argsort(x, axis, kind="stable"))
    record = context.record
    again = Recording(record.graph("sort", [values, places])).evaluate(record.feeds)
    np.testing.assert_array_equal(again[record.name_of(values)], np.sort(x, axis))
    np.testing.assert_array_equal(again[record.name_of(places)], places.numpy())


@given(
    x=st.lists(
        st.sampled_from([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, -1e-45, 3e38, -1.5, 2.0]), min_size=1
    ),
    kind=st.sampled_from(["float16", "float32", "float64"]),
)
def test_places_of_unusual_floats_are_stable(x, kind):
    """Zeros of both signs are equal, what is no number comes last, and equal ones keep their order."""
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(sorting, "FEW", 0)
        values = np.array(x).astype(kind)
        found = np.argsort(put(make_context(), values)).numpy()
    np.testing.assert_array_equal(found, np.argsort(values, kind="stable"))


@given(
    x=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), min_size=1),
    kind=st.sampled_from(["int8", "uint8", "int32", "uint32", "int64", "uint64"]),
)
def test_places_of_whole_numbers_of_any_size_are_stable(x, kind):
    """Integers at the ends of their types are in order too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "FEW", 0)
        values = np.array(x, np.int64).astype(kind)
        found = np.argsort(put(make_context(), values)).numpy()
    np.testing.assert_array_equal(found, np.argsort(values, kind="stable"))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
@pytest.mark.parametrize("axis", [0, 1])
def test_signals_are_heard_while_rows_are_sorted(axis, monkeypatch):
    """Python gets its turn many times while many lanes are sorted, so that Ctrl-C ends it."""
    monkeypatch.setattr(sorting, "BLOCK", 1 << 16)
    array = put(make_context("fp32", "ipu"), np.random.default_rng(0).random((2000, 2000), np.float32))
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_given: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    try:
        np.argsort(array, axis)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(heard) > 3
