"""A sign of life for work that takes seconds: on a terminal alone, and nowhere in what is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from npusdk.language import plain


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show `message` beside a turning mark on standard error while the block runs.

    Shows nothing where standard error is no terminal or `NPUSDK_PLAIN` is set.
    """
    if os.environ.get("NPUSDK_PLAIN") or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True, force_jupyter=False, markup=False, emoji=False).status(
        Text(plain(message, 70)), spinner="line"
    ):
        yield
