"""The commands, and what becomes of their errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from npusdk.cli.calibrate import calibrate
from npusdk.cli.devices import devices
from npusdk.cli.doctor import doctor
from npusdk.cli.everywhere import Everywhere, take_everywhere
from npusdk.cli.exits import ExitCode, exit_code
from npusdk.cli.lab import lab
from npusdk.cli.manual import Command, Group
from npusdk.cli.reports import check, compare, profile, serve
from npusdk.cli.run import run
from npusdk.cli.terminal import close_quietly, emit, emit_error, readable_language
from npusdk.cli.validate import validate
from npusdk.errors import NpuError, UsageError
from npusdk.language import _, language_set_to, translate

PROGRAM = "npusdk"

COMMANDS: tuple[tuple[Callable[..., ExitCode], str], ...] = (
    (devices, _("Show the devices of the catalogue, or everything about one.")),
    (check, _("Show which devices run a model, and what says so.")),
    (profile, _("Show how long a model would take on a device, and why.")),
    (compare, _("Show how long a model would take on several devices, and which can be told apart.")),
    (serve, _("Show how fast a language model would answer requests, and how many at once.")),
    (run, _("Run a model on the emulator of a device.")),
    (validate, _("Show how far predictions are from a file of measurements.")),
    (calibrate, _("Fit the cost model to your own measurements.")),
    (lab, _("Copy the tutorials to a folder and open the first in JupyterLab.")),
    (doctor, _("Show whether this machine has what npusdk needs.")),
)
"""Every command and its help."""

_ClickUsageError: Any = typer.BadParameter.__base__
"""The parser's error of usage: Click's own where typer still stands on it, otherwise the one in typer."""

_REFUSALS = {
    "NoSuchOption": _("there is no option {name}"),
    "MissingParameter": _("{name} is missing"),
}
"""What the parser refuses, by the name of its error; everything else it says itself, in English."""


def _start(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help=_("Show the version."))] = False,
) -> ExitCode:
    if show_version:
        emit(f"{_version()}\n")
    elif context.invoked_subcommand is None:
        emit(f"{context.get_help()}\n")
    return ExitCode.ANSWERED


def _version() -> str:
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return translate(_("run from its source, not installed"))


def build() -> typer.Typer:
    """Return the typer application."""
    app = typer.Typer(
        cls=Group,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        invoke_without_command=True,
        help=_("How a model runs on NPUs, GPUs and IPUs that you do not own."),
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_start)
    for function, text in COMMANDS:
        app.command(function.__name__, cls=Command, help=text)(function)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer a command line, and return its exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    everywhere = Everywhere(as_json="--json" in words)
    with language_set_to(readable_language(None)):
        try:
            everywhere, words = take_everywhere(words)
            with language_set_to(readable_language(everywhere.language)):
                return _answer(words, everywhere)
        except NpuError as error:
            emit_error(error, as_json=everywhere.as_json)
            return exit_code(error)


def _answer(words: Sequence[str], everywhere: Everywhere) -> int:
    try:
        return _invoke(words, everywhere)
    except NpuError as error:
        emit_error(error, as_json=everywhere.as_json)
        return exit_code(error)
    except (KeyboardInterrupt, typer.Abort):
        emit(f"{translate(_('interrupted'))}\n", sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        close_quietly()
        return ExitCode.PIPE


def _invoke(words: Sequence[str], everywhere: Everywhere) -> int:
    group: Any = typer.main.get_command(build())
    try:
        with group.make_context(PROGRAM, list(words), obj=everywhere) as context:
            return int(group.invoke(context))
    except typer.Exit as done:
        return done.exit_code
    except _ClickUsageError as error:
        raise _usage_error(error) from error


def _usage_error(error: Any) -> UsageError:
    """Return what the parser refused as an error of ours, in the reader's language as far as it says what it means."""
    context = error.ctx
    names = getattr(error, "option_name", None) or getattr(getattr(error, "param", None), "opts", [""])[0]
    template = _REFUSALS.get(type(error).__name__, _("the command line is wrong: {problem}"))
    param = getattr(error, "param", None)
    if getattr(param, "param_type_name", "") == "argument":
        names = getattr(param, "metavar", None) or names
    return UsageError(
        template,
        hint=_("Read: {command} --help"),
        name=names,
        problem=error.format_message(),
        command=context.command_path if context else PROGRAM,
    )
