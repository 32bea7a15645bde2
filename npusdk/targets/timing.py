"""A limit on how long a block of code may run."""

from __future__ import annotations

import threading
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager

from npusdk.errors import RunTimeoutError
from npusdk.language import _
from npusdk.units import format_seconds


@contextmanager
def time_limit(timeout_s: float | None) -> Iterator[None]:
    """Interrupt the block after `timeout_s` seconds, as Ctrl-C would; None sets no limit.

    Python can be interrupted in its main thread alone; elsewhere the block runs to its end before it is refused.

    Raises
    ------
    RunTimeoutError
        If the time ran out.
    """
    if timeout_s is None:
        yield
        return
    watch = _Watch()
    timer = threading.Timer(timeout_s, watch.ring)
    timer.daemon = True
    timer.start()
    try:
        yield
        watch.stop()
    except KeyboardInterrupt:
        if not watch.rang:
            raise
    finally:
        timer.cancel()
        watch.stop()
    if watch.rang:
        raise RunTimeoutError(
            _("the cell ran longer than its limit of {limit}; nothing came back"),
            hint=_("Give it more time with --timeout, or less to do."),
            limit=format_seconds(timeout_s),
        )


class _Watch:
    """Rings once, and never after it was stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._interrupts = threading.current_thread() is threading.main_thread()
        self.rang = False

    def ring(self) -> None:
        """Interrupt the main thread, unless the block has ended."""
        with self._lock:
            if not self._stopped:
                self.rang = True
                if self._interrupts:
                    interrupt_main()

    def stop(self) -> None:
        """Let the watch ring no more."""
        with self._lock:
            self._stopped = True
