"""What cannot travel is refused by name, before anything runs or before anything changes."""

import pytest

from npusdk.cell import analyze, capture, replay
from npusdk.errors import SerializationError, UsageError
from tests.cell.hosts import Hands, notebook, run_cell

STUCK = {
    # path: (what the notebook ran before, the cell)
    "handle": ("handle = open(__import__('os').devnull, encoding='utf-8')", "handle.read()"),
    'config["net"][0]': ("import threading\nconfig = {'net': [threading.Lock()]}", "config"),
    "gen": ("gen = (i for i in range(3))", "next(gen)"),
    "net.lock": ("import threading\nclass N:\n    def __init__(self): self.lock = threading.Lock()\nnet = N()", "net"),
    "f -> lock": (
        "import threading\ndef make():\n    lock = threading.Lock()\n    return lambda: lock\nf = make()",
        "f()",
    ),
    "helper": ("helper = iter([1])\ndef f(): return helper", "f()"),
    "f": ("exec('def f(): return 1')", "f()"),
    "masked": ("masked = np.ma.array([1, 2])", "masked + 1"),
    "z": ("z = zip([1], [2])", "list(z)"),
    "spec": ("import npusdk\nspec = npusdk.device('rngd')", "spec.name"),
}


@pytest.mark.parametrize("path", STUCK)
def test_capture_refuses_by_path_before_anything_runs(path):
    """A value that cannot travel is refused with the way to it, and the cell has not run."""
    before, cell = STUCK[path]
    namespace = notebook(before)
    with pytest.raises(SerializationError) as refusal:
        capture(f"print('ran')\n{cell}", namespace)
    assert refusal.value.params["path"] == path.replace('"', "'")
    assert refusal.value.params["type"]
    assert refusal.value.hint
    if path == "handle":
        namespace["handle"].close()


DEEP = {"sum": "y = " + " + ".join(["1"] * 30_000), "path": "x" + ".a" * 2500, "sign": "-" * 40_000 + "1"}


@pytest.mark.parametrize("case", DEEP)
def test_nesting_that_python_cannot_read_is_refused_as_such(case):
    """What Python's own parser gives up on is a mistake in the cell, and not one of ours."""
    with pytest.raises(UsageError, match="nested too deeply"):
        analyze(DEEP[case])


def test_capture_refuses_an_argument_of_in_that_the_notebook_lacks():
    """`--in` can only name what there is, and `--out` what the cell mentions."""
    with pytest.raises(SerializationError, match="no name missing"):
        capture("x = 1", notebook(), names_in=["missing"])
    with pytest.raises(SerializationError, match="never mentions the name other"):
        capture("x = 1", notebook(), names_out=["other"])
    with pytest.raises(SerializationError, match="did not assign the name x"):
        run_cell("if False: x = 1", notebook(), names_out=["x"])


BROKEN = {
    "assigned generator": ("", "y = 1\ng = (i for i in range(3))", "g"),
    "assigned file": ("l = []", "l.append(1)\nimport io\nf = {'file': [io.StringIO()]}", "f['file'][0]"),
    "appended lock": ("l = [0]", "import threading\nl.append(threading.Lock())", "l[1]"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_outcome_that_cannot_travel_changes_nothing(name):
    """A cell that assigns what cannot travel is refused with its path, and the notebook is as it was."""
    before, cell, path = BROKEN[name]
    namespace = notebook(before)
    kept = dict(namespace), list(namespace.get("l", []))
    with pytest.raises(SerializationError) as refusal:
        run_cell(cell, namespace)
    assert refusal.value.params["path"] == path
    assert "--out" in refusal.value.hint
    assert (namespace, list(namespace.get("l", []))) == kept


def test_out_leaves_out_what_cannot_travel():
    """`--out` narrows what has to travel back."""
    namespace = notebook()
    run_cell("y = 1\ng = (i for i in range(3))", namespace, names_out=["y"])
    assert namespace["y"] == 1
    assert "g" not in namespace


@pytest.mark.parametrize(
    "line", ["%timeit x", "!ls", "files = !ls", "x?", "?x", "%%time", "await thing()", "[i async for i in x]"]
)
def test_cell_with_other_languages_is_refused_with_its_line(line):
    """Magics, shell commands, questions and awaiting at the top are refused by line."""
    with pytest.raises(UsageError) as refusal:
        analyze(f"x = 1\n{line}\n")
    assert refusal.value.params["line"] == 2


@pytest.mark.parametrize("source", ["x = = 1", "return 1", "def f(:", "yield 3", "nonlocal x", "  x = 1"])
def test_cell_that_is_no_code_fails_as_python_says(source):
    """A syntax error is Python's own, with the label of the cell."""
    with pytest.raises(SyntaxError) as theirs:
        compile(source, "<npu cell>", "exec")
    with pytest.raises(SyntaxError) as ours:
        analyze(source)
    assert (ours.value.msg, ours.value.lineno, ours.value.filename) == (
        theirs.value.msg,
        theirs.value.lineno,
        "<npu cell>",
    )


def test_views_that_cannot_be_sent_as_views_are_refused_when_written():
    """Arrays that share memory in a way that no index gives are read freely and refused when one is assigned to."""
    before = (
        "from numpy.lib.stride_tricks import as_strided\nx = np.arange(6.0)\n"
        "a = as_strided(x, (3, 3), (8, 8)); b = as_strided(x, (2, 5), (8, 8))"
    )
    namespace = notebook(before)
    run_cell("s = a.sum() + b.sum()", namespace)
    assert namespace["s"] == 42 - 24 + 25
    with pytest.raises(SerializationError, match="a, b"):
        run_cell("a[0, 0] = 1; b.sum()", namespace)
    assert namespace["x"][0] == 0


def test_read_only_array_is_refused_when_written():
    """An array that NumPy would refuse to assign to is refused by name."""
    namespace = notebook("x = np.arange(3.0); x.flags.writeable = False")
    with pytest.raises(SerializationError, match="x, which is read-only"):
        run_cell("x[0] = 1", namespace)


def test_replay_runs_what_no_function_calls():
    """A name that only a function reads that nobody calls may be missing, and goes along if it is there."""
    bundle = capture("def f(): return there + missing\ny = 1", notebook("there = 1"))
    assert "there" in bundle.roots
    assert replay(bundle, Hands()).values["y"] == 1


def test_function_of_another_script_is_refused():
    """A function that finds other values under the notebook's names is not the notebook's."""
    namespace, script = notebook("k = 1"), notebook("k = 2\ndef f(): return k", label="<script>")
    namespace["f"] = script["f"]
    with pytest.raises(SerializationError) as refusal:
        capture("f()", namespace)
    assert (refusal.value.params["path"], refusal.value.params["name"]) == ("f", "k")
