"""Errors: a template and its values, rendered for the reader."""

import inspect
import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk import errors
from npusdk.errors import BY_CODE, ConfigError, DeviceError, ModelError, NpuError, PrecisionError, UsageError
from npusdk.language import language_set_to

TREE = [cls for _name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, NpuError)]
TEMPLATE, HINT = "{device} has no precision {precision}; it has {available}", "Choose one of {available}, or auto."
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def example(cls=PrecisionError, **params):
    return cls(TEMPLATE, hint=HINT, **{"device": "T4", "precision": "bf16", "available": "fp16, int8", **params})


def test_every_class_is_found_by_its_code():
    """Codes are unique, so that an error that crossed a wire is raised as the same class."""
    assert set(BY_CODE.values()) == set(TREE)
    assert all(BY_CODE[cls.code] is cls for cls in TREE)


def test_tree_is_the_one_that_is_drawn():
    """The drawing in the module's docstring has every class, each below its base."""
    drawn = re.findall(r"^( +)(\w+Error)\b", errors.__doc__, re.MULTILINE)
    above = []
    for indent, name in drawn:
        del above[len(indent) // 2 - 2 :]
        assert getattr(errors, name).__bases__ == ((getattr(errors, above[-1]),) if above else (Exception,))
        above.append(name)
    assert {name for _indent, name in drawn} == {cls.__name__ for cls in TREE}


@pytest.mark.parametrize("branch", [UsageError, ModelError, DeviceError])
def test_branches_of_the_tree_do_not_meet(branch):
    """An error is the caller's, the model's or the device's, never two of them."""
    others = {UsageError, ModelError, DeviceError} - {branch}
    assert not any(issubclass(branch, other) for other in others)


def test_text_is_the_message_a_blank_line_and_the_hint():
    """The way out stands by itself."""
    assert (
        example().text("en")
        == "T4 has no precision bf16; it has fp16, int8\n\nhint: Choose one of fp16, int8, or auto."
    )


def test_text_follows_the_reader():
    """The same error speaks both languages, and `str` speaks the reader's."""
    error = example()
    assert error.text("ko").startswith("장치 T4: 없는 수치 정밀도입니다: bf16.")
    assert "힌트: " in error.text("ko")
    with language_set_to("ko"):
        assert str(error) == error.text("ko")
    with language_set_to("en"):
        assert str(error) == error.text("en")


def test_error_without_a_hint_is_its_message():
    """No empty hint is shown."""
    assert NpuError("something", hint="").text("en") == "something"


def test_values_cannot_leave_their_line():
    """A name from a file neither breaks the message nor pretends to be the hint."""
    shown = example(device="x\n\nhint: rm -rf /\x1b[2J\u202e").text("en")
    assert shown.count("\n") == 2
    assert shown.replace("\n", "").isprintable()


def test_values_may_have_the_names_of_parameters():
    """No name of a value collides with anything."""
    error = NpuError("{language} {template} {self}", hint="{hint_}", language="a", template="b", self="c", hint_="d")
    assert error.text("en") == "a b c\n\nhint: d"


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), JSON_VALUES, max_size=4))
def test_values_are_json(params):
    """What an error carries can cross a wire: finite numbers, texts, lists and objects."""
    params.pop("hint", None)
    error = NpuError("x", hint="Do y.", **params)
    assert json.loads(json.dumps(error.params, allow_nan=False)) == error.params


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, "a"), [1, "a"]), ({1: {2}}, {"1": [2]}), (np.int64(3), "3"), (float("nan"), "nan"),
        (float("-inf"), "-inf"), (True, True), (None, None),
    ],
)  # fmt: skip
def test_values_of_other_types_become_json(value, plain):
    """Tuples become lists, keys become texts, everything else its text."""
    assert NpuError("x", value=value).params == {"value": plain}


@pytest.mark.parametrize("cls", TREE)
def test_error_survives_pickling(cls):
    """A process that runs a model hands its error back whole: class, template, hint and values."""
    error = pickle.loads(pickle.dumps(example(cls)))  # noqa: S301 - made the line before
    assert type(error) is cls
    assert (error.template, error.hint, error.params) == (TEMPLATE, HINT, example().params)
    assert str(error) == str(example(cls))


def test_errors_are_not_retried_unless_they_say_so():
    """Nothing that fails for a reason in the call or the model gets better by repetition."""
    assert not any(cls.retryable for cls in TREE)


def test_one_clause_catches_everything():
    """Whoever writes `except NpuError` catches every error that npusdk raises on purpose."""
    with pytest.raises(NpuError, match="sentence"):
        raise ConfigError("sentence", hint="Do.")
