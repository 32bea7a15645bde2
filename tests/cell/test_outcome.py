# ruff: noqa: E501 - a program in a line is easier to read than one in ten
"""What comes back from a cell, and how."""

import builtins
import dataclasses
import inspect
import io
import linecache
import os
import sys
import types

import numpy as np
import pytest

from npusdk.cell import apply, capture, nodes, replay
from npusdk.targets import LocalTarget
from tests.cell.hosts import Hands, Held, notebook, run_cell, run_plain


def test_result_is_the_last_expression():
    """A cell ends in its result; a semicolon, and a cell that ends in a statement, have none."""
    namespace = notebook("x = np.arange(3.0)")
    outcome = run_cell("x * 2", namespace)
    assert outcome.has_result
    assert type(outcome.result) is np.ndarray
    assert outcome.result.tolist() == [0, 2, 4]
    assert not run_cell("x * 2;", namespace).has_result
    assert not run_cell("y = 1", namespace).has_result
    assert run_cell("x", namespace).result is namespace["x"]
    assert run_cell("None", namespace).result is None


def test_result_that_cannot_travel_is_shown_as_text():
    """A result that stays where the cell ran shows itself by its texts."""
    shown = run_cell("class R:\n    def __repr__(self): return 'r'\n(i for i in 'ab')", notebook()).result
    assert "generator" in repr(shown)
    html = "class H:\n    def __init__(self): self.g = (i for i in 'ab')\n    def _repr_html_(self): return '<b>h</b>'\nH()"
    assert run_cell(html, notebook()).result._repr_mimebundle_()["text/html"] == "<b>h</b>"


def test_arrays_come_back_as_arrays_of_the_host():
    """Arrays of the place come back as ndarrays, also inside containers and instances, and 0-d ones as scalars."""
    namespace = notebook("x = np.ones(3)")
    run_cell(
        "a = x + 1; d = {'k': [x * 2, (x.sum(),)]}\nclass C: pass\nc = C(); c.v = x - 1; s = np.array(x.mean())",
        namespace,
    )
    found = [namespace["a"], namespace["d"]["k"][0], namespace["c"].v]
    assert {type(value) for value in found} == {np.ndarray}
    assert type(namespace["d"]["k"][1][0]) is type(namespace["s"]) is np.float64
    assert all(value.flags.writeable for value in found)


def test_function_that_comes_back_reads_the_notebook():
    """A function that a cell defines is the notebook's: its globals, its source, its lines."""
    namespace = notebook("k = 2")
    run_cell("def f(v):\n    return v * k\ng = lambda v: f(v) + 1", namespace, label="<defining>")
    namespace["k"] = 10
    assert namespace["f"](3) == 30
    assert namespace["g"](3) == 31
    assert namespace["f"].__globals__ is namespace
    assert inspect.getsource(namespace["f"]).startswith("def f(v)")
    run_cell("y = g(1)", namespace)
    assert namespace["y"] == 11


def test_stand_ins_stay_where_the_cell_ran():
    """What a cell imports is the real module in the notebook."""
    namespace = {"__name__": "__main__"}
    cell = "import numpy as np, json\nfrom numpy import zeros, float32\nimport numpy.linalg as la\nd = {'f': np.exp, 'm': np}\nz = [zeros]"
    run_cell(cell, namespace)
    assert namespace["np"] is namespace["d"]["m"] is np
    assert namespace["la"] is np.linalg
    assert namespace["zeros"] is namespace["z"][0] is np.zeros
    assert namespace["d"]["f"] is np.exp
    assert namespace["float32"] is np.float32
    assert namespace["json"] is sys.modules["json"]


def test_imports_in_a_cell_give_stand_ins():
    """However a cell imports NumPy, it gets what makes arrays of the device."""
    cell = "import numpy\nimport numpy as n\nfrom numpy import ones as o, zeros\nkinds = [type(v).__name__ for v in (numpy.ones(1), n.ones(1), o(1), zeros(1))]"
    namespace = notebook()
    run_cell(cell, namespace)
    assert namespace["kinds"] == [Held.__name__] * 4


