"""%%npu: what goes over, what comes back, what is shown."""

import numpy as np
import pytest

from npusdk.errors import PrecisionError, SerializationError, UnknownDeviceError, UsageError
from npusdk.language import language_set_to

SUMMARY = "predicted"


def test_cell_runs_on_the_target_that_it_names_and_leaves_the_default(run):
    """A target on the cell holds for that cell alone."""
    run("%npu use atom")
    assert "RNGD" in run("%%npu rngd\ny = np.ones((8, 8)) @ np.ones((8, 8))").out
    assert "atom" in repr(run("%npu status").result)


def test_cell_without_any_target_says_how_to_set_one(shell, run):
    """Nothing runs where nobody said where."""
    said = run("%%npu\ny = 1")
    assert isinstance(said.error, UsageError)
    assert "%npu use rngd" in said.out
    assert "y" not in shell.user_ns


def test_names_go_over_and_come_back_as_arrays_of_numpy(shell, run):
    """What a cell assigns is an ndarray in the device's format; what it reads is as it was."""
    run("x = np.linspace(0, 1, 12).reshape(3, 4)")
    run("%%npu rngd\ny = x * 3\nn = y.shape[0]")
    y, x = shell.user_ns["y"], shell.user_ns["x"]
    assert type(y) is np.ndarray
    assert (y.dtype, shell.user_ns["n"]) == (np.float32, 3)
    np.testing.assert_allclose(y, x * 3, rtol=2**-7)
    assert x.dtype == np.float64


def test_result_is_that_of_the_last_expression_and_enters_the_history(shell, run):
    """Out, _ and the result of the cell are those of an ordinary cell."""
    done = run("%%npu rngd\na = np.arange(4)\na.sum()")
    assert done.result == 6
    assert run("_ + 1").result == 7
    assert shell.user_ns["Out"][2] == 6
    assert "a = np.arange(4)" in shell.user_ns["In"][2]


def test_summary_stands_below_the_result(run):
    """The result is shown first, then the line."""
    out = run("%%npu rngd\nprint('first')\nnp.ones((4, 4)) @ np.ones((4, 4))").out
    assert -1 < out.index("first") < out.index("array") < out.index(SUMMARY)


def test_semicolon_shows_no_result(run):
    """A last statement that ends in a semicolon shows nothing, as in an ordinary cell."""
    done = run("%%npu rngd\nnp.arange(3);  # nothing")
    assert done.result is None
    assert "Out" not in done.out
    assert run("%%npu rngd\nnp.arange(3)  # ;").result is not None


def test_quiet_leaves_the_summary_out(run):
    """--quiet shows what the cell shows and nothing else."""
    assert run("%%npu rngd --quiet\nx = np.ones((4, 4)) @ np.ones((4, 4))").out == ""


def test_in_and_out_narrow_what_travels(shell, run):
    """--in and --out name the only names that go over and come back."""
    run("x = np.ones(3)")
    run("%%npu rngd --in x --out y --quiet\ny = x + 1\nz = x + 2")
    np.testing.assert_array_equal(shell.user_ns["y"], 2)
    assert "z" not in shell.user_ns
    assert run("%%npu rngd --in x\nq = x + y").error is not None


def test_failing_cell_changes_no_name(shell, run):
    """Neither assignments nor writes into arrays of a cell that fails reach the notebook."""
    run("x = np.zeros(3)\ny = 'as it was'")
    run("%%npu rngd\ny = 1\nx[0] = 5\nnew = 2\nraise ValueError('stop')")
    assert shell.user_ns["y"] == "as it was"
    np.testing.assert_array_equal(shell.user_ns["x"], 0)
    assert "new" not in shell.user_ns


def test_refused_name_is_refused_before_anything_runs(shell, run):
    """A value that cannot travel is named, and the cell has not begun."""
    run("import threading\nlock = threading.Lock()\nseen = []")
    said = run("%%npu rngd\nprint('begun')\nwith lock:\n    y = 1")
    assert isinstance(said.error, SerializationError)
    assert "lock" in said.out
    assert "begun" not in said.out


def test_dry_run_shows_what_would_go_over_and_changes_nothing(shell, run):
    """--dry-run lists names, types and bytes, says that the code ran here, and predicts; prints are swallowed."""
    run("x = np.ones((32, 32))\nlist_ = [1]")
    out = run("%%npu rngd --dry-run\nprint('swallowed')\ny = x @ x\nlist_.append(2)\ny").out
    for part in ("x", "float64", "8.00 KiB", "ran here", SUMMARY):
        assert part in out
    assert "swallowed" not in out
    assert "y" not in shell.user_ns
    assert shell.user_ns["list_"] == [1]


