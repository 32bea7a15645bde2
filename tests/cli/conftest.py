"""What the tests of the command line share: files to name, and a way to run a line."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from npusdk.cli import main

MODELS = Path(__file__).parents[2] / "tutorials" / "models"


@pytest.fixture
def digits(tmp_path):
    """Path of a small trained network, in a folder whose name has Hangul and a blank."""
    folder = tmp_path / "내 모델"
    folder.mkdir()
    return Path(shutil.copy(MODELS / "digits.onnx", folder / "digits.onnx"))


@pytest.fixture
def heldout():
    """Path of images that the network has not seen."""
    return MODELS / "heldout.npz"


@pytest.fixture
def npusdk(capsys, monkeypatch):
    """Return a function that runs a command line in this process, in English unless told otherwise."""
    monkeypatch.setenv("NPUSDK_LANG", "en")

    def run(*words):
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return SimpleNamespace(
            code=code, out=out, err=err, json=lambda: json.loads(out), error=lambda: json.loads(err)["error"]
        )

    return run
