"""A calibration on anybody's own measurements: beside the published ones, or alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npusdk.calibration.making import PUBLISHED, hash_files, make_calibration
from npusdk.calibration.points import WHY, Point, Unused, make_points, sort_rows
from npusdk.calibration.rows import read_rows
from npusdk.errors import ConfigError
from npusdk.language import _, plain
from npusdk.pipeline.constants import NAME, Calibration
from npusdk.pipeline.versions import VERSIONS, is_version

__all__ = ["WHY", "Measurements", "calibrate", "check_name", "count_reasons", "fit_measurements", "gather"]


@dataclass(frozen=True)
class Measurements:
    """What takes part in a fit.

    Parameters
    ----------
    points
        All rows that take part.
    own
        How many of them are the reader's own.
    unused
        The reader's rows that do not take part.
    files
        Where all of them come from.
    """

    points: tuple[Point, ...]
    own: int
    unused: tuple[Unused, ...]
    files: tuple[Path, ...]


def check_name(name: str) -> None:
    """Refuse a name of a calibration that would not stand in a report, or is, or may become, one of npusdk's own.

    Raises
    ------
    ConfigError
        If it is no plain word, or a version of npusdk's.
    """
    if not re.fullmatch(NAME, name):
        raise ConfigError(
            _("{name} is no name of a calibration: it has letters, digits, points, hyphens and underlines, 64 at most"),
            hint=_("Choose one plain word, such as {example}."),
            name=plain(repr(name), 80),
            example="my-lab",
        )
    if is_version(name):
        raise ConfigError(
            _("{name} is a name of npusdk's own versions, which are {versions}"),
            hint=_("Choose another word, such as {example}."),
            name=repr(name),
            versions=", ".join(VERSIONS),
            example="my-lab",
        )


def gather(paths: Iterable[Path], *, alone: bool = False) -> Measurements:
    """Return the measurements of files, and the published ones unless the files stand alone.

    A file that is named twice counts once; rows of two files count both, also where their identifiers are equal.

    Raises
    ------
    ConfigError
        If a file cannot be read, or none of its rows can be used: `unused` of the parameters counts them by reason.
    """
    files = list(dict.fromkeys(path.resolve() for path in paths))
    rows = [row for path in files for row in read_rows(path)]
    own, unused = sort_rows(rows)
    if not own:
        raise ConfigError(
            _("none of the {count} rows of {files} can be used for a fit"),
            hint=_("See why with: npusdk validate {first}"),
            count=len(rows),
            files=", ".join(path.name for path in files),
            first=files[0].name,
            unused=count_reasons(unused),
        )
    if alone:
        return Measurements(own, len(own), unused, tuple(files))
    points = make_points([*read_rows(PUBLISHED), *rows])
    return Measurements(points, len(own), unused, (*files, PUBLISHED))


def count_reasons(unused: Iterable[Unused]) -> dict[str, int]:
    """Return how many rows do not take part, by reason, the most frequent first."""
    return dict(Counter(row.reason for row in unused).most_common())


def calibrate(paths: Sequence[str | Path], name: str, *, alone: bool = False) -> Calibration:
    """Return the calibration on one's own measurements and the published ones, or on one's own alone.

    Parameters
    ----------
    paths
        CSV files as `npusdk.calibration.validation.validate` takes them.
    name
        What reports call it.

    Raises
    ------
    ConfigError
        If the name cannot be used, a file cannot be read, or no row of the files can be used.
    """
    check_name(name)
    return fit_measurements(gather(map(Path, paths), alone=alone), name)


def fit_measurements(measurements: Measurements, name: str) -> Calibration:
    """Return the calibration on measurements that were gathered."""
    made, _seen = make_calibration(measurements.points, name, hash_files(measurements.files))
    return made
