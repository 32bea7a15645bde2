"""Diagonals are views that cannot be written to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import put
from npusdk.pipeline.recorded import Recording
from tests.array.programs import make_context

DIAGONALS = {
    "function": np.diagonal,
    "method": lambda a: a.diagonal(),
    "diag": lambda a: np.diag(a, 1),
    "below": lambda a: np.diagonal(a, -1),
    "outside": lambda a: np.diagonal(a, 9),
    "other axes": lambda a: np.diagonal(a, 0, 1, 0),
    "part": lambda a: a[1:].diagonal()[::-1],
    "of a transpose": lambda a: a.T.diagonal(1)[:1],
}


@pytest.mark.parametrize("name", DIAGONALS)
@given(place=st.tuples(st.integers(0, 2), st.integers(0, 3)))
def test_diagonals_follow_their_matrix(name, place):
    """What is written to a matrix later shows in its diagonal, here and in the record."""
    plain = np.arange(12.0).reshape(3, 4)
    context = make_context()
    array = put(context, plain.copy())
    found, expected = DIAGONALS[name](array), DIAGONALS[name](plain)
    np.testing.assert_array_equal(found.numpy(), expected)
    array[place] = plain[place] = 99
    np.testing.assert_array_equal(found.numpy(), expected)
    again = Recording(context.record.graph("diagonal", [found])).evaluate(context.record.feeds)
    np.testing.assert_array_equal(again[context.record.name_of(found)], expected)


def test_diagonals_of_stacks():
    """Planes of any two axes have diagonals, in the record as well."""
    plain = np.arange(24).reshape(2, 3, 4)
    context = make_context()
    for axes in ((0, 1), (1, 2), (0, 2), (2, 0), (-1, -2)):
        found = np.diagonal(put(context, plain), 0, *axes)
        again = Recording(context.record.graph("diagonal", [found])).evaluate(context.record.feeds)
        np.testing.assert_array_equal(found.numpy(), np.diagonal(plain, 0, *axes))
        np.testing.assert_array_equal(again[context.record.name_of(found)], np.diagonal(plain, 0, *axes))


def test_diagonals_are_read_only():
    """Writing to a diagonal is NumPy's own error, in every way of writing."""
    diagonal = np.diagonal(put(make_context(), np.eye(3)))
    for write in (
        lambda: diagonal.__setitem__(0, 1),
        lambda: diagonal.fill(1),
        lambda: diagonal.__setitem__([0, 1], 1),
        lambda: np.add(diagonal, 1, out=diagonal),
        lambda: diagonal.__iadd__(1),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert diagonal.tolist() == [1, 1, 1]
