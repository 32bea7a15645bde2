"""The law of a sequence that is made later: nobody pays for what nobody looks at, and nobody can tell afterwards."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError

from npusdk.report import Advice, Later, Note, ProfileReport, Provenance, Sensitivity
from tests.views import samples


class Counted:
    """A function that counts its calls."""

    def __init__(self, items):
        self.items, self.calls = items, 0

    def __call__(self):
        """Return the items."""
        self.calls += 1
        return iter(self.items)


def test_later_is_made_once_when_somebody_looks():
    """Making it does not call the function; looking twice calls it once."""
    make = Counted((1, 2, 3))
    later = Later.of(make)
    assert repr(later) == "Later(not looked at)"
    assert make.calls == 0
    assert (len(later), later[0], later[1:], list(later), later.is_made) == (3, 1, (2, 3), [1, 2, 3], True)
    assert make.calls == 1
    assert repr(later) == "Later([1, 2, 3])"


def test_later_is_equal_to_what_it_holds():
    """Given or made, by whatever function: equality, hash and pickle see the items alone."""
    made = Later.of(Counted((1, 2)))
    assert made == Later((1, 2)) == (1, 2)
    assert made != Later((2, 1))
    assert hash(made) == hash(Later((1, 2)))
    assert pickle.loads(pickle.dumps(Later.of(Counted((1, 2))))) == made  # noqa: S301 - our own bytes


def test_later_shows_the_same_to_all_threads():
    """Whoever looks first, all see one tuple."""
    later = Later.of(Counted(range(100)))
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _index: later.items, range(64)))
    assert {id(items) for items in seen} == {id(later.items)}


def test_report_does_not_look():
    """Making, copying and naming a report costs nothing of what it would say about itself."""
    advice, sensitivity = Counted(samples.grounded().advice), Counted(samples.grounded().sensitivity)
    report = samples.grounded(advice=Later.of(advice), sensitivity=Later.of(sensitivity))
    copy = report.model_copy(update={"batch": 8})
    assert "ProfileReport" in repr(copy)
    assert (advice.calls, sensitivity.calls) == (0, 0)
    assert "What would help" in str(report)
    assert advice.calls == 1


def test_report_with_grounds_round_trips_through_json():
    """Everything that schema 1.2 has is written and read back equal."""
    report = samples.grounded("a name")
    again = ProfileReport.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()
    assert isinstance(again.advice[0], Advice)
    assert isinstance(again.sensitivity[0], Sensitivity)
    assert isinstance(again.layers[0].explanation, Note)
    assert again.layers[0].terms == report.layers[0].terms


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Advice, "gain", 1.0), (Advice, "gain", float("inf")), (Advice, "of", "beauty"), (Advice, "predicted_s", -1.0),
        (Sensitivity, "factor", 0.8), (Sensitivity, "change", -0.1), (Sensitivity, "kind", "guessed"),
        (Provenance, "units", -1), (Provenance, "eta_compute", float("nan")),
    ],
)  # fmt: skip
def test_ground_that_makes_no_sense_is_refused(kind, field, value):
    """Advice gains something, a factor widens, and counts are not negative."""
    report = samples.grounded()
    good = {Advice: report.advice[0], Sensitivity: report.sensitivity[0], Provenance: report.provenance}[kind]
    with pytest.raises(ValidationError, match=field):
        kind.model_validate(good.model_dump() | {field: value})
