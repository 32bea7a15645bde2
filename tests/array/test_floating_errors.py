"""Floating-point errors are told as NumPy tells them."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import put, stand_in
from npusdk.array.quiet import BLOCK
from tests.array.agreeing import EXACT
from tests.array.programs import make_context

CALLS = {
    "divide": lambda x: 1 / x,
    "log": np.log,
    "sqrt": np.sqrt,
    "exp": lambda x: np.exp(x * 1000),
    "power": lambda x: x**-1.0,
    "remainder": lambda x: x % 0,
    "whole": lambda x: 7 // (x == 0).astype(int),
    "in place": lambda x: np.divide(x, 0, out=x),
}
VALUES = st.lists(st.sampled_from([-2.0, 0.0, 0.5, 1.0, np.inf, -np.inf, np.nan]), min_size=2, max_size=5)


def told(call, values, context, **settings):
    """Return the warnings of a call, or the error that it raises."""
    given_values = np.array(values)
    with warnings.catch_warnings(record=True) as caught, np.errstate(**settings):
        warnings.simplefilter("always")
        try:
            call(given_values if context is None else put(context, given_values))
        except FloatingPointError as error:
            return {str(error)}
    return {str(one.message) for one in caught if "cast" not in str(one.message)}


@pytest.mark.parametrize("name", CALLS)
@given(values=VALUES, how=st.sampled_from(["warn", "raise", "ignore"]))
def test_errors_are_numpys(name, values, how):
    """Warnings and errors are those that `np.errstate` asks for, with NumPy's words."""
    call = CALLS[name]
    expected = told(call, values, None, divide=how, over=how, invalid=how)
    found = told(call, values, EXACT, divide=how, over=how, invalid=how)
    assert bool(found) == bool(expected)
    assert found <= expected if how == "raise" else found == expected


def test_warnings_name_the_line_that_computed():
    """A warning stands at the caller's line, by default once for each line."""
    zeros = put(EXACT, np.zeros(2))
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide") as caught:
        np.divide(1, zeros)
    assert caught[0].filename == __file__
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _turn in range(5):
            np.log(zeros)
    assert len(caught) == 1


def test_large_arrays_tell_too_and_narrow_formats():
    """What is computed in blocks is watched as well, in every format."""
    for context in (make_context(), make_context("bf16", "rngd"), make_context("fp16", "atom")):
        large = put(context, np.ones(20 * BLOCK, np.float32))
        large[-1] = 0
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
            1 / large


def test_functions_of_several_steps_keep_still():
    """What a function computes on the way is its own affair."""
    with np.errstate(all="raise"):
        assert np.sinc(put(EXACT, np.zeros(1))).tolist() == [1.0]
        assert np.isfinite(np.interp(put(EXACT, np.ones(1)), [0, 2], [0, 4])).all()


def test_handlers_are_called():
    """A handler of `np.seterrcall` gets what NumPy gives it."""
    heard = []
    with np.errstate(divide="call", call=lambda problem, flag: heard.append((problem, flag))):
        1 / put(EXACT, np.zeros(2))
        1 / np.zeros(2)
    assert heard[0] == heard[1]


def test_printed_and_logged_errors(capsys):
    """Settings "print" and "log" write a line."""

    class Log:
        def write(self, text):
            print("log:", text, end="")

    zeros = stand_in(EXACT).zeros(2)
    with np.errstate(divide="print"):
        1 / zeros
    with np.errstate(divide="log", call=Log()):
        1 / zeros
    line = "Warning: divide by zero encountered in divide\n"
    assert capsys.readouterr().out == f"{line}log: {line}"
