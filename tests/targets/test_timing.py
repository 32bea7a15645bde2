"""A limit on time ends what runs, and nothing else."""

import _thread
import signal
import threading
import time

import pytest

from npusdk.errors import RunTimeoutError
from npusdk.targets.timing import interruptible, time_limit


def spin(seconds):
    """Run Python code for a while."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        pass


def test_time_limit_ends_a_block_that_runs_on():
    """A block is ended before it ends by itself, with the limit in the message."""
    ended = []

    def limited():
        with time_limit(0.1):
            spin(30)
            ended.append("by itself")

    with pytest.raises(RunTimeoutError, match=r"100 ms"):
        limited()
    assert ended == []


def test_time_limit_leaves_a_quick_block_alone():
    """A block that ends in time is not interrupted, not even later."""
    with time_limit(0.2):
        value = 1
    spin(0.3)
    assert value == 1


def test_time_limit_passes_an_interrupt_of_the_person_on():
    """Ctrl-C inside a block with a limit is Ctrl-C."""

    def interrupted():
        with time_limit(60):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_time_limit_elsewhere_than_in_the_main_thread_interrupts_nobody():
    """In another thread the block runs to its end and is refused then; the main thread goes on."""
    seen = []

    def work():
        try:
            with time_limit(0.05):
                spin(0.2)
                seen.append("ended")
        except RunTimeoutError:
            seen.append("refused")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["ended", "refused"]


def test_no_limit_sets_none():
    """Without a limit no thread waits for one; with a limit one does."""
    before = set(threading.enumerate())
    with time_limit(None):
        assert set(threading.enumerate()) <= before
    with time_limit(60):
        assert len(set(threading.enumerate()) - before) == 1


class Restless:
    """What is destroyed while an interrupt comes."""

    def __del__(self):
        _thread.interrupt_main()
        spin(0)


def test_interrupt_that_comes_in_a_destructor_is_not_lost():
    """Python prints an interrupt in a destructor and goes on; here it comes right after, to the handler there was."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted():
        with interruptible():
            Restless()
            spin(30)
            ended.append("by itself")

    ended = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended == []
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupts_of_a_cell_find_the_handler_that_was_there():
    """What handles Ctrl-C in the notebook handles it in a cell, and a handler that a cell sets stays."""
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
        with interruptible():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_time_limit_works_in_a_process_that_was_started_deaf_to_interrupts():
    """Where a shell has switched Ctrl-C off for a job, the limit holds all the same, and the job stays as it was."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(RunTimeoutError), time_limit(0.1):
            spin(30)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
