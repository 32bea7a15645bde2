# ruff: noqa: E501 - a program in a line is easier to compare than one in ten
"""Arrays that share memory in a cell share it in the notebook afterwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cell import apply, capture, replay
from npusdk.targets import LocalTarget
from tests.cell.hosts import Hands, notebook, run_plain
from tests.cell.same import differences

WRITE = "for place, each in enumerate(arrays):\n    each[...] = place\n"
VIEWS = {
    "part": "a = np.arange(6.0); b = a[1:4]; arrays = [b, a]",
    "part first": "def f():\n    a = np.arange(6.0)\n    return a[2:4], a\nb, a = f(); arrays = [a, b]",
    "parts of one that is gone": "t = np.arange(8); b = t[1:5]; c = t[3:7]; del t; arrays = [b, c]",
    "parts of one that is gone, in two dimensions": "t = np.zeros((4, 5)); b = t[0, :3]; c = t[:, 1]; del t; arrays = [b, c]",
    "transposed": "a = np.ones((2, 3)); b = a.T; c = b[1]; arrays = [a, b, c]",
    "reshaped": "a = np.arange(12); b = a.reshape(3, 4); c = b[:, 1]; d = b[::-1, ::2]; arrays = [a, b, c, d]",
    "in containers": "a = np.zeros(4)\nclass C: pass\nc = C(); c.part = a[:2]; d = {'k': [a[1:], c]}; arrays = [a, c.part]",
    "apart": "a = np.arange(6); b = a[1:4].copy(); c = a + 0; d = a[[1, 2]]; arrays = [a, b, c, d]",
    "interleaved": "a = np.zeros(6); b = a[::2]; c = a[1::2]; arrays = [b, c]",
    "of the notebook's": "b = x[1]; c = x.T; d = [x[:, 1:], b]; arrays = [b, c]",
    "of the notebook's, written": "b = x[1]; x[1, 0] = 7; b[1] = 8; arrays = [b]",
    "of the notebook's view": "b = row[1:3]; c = x[0, ::2]; arrays = [b, c]",
    "the notebook's name again": "x = x[:, 1:]; arrays = [x, row]",
    "of the notebook's and of its own": "a = np.zeros(4); b = a[1:]; c = x[2]; arrays = [a, b, c]",
    "repeated": "a = np.arange(3); b = np.broadcast_to(a, (2, 3)); c = a[1:]; arrays = [a, c]; b = b * 1",
}
SETUP = "x = np.arange(12.0).reshape(3, 4); row = x[0]"


def on_copies(source, namespace):
    """Run a cell where arrays are copied in and out."""
    apply(replay(capture(source, namespace), Hands()), namespace)


def on_reference(source, namespace):
    """Run a cell on the device that rounds nothing."""
    apply(LocalTarget().run_cell(capture(source, namespace), "reference").outcome, namespace)


def left_behind(cell, run):
    """Return where a notebook differs after a cell from one in which it ran plainly, then after writing to arrays."""
    plain, captured = notebook(SETUP), notebook(SETUP)
    run_plain(cell, plain)
    run(cell, captured)
    found = differences(plain, captured)
    for namespace in (plain, captured):
        run_plain(WRITE, namespace)
    return found + differences(plain, captured)


@pytest.mark.parametrize("run", [on_copies, on_reference])
@pytest.mark.parametrize("name", VIEWS)
def test_views_made_in_a_cell_are_views_afterwards(name, run):
    """What a later cell writes through one name is seen through the others, as without the magic."""
    assert left_behind(VIEWS[name], run) == []


STEPS = st.sampled_from(
    ["[1:]", "[:-1]", "[::2]", "[::-1]", ".T", "[0:3]", "[..., 1:]", ".reshape(-1, 1)", " + 0", ".copy()"]
)
"""What makes an array of another, as a view or not."""


@given(st.lists(st.tuples(st.integers(0, 9), STEPS), min_size=1, max_size=6), st.sampled_from(["x", "np.ones((5, 4))"]))
def test_any_views_are_views_afterwards(steps, start):
    """Views of views, of the notebook's arrays or of new ones, share what NumPy's do."""
    lines = [f"arrays = [{start}]", *(f"arrays.append(arrays[{place} % len(arrays)]{step})" for place, step in steps)]
    assert left_behind("\n".join(lines), on_copies) == []


def test_part_of_an_array_of_the_notebook_is_not_rounded():
    """A part of a captured array is the notebook's own, in its own type: nothing was computed."""
    namespace = {"np": np, "x": np.linspace(0, 1, 7)}
    done = LocalTarget().run_cell(capture("y = x[1:]; z = y * 1", namespace), "rngd")
    apply(done.outcome, namespace)
    assert np.shares_memory(namespace["y"], namespace["x"])
    assert namespace["z"].dtype == np.float32
    assert done.report.out_bytes == 2 * 6