def test_cell_runs_in_a_clean_namespace():
    """A cell sees what it reads and nothing else, with builtins of its own."""
    namespace = notebook("a = 1; b = 2")
    cell = "seen = sorted(n for n in globals() if not n.startswith('__')); a\nname = __name__\nown = __builtins__ is not globals"
    run_cell(cell, namespace)
    assert namespace["seen"] == ["a"]
    assert namespace["name"] == "__main__"
    assert not hasattr(builtins, "__npusdk_cell__")


def test_names_of_the_shell_are_left_alone(monkeypatch):
    """What the shell offers in builtins works in a cell and is not captured."""
    monkeypatch.setattr(builtins, "display", print, raising=False)
    namespace = notebook()
    namespace["display"] = print
    assert "display" not in capture("display('x')", namespace).roots
    run_cell("display('x')", namespace)


def test_builtin_that_ipython_replaces_is_left_alone():
    """A function of IPython's own in the place of a builtin does not travel; one that a person put there does."""
    namespace = notebook("from math import pow")
    wrapper = types.FunctionType((lambda path: path).__code__, {"__name__": "IPython.core.interactiveshell"}, "open")
    namespace["open"] = wrapper
    bundle = capture("open, pow", namespace)
    assert set(bundle.roots) == {"pow"}
    assert [item.name for item in bundle.manifest().items] == ["pow"]


def test_in_and_out_narrow_what_travels():
    """`--in` takes only what it names, and modules; `--out` brings only what it names, changes in place included."""
    namespace = notebook("x = np.ones(2); w = np.ones(2); u = [1]")
    bundle = capture("y = np.sum(x)", namespace, names_in=["x"])
    assert set(bundle.roots) == {"x", "np"}
    assert "w" in bundle.withheld
    run_cell("x[0] = 5; w[0] = 5; u.append(w); y = 1; z = 2", namespace, names_out=["y", "u"])
    assert namespace["x"][0] == 1
    assert namespace["w"][0] == 5
    assert namespace["u"][1] is namespace["w"]
    assert namespace["y"] == 1
    assert "z" not in namespace


def test_manifest_counts_shared_bytes_once():
    """A manifest names what goes along with its bytes; two names of one array are counted once."""
    namespace = notebook(
        "x = np.zeros((3, 4)); y = x; n = 2; l = [x]; f = lambda: 1\nclass A: pass\na = A(); row = x[1]"
    )
    manifest = capture("x, y, n, l, f, A, a, np, row\nout = 1", namespace).manifest()
    kinds = {item.name: item.kind for item in manifest.items}
    assert kinds == {
        "x": "array", "y": "array", "n": "scalar", "l": "container", "f": "function", "A": "class", "a": "instance",
        "np": "module", "row": "array",
    }  # fmt: skip
    sizes = {item.name: item.size_bytes for item in manifest.items}
    assert sizes["l"] + sizes["x"] + sizes["y"] + sizes["row"] == 96
    assert {item.name: item.shape for item in manifest.items}["x"] == (3, 4)
    assert {item.name: item.shape for item in manifest.items}["row"] == (4,)
    assert manifest.writes == ("out",)


def test_bundle_is_plain_data():
    """Nodes hold leaves, references, texts and arrays, and nothing that would have to be executed to be read."""
    namespace = notebook(
        "class A:\n    def m(self, v=[1]): return v\na = A(); f = lambda: a; x = {'k': (1, np.ones(2))}"
    )
    allowed = (*nodes.LEAVES, nodes.Ref, np.ndarray)

    def check(value):
        if isinstance(value, tuple):
            for entry in value:
                check(entry)
        else:
            assert isinstance(value, allowed), type(value)

    for node in capture("f(), x", namespace).nodes:
        for field in dataclasses.fields(node):
            check(getattr(node, field.name))


def test_bundle_does_not_need_the_notebook():
    """A bundle whose originals stayed behind replays the same, and its outcome is applied where they are."""
    namespace = notebook("x = np.arange(3.0); l = [1]\ndef f(v): return v + len(l)")
    bundle = capture("y = f(2); x[0] = 7; l.append(x)", namespace)
    linecache.cache.pop("<setup>")
    away = dataclasses.replace(bundle, originals=())
    outcome = dataclasses.replace(replay(away, Hands()), bundle=bundle)
    apply(outcome, namespace)
    assert namespace["y"] == 3
    assert namespace["x"][0] == 7
    assert namespace["l"][1] is namespace["x"]


