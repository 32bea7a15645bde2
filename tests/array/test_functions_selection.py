from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on, same

ALONE = {
    "where numbers": lambda a: np.where(a > 0, a, 0),
    "where fractions": lambda a: np.where(a, a, 0.5),
    "where scalars": lambda a: np.where(a, 1, 0),
    "where truth": lambda a: np.where(a > 1, True, a),
    "where numbers of NumPy": lambda a: np.where(a > 1, np.float64(1), a),
    "where alone": lambda a: np.where(a > 1),
    "where broadcast": lambda a: np.where(a > 1, a[None], a),
    "nonzero": np.nonzero,
    "argwhere": np.argwhere,
    "flatnonzero": np.flatnonzero,
    "select": lambda a: np.select([a > 2, a > 0], [a, -1.0 * a], 7),
    "select default": lambda a: np.select([a > 2], [a]),
    "piecewise": lambda a: np.piecewise(a, [a > 1, a < 0], [lambda x: x + x, 3, 5]),
    "choose": lambda a: np.choose(np.clip(np.astype(a, np.int64), 0, 1), [a, a + a]),
    "choose wrap": lambda a: np.choose(np.astype(a > 0, np.int64) + 3, [a, a + a], mode="wrap"),
    "take": lambda a: np.take(a, [0, -1]),
    "take one": lambda a: np.take(a, 0, axis=0),
    "take outside": lambda a: np.take(a, 99),
    "take clip": lambda a: np.take(a, [-5, 99], axis=-1, mode="clip"),
    "take wrap": lambda a: np.take(a, [[-5, 99]], mode="wrap"),
    "take fractions": lambda a: np.take(a, np.array([0.5])),
    "compress": lambda a: np.compress([True, False], a, axis=-1),
    "compress mask": lambda a: np.compress(np.ravel(a) > 0, a),
    "extract": lambda a: np.extract(a > 0, a),
    "clip": lambda a: np.clip(a, -2, 3),
    "clip low": lambda a: np.clip(a, 1, None),
    "clip fractions": lambda a: np.clip(a, 0.5, 1.5),
    "clip by names": lambda a: np.clip(a, min=0, max=np.maximum(a, 1)),
    "clip nothing": lambda a: np.clip(a, None, None),
    "diag_indices_from": np.diag_indices_from,
    "tril_indices_from": np.tril_indices_from,
    "triu_indices_from": lambda a: np.triu_indices_from(a, 1),
}


@pytest.mark.parametrize("function", ALONE.values(), ids=ALONE)
@given(a=arrays(nan=False))
@settings(max_examples=25)
def test_selection_agrees(function, a):
    """What is chosen by conditions and places is NumPy's, in NumPy's type; places outside are refused."""
    agree(function, a, exactly=True)


@given(a=arrays(least=1), axis=st.integers(-3, 2), data=st.data())
@settings(max_examples=50)
def test_elements_along_an_axis_agree(a, axis, data):
    """Elements are taken and written at their own places along an axis, and places broadcast along the others."""
    agree(lambda x: np.take_along_axis(x, np.argsort(x, axis=axis, kind="stable"), axis=axis), a)
    size = a.shape[axis] if -a.ndim <= axis < a.ndim else 1
    count = data.draw(st.integers(0, 2))
    shape = [1] * a.ndim
    shape[axis % a.ndim] = count
    places = (np.arange(count).reshape(shape) * 2) % max(size, 1) if size or not count else np.zeros(shape, int)

    def written(x, where):
        copy = np.copy(x)
        np.put_along_axis(copy, where, 1, axis=axis)
        return copy

    if size:
        agree(lambda x, where: np.take_along_axis(x, where, axis=axis), a, places)
        agree(written, a, places)


@given(places=arrays(dtypes=("int64", "int32"), nan=False), order=st.sampled_from("CF"))
@settings(max_examples=30)
def test_flat_places_agree(places, order):
    """Places are counted along all axes and back as NumPy does it."""
    places = np.abs(places) % 24
    agree(lambda p: np.unravel_index(p, (2, 3, 4), order), places)
    agree(lambda p: np.ravel_multi_index(np.unravel_index(p, (2, 3, 4), order), (2, 3, 4), order=order), places)
    agree(lambda p: np.ravel_multi_index((p, p), (3, 4), mode=("clip", "wrap")), places)


def test_the_largest_elements_place_is_unravelled():
    """The idiom that finds the place of the largest element gives numbers that index."""
    a = np.arange(12.0).reshape(3, 4)[::-1].copy()
    row, column = np.unravel_index(np.argmax(on(EXACT, a)), (3, 4))
    assert (int(row), int(column)) == (0, 3)
    assert float(on(EXACT, a)[row, column]) == 11.0


WRITING = {
    "copyto": lambda a: np.copyto(a, 3),
    "copyto where": lambda a: np.copyto(a, np.zeros_like(a), where=a > 1),
    "putmask": lambda a: np.putmask(a, a > 0, [1, 2, 3]),
    "place": lambda a: np.place(a, a > 0, [7, 8]),
    "put": lambda a: np.put(a, [0, 2], [5, 6]),
    "put one": lambda a: np.put(a, -1, 9),
    "put cycled": lambda a: np.put(a, [0, 1, 2], [4, 5]),
    "put clip": lambda a: np.put(a, [50], 4, mode="clip"),
    "put outside": lambda a: np.put(a, [50], 4),
    "fill_diagonal": lambda a: np.fill_diagonal(a, 4),
    "fill_diagonal wrap": lambda a: np.fill_diagonal(a, [1, 2], wrap=True),
}


@pytest.mark.parametrize("function", WRITING.values(), ids=WRITING)
@given(a=arrays(nan=False, side=4))
@settings(max_examples=25)
def test_writing_agrees(function, a):
    """What writes into an array leaves NumPy's elements there, also where a view looks."""

    def left(x):
        copy = np.copy(x)
        view = np.ravel(copy)
        function(copy)
        return copy, view

    agree(left, a, exactly=True)


def test_values_are_written_into_host_arrays_by_copyto_alone():
    """Copying to the host by name is done; other functions refuse to write there."""
    host, device = np.zeros(3), on(EXACT, np.arange(3.0))
    np.copyto(host, device)
    same(np.arange(3.0), host)
    with pytest.raises(Exception, match="putmask"):
        np.putmask(host, device > 1, device)
