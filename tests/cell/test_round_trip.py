# ruff: noqa: E501 - a program in a line is easier to read than one in ten
"""Nested values travel there and back unchanged, sharing included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from npusdk.cell import apply, capture, replay
from npusdk.cell.overlaps import find_view
from tests.cell.hosts import Hands, notebook, run_cell
from tests.cell.same import differences

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.complex_numbers(allow_nan=False),
    st.dates(), st.timedeltas(), st.decimals(allow_nan=False), st.fractions(), st.uuids(),
    st.builds(slice, st.integers(), st.none()), st.builds(range, st.integers(-9, 9)), st.just(Ellipsis), st.just(np.float32),
    hn.arrays(st.sampled_from(["f4", "f8", "i1", "u2", "?", "c16", "U3", "M8[s]", "m8[D]", "S2"]), hn.array_shapes(min_dims=0, min_side=0)),
    hn.from_dtype(np.dtype("f4"), allow_nan=False),
)  # fmt: skip
KEYS = st.one_of(st.text(), st.integers(), st.tuples(st.integers(), st.text()), st.frozensets(st.integers()))


def nested(inner):
    return st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner),
        st.sets(KEYS),
        inner.map(lambda value: [value, value]),
    )


VALUES = st.recursive(LEAVES, nested, max_leaves=12)


@given(VALUES)
def test_value_is_the_same_there_and_is_left_alone_here(value):
    """A value that a cell only reads is the notebook's own afterwards; one that it names anew is the same object."""
    namespace = notebook()
    namespace["value"] = value
    outcome = replay(capture("kept = value\ncopied = [value, value]", namespace), Hands())
    assert outcome.written == ()
    apply(outcome, namespace)
    assert differences({"v": namespace["value"]}, {"v": value}) == []
    if not isinstance(value, (int, float, complex, str, bytes)):
        assert namespace["kept"] is namespace["value"] is namespace["copied"][0] is namespace["copied"][1]


@given(VALUES, VALUES)
def test_value_made_there_is_the_same_here(one, other):
    """A value that a cell builds of others comes back as a plain cell would have built it."""
    plain = {"c": [one, {"k": (other, one)}], "d": (other,)}
    namespace = notebook()
    namespace.update(one=one, other=other)
    run_cell("c = [one, {'k': (other, one)}]; d = (other,)", namespace)
    assert differences({name: namespace[name] for name in plain}, plain) == []


BASES = hn.arrays(np.int64, hn.array_shapes(max_dims=3, max_side=4), elements=st.integers(0, 99))


@given(BASES, st.data())
def test_views_of_one_memory_stay_views(base, data):
    """What a cell assigns through a view is seen through the base and every other view."""
    cuts = [st.one_of(st.slices(size), st.integers(0, size - 1)) for size in base.shape]
    part = base[data.draw(st.tuples(*cuts))]
    if isinstance(part, np.ndarray) and part.ndim:
        part = part.transpose(data.draw(st.permutations(range(part.ndim))))
    if not (isinstance(part, np.ndarray) and part.size):
        return
    assert find_view(base, part, 0) is not None
    namespace = notebook()
    namespace.update(base=base, part=part)
    run_cell("part[...] = -1\nseen = (base == -1).sum()\nbase += 1", namespace)
    assert namespace["part"] is part
    assert (part == 0).all()
    assert namespace["seen"] == part.size == (base == 0).sum()


@pytest.mark.parametrize("depth", [50, 20_000])
def test_depth_of_nesting_does_not_matter(depth):
    """A list in a list in a list travels however deep it is."""
    namespace = notebook(f"deep = []\nfor _ in range({depth}): deep = [deep]")
    run_cell("n = 0; d = deep\nwhile d: d = d[0]; n += 1\nwrapped = [deep]\ndel d", namespace)
    assert namespace["n"] == depth
    assert namespace["wrapped"][0] is namespace["deep"]


