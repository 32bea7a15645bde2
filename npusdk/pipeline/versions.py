"""Which calibration of the cost model predicts.

A calibration is a data file: `published-1` comes with npusdk; `npusdk calibrate` makes one of anybody's measurements.
`NPUSDK_CALIBRATION` pins a version by its name, or names such a file.
"""

from __future__ import annotations

import os
import re
import stat
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from npusdk.errors import ConfigError
from npusdk.language import _, plain
from npusdk.pipeline.constants import Calibration

VARIABLE = "NPUSDK_CALIBRATION"
"""Name of the environment variable that pins a version, or names a file."""

PRIORS = "priors-1"
"""The version before any calibration: the priors of the classes."""

VERSIONS = (PRIORS, "published-1")
"""Versions that this release predicts with, oldest first."""

_RESERVED = re.compile(r"(priors|published)-\d+")

MOST_BYTES = 1 << 22
"""Largest calibration file that is read."""


class Stamp(NamedTuple):
    """What tells a version of a file from another."""

    mtime_ns: int
    inode: int
    size_bytes: int
    is_file: bool


def model_version() -> str:
    """Return the version of the cost model and its parameters that predictions are made with now.

    Raises
    ------
    ConfigError
        If `NPUSDK_CALIBRATION` names a version that this release does not have, and no readable file.
    """
    asked = os.environ.get(VARIABLE, "")
    if not asked or asked in VERSIONS:
        return asked or VERSIONS[-1]
    return _read_file(asked, _stamp(asked)).name


def is_version(name: str) -> bool:
    """Return whether a name is one of npusdk's own versions, also of a release to come."""
    return name in VERSIONS or _RESERVED.fullmatch(name) is not None


def _stamp(path: str) -> Stamp | None:
    """Return what changes when a file does; None where there is none."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return Stamp(found.st_mtime_ns, found.st_ino, found.st_size, stat.S_ISREG(found.st_mode))


def current() -> Calibration | None:
    """Return the calibration in use; None where only priors are."""
    asked = os.environ.get(VARIABLE, "") or VERSIONS[-1]
    if asked == PRIORS:
        return None
    return _read_bundled(asked) if asked in VERSIONS else _read_file(asked, _stamp(asked))


@cache
def _read_bundled(name: str) -> Calibration:
    return Calibration.model_validate_json(
        files("npusdk.pipeline").joinpath("calibrations", f"{name}.json").read_bytes()
    )


@lru_cache(maxsize=16)
def _read_file(path: str, stamp: Stamp | None) -> Calibration:
    if stamp is None:
        raise ConfigError(
            _("{variable} is {asked}: this release has no such version of the cost model; versions: {versions}"),
            hint=_("Set {variable} to one of these versions, unset it, or install the release that has yours."),
            variable=VARIABLE,
            asked=plain(repr(path), 120),
            versions=", ".join(VERSIONS),
        )
    try:
        return _parse(_read_bytes(path, stamp))
    except (OSError, ValueError) as error:
        raise ConfigError(
            _("{variable} is {asked}: the file is no calibration: {reason}"),
            hint=_("Make one with: npusdk calibrate MEASUREMENTS.csv --name NAME --save FILE.json"),
            variable=VARIABLE,
            asked=plain(repr(path), 120),
            reason=_reason(error),
        ) from error


def _parse(data: bytes) -> Calibration:
    found = Calibration.model_validate_json(data)
    if is_version(found.name):
        text = f"its name is {found.name}, one of npusdk's own"
        raise ValueError(text)
    return found


def _read_bytes(path: str, stamp: Stamp) -> bytes:
    if not stamp.is_file:
        text = "not a file"
        raise ValueError(text)
    if stamp.size_bytes > MOST_BYTES:
        text = f"{stamp.size_bytes} bytes, {MOST_BYTES} at most"
        raise ValueError(text)
    with Path(path).open("rb") as file:
        return file.read(MOST_BYTES)


def _reason(error: OSError | ValueError) -> str:
    """Return what is wrong with a file on one line: of many faults the first, with its place."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        return plain(f"{place}: {first['msg']}" if place else first["msg"], 200)
    return plain(getattr(error, "strerror", None) or str(error), 200)
