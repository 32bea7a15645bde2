"""The README tells the truth: its sessions print what it shows, and its links lead somewhere."""

import re

import pytest

from tests.readme.sessions import README, ROOT, run, sessions


@pytest.mark.parametrize(("command", "output"), sessions(), ids=lambda text: text[:40].strip())
def test_readme_session_prints_what_is_shown(command, output):
    """Typing a command of the README prints what the README shows under it."""
    assert run(command) == output


def test_readme_has_sessions_of_every_command_it_promises():
    """The README shows check, profile, compare and run at work."""
    shown = {command.split()[1] for command, _ in sessions()}
    assert {"check", "profile", "compare", "run"} <= shown


def test_readme_links_lead_to_files():
    """Every relative link of the README is a file of the project."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