def test_elements_that_a_cell_left_alone_keep_their_bits():
    """A float64 array is rounded there; only the elements that were assigned come back."""
    namespace = notebook("x = np.arange(4) / 3; x[3] = np.nan; before = x.copy(); y = x")
    run_cell("x[1] = 5.0", namespace, Hands(dtype=np.float16))
    assert namespace["x"] is namespace["y"]
    assert namespace["x"][1] == 5
    assert namespace["x"][[0, 2, 3]].tobytes() == namespace["before"][[0, 2, 3]].tobytes()


def test_rounding_there_is_no_change_here():
    """An element that the place rounds in its own way and the cell leaves alone keeps its bits."""

    class Coarse(Hands):
        def held(self, value):
            return np.round(value, 1)

    namespace = notebook("x = np.arange(4) / 3; before = x.copy()")
    run_cell("x[1] = 5.0", namespace, Coarse())
    assert namespace["x"][[0, 2, 3]].tobytes() == namespace["before"][[0, 2, 3]].tobytes()


def test_array_that_was_not_written_is_not_taken_back():
    """Reading an array costs no way back."""

    class Careful(Hands):
        def was_written(self, value):  # noqa: ARG002 - none was
            return False

    hands = Careful()
    run_cell("y = float(x.sum())", notebook("x = np.ones(3)"), hands)
    assert hands.taken == []


def test_random_generator_goes_on_where_the_cell_left_it():
    """A generator of the notebook advances as if the cell had run there."""
    namespace = notebook("rng = np.random.default_rng(5); rs = np.random.RandomState(6)")
    run_cell("a = rng.normal(size=3); b = rs.rand(2)", namespace)
    one, other = np.random.default_rng(5), np.random.RandomState(6)
    one.normal(size=3)
    other.rand(2)
    assert namespace["rng"].normal() == one.normal()
    assert namespace["rs"].rand() == other.rand()


FRAMES = """import pandas as pd
df = pd.DataFrame({'a': [1, 2, 3], 'b': [1.5, None, 2.5], 'c': ['x', 'y', None], 'd': pd.Categorical(['u', 'v', 'u'])},
                  index=pd.date_range('2024-01-01', periods=3, tz='Asia/Seoul', name='day'))
df['e'] = df.index; df['f'] = pd.array([1, None, 3], dtype='Int64'); same = df; df.attrs['unit'] = 'm'
s = pd.Series([1, 2], index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['l', 'n']), name='s')
i = pd.Index(['p', 'q'], name='names'); t = pd.Timestamp('2024-01-01', tz='UTC'); na = pd.NA
"""


def test_tables_travel():
    """DataFrames, Series and indexes arrive as they are, and are changed in place as a plain cell changes them."""
    pd = pytest.importorskip("pandas")
    namespace, plain = notebook(FRAMES), notebook(FRAMES)
    cell = "df['g'] = df['a'] * 2; df.loc[df.index[0], 'b'] = 9.0; h = df.describe(); s2 = s * 2; n = len(i); u = t + pd.Timedelta('1D'); k = na is pd.NA; h2 = df.copy()"
    run_cell(cell, namespace)
    exec(cell, plain)  # noqa: S102 - a plain cell
    for name in ("df", "s", "h", "s2"):
        tester = pd.testing.assert_frame_equal if name in {"df", "h"} else pd.testing.assert_series_equal
        tester(namespace[name], plain[name], check_freq=False)
    assert namespace["same"] is namespace["df"]
    assert namespace["h2"].attrs == {"unit": "m"}
    assert (namespace["n"], namespace["u"], namespace["k"]) == (2, plain["u"], True)
    pd.testing.assert_index_equal(namespace["i"], plain["i"])


def test_failed_cell_leaves_tables_alone():
    """A cell that changes a table and fails changes nothing."""
    pytest.importorskip("pandas")
    namespace = notebook(FRAMES)
    with pytest.raises(ZeroDivisionError):
        run_cell("df['g'] = 1; df.insert(0, 'z', 1); s.iloc[0] = 9; 1 / 0", namespace)
    assert list(namespace["df"].columns) == ["a", "b", "c", "d", "e", "f"]
    assert namespace["s"].tolist() == [1, 2]
