"""Exit codes, the part of an answer that scripts read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from npusdk.errors import DeviceError, ModelError, NpuError, UsageError
from npusdk.language import _


class ExitCode(IntEnum):
    """What became of a command."""

    ANSWERED = 0
    BUG = 1
    USAGE = 2
    MODEL = 3
    DEVICE = 4
    NOTHING_RUNS = 5
    INTERRUPTED = 130
    PIPE = 141


MEANINGS: Mapping[ExitCode, str] = MappingProxyType(
    {
        ExitCode.ANSWERED: _("answered"),
        ExitCode.BUG: _("a fault of npusdk itself; please report it"),
        ExitCode.USAGE: _("wrong usage, nothing was done"),
        ExitCode.MODEL: _("the model is refused"),
        ExitCode.DEVICE: _("the emulated device could not do it"),
        ExitCode.NOTHING_RUNS: _("answered: no device that was asked runs the model"),
        ExitCode.INTERRUPTED: _("interrupted"),
        ExitCode.PIPE: _("the reader of the output went away"),
    }
)
"""Every exit code, in words."""

_BY_CLASS = ((UsageError, ExitCode.USAGE), (ModelError, ExitCode.MODEL), (DeviceError, ExitCode.DEVICE))


def exit_code(error: NpuError) -> ExitCode:
    """Return the exit code of an error."""
    return next((code for cls, code in _BY_CLASS if isinstance(error, cls)), ExitCode.BUG)
