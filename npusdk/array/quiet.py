"""Calls without NumPy's floating-point warnings, and calls whose errors are noted.

IEEE 754's default results are what a device gives. `np.errstate` takes three times as long as adding two small arrays;
its state is a context variable, so two contexts are made for each thread, and calls run in them: one has the warnings
off, the other notes which errors came up, for `floating_errors` to tell as the cell wants to hear of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import local
from typing import Any

import numpy as np

BLOCK = 1 << 16
"""Elements that are rounded at a time."""


class _Quiet(local):
    """The contexts of each thread, and scratch; entering one twice at a time is an error, so calls must not nest."""

    run: Callable[..., Any]
    watch: Callable[..., Any]

    def __init__(self) -> None:
        self.scratch = np.empty(BLOCK, np.float32)
        self.noted: dict[str, int] = {}
        quiet, watching = copy_context(), copy_context()
        quiet.run(np.seterr, all="ignore")
        watching.run(np.seterr, all="call")
        watching.run(np.seterrcall, self.noted.__setitem__)  # gets the error and NumPy's flag
        self.run, self.watch = quiet.run, watching.run


QUIET = _Quiet()
"""``QUIET.run(function, *arguments)`` calls a function of plain arrays; it has to return before the next such call.

``QUIET.watch`` does so too, and `QUIET.noted` holds what came up, until somebody clears it."""