def test_first_lossy_cell_alone_says_by_how_much(run):
    """The comparison with float32 is told once in a notebook."""
    run("x = np.random.default_rng(0).normal(size=(64, 64))")
    first, second = run("%%npu rngd\ny = x @ x").out, run("%%npu rngd\ny = x @ x").out
    assert "--precision exact" in first
    assert "--precision exact" not in second


def test_cell_that_loses_nothing_leaves_the_word_to_the_next(run):
    """Integers lose nothing, so that they do not use up the one time."""
    run("%%npu rngd\ni = np.arange(4) * 2")
    assert "--precision exact" in run("%%npu rngd\ny = np.full((8, 8), 0.1) @ np.full((8, 8), 0.3)").out


def test_precision_of_the_line_is_that_of_the_cell(shell, run):
    """`exact` computes as NumPy does."""
    run("x = np.random.default_rng(0).normal(size=(9, 9))")
    run("%%npu rngd --precision exact\ny = x @ x")
    np.testing.assert_allclose(shell.user_ns["y"], shell.user_ns["x"] @ shell.user_ns["x"], rtol=1e-12)
    assert isinstance(run("%%npu rngd --precision fp64\ny = x").error, PrecisionError)


@pytest.mark.parametrize("line", ["nothing-of-the-sort", "rngd:9pe"])
def test_unknown_target_is_refused_before_anything_runs(run, line):
    """A wrong device name is an error of its own."""
    said = run(f"%%npu {line}\nprint('begun')")
    assert isinstance(said.error, UnknownDeviceError)
    assert "begun" not in said.out


def test_local_computes_as_numpy_does(shell, run):
    """The target `local` has NumPy's own types and values."""
    run("x = np.random.default_rng(0).normal(size=(5, 5))")
    run("%%npu local\ny = (x @ x).sum()")
    assert shell.user_ns["y"] == pytest.approx((shell.user_ns["x"] @ shell.user_ns["x"]).sum(), rel=1e-12)


def test_names_of_ipython_stay_with_it(shell, run):
    """A cell sees earlier results, and none of the functions that IPython puts beside them."""
    run("20 + 1")
    assert run("%%npu rngd --quiet\n_ * 2").result == 42
    read = "import os\ndef read():\n    with open(os.devnull, 'rb') as file:\n        return file.read()\nread()"
    assert run(f"%%npu rngd --quiet\n{read}").result == b""
    assert isinstance(run("%%npu rngd\nexit").error, SerializationError)


def test_throw_away_names_behave_as_in_an_ordinary_cell(shell, run):
    """A loop over `_` does not disturb what the notebook shows."""
    assert run("%%npu rngd --quiet\nfor _ in range(3):\n    a = np.ones(2)\na.sum()").result == 2
    assert run("1 + 1").result == 2


def test_summary_is_in_the_language_of_the_reader(run):
    """Korean has no English left in its line."""
    with language_set_to("ko"):
        out = run("%%npu rngd\ny = np.ones((8, 8)) @ np.ones((8, 8))").out
    assert "예측" in out
    assert SUMMARY not in out


def test_output_of_a_cell_can_be_captured(shell, run):
    """%%capture around the cell takes its prints, its result and its summary."""
    run("%npu use rngd")
    assert run("%%capture kept\n%%npu\nprint('said')\nnp.ones((4, 4)) @ np.ones((4, 4))").out == ""
    kept = shell.user_ns["kept"]
    assert "said" in kept.stdout
    assert SUMMARY in kept.stdout
    assert len(kept.outputs) == 1


@pytest.mark.parametrize(
    "code",
    [
        "    total = 1\n    for i in range(3):\n        total += i\n    total",
        "\n\n  total = 4\n  total",
        ">>> total = 2\n>>> total * 2",
        "In [1]: total = 4\n\nIn [2]: total",
    ],
)
def test_code_is_cleaned_as_in_an_ordinary_cell(run, code):
    """Common indentation and pasted prompts are no part of the code."""
    assert run(f"%%npu rngd --quiet\n{code}").result == run(code.lstrip("\n")).result == 4


def test_open_of_the_shell_is_no_part_of_what_goes_over(run):
    """What IPython offers in the place of a builtin is not listed, and the builtin is there in the cell."""
    out = run("%%npu rngd --dry-run\nimport os\nwith open(os.devnull, 'rb') as file:\n    n = len(file.read())").out
    assert "Taken along: 0" in out
