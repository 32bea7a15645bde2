"""Floating-point errors of ufuncs, told as NumPy tells them: by `np.errstate`, and with warnings at the caller's line.

What npusdk itself computes inside a function of NumPy says nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any
from warnings import warn_explicit

import numpy as np

from npusdk.array.quiet import QUIET

_SETTINGS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}
"""NumPy's word for an error -> its setting in `np.errstate`."""


def tell(ufunc: np.ufunc) -> None:
    """Warn of the errors that were noted, raise them, or keep still, as `np.errstate` says.

    Raises
    ------
    FloatingPointError
        If the caller's settings are "raise".
    """
    noted = dict(QUIET.noted)
    QUIET.noted.clear()
    frame = _caller()
    if frame is None:
        return
    settings: Any = np.geterr()
    for problem, flag in noted.items():
        how = settings[_SETTINGS[problem]]
        if how != "ignore":
            _TELLERS[how](f"{problem} encountered in {ufunc.__name__}", (problem, flag, frame))


def _caller() -> FrameType | None:
    """Return who called the ufunc; None for a function of npusdk's own."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - nothing else is as quick
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("npusdk.array.functions"):
            return None
        if not name.startswith("npusdk.array"):
            return frame
        frame = frame.f_back
    return None


def _warn(text: str, where: tuple[str, int, FrameType]) -> None:
    frame = where[2]
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})
    warn_explicit(text, RuntimeWarning, frame.f_code.co_filename, frame.f_lineno, names.get("__name__"), registry)


def _raise(text: str, where: tuple[str, int, FrameType]) -> None:
    del where
    raise FloatingPointError(text)


def _call(text: str, where: tuple[str, int, FrameType]) -> None:
    del text
    handler: Any = np.geterrcall()
    handler(where[0], where[1])


def _log(text: str, where: tuple[str, int, FrameType]) -> None:
    del where
    handler: Any = np.geterrcall()
    handler.write(f"Warning: {text}\n")


def _print(text: str, where: tuple[str, int, FrameType]) -> None:
    del where
    sys.stdout.write(f"Warning: {text}\n")


_TELLERS: dict[str, Callable[[str, tuple[str, int, FrameType]], None]] = {
    "warn": _warn, "raise": _raise, "call": _call, "log": _log, "print": _print,
}  # fmt: skip
