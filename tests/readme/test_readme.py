"""The README tells the truth: its sessions print what it shows, and its links lead somewhere."""

import doctest
import re

import pytest

from npusdk.pipeline.versions import current
from tests.readme.sessions import README, ROOT, cells, run, run_cells, sessions

WALL_CLOCK = re.compile(r"(?<=emulated here in )\s*\S+ \S+|(?<=^here )\S+ \w+(?=;)", re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), list(sessions()), ids=lambda text: text[:40].strip())
def test_readme_session_prints_what_is_shown(command, output):
    """Typing a command of the README prints what the README shows under it; the wall clock alone may differ."""
    assert WALL_CLOCK.sub("", run(command)) == WALL_CLOCK.sub("", output)


def test_readme_python_session_prints_what_is_shown(monkeypatch):
    """The Python session of the README prints what the README shows."""
    monkeypatch.chdir(ROOT)
    text = "".join(re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    session = doctest.DocTestParser().get_doctest(text, {}, "README.md", str(README), 0)
    assert session.examples
    assert doctest.DocTestRunner(verbose=False).run(session).failed == 0


def test_readme_notebook_prints_what_is_shown():
    """The cells of the README, run one after the other in IPython, show what the README shows under them."""
    sources, shown = zip(*cells(), strict=True)
    assert WALL_CLOCK.sub("", run_cells(sources)) == WALL_CLOCK.sub("", "".join(shown))
    assert "predicted" in shown[-1]


def test_readme_has_sessions_of_every_command_it_promises():
    """The README shows check, profile, compare and run at work."""
    shown = {command.split()[1] for command, _ in sessions()}
    assert {"check", "profile", "compare", "run"} <= shown


def test_readme_links_lead_to_files():
    """Every relative link of the README is a file of the project."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_readme_shows_the_errors_of_the_shipped_calibration():
    """The table of errors, the counts and the interval are those of the data file."""
    text = README.read_text(encoding="utf-8")
    shipped = current()
    for scores in shipped.scores.values():
        cells = [scores.macro_mape, *(scores.by_vendor[vendor] for vendor in shipped.vendor_units)]
        assert " | ".join(f"{cell:.1%}".replace("%", " %") for cell in cells) in text
    assert all(f"{vendor} (n={units})" in text for vendor, units in shipped.vendor_units.items())
    assert f"{shipped.rows} published measurements of {shipped.units} networks" in text
    interval = shipped.intervals["A"]
    assert f"x{interval.low} to x{interval.high}" in text
