"""Help pages, written by ourselves: in the reader's language, measured for Hangul, in ASCII rules.

Typer's own pages say "Usage" and "Options" in English whatever the language, and count Hangul as one column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

from npusdk.cli import rooms
from npusdk.cli.everywhere import OPTIONS
from npusdk.cli.exits import MEANINGS
from npusdk.language import _, render, translate


class Command(TyperCommand):
    """A command whose help is a page of ours."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return command_page(self, ctx)


class Group(TyperGroup):
    """The group of all commands, likewise."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return group_page(self, ctx)


def group_page(group: TyperGroup, context: Any) -> str:
    """Return the page of `npusdk --help`."""
    page = rooms.page.Page()
    page.heading(translate(group.help or ""))
    page.facts([(translate(_("usage")), f"{context.command_path} {translate(_('COMMAND'))} ...")])
    page.heading(translate(_("Commands")))
    page.facts((name, translate(command.help or "")) for name, command in group.commands.items())
    page.heading(translate(_("Options")))
    page.facts([*_options(group), *((names, translate(text)) for names, text in OPTIONS.items())])
    page.heading(translate(_("Exit codes")))
    page.facts((str(int(code)), translate(text)) for code, text in MEANINGS.items())
    page.paragraph(
        render(_("Everything that is said about a device is emulated or predicted; nothing is measured on one.")), 0
    )
    return str(page).rstrip("\n")


def command_page(command: TyperCommand, context: Any) -> str:
    """Return the page of `npusdk COMMAND --help`."""
    page = rooms.page.Page()
    page.heading(translate(command.help or ""))
    params: list[Any] = list(command.params)
    arguments = [param for param in params if param.param_type_name == "argument"]
    required = [param for param in params if param.param_type_name == "option" and param.required]
    words = [*(_metavar(param) for param in arguments), *(f"{param.opts[0]} {_metavar(param)}" for param in required)]
    page.facts([(translate(_("usage")), " ".join((context.command_path, *words, "...")))])
    if arguments:
        page.heading(translate(_("Arguments")))
        page.facts((_metavar(param), translate(param.help or "")) for param in arguments)
    page.heading(translate(_("Options")))
    page.facts([*_options(command), *((names, translate(text)) for names, text in OPTIONS.items())])
    return str(page).rstrip("\n")


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _options(command: TyperCommand | TyperGroup) -> Iterator[tuple[str, str]]:
    for param in command.params:
        if param.param_type_name == "option" and not getattr(param, "hidden", False):
            value = "" if getattr(param, "is_flag", False) else f" {_metavar(param)}"
            yield f"{', '.join(param.opts)}{value}", _described(param)


def _described(param: Any) -> str:
    text = translate(param.help or "")
    if param.required:
        return f"{text} ({translate(_('required'))})"
    if param.default in (None, False):
        return text
    return f"{text} ({render(_('default: {default}'), default=param.default)})"
