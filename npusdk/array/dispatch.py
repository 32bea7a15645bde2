"""What a `DeviceArray` hands on to those who make device arrays; filled when the package is imported.

Operators, indexing and NumPy's functions all give device arrays, so the class cannot import them.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from itertools import islice
from textwrap import shorten
from types import FrameType
from typing import Any, NoReturn

from npusdk.errors import UnsupportedOpError, UsageError
from npusdk.language import _

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy function -> implementation."""

METHODS: dict[str, Callable[..., Any]] = {}
"""Name of a method of ndarray -> implementation, which takes the array first."""

HANDLERS: dict[str, Callable[..., Any]] = {}
"""What operators, ufuncs and subscripts of a device array do, by name."""


def refuse(name: str, hint: str = "") -> NoReturn:
    """Refuse something of NumPy that no device array has.

    Parameters
    ----------
    name
        As a person would write it ("numpy.linalg.svd").

    Raises
    ------
    UnsupportedOpError
        Always.
    """
    raise UnsupportedOpError(
        _("{name} is not available on a device array."),
        hint=hint or _("Bring the array back with numpy() and go on outside the cell, or use another function."),
        name=name,
    )


def refuse_reading(device: str) -> NoReturn:
    """Refuse to copy an array to the host for somebody who does not say so; the error names the call that asked.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        _("An array on {device} is not turned into a NumPy array unasked: {call}."),
        hint=_("Call numpy() on it to bring a copy to the host."),
        device=device,
        call=_call_in(sys._getframe(2)),  # noqa: SLF001 - nothing else knows who called
    )


def _call_in(frame: FrameType) -> str:
    """Return the source of the call that a frame is in; the name of its function where there is no source."""
    code = frame.f_code
    line, last_line, start, end = next(islice(code.co_positions(), frame.f_lasti // 2, None))
    text = linecache.getline(code.co_filename, line) if line is not None else ""
    if not text or line != last_line or start is None:
        return f"{frame.f_globals.get('__name__', '')}.{code.co_qualname}"
    return shorten(text.encode()[start:end].decode(), 80, placeholder="...")
