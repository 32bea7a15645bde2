"""npusdk installed from its wheel, away from the repository; tests of this folder share one installation."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).parents[2]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of this folder together: one wheel, one environment."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("installed"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    folder, before = tmp_path_factory.mktemp("wheel"), Path.cwd()
    os.chdir(ROOT)
    try:
        return folder / build.build_wheel(os.fspath(folder))
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def installed(tmp_path_factory, wheel):
    """Python of an environment that has npusdk from its wheel, and everything else from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("installed") / "환경 1"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    (folder / "share").symlink_to(Path(sys.prefix) / "share")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps",
         "--disable-pip-version-check", wheel], check=True,
    )  # fmt: skip
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = Path(subprocess.run(where, check=True, capture_output=True, encoding="utf-8").stdout.strip())
    (own / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")  # comes after its own
    return python


@pytest.fixture
def home(tmp_path):
    """A home folder with Hangul and a blank, away from the repository."""
    folder = tmp_path / "홍 길동"
    folder.mkdir()
    return folder
