"""Errors of a cell as the notebook shows them: the cell's own frames, and none of the machinery around them."""

from __future__ import annotations

import traceback
from functools import partial
from types import TracebackType
from typing import Any

from npusdk.errors import NpuError


def frames_of_cell(tb: TracebackType | None, label: str) -> TracebackType | None:
    """Return a traceback from the first frame of the cell on; None where the cell had not begun.

    Parameters
    ----------
    label
        File name under which the cell's source was compiled.
    """
    while tb is not None and tb.tb_frame.f_code.co_filename != label:
        tb = tb.tb_next
    return tb


def show_in_cell(shell: Any, error: BaseException, label: str) -> None:
    """Prepare an error that is about to leave a magic, so that IPython shows the frames of the cell alone."""
    frames = frames_of_cell(error.__traceback__, label)
    if isinstance(error, NpuError):
        error.__cause__ = None
        error.__suppress_context__ = True
    if frames is None and not isinstance(error, (NpuError, SyntaxError, KeyboardInterrupt)):
        return  # a fault of npusdk itself, whose frames are worth reading
    render = partial(_rendered, shell, error, frames)
    if isinstance(error, (SyntaxError, BaseExceptionGroup)):
        _show_once(shell, error, render)
    else:
        error._render_traceback_ = render  # type: ignore[attr-defined]  # the name that IPython looks for


def _rendered(shell: Any, error: BaseException, frames: TracebackType | None) -> list[str]:
    """Return the lines that IPython shows of an error."""
    kind = type(error)
    if isinstance(error, SyntaxError):
        return list(shell.SyntaxTB.structured_traceback(kind, error, traceback.extract_tb(frames)))
    if isinstance(error, BaseExceptionGroup):
        return [line.rstrip("\n") for line in traceback.format_exception(kind, error, frames)]
    if frames is None:
        return list(shell.InteractiveTB.get_exception_only(kind, error))
    return list(shell.InteractiveTB.structured_traceback(kind, error, frames, tb_offset=0))


def _show_once(shell: Any, error: BaseException, render: partial[list[str]]) -> None:
    """Let the shell show the next error of this type as `render` has it.

    IPython asks neither syntax errors nor groups how they want to be shown, and shows every frame of its own; the one
    way in is the handler of custom exceptions, which is put back when it is called.
    """
    before = shell.custom_exceptions, shell.CustomTB

    def handle(shell: Any, kind: Any, value: Any, tb: Any, *, tb_offset: Any = None) -> list[str]:
        shell.custom_exceptions, shell.CustomTB = before
        if value is not error:
            shell.showtraceback((kind, value, tb), tb_offset=tb_offset, running_compiled_code=True)
            return []
        lines = render()
        shell._showtraceback(kind, value, lines)  # noqa: SLF001 - where each kind of shell says how it shows an error
        return lines

    shell.set_custom_exc((type(error),), handle)
