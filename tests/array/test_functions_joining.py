from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on

PAIRS = {
    "concatenate": lambda a, b: np.concatenate([a, b]),
    "concatenate flat": lambda a, b: np.concatenate([a, b], axis=None),
    "concatenate last": lambda a, b: np.concatenate((a, a, b), -1),
    "concatenate dtype": lambda a, b: np.concatenate([a, b], axis=None, dtype=np.float32, casting="unsafe"),
    "stack": lambda a, b: np.stack([a, b]),
    "stack itself": lambda a, b: np.stack([a, a + b.dtype.type(0)], axis=-1),
    "vstack": lambda a, b: np.vstack([a, b]),
    "hstack": lambda a, b: np.hstack([a, b]),
    "dstack": lambda a, b: np.dstack([a, a, b]),
    "column_stack": lambda a, b: np.column_stack([a, a, b]),
    "block": lambda a, _b: np.block([[a, a], [a, a]]),
    "block ragged": lambda a, b: np.block([a, b]),
    "append": np.append,
    "append along": lambda a, b: np.append(a, b, axis=0),
    "insert": lambda a, _b: np.insert(a, 1, 5),
    "insert many": lambda a, _b: np.insert(a, [0, 1, 1], [7, 8, 9]),
    "insert along": lambda a, _b: np.insert(a, 0, 3, axis=-1),
    "insert slice": lambda a, _b: np.insert(a, slice(0, 2), 4),
    "delete": lambda a, _b: np.delete(a, 1),
    "delete many": lambda a, _b: np.delete(a, [0, -1]),
    "delete slice": lambda a, _b: np.delete(a, slice(None, None, 2), axis=0),
    "trim_zeros": lambda a, _b: np.trim_zeros(np.ravel(a)),
    "trim_zeros front": lambda a, _b: np.trim_zeros(np.ravel(a), "f"),
}
SPLITS = {
    "split": np.split,
    "array_split": np.array_split,
    "hsplit": lambda a, parts, axis: np.hsplit(a, parts),  # noqa: ARG005
    "vsplit": lambda a, parts, axis: np.vsplit(a, parts),  # noqa: ARG005
    "dsplit": lambda a, parts, axis: np.dsplit(a, parts),  # noqa: ARG005
}


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
@given(a=arrays(side=3), b=arrays(side=3))
@settings(max_examples=25)
def test_joining_agrees(function, a, b):
    """Joined arrays have NumPy's elements in NumPy's common type, and what does not fit is refused."""
    agree(function, a, b, exactly=True)


@pytest.mark.parametrize("function", SPLITS.values(), ids=SPLITS)
@given(a=arrays(least=1), parts=st.one_of(st.integers(1, 4), st.lists(st.integers(-5, 5), max_size=3)),
       axis=st.integers(-3, 2))  # fmt: skip
@settings(max_examples=25)
def test_splitting_agrees(function, a, parts, axis):
    """Parts are NumPy's, whether they are counted or placed."""
    agree(function, a, parts, axis, exactly=True)


def test_insert_takes_values_for_one_place_as_numpy_does():
    """Values for one place have their first axis where they are inserted."""
    a = np.arange(6.0).reshape(2, 3)
    for values, axis in (([1.0, 2.0], 1), ([[1.0], [2.0]], 1), ([1.0, 2.0, 3.0], 0), ([[9.0, 9.0, 9.0]] * 2, 0)):
        agree(lambda x, v, axis=axis: np.insert(x, 1, v, axis=axis), a, np.array(values))


def test_delete_takes_a_mask():
    """A mask says what is left out, on the host and on the device."""
    a, mask = np.arange(4), np.array([True, False, True, False])
    agree(np.delete, a, mask)
    assert np.delete(on(EXACT, a), mask).numpy().tolist() == [1, 3]
