"""A thousand damaged models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 1000
SECONDS = 60


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on memory is Linux's")
def test_damaged_models_are_refused_or_bound(tmp_path):
    """Every damaged model is refused by an error of ours or bound; nothing crashes, hangs or takes 512 MiB."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.importers.mutation_child", str(COUNT), str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    refusals = {"ModelFormatError", "UnsupportedOpError", "DtypeError", "ShapeError", "ConfigError"}
    assert set(outcomes) <= refusals | {"bound"}
    assert sum(outcomes.values()) == COUNT
    assert outcomes["bound"] > COUNT / 10
    assert outcomes["ShapeError"] > COUNT / 200
