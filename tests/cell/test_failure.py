"""A cell that fails leaves the notebook as it was, and says why as Python does."""

import copy
import random
import traceback

import numpy as np
import pytest

from npusdk.cell import apply, capture, replay
from npusdk.cell import nodes as n
from npusdk.cell.bundle import Outcome
from tests.cell.hosts import Hands, notebook, run_cell, run_plain

SETUP = """x = np.arange(4.0); l = [1, [2]]; d = {'k': x}; rng = np.random.default_rng(1); s = {1}
class C: n = 0
c = C(); c.v = [x]
def up(by=[]):
    by.append(1); C.n += 1; return by
"""
SPOILS = """x[0] = 99; l[1].append(3); d['new'] = 1; rng.normal(); s.add(2); C.n = 5; c.v.append(1); up(); del l
np.random.rand(); import random; random.random(); y = 1
"""


def state(namespace):
    """Return what a failed cell could have changed."""
    return copy.deepcopy(
        (
            namespace["x"].tolist(), namespace["l"], sorted(namespace["d"]), namespace["rng"].bit_generator.state,
            namespace["s"], namespace["C"].n, len(namespace["c"].v), namespace["up"].__defaults__, "y" in namespace,
            np.random.get_state()[2], random.getstate(),  # noqa: NPY002 - what cells may still use
        )
    )  # fmt: skip


@pytest.mark.parametrize("end", ["1 / 0", "raise KeyboardInterrupt", "raise SystemExit(3)", "g = (i for i in x)"])
def test_failed_cell_changes_nothing(end):
    """Names, elements, containers, classes, generators and global random states are as they were."""
    namespace = notebook(SETUP)
    before = state(namespace)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the cell ends with
        run_cell(SPOILS + end, namespace)
    assert state(namespace) == before


def test_successful_cell_changes_it_all():
    """The same cell without its end changes everything that the test of failure looks at."""
    namespace = notebook(SETUP)
    before = state({**namespace})
    outcome = replay(capture(SPOILS, namespace), Hands())
    assert state(namespace) == (*before[:-2], *state(namespace)[-2:])
    apply(outcome, namespace)
    namespace["l"] = None
    assert not any(one == other for one, other in zip(before[:-2], state(namespace)[:-2], strict=True))


def test_apply_that_fails_in_the_middle_undoes_what_it_did():
    """An error while the notebook is changed leaves it as it was."""

    class Stubborn(dict):
        def __setitem__(self, name, value):
            if name == "zz":
                raise RuntimeError(name)
            super().__setitem__(name, value)

    namespace = Stubborn(__name__="__main__")
    run_plain(f"import numpy as np\n{SETUP}", namespace)
    before = state(namespace)
    outcome = replay(capture(SPOILS.replace("del l", "") + "zz = 1; zzz = 2", namespace), Hands())
    random_states = state(namespace)[-2:]
    with pytest.raises(RuntimeError):
        apply(outcome, namespace)
    assert state(namespace) == (*before[:-2], *random_states)


def test_traceback_shows_the_lines_of_the_cell_and_of_the_notebook():
    """The frames are the cell's and those of what it calls, with their lines, and none of npusdk's."""
    namespace = notebook("def divide(a, b):\n    return a / b", label="<first cell>")
    with pytest.raises(ZeroDivisionError) as caught:
        run_cell("z = 0\ntry:\n    divide(1, z)\nexcept ZeroDivisionError as e:\n    raise", namespace, label="<mine>")
    tb = caught.value.__traceback__
    while tb.tb_frame.f_code.co_filename != "<mine>":
        tb = tb.tb_next
    shown = [(frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(tb)]
    assert shown == [("<mine>", 3, "divide(1, z)"), ("<first cell>", 3, "return a / b")]


def test_traceback_of_a_cause_is_trimmed_too():
    """Causes stay, with the frames of the cell alone."""
    cell = "try:\n    int('x')\nexcept ValueError as e:\n    raise RuntimeError('y') from e"
    with pytest.raises(RuntimeError) as caught:
        run_cell(cell, notebook(), label="<cause>")
    frames = traceback.extract_tb(caught.value.__cause__.__traceback__)
    assert [(frame.filename, frame.lineno) for frame in frames] == [("<cause>", 2)]


def test_error_inside_npusdk_ends_at_the_line_of_the_cell():
    """What npusdk raises is shown where the cell called it."""
    cell = "import npusdk\nnpusdk.device('no such device')"
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is not the matter
        run_cell(cell, notebook(), label="<inside>")
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files[-1] == "<inside>"


def test_name_that_did_not_go_along_is_explained():
    """A missing name that the notebook has gets a note."""
    namespace = notebook("x = 1; w = 2")
    with pytest.raises(NameError) as caught:
        run_cell("y = x + w", namespace, names_in=["x"])
    assert "w is a name of the notebook" in caught.value.__notes__[0]
    with pytest.raises(NameError) as other:
        run_cell("y = nowhere", namespace)
    assert not hasattr(other.value, "__notes__")


def test_outcome_of_an_unknown_original_is_refused_whole():
    """A broken outcome changes nothing."""
    namespace = notebook("x = 1")
    bundle = capture("y = x", namespace)
    broken = Outcome(bundle, (n.Original(7), n.Imported("no.such.module")), {"x": 5, "y": n.Ref(1)})
    with pytest.raises(Exception):  # noqa: B017, PT011 - that it fails whole is the law
        apply(broken, namespace)
    assert namespace["x"] == 1
