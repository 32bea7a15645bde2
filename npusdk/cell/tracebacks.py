"""Tracebacks that show the cell and what it calls, and nothing of how it came to run here."""

from __future__ import annotations

from pathlib import Path
from types import FrameType, TracebackType
from typing import TypeVar

_HERE = str(Path(__file__).parents[1])
REPLAYED = "__npusdk_cell__"
"""A name in the builtins of a replayed cell that tells its frames from all others."""

E = TypeVar("E", bound=BaseException)


def trim_traceback(error: E) -> E:
    """Return `error` with the frames of npusdk taken out of its traceback, and out of those of its causes.

    A frame is kept if it is the cell's, a function's of the notebook, or of what those call outside npusdk. An error in
    which nothing of a cell is found keeps its traceback.
    """
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        entries = _entries(each.__traceback__)
        if any(_is_cell(entry.tb_frame) for entry in entries):
            each.__traceback__ = _chain(_kept(entries))
        waiting.extend(other for other in (each.__cause__, each.__context__) if other is not None)
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
    return error


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    found = []
    while traceback is not None:
        found.append(traceback)
        traceback = traceback.tb_next
    return found


def _is_cell(frame: FrameType) -> bool:
    return REPLAYED in frame.f_builtins


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_HERE)


def _kept(entries: list[TracebackType]) -> list[TracebackType]:
    kept: list[TracebackType] = []
    inside = False
    for entry in entries:
        inside = _is_cell(entry.tb_frame) or (inside and not _is_ours(entry.tb_frame))
        if inside:
            kept.append(entry)
    return kept


def _chain(entries: list[TracebackType]) -> TracebackType | None:
    following: TracebackType | None = None
    for entry in reversed(entries):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following
