"""Notebook programs that nobody here wrote do on every target what they do in NumPy, or are refused by name.

`differences.toml` lists what is refused and what differs, each with its reason, and is checked both ways: what is not
listed is equal, what is listed is not.
"""

import tomllib
from pathlib import Path

import pytest

from npusdk.language import language_set_to
from tests.contract.judgement import DifferenceError, Rule, judge
from tests.contract.programs import read_programs
from tests.contract.runs import run_program
from tests.notebook.conftest import forget

TARGETS = {"reference": Rule(is_exact=True, tolerance=1e-6), "rngd": Rule(is_exact=False, tolerance=3e-2)}
PROGRAMS = read_programs()
LISTED = tomllib.loads(Path(__file__).with_name("differences.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plain_runs():
    """What the programs did in NumPy, by name: targets share it."""
    return {}


@pytest.fixture
def run_on(bare_shell, plain_runs, tmp_path, monkeypatch):
    """Return a function that runs a program in a fresh notebook, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NPUSDK_HOME", str(tmp_path / "home"))

    def run(program, target):
        forget(bare_shell)
        if target:
            bare_shell.run_line_magic("load_ext", "npusdk")
        return run_program(bare_shell, program, target)

    def run_both(program, target):
        with language_set_to("en"):
            if program.name not in plain_runs:
                plain_runs[program.name] = run(program, None)
            return plain_runs[program.name], run(program, target)

    yield run_both
    if "npusdk" in bare_shell.extension_manager.loaded:
        bare_shell.run_line_magic("unload_ext", "npusdk")


def _rule(program, target):
    """Return how equal a program must be on a target: one that drifts on bfloat16 drifts less on finer formats."""
    rule = TARGETS[target]
    if rule.is_exact:
        return rule
    return Rule(
        is_exact=False,
        tolerance=max(rule.tolerance, program.drift * rule.tolerance / TARGETS["rngd"].tolerance),
        is_structural=program.is_structural,
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_does_what_it_does_in_numpy_or_is_refused_by_name(run_on, name, target):
    """Values, types, output, exceptions and the lines that they name are NumPy's, or the cell is refused by name."""
    program, rule = PROGRAMS[name], _rule(PROGRAMS[name], target)
    plain, there = run_on(program, target)
    if name in LISTED["different"] or (name in LISTED["rounded"] and not rule.is_exact):
        with pytest.raises(DifferenceError):
            judge(program, plain, there, rule)
        return
    refusal = judge(program, plain, there, rule)
    assert (refusal is not None) == (name in LISTED["refused"]), refusal
    if refusal is not None:
        assert LISTED["refused"][name] in str(refusal)
        assert refusal.hint


def test_differences_name_programs_once():
    """Every row of differences.toml is of a program that is there, and of one kind."""
    rows = [name for table in LISTED.values() for name in table]
    assert sorted(set(rows)) == sorted(rows)
    assert set(rows) <= PROGRAMS.keys()
