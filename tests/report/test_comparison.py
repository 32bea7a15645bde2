"""The laws of a comparison: one model, one basis, and no order that intervals, boundaries or bases do not allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from npusdk.errors import ConfigError
from npusdk.report import Comparison
from npusdk.report.choice import not_surely_dominated
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


def powered(energy_j, *, boundary="card", **changes):
    """Return a profile with an energy that is known to a tenth."""
    report = samples.grounded(krw=None, **changes)
    scale = energy_j / report.energy_j
    numbers = {name: getattr(report, name) * scale for name in ("energy_j", "power_w")}
    spread = {"energy_low_j": energy_j * 0.9, "energy_high_j": energy_j * 1.1}
    return report.model_copy(update={**numbers, **spread, "power_boundary": boundary})


def compared(*profiles):
    return Comparison(model="small net", profiles=profiles)


def test_several_batches_and_precisions_stand_in_one_comparison():
    """A comparison that names no batch holds several, and writes and reads them."""
    report = samples.crossing()
    assert report.batch is None
    assert {(profile.precision, profile.batch) for profile in report.profiles} == {
        ("bf16", 1), ("bf16", 8), ("int8", 1), ("int8", 8)
    }  # fmt: skip
    assert Comparison.from_json(report.to_json()) == report
    assert "several batches" in repr(report)


POINTS = st.lists(st.tuples(SCALES, SCALES), min_size=1, max_size=12)


def pointed(points):
    """Return a comparison with these latencies and throughputs."""
    return compared(
        *(
            samples.profile(scale=scale, throughput_per_s=rate, memory_bandwidth_bytes_per_s=None, device=f"d{index}")
            for index, (scale, rate) in enumerate(points)
        )
    )


@given(POINTS)
def test_pareto_set_holds_whom_nobody_beats(points):
    """Nobody in the set is beaten in one figure by a profile at least as good in the other; everybody else is."""
    report = pointed(points)
    chosen = report.pareto()

    def beaten(one):
        return any(
            (other.latency_s <= one.latency_s and other.throughput_per_s >= one.throughput_per_s)
            and (other.latency_s < one.latency_s or other.throughput_per_s > one.throughput_per_s)
            for other in report.profiles
        )

    assert {one.device for one in chosen} == {one.device for one in report.profiles if not beaten(one)}
    assert [one.latency_s for one in chosen] == sorted(one.latency_s for one in chosen)


@given(POINTS)
def test_outsider_of_a_pareto_set_is_separable_where_a_member_beats_it_for_sure(points):
    """Who is left out, and beaten by no member in both figures with intervals apart, might belong to the set."""
    report, names = pointed(points), ("latency", "throughput")
    chosen = report.pareto()

    def surely_beaten(one):
        return any(
            all(report.is_separable(other, one, name) for name in names)
            and other.latency_s < one.latency_s
            and other.throughput_per_s > one.throughput_per_s
            for other in chosen
        )

    found = {one.device for one in not_surely_dominated(report.profiles, chosen, names)}
    assert found == {one.device for one in report.profiles if one not in chosen and not surely_beaten(one)}


@given(POINTS)
def test_groups_hold_everybody_once(points):
    """Each group has a shortest latency, from which none of its others is separable, and every later one is."""
    report = pointed(points)
    groups = report.groups()
    assert sorted(one.device for group in groups for one in group) == sorted(one.device for one in report.profiles)
    for index, (first, *others) in enumerate(groups):
        assert not any(report.is_separable(first, other) for other in others)
        assert all(report.is_separable(first, other) for group in groups[index + 1 :] for other in group)


@given(POINTS, st.sampled_from(["latency", "throughput"]))
def test_best_names_its_rivals(points, by):
    """Nobody has a better number, and everybody whose interval overlaps is a rival."""
    report = pointed(points)
    best = report.best(by)
    numbers = [(one.latency_s if by == "latency" else -one.throughput_per_s) for one in report.profiles]
    own = best.profile.latency_s if by == "latency" else -best.profile.throughput_per_s
    assert own == min(numbers)
    rivals = {one.device for one in best.rivals}
    for one in report.profiles:
        if one is not best.profile:
            assert (one.device in rivals) == (not report.is_separable(best.profile, one, by))
    assert best.is_certain == (not rivals)
    assert best.profile.device_name in str(best)


def test_energies_of_different_boundaries_are_not_ranked():
    """A card's watts are not held against a chip's: no best, no Pareto set, no picture, unless one is chosen."""
    report = compared(powered(1.0, device="a"), powered(0.5, device="b", boundary="chip"), powered(2.0, device="c"))
    for ask in (
        lambda: report.best("energy"),
        lambda: report.pareto("throughput", "energy"),
        report.energy,
        lambda: report.verdict(report.profiles[0], report.profiles[1], "energy"),
    ):
        with pytest.raises(ConfigError, match="power_boundary"):
            ask()
    cards = report.where(power_boundary="card")
    assert cards.best("energy").profile.device == "a"
    assert [one.device for one in cards.pareto("energy", "throughput")] == ["a"]
    assert "a" in cards.energy().alt


def test_prices_of_different_bases_are_not_ranked():
    """A price with electricity is not held against one without."""
    report = compared(*(samples.grounded("small net", price_basis=basis) for basis in ("with", "without")))
    with pytest.raises(ConfigError, match="price_basis"):
        report.best("price")
    with pytest.raises(ConfigError, match="price_basis"):
        report.price()
    assert report.where(price_basis="with").best("price").profile.price_basis == "with"


def test_figures_that_are_missing_or_unknown_are_refused():
    """Nobody has a price: no best price; nobody is ranked by beauty; nobody has that field."""
    report = samples.comparison()
    for ask, problem in (
        (lambda: report.best("price"), "price"),
        (lambda: report.best("beauty"), "beauty"),
        (lambda: report.pareto("latency", "beauty"), "beauty"),
        (lambda: report.where(beauty=1), "beauty"),
    ):
        with pytest.raises(ConfigError, match=problem):
            ask()


@pytest.mark.parametrize(("rate", "verdict"), [(4000.0, "reached"), (1700.0, "not_separable"), (500.0, "missed")])
def test_verdict_is_what_the_intervals_allow(rate, verdict):
    """120 % is reached where the low end is above it, missed where the high end is below it."""
    latency_s = samples.LATENCY_S
    tight = {"validity": "A", "latency_low_s": latency_s / 1.25, "latency_high_s": latency_s * 1.25}
    reference = samples.profile(throughput_per_s=1000.0, **tight)
    assert Comparison.verdict(samples.profile(throughput_per_s=rate, **tight), reference) == verdict
    slower = samples.profile(**tight).model_copy(
        update={"latency_s": 1.0, "latency_low_s": 0.8, "latency_high_s": 1.25}
    )
    assert Comparison.verdict(slower, reference, "latency") == "missed"
    assert Comparison.verdict(reference, slower, "latency") == "reached"


def test_class_c_gets_no_verdict():
    """What is not calibrated reaches nothing and misses nothing, however far away it is."""
    sure, guessed = samples.profile(validity="A"), samples.profile(throughput_per_s=1e9)
    assert Comparison.verdict(guessed, sure) == Comparison.verdict(sure, guessed) == "no_verdict"
    assert "no verdict such as 120 % of another device" in str(samples.comparison())
    lonely = samples.profile(validity="A", device="other")
    assert Comparison.verdict(powered(1.0, validity="A"), lonely, "energy") == "no_verdict"


def test_choice_by_fields_keeps_the_order():
    """`where` takes one value or several of each field."""
    report = samples.crossing()
    chosen = report.where(device="rngd", batch=(1, 8))
    assert [(one.precision, one.batch) for one in chosen.profiles] == [
        ("bf16", 1), ("bf16", 8), ("int8", 1), ("int8", 8)
    ]  # fmt: skip
    assert chosen.refusals == ()