def test_default_label_is_numbered_when_it_is_taken():
    """Functions of two cells keep their own lines."""
    namespace = notebook()
    one = capture("def a(): return 'one of two'", namespace)
    apply(replay(one, Hands()), namespace)
    two = capture("def b(): return 'two of two'", namespace)
    assert one.label != two.label
    apply(replay(two, Hands()), namespace)
    run_cell("r = a(), b()", namespace)
    assert namespace["r"] == ("one of two", "two of two")
    assert capture("def b(): return 'two of two'", namespace).label == two.label


def test_notebook_behind_a_filter_is_the_same_notebook():
    """Functions are the notebook's even if the names are given as a filtered copy."""
    namespace = notebook("k = 3\ndef f(): return k")
    copied = {name: value for name, value in namespace.items() if not name.startswith("_")}
    apply(replay(capture("y = f()", copied), Hands()), namespace)
    assert namespace["y"] == 3


def test_captured_arrays_arrive_on_the_device():
    """Arrays arrive on the device wherever they are, under the way to them; texts and dates stay on the host."""
    seen = {}

    class Recording(Hands):
        def put(self, name, value):
            seen[name] = value.shape
            return super().put(name, value)

    namespace = notebook(
        "cfg = {'net': [np.ones(2)]}; s = np.array(['a']); scale = np.ones(3)\n"
        "class L: pass\nlayer = L(); layer.w = np.zeros((2, 2))\ndef f(): return scale"
    )
    run_cell("kinds = [type(v).__name__ for v in (cfg['net'][0], layer.w, f(), s)]", namespace, Recording())
    assert seen == {"cfg['net'][0]": (2,), "layer.w": (2, 2), "scale": (3,)}
    assert namespace["kinds"] == [Held.__name__] * 3 + ["ndarray"]


@pytest.mark.parametrize("program", ["x = 1\nx", "def f():\n    return 1\nf()"])
def test_plain_and_captured_cells_share_no_state(program):
    """Running a cell twice gives the same."""
    namespace = notebook()
    first = run_cell(program, namespace).result
    assert run_cell(program, namespace).result == first
    run_plain(program, namespace)


def test_table_stays_on_the_host():
    """What a DataFrame holds stays where pandas computes; an array taken out of it meets arrays of the device."""
    namespace = notebook(
        "import pandas as pd\ndf = pd.DataFrame({'k': ['u', 'v', 'u'], 'a': [1.0, 2, 3], 'b': [4.0, 5, 6]})\n"
        "w = np.ones(2); s = df['a']; wide = df.set_index(['k', 'a']); df.attrs['scale'] = np.ones(1)"
    )
    cell = (
        "kinds = [type(v).__name__ for v in (df['a'].to_numpy(), s.values, w, df.attrs['scale'])]\n"
        "m = df['b'].mean(); g = df.groupby('k')['a'].sum(); y = df[['a', 'b']].to_numpy() @ w; n = len(wide.loc['u'])"
    )
    apply(LocalTarget().run_cell(capture(cell, namespace), "rngd").outcome, namespace)
    assert namespace["kinds"] == ["ndarray", "ndarray", "DeviceArray", "DeviceArray"]
    assert (namespace["m"], namespace["g"]["u"], namespace["n"]) == (5, 4, 2)
    assert namespace["y"].tolist() == [5, 7, 9]


def test_file_that_is_closed_comes_back_closed():
    """What a `with` block opened is a closed file of the same name afterwards; nothing is opened for it."""
    namespace = notebook("import os\nwith open(os.devnull, encoding='utf-8') as old: pass")
    run_cell(
        "seen = old.closed, old.name, old.mode\nwith open(os.devnull, 'w', encoding='utf-8') as f: f.write('1')\nwith open(os.devnull, 'rb') as g: pass",
        namespace,
    )
    text, binary = namespace["f"], namespace["g"]
    assert namespace["seen"] == (True, os.devnull, "r")
    assert (text.closed, text.name, text.mode, type(text)) == (True, os.devnull, "w", io.TextIOWrapper)
    assert (binary.closed, binary.name, type(binary)) == (True, os.devnull, io.BufferedReader)
    with pytest.raises(ValueError, match="closed file"):
        text.write("2")
