"""What `%load_ext npusdk` brings: the magics `%npu` and `%%npu`, and their completion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from npusdk.catalogue import device_names
from npusdk.errors import NpuError, UsageError
from npusdk.examination import examine
from npusdk.language import _
from npusdk.notebook import completion
from npusdk.notebook.cells import run_cell, say
from npusdk.notebook.command_line import nearest, split_words
from npusdk.notebook.manual import COMMANDS, manual
from npusdk.notebook.place import find_place
from npusdk.notebook.state import Notebook
from npusdk.notebook.status import Status
from npusdk.notebook.tracebacks import show_in_cell
from npusdk.targets import LocalTarget

MAGIC = "npu"


def load_ipython_extension(shell: Any) -> None:
    """Give the shell its magics; where they are there already, what was set stays."""
    loaded = shell.magics_manager.magics["cell"].get(MAGIC)
    notebook = getattr(loaded, "notebook", None) or Notebook(shell)
    shell.register_magic_function(make_magic(notebook), "line_cell", MAGIC)
    completion.install(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take everything back that `load_ipython_extension` gave."""
    for magics in shell.magics_manager.magics.values():
        magics.pop(MAGIC, None)
    completion.remove(shell)


def make_magic(notebook: Notebook) -> Callable[..., object]:
    """Return the function behind both magics of a notebook."""

    def npu(line: str, cell: str | None = None) -> object:
        if cell is None:
            return run_command(notebook, line)
        run_cell(notebook, line, cell)
        return None

    npu.getdoc = manual  # type: ignore[attr-defined]  # what `%%npu?` asks for, in the language of that moment
    npu.notebook = notebook  # type: ignore[attr-defined]
    return npu


def run_command(notebook: Notebook, line: str) -> object:
    """Do what a line behind `%npu` asks for, and return what it shows.

    Raises
    ------
    NpuError
        If there is no such command, or what it needs is missing.
    """
    try:
        word, *arguments = split_words(line) or ["help"]
        return _handler(word)(notebook, arguments)
    except NpuError as error:
        show_in_cell(notebook.shell, error, "")
        raise


def _handler(word: str) -> Callable[[Notebook, list[str]], object]:
    if word in HANDLERS:
        return HANDLERS[word]
    if word.partition(":")[0].casefold() in device_names():
        hint, close = _("Write {line}."), f"%npu use {word}"
    else:
        close = nearest(word, COMMANDS)
        hint = _("Did you mean %npu {line}?") if close else _("Use one of {commands}.")
    raise UsageError(
        _("%npu has no command {word}"), hint=hint, word=repr(word), line=close, commands=", ".join(COMMANDS)
    )


def _use(notebook: Notebook, arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise UsageError(
            _("%npu use takes one target, not {count}"),
            hint=_("Name a device or a part of one: %npu use rngd"),
            count=len(arguments),
        )
    notebook.place = find_place(arguments[0])
    say(notebook.place.sentence())


def _report(notebook: Notebook) -> object:
    last = notebook.last
    if last is None:
        raise UsageError(_("no cell has run yet"), hint=_("Run a cell with %%npu first."))
    if last.refusal is not None:
        return last
    if last.profile is None:
        raise UsageError(
            _("the last cell ran no operator on the device, so that there is nothing to predict"),
            hint=_("Run a cell that computes with arrays."),
        )
    return last.profile


def _alone(answer: Callable[[Notebook], object]) -> Callable[[Notebook, list[str]], object]:
    """Return a handler that takes no words after its own."""

    def handle(notebook: Notebook, arguments: list[str]) -> object:
        if arguments:
            raise UsageError(
                _("nothing may follow this command; there is {words}"),
                hint=_("Leave it out."),
                words=repr(" ".join(arguments)),
            )
        return answer(notebook)

    return handle


HANDLERS: Mapping[str, Callable[[Notebook, list[str]], object]] = MappingProxyType(
    {
        "use": _use,
        "status": _alone(lambda notebook: Status(notebook.place, notebook.last)),
        "devices": _alone(lambda _notebook: LocalTarget().devices()),
        "report": _alone(_report),
        "doctor": _alone(lambda _notebook: examine()),
        "help": lambda _notebook, _arguments: say(manual()),
    }
)
"""What answers each command."""
