"""`python -m npusdk.calibration`: fit the published measurements anew and print what the constants are worth."""

from __future__ import annotations

import sys
from pathlib import Path

import npusdk.pipeline
from npusdk.calibration.making import PUBLISHED, format_table, make_calibration
from npusdk.pipeline.calibration import VERSIONS

FOLDER = Path(npusdk.pipeline.__file__).parent / "calibrations"


def main() -> int:
    """Write the newest version."""
    calibration, _seen = make_calibration([PUBLISHED], VERSIONS[-1])
    FOLDER.mkdir(exist_ok=True)
    text = calibration.model_dump_json(indent=1) + "\n"
    (FOLDER / f"{VERSIONS[-1]}.json").write_text(text, encoding="utf-8")
    sys.stdout.write(format_table(calibration) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
