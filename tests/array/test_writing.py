"""Writing through views: everybody sees it, and the record says the same with values that never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import put
from npusdk.pipeline.recorded import Recording
from tests.array.programs import make_context


def check(program, shape=(4, 6), precision="exact", device="reference"):
    """Run a program on NumPy and on a device; it returns arrays. Compare values, and what the record gives."""
    start = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    context = make_context(precision, device)
    hosts, twins = program(start.copy()), program(put(context, start, "x"))
    graph = context.record.graph("written", twins)
    again = Recording(graph).evaluate(context.record.feeds)
    for host, twin in zip(hosts, twins, strict=True):
        np.testing.assert_array_equal(twin.numpy(), host)
        np.testing.assert_array_equal(again[context.record.name_of(twin)], host)
    return graph


def ops(graph):
    return [node.op for node in graph.nodes]


def test_views_see_what_others_write_after_they_were_read():
    """A view that was read before a write through another one shows the new values."""

    def program(a):
        above, below = a[1:], a[:3]
        before = above + 0
        below[...] = -1
        after = above + 0
        above[0] = 7
        return a, before, after, above, below, below * 2

    check(program)


def test_views_of_views_write_to_the_root():
    """A chain of transposes, slices and new axes leads to the same memory."""

    def program(a):
        view = a.T[::2][None, :, 1:]
        view += 100
        view[0, 1, 0] = 5
        return a, view, a.T

    check(program)


def test_column_major_results_are_written_where_they_lie():
    """Views of a result that lies in columns lead to the right elements."""

    def program(a):
        columns = a.T + 0
        columns[1:][:, ::2] += 50
        columns[2:].T[1] = 9
        return a, columns

    check(program)


def test_transpose_that_is_written_whole_is_undone():
    """Writing all of a transpose gives the root a transposed value, not scattered elements."""

    def program(a):
        a.T[...] = (a * 2).T + 1
        return (a,)

    assert "ScatterND" not in ops(check(program))
    assert "ScatterElements" not in ops(check(program))


def test_large_box_is_joined_from_slices():
    """The inside of a large array is replaced by joining slices, not by naming every element."""

    def program(a):
        a[1:-1, 1:-1] = a[1:-1, :-2] + a[1:-1, 2:]
        return (a,)

    graph = check(program, (80, 90))
    assert ops(graph).count("Concat") == 2
    assert max(value.size for value in graph.constants.values()) < 100


def test_row_is_scattered_by_its_index():
    """A row of a matrix is written by one index."""

    def program(a):
        for row in range(3):
            a[row] = a[row + 1] * row
        return (a,)

    graph = check(program)
    assert ops(graph).count("ScatterND") == 3


def test_whole_array_is_replaced_without_scattering():
    """``a[...] = b`` makes the record forget the old value of a."""

    def program(a):
        a[...] = 3
        a *= 2
        return (a,)

    assert set(ops(check(program))) <= {"Mul"}


@pytest.mark.parametrize(
    "key", [[2, 0, 2], (slice(None), [5, 1]), ([0, 1], [2, 3]), np.eye(4, 6, dtype=bool), np.array([True, False] * 2)]
)
def test_advanced_subscripts_copy_and_update(key):
    """Arrays of integers and masks read copies; written and updated in place they change the array once a place."""

    def program(a):
        copy = a[key]
        copy += 1000
        a[key] += 1
        a[key] = a[key] * 2
        return a, copy

    check(program)


def test_overlapping_assignment_reads_before_it_writes():
    """What is assigned is what was there before the assignment."""

    def program(a):
        a[1:] = a[:-1]
        a[:, ::-1] += a
        return (a,)

    check(program)


def test_out_and_where_write_where_they_are_told():
    """``out=`` and ``where=`` change what they name, in the array's type."""

    def program(a):
        np.multiply(a, 2, out=a, where=a > 5)
        np.add(a[0], 0.5, out=a[1])
        return a, np.negative(a, where=a > 3, out=a * 0)

    check(program)


def test_result_of_the_wrong_shape_is_not_written():
    """A result larger than the array that is to hold it is NumPy's own error."""
    twin = put(make_context(), np.zeros(3))
    with pytest.raises(ValueError, match="non-broadcastable"):
        np.add(twin, np.zeros((2, 3)), out=twin)
    with pytest.raises(ValueError, match="broadcast"):
        twin[:2] = np.zeros(3)
    assert twin.tolist() == [0, 0, 0]


def test_broadcast_view_is_read_only():
    """Nobody writes to a view whose elements share memory."""
    twin = np.broadcast_to(put(make_context(), np.zeros(3)), (2, 3))
    with pytest.raises(ValueError, match="read-only"):
        twin[0] = 1


def test_written_values_have_the_devices_format():
    """What is assigned is rounded to the format of the device."""
    twin = put(make_context("bf16", "rngd"), np.zeros(4))
    twin[:2] = 0.1
    twin[2:] = np.array([0.1, 0.2])
    assert twin.tolist() == [0.10009765625, 0.10009765625, 0.10009765625, 0.2001953125]


@pytest.mark.parametrize("precision", ["exact", "bf16"])
@given(st.data())
def test_single_elements_are_read_and_written_as_numpys(precision, data):
    """Elements by integers from either end, read and written in turn, are NumPy's; the record gives the same."""
    context = make_context(precision, "rngd")
    plain = np.arange(12, dtype=np.float32).reshape(3, 4)
    array = put(context, plain)
    places = st.tuples(st.integers(-3, 2), st.integers(-4, 3))
    for _step in range(4):
        source, target = data.draw(places), data.draw(places)
        array[target] = array[source] + 1
        plain[target] = plain[source] + 1
    np.testing.assert_array_equal(array.numpy(), plain)
    with pytest.raises(IndexError):
        array[3, 0] = 1
    with pytest.raises(ValueError, match="sequence"):
        array[0, 0] = [1, 2]
    again = Recording(context.record.graph("elements", [array])).evaluate(context.record.feeds)
    np.testing.assert_array_equal(again[context.record.name_of(array)], plain)
