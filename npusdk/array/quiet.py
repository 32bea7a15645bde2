"""Calls without NumPy's floating-point warnings: IEEE 754's default results are what a device gives.

`np.errstate` takes three times as long as adding two small arrays. Its state is a context variable, so one context with
the warnings off is made for each thread, and calls run in it.
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
    """A context of each thread, and scratch; entering it twice at a time is an error, so calls must not nest."""

    run: Callable[..., Any]

    def __init__(self) -> None:
        self.scratch = np.empty(BLOCK, np.float32)
        context = copy_context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


QUIET = _Quiet()
"""``QUIET.run(function, *arguments)`` calls a function of plain arrays; it has to return before the next such call."""
