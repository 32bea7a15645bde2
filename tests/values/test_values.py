"""Frozen values and sourced figures."""

import pytest
from pydantic import ValidationError

from npusdk.values import KINDS, Frozen, Sourced


class Pair(Frozen):
    """A record of two numbers."""

    one: int
    two: int = 2


def test_record_cannot_be_changed():
    """A value that was checked stays as it was."""
    pair = Pair(one=1)
    with pytest.raises(ValidationError, match="frozen"):
        pair.one = 3


def test_record_leaves_out_what_it_does_not_know():
    """A newer writer may add fields."""
    assert Pair.model_validate({"one": 1, "three": 3}) == Pair(one=1)


@pytest.mark.parametrize("value", [1, 2.5])
def test_figure_that_is_a_number_gives_it(value):
    """Whole and other numbers come as floats."""
    assert Sourced(value=value, source="x", kind="vendor").number == float(value)


@pytest.mark.parametrize("value", ["HBM3", (1, 2), ("int8",)])
def test_figure_that_is_no_number_says_so(value):
    """Texts and tuples are not added up by mistake."""
    with pytest.raises(TypeError, match="not a number"):
        _ = Sourced(value=value, source="x", kind="vendor").number


def test_figure_needs_a_source_and_a_kind():
    """No figure without somebody who vouches for it."""
    for fields in ({"source": "x"}, {"kind": "vendor"}, {"source": "x", "kind": "rumour"}):
        with pytest.raises(ValidationError):
            Sourced(value=1, **fields)


def test_kinds_run_from_strongest_to_weakest():
    """The order is part of the contract: views and rules compare by it."""
    assert KINDS == ("vendor", "measured", "derived", "secondary", "assumed")
