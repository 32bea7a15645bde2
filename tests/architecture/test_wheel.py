"""What is built is what is in the repository."""

import os
import zipfile
from pathlib import Path

from hatchling import build

ROOT = Path(__file__).parents[2]


def test_wheel_holds_every_file_of_the_package(tmp_path, monkeypatch):
    """The wheel holds every module, device, operator list and message catalogue, and nothing else of the tree."""
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build.build_wheel(os.fspath(tmp_path))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "npusdk").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    assert {Path(name).suffix for name in names} >= {".py", ".toml", ".mo", ".typed"}
