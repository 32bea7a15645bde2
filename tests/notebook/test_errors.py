"""What a reader sees of a cell that fails."""

import re

import pytest

from npusdk.errors import RunTimeoutError, UnsupportedOpError, UsageError
from npusdk.language import language_set_to

MACHINERY = ("npusdk/", "interactiveshell.py", "run_cell_magic")
FAILURES = {
    "expression": ("%%npu rngd\nx = 1\nx / 0", ZeroDivisionError, 3, "x / 0"),
    "function": ("%%npu rngd\ndef f(a):\n    return a.shape[9]\n\nf(np.ones(2))", IndexError, 3, "return a.shape[9]"),
    "name": ("%%npu rngd\n\nnobody_knows", NameError, 3, "nobody_knows"),
    "shape": ("%%npu rngd\na = np.ones((2, 3))\na @ a", ValueError, 3, "a @ a"),
    "syntax": ("%%npu rngd\nx = 1\nx = = 2", SyntaxError, 3, "x = = 2"),
    "indentation": ("%%npu rngd\nif True:\nx = 1", SyntaxError, 3, "x = 1"),
    "at run time": ("%%npu rngd\ncompile('x = = 2', 'text', 'exec')", SyntaxError, 2, "compile("),
    "group": ("%%npu rngd\nx = 1\nraise ExceptionGroup('all', [ValueError(1)])", ExceptionGroup, 3, "raise"),
    "chain": (
        "%%npu rngd\ntry:\n    {}[1]\nexcept KeyError as e:\n    raise OSError from e",
        OSError,
        5,
        "raise OSError",
    ),
    "unsupported": ("%%npu rngd\na = np.eye(3)\nnp.linalg.eig(a)", UnsupportedOpError, 3, "np.linalg.eig(a)"),
}


@pytest.mark.parametrize("colours", ["nocolor", "linux"])
@pytest.mark.parametrize("case", FAILURES)
def test_error_shows_the_line_of_the_cell_and_no_machinery(shell, run, case, colours):
    """The traceback has the cell's line with its source, as the reader counts lines, and no frame of ours."""
    text, kind, line, source = FAILURES[case]
    shell.run_line_magic("colors", colours)
    said = run(text)
    assert isinstance(said.error, kind)
    assert re.search(rf"line {line}\b|-+> ?{line}\b", said.out)
    assert source in said.out
    assert [part for part in MACHINERY if part in said.out] == []


def test_code_that_is_nested_too_deeply_is_refused_without_machinery(run):
    """What Python cannot parse is a mistake in the cell, told in a sentence."""
    said = run("%%npu rngd\ny = " + " + ".join(["1"] * 3000))
    assert isinstance(said.error, UsageError)
    assert "nested too deeply" in said.out
    assert [part for part in (*MACHINERY, "Traceback") if part in said.out] == []


def test_line_of_indented_code_is_shown_as_it_is_counted(run):
    """Indentation that is taken away, and blank lines before the code, leave the numbers of lines alone."""
    said = run("%%npu rngd\n\n    x = 1\n    x / 0")
    assert isinstance(said.error, ZeroDivisionError)
    assert re.search(r"-+> ?4 x / 0", said.out)


def test_function_of_an_earlier_cell_shows_its_own_line(run):
    """A frame in a function of the notebook names the cell that defined it."""
    run("def divide(a, b):\n    return a / b")
    said = run("%%npu rngd\nx = 1\ndivide(x, 0)")
    assert isinstance(said.error, ZeroDivisionError)
    assert "divide(x, 0)" in said.out
    assert "return a / b" in said.out


@pytest.mark.parametrize("text", ["!ls", "%time x = 1", "y = !ls", "np.ones?"])
def test_commands_of_the_notebook_are_refused_by_line(run, text):
    """What only IPython understands is no part of a cell for a device."""
    said = run(f"%%npu rngd\nx = 1\n{text}")
    assert isinstance(said.error, UsageError)
    assert "line 3" in said.out
    assert text in said.out


def test_handlers_of_the_shell_are_as_before_after_an_error(shell, run):
    """Showing a syntax error of ours leaves IPython's own way of showing errors alone."""
    before = shell.custom_exceptions
    run("%%npu rngd\nx = = 1")
    assert shell.custom_exceptions == before
    run("try:\n    get_ipython().run_cell_magic('npu', 'rngd', 'x = = 1')\nexcept SyntaxError:\n    pass")
    assert "compile(" in run("compile('y = = 3', 'other', 'exec')").out
    assert shell.custom_exceptions == before


def test_refusal_is_in_the_language_of_the_reader(run):
    """A message is rendered when it is shown."""
    with language_set_to("ko"):
        assert "힌트" in run("%%npu\ny = 1").out


def test_time_limit_ends_a_cell_and_changes_nothing(shell, run):
    """A cell that runs longer than --timeout is ended as such."""
    said = run("%%npu rngd --timeout 200ms\nz = 1\nwhile True:\n    z = np.ones((64, 64)) @ np.ones((64, 64))")
    assert isinstance(said.error, RunTimeoutError)
    assert "--timeout" in said.out
    assert "z" not in shell.user_ns


def test_interrupt_says_so_and_changes_nothing(shell, run):
    """An interrupt is shown with the line where it came, and a word that the names are as they were."""
    said = run("%%npu rngd\nz = 1\nraise KeyboardInterrupt")
    assert isinstance(said.error, KeyboardInterrupt)
    assert "interrupted" in said.out
    assert "z" not in shell.user_ns
