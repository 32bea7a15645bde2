"""The command lab: a copy of the tutorials in the reader's language, open in JupyterLab."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from npusdk.cli.everywhere import Everywhere
from npusdk.cli.exits import ExitCode
from npusdk.cli.reply import asked_for, not_writable
from npusdk.cli.terminal import emit, emit_json
from npusdk.cli.tutorials import Copy, copy_tutorials
from npusdk.errors import ConfigError, UsageError
from npusdk.language import _, current_language, language_set_to, render

FOLDER = "npusdk-tutorials"
"""Where the copy goes unless another folder is named."""

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FOLDER] [-- FLAGS]",
        help=_("Where to copy the tutorials, ./npusdk-tutorials by default; flags after -- go to JupyterLab."),
    ),
]
NoOpen = Annotated[bool, typer.Option("--no-open", help=_("Start JupyterLab, but open no browser."))]
CopyOnly = Annotated[bool, typer.Option("--copy-only", help=_("Copy the tutorials, and start nothing."))]


def lab(
    context: typer.Context, words: Words = None, *, no_open: NoOpen = False, copy_only: CopyOnly = False
) -> ExitCode:
    """Copy the tutorials of the reader's language and open the first in JupyterLab."""
    everywhere = asked_for(context)
    folder, flags = _read_words(words or (), everywhere)
    language = _language(everywhere)
    if not copy_only:
        _require_jupyterlab()
    try:
        copy = copy_tutorials(language, folder)
    except OSError as error:
        raise not_writable(folder, error) from error
    _tell(copy, as_json=everywhere.as_json)
    if not copy_only:
        os.environ["NPUSDK_LANG"] = language  # kernels speak as the tutorials do
        _become_jupyterlab(copy, (*(("--no-browser",) if no_open else ()), *flags))
    return ExitCode.ANSWERED


def _read_words(words: Sequence[str], everywhere: Everywhere) -> tuple[Path, tuple[str, ...]]:
    """Return the folder and the flags of JupyterLab."""
    before = words[: len(words) - len(everywhere.after)]
    if len(before) > 1:
        raise UsageError(
            _("lab takes one folder, not {count}: {words}"),
            hint=_("Put flags that JupyterLab shall have after --, and a name with blanks between quotation marks."),
            count=len(before),
            words=" ".join(before),
        )
    return Path(before[0] if before else FOLDER).expanduser(), everywhere.after


def _language(everywhere: Everywhere) -> str:
    """Return the language of the tutorials: the reader's own, also where the terminal cannot show it."""
    with language_set_to(everywhere.language):
        return current_language()


def _require_jupyterlab() -> None:
    missing = [name for name in ("jupyterlab", "ipykernel", "onnx") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            _("the tutorials need what is not installed here: {missing}"),
            hint=_("Install it: {line}"),
            missing=", ".join(missing),
            line=f'{Path(sys.executable).name} -m pip install "npusdk[lab]"',
        )


def _tell(copy: Copy, *, as_json: bool) -> None:
    if as_json:
        emit_json({"folder": str(copy.folder), "first": str(copy.first), "written": copy.written, "kept": copy.kept})
        return
    emit(render(_("tutorials: {folder} (files copied: {count})"), folder=str(copy.folder), count=len(copy.written)))
    emit("\n")
    if copy.kept:
        emit(render(_("kept as you changed them, not copied again: {names}"), names=", ".join(copy.kept)) + "\n")
    emit(render(_("first tutorial: {path}"), path=str(copy.first)) + "\n")


def _become_jupyterlab(copy: Copy, flags: Sequence[str]) -> None:
    """Run JupyterLab in this process, which ends with it: its signals, its questions and its exit code are its own."""
    page = f"/lab/tree/{quote(copy.first.relative_to(copy.folder).as_posix())}"
    sys.argv = ["jupyter-lab", f"--ServerApp.root_dir={copy.folder}", f"--LabApp.default_url={page}", *flags]
    runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)
