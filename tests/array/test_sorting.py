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
        array = put(context, x)
        values, places = np.sort(array, axis), np.argsort(array, axis)
    np.testing.assert_array_equal(values.numpy(), np.sort(x, axis))
    np.testing.assert_array_equal(places.numpy(), np.argsort(x, axis, kind="stable"))
    record = context.record
    again = Recording(record.graph("sort", [values, places])).evaluate(record.feeds)
    np.testing.assert_array_equal(again[record.name_of(values)], np.sort(x, axis))
    np.testing.assert_array_equal(again[record.name_of(places)], places.numpy())


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
