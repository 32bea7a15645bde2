"""The files that Binder reads; `python -m tests.binder` builds from them and runs the first tutorial."""

import os
import tomllib

from npusdk.cli.tutorials import find_tutorials
from tests.binder.environment import BINDER, ROOT, runtime


def test_binder_takes_a_python_that_npusdk_runs_on():
    """`runtime.txt` names a Python that pyproject allows; without it Binder would take an older one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    assert runtime() >= oldest


def test_binder_installs_this_repository_with_its_constraints():
    """`requirements.txt` asks for the extra of the tutorials, in the versions that the tests run with."""
    lines = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines == ["--constraint ../constraints.txt", ".[lab]"]
    assert (BINDER / "../constraints.txt").resolve() == ROOT / "constraints.txt"


def test_binder_opens_the_first_tutorial():
    """The program that starts the server can be run, and names the first English tutorial."""
    start = BINDER / "start"
    assert os.access(start, os.X_OK)
    first = min((find_tutorials() / "en").glob("*.ipynb")).relative_to(ROOT).as_posix()
    assert f"/lab/tree/{first}\n" in start.read_text(encoding="utf-8")
