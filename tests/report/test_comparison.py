"""The laws of a comparison: one model, one batch, one basis, and no order that the intervals do not allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from npusdk.report import Comparison
from tests.views import samples

SCALES = st.floats(min_value=1e-3, max_value=1e3)


def timed(scale):
    """Return a profile whose times are scaled; its bandwidth is not known, so that none is too short."""
    return samples.profile(scale=scale, memory_bandwidth_bytes_per_s=None)


def test_comparison_round_trips_through_json():
    """What is written is read back equal, refusals included."""
    report = samples.comparison()
    assert Comparison.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    ("changes", "law"),
    [({"model": "other"}, "one model"), ({"batch": 2}, "its batch"), ({"basis": "measured"}, "one basis")],
)
def test_profiles_of_different_things_are_not_compared(changes, law):
    """A measured number never stands beside a predicted one, nor one model beside another."""
    with pytest.raises(ValidationError, match=law):
        samples.comparison(profiles=(samples.profile(), samples.profile(**changes)))


@given(st.lists(SCALES, min_size=1, max_size=6))
def test_profiles_are_ordered_by_latency(scales):
    """The order is ascending and loses nobody."""
    report = samples.comparison(profiles=tuple(timed(scale) for scale in scales))
    ordered = [profile.latency_s for profile in report.by_latency()]
    assert ordered == sorted(profile.latency_s for profile in report.profiles)


@given(SCALES, SCALES)
def test_separability_is_that_of_intervals(one, other):
    """Two profiles can be told apart when no latency lies in both intervals; the order of asking is the same."""
    first, second = timed(one), timed(other)
    apart = Comparison.is_separable(first, second)
    assert apart == Comparison.is_separable(second, first)
    overlap = min(first.latency_high_s, second.latency_high_s) - max(first.latency_low_s, second.latency_low_s)
    assert apart == (overlap < 0)


def test_profile_is_not_separable_from_itself():
    """Nothing is faster than itself."""
    assert not Comparison.is_separable(samples.profile(), samples.profile())


def test_repr_counts_profiles_and_refusals():
    """The short form says how many answered."""
    assert repr(samples.comparison()) == "Comparison(small net, batch 1: 3 profiles, 1 refused)"
