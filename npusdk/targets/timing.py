"""A limit on how long a block of code may run."""

from __future__ import annotations

import signal
import threading
from _thread import interrupt_main, start_new_thread
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from types import FrameType

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
        with _hearing():
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


@contextmanager
def _hearing() -> Iterator[None]:
    """Take interrupts inside the block, also in a process that was started deaf to them, as shells start jobs."""
    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if not deaf or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let no interrupt get lost in a destructor, where Python prints it and goes on: it comes right after instead.

    Arrays of a device are destroyed all the time, by code that Python may interrupt.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    heard = before

    def handle(number: int, frame: FrameType | None) -> None:
        if _in_destructor(frame):
            start_new_thread(_interrupt_again, ())
        else:
            heard(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is handle:
            signal.signal(signal.SIGINT, before)


def _interrupt_again() -> None:
    sleep(0.001)
    interrupt_main()


def _in_destructor(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


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
