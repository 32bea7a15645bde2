"""Numbers of the host meet arrays of a narrow format as numbers of that format."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import put
from npusdk.numerics import round_to
from tests.array.programs import make_context

NUMBERS = st.floats(-1000, 1000, width=32)
COMPARISONS = [np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal]


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=4), other=NUMBERS, kind=st.sampled_from([float, np.float32]))
def test_comparison_takes_a_number_in_the_arrays_format(precision, numbers, other, kind):
    """A float compares as if it had been put on the device, from both sides (NEP 50)."""
    context = make_context(precision, "a100")
    host = np.array([*numbers, other], np.float32)
    array, rounded = put(context, host), round_to(host, precision)
    number = round_to(np.array([other], np.float32), precision)[0]
    for compare in COMPARISONS:
        assert compare(array, kind(other)).tolist() == compare(rounded, number).tolist()
        assert compare(kind(other), array).tolist() == compare(number, rounded).tolist()


def test_whole_numbers_are_compared_as_they_are():
    """Integers of an array are not brought to the format, and neither is what they meet."""
    context = make_context("bf16", "rngd")
    assert (put(context, np.array([300])) < 300.7).tolist() == [True]
    assert (put(context, np.array([301])) == 301).tolist() == [True]
