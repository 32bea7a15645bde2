"""`python -m npusdk.calibration`: fit the published measurements anew and print what the constants are worth."""

from __future__ import annotations

import sys
from pathlib import Path

import npusdk.pipeline
from npusdk.calibration.making import PUBLISHED, hash_files, make_calibration
from npusdk.calibration.points import make_points
from npusdk.calibration.rows import read_rows
from npusdk.display import show
from npusdk.pipeline.versions import VERSIONS

FOLDER = Path(npusdk.pipeline.__file__).parent / "calibrations"


def main() -> int:
    """Write the newest version."""
    calibration, _seen = make_calibration(make_points(read_rows(PUBLISHED)), VERSIONS[-1], hash_files([PUBLISHED]))
    FOLDER.mkdir(exist_ok=True)
    text = calibration.model_dump_json(indent=1) + "\n"
    (FOLDER / f"{VERSIONS[-1]}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(show(calibration))
    return 0


if __name__ == "__main__":
    sys.exit(main())
