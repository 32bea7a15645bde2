"""The onnx package's own backend tests, which nobody here wrote: of nodes, of PyTorch's layers, of whole networks.

`skips.toml` lists what is not claimed, each with its reason: by operator, by element type, by operator domain, or by
name. The list is checked in both directions, and the number of passes can only grow. Only what it calls unsteady is not
run at all.
"""

import tomllib
from pathlib import Path

import pytest

from tests.conformance.suite import collect_cases, outcome

SKIPS = tomllib.loads(Path(__file__).with_name("skips.toml").read_text(encoding="utf-8"))


def reasons_of(case):
    """Return every reason that the list gives for not claiming a case."""
    names = {"operators": case.operators, "element_types": case.kinds, "domains": case.domains, "cases": {case.name}}
    return [
        SKIPS[section][name] for section, found in names.items() for name in sorted(found) if name in SKIPS[section]
    ]


@pytest.fixture(scope="module")
def suite():
    return collect_cases()


@pytest.fixture(scope="module")
def cases(suite):
    return {name: case for name, case in suite.items() if name not in SKIPS["unsteady"]}


@pytest.fixture(scope="module")
def outcomes(cases):
    return {name: outcome(case) for name, case in cases.items()}


def test_every_claimed_case_passes(cases, outcomes):
    """What the list does not name gives the results that ONNX expects."""
    failed = {name: text for name, text in outcomes.items() if text and not reasons_of(cases[name])}
    assert not failed


def test_no_listed_case_passes(cases, outcomes):
    """A reason that no longer holds leaves the list."""
    stale = {name: reasons_of(cases[name]) for name, text in outcomes.items() if not text and reasons_of(cases[name])}
    assert not stale


def test_listed_names_occur_in_the_suite(suite):
    """Every entry of the list speaks of something that the suite has."""
    present = {
        "operators": set(),
        "element_types": set(),
        "domains": set(),
        "cases": set(suite),
        "unsteady": set(suite),
    }
    for case in suite.values():
        present["operators"] |= case.operators
        present["element_types"] |= case.kinds
        present["domains"] |= case.domains
    for section, names in present.items():
        assert not set(SKIPS[section]) - names, section


def test_unclaimed_cases_are_refused_in_words(outcomes):
    """What is not done is refused by an error of ours, never by a stray exception."""
    assert not {name: text for name, text in outcomes.items() if text.startswith("unexpected")}


def test_number_of_passing_cases_never_falls(outcomes):
    """The count of passes is a ratchet: raise it in skips.toml when more pass."""
    assert sum(not text for text in outcomes.values()) >= SKIPS["passes"]
