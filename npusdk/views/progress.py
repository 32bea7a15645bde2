"""A sign of life for work that takes seconds: on a terminal alone, and nowhere in what is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.text import Text

from npusdk.language import plain


@contextmanager
def working(message: str, after_s: float = 0.4) -> Iterator[None]:
    """Show `message` beside a turning mark on standard error while the block runs.

    Shows nothing where standard error is no terminal or `NPUSDK_PLAIN` is set.

    Parameters
    ----------
    after_s
        Seconds that pass before it is shown: work that is done by then needs no sign.
    """
    if os.environ.get("NPUSDK_PLAIN") or not sys.stderr.isatty():
        yield
        return
    status = Console(stderr=True).status(Text(plain(message, 70)), spinner="line")
    timer = Timer(after_s, status.start)
    timer.start()
    if after_s == 0:
        timer.join()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
