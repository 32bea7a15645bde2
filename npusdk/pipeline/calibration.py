"""Which version of the cost model predicts: the newest, unless `NPUSDK_CALIBRATION` pins one."""

from __future__ import annotations

import os

from npusdk.errors import ConfigError
from npusdk.language import _

VARIABLE = "NPUSDK_CALIBRATION"
"""Name of the environment variable that pins a version."""

VERSIONS = ("priors-1",)
"""Versions that this release predicts with, oldest first; priors-1 is class priors, before any calibration."""


def model_version() -> str:
    """Return the version of the cost model and its parameters that predictions are made with now.

    Raises
    ------
    ConfigError
        If `NPUSDK_CALIBRATION` names a version that this release does not have.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked and asked not in VERSIONS:
        raise ConfigError(
            _("{variable} is {asked}: this release has no such version of the cost model; versions: {versions}"),
            hint=_("Set {variable} to one of these versions, unset it, or install the release that has yours."),
            variable=VARIABLE,
            asked=repr(asked),
            versions=", ".join(VERSIONS),
        )
    return asked or VERSIONS[-1]
