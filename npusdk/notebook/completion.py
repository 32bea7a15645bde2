"""Completion behind `%npu` and `%%npu`: commands, device names, options."""

from __future__ import annotations

from typing import Any

from npusdk.catalogue import device_names, find_device
from npusdk.notebook.command_line import OPTIONS
from npusdk.notebook.manual import COMMANDS
from npusdk.notebook.place import LOCAL

KEYS = ("%npu", "%%npu")
"""First words of the lines that are completed."""


def complete(_shell: Any, event: Any) -> list[str]:
    """Return what may stand at the cursor, as IPython's hook `complete_command` asks for it.

    Parameters
    ----------
    event
        Has the line, the text up to the cursor, and the symbol to be replaced, which may be the end of a word.
    """
    words = event.text_until_cursor.split(" ")
    word = words[-1]
    if words[0] == "%npu" and len(words) == 2:
        choices = list(COMMANDS)
    elif word.startswith("-"):
        choices = list(OPTIONS)
    elif words[0] == "%npu" and words[1] != "use":
        choices = []
    else:
        choices = targets(word)
    done = len(word) - len(event.symbol)
    return [choice[done:] for choice in choices if choice.startswith(word)]


def targets(word: str) -> list[str]:
    """Return the names of devices, or of the parts of one once its colon is written."""
    base, colon, _part = word.partition(":")
    names = device_names()
    if not colon:
        return sorted({*names, LOCAL})
    if base not in names:
        return []
    return [f"{base}:{part.name}" for part in find_device(base).partitions]


def install(shell: Any) -> None:
    """Let the shell ask `complete`."""
    remove(shell)
    for key in KEYS:
        shell.set_hook("complete_command", complete, str_key=key)


def remove(shell: Any) -> None:
    """Let the shell ask `complete` no more."""
    dispatch = shell.strdispatchers.get("complete_command")
    for key in KEYS:
        if dispatch is not None:
            dispatch.strs.pop(key, None)
