"""What is built is what is in the repository."""

import os
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).parents[2]
CACHES = {"__pycache__", ".ipynb_checkpoints"}
FOR_READERS = ("en", "ko", "models", "exercises.py")


def files(*places):
    """Return every file of some places in the repository but caches."""
    found = (path for place in places for path in [ROOT / place, *(ROOT / place).rglob("*")])
    return {path.relative_to(ROOT).as_posix() for path in found if path.is_file() and not CACHES & set(path.parts)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in the wheel, without its metadata, and its metadata by name."""
    folder, before = tmp_path_factory.mktemp("wheel"), Path.cwd()
    os.chdir(ROOT)
    try:
        path = folder / build.build_wheel(os.fspath(folder))
    finally:
        os.chdir(before)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        metadata = {Path(name).name: archive.read(name).decode() for name in names if ".dist-info/" in name}
    return {name for name in names if ".dist-info/" not in name}, metadata


def test_wheel_holds_every_file_of_the_package(wheel):
    """The wheel holds every module, device, operator list, catalogue and tutorial, and nothing else of the tree."""
    names, _metadata = wheel
    tutorials = files(*(f"tutorials/{place}" for place in FOR_READERS))
    assert names == files("npusdk") | {f"npusdk/{name}" for name in tutorials}
    assert {Path(name).suffix for name in names} >= {".py", ".toml", ".mo", ".typed", ".ipynb", ".onnx"}


def test_wheel_holds_no_solution(wheel):
    """Solutions and what builds the notebooks stay in the repository."""
    names, _metadata = wheel
    assert files("tutorials/solutions")
    places = {Path(name).parts[2] for name in names if name.startswith("npusdk/tutorials/")}
    assert places == set(FOR_READERS)


def test_wheel_declares_command_and_plugin(wheel):
    """An installed npusdk is found by the shell and by pytest."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = wheel[1]["entry_points.txt"]
    assert declared["scripts"]["npusdk"] in points.partition("[console_scripts]")[2]
    assert declared["entry-points"]["pytest11"]["npusdk"] in points.partition("[pytest11]")[2]
