"""Scores by hand: small examples whose answers a person works out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.calibration.scores import (
    FIXED_CONSTANT,
    Judged,
    average_ranks,
    fit_roofline,
    macro_by,
    macro_mean,
    ranks_by,
    spearman,
)


def judged(unit="u", measured=1.0, predicted=1.0, **others):
    """Return a row whose unit of measurement is seconds per sample."""
    times = {"measured_s": measured, "predicted_s": predicted, **others}
    return Judged("r", 1, "primary", unit, measured=measured, predicted=predicted, **times)


def test_macro_mean_counts_each_unit_once():
    """Two rows of 10 and 30 % are one unit of 20 %; with another of 60 % the mean is 40 %."""
    rows = [judged("a", 10.0, 11.0), judged("a", 10.0, 7.0), judged("b", 10.0, 16.0)]
    assert macro_mean((row.unit, row.error) for row in rows) == pytest.approx(0.4)
    assert macro_mean([]) is None


def test_groups_are_scored_by_their_own_rows():
    """A unit on two devices counts in each with its rows there."""
    rows = [
        judged("a", 10.0, 11.0, device="x"),
        judged("a", 10.0, 13.0, device="y"),
        judged("b", 10.0, 15.0, device="y"),
    ]
    assert macro_by(rows, lambda row: row.device) == pytest.approx({"x": 0.1, "y": 0.4})


def test_error_of_a_row_is_relative_to_the_measurement():
    """Twice is 100 %, half is 50 %; nothing predicted is no error."""
    assert (judged(predicted=2.0).error, judged(predicted=0.5).error) == (1.0, 0.5)
    assert Judged("r", 1, "primary", "u", measured=1.0).error is None


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [
        ([1, 2, 3, 4, 5], [2, 4, 6, 8, 10], 1.0),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 2, 4, 3], 0.8),
        ([1, 1, 2, 3], [1, 2, 3, 4], 3 / math.sqrt(10)),
        ([1, 1, 1], [1, 2, 3], None),
    ],
)
def test_spearman_by_hand(first, second, rho):
    """Rank correlation, ties sharing the mean of their ranks; a constant has no order."""
    found = spearman(first, second)
    assert (found is None) if rho is None else found == pytest.approx(rho, abs=1e-12)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=12))
def test_spearman_is_the_correlation_of_average_ranks(pairs):
    """NumPy's correlation of the ranks is the same number, and any rising function changes nothing."""
    first, second = map(list, zip(*pairs, strict=True))
    rho = spearman(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert rho is None
        return
    assert rho == pytest.approx(np.corrcoef(average_ranks(first), average_ranks(second))[0, 1])
    assert rho == pytest.approx(spearman([math.exp(x) for x in first], [x**3 for x in second]))
    assert rho == pytest.approx(spearman(second, first))


def test_ranks_need_five_rows_and_as_many_devices_as_asked():
    """Smaller groups have no rank; a workload on one device says nothing of devices."""
    rows = [judged(measured=float(n), predicted=float(n), chip="c", workload="w", device="d") for n in range(1, 6)]
    assert ranks_by(rows, lambda row: row.chip) == {"c": 1.0}
    assert ranks_by(rows[:4], lambda row: row.chip) == {}
    assert ranks_by(rows, lambda row: row.workload, devices=2) == {}
    assert ranks_by(rows, lambda _row: "") == {}


def test_roofline_is_fitted_on_logarithms():
    """The constant is the geometric mean of measured over data-sheet time: neither double nor half is preferred."""
    rows = [judged(measured=time, roofline_s=1.0) for time in (1.0, 2.0, 4.0, 8.0, 16.0)]
    assert fit_roofline(rows) == pytest.approx(4.0)
    assert fit_roofline(rows[:4]) == FIXED_CONSTANT


def test_error_of_the_roofline_is_in_the_row_s_own_quantity():
    """Half the time is an error of 50 % in a time, and of 100 % in a rate."""
    time = judged(measured=2.0, roofline_s=1.0)
    rate = judged(measured=2.0, roofline_s=1.0, is_rate=True)
    assert (time.roofline_error(1.0), rate.roofline_error(1.0)) == (0.5, 1.0)
    assert Judged("r", 1, "primary", "u", measured=3.0).roofline_error(1.0) is None
