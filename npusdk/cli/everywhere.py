"""What every command takes, wherever it stands in the line: `--json` and `--lang`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from npusdk.errors import UsageError
from npusdk.language import LANGUAGES, _

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "--json": _("Answer in JSON; errors too, on standard error."),
        f"--lang {'|'.join(LANGUAGES)}": _("Language; NPUSDK_LANG chooses it for good."),
        "--help, -h": _("Show this help."),
    }
)
"""What is said of these options in a help page."""


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The options that are common to all commands.

    Parameters
    ----------
    as_json
        Whether to answer in JSON.
    language
        The language asked for; None for the reader's own.
    after
        The words after "--".
    """

    as_json: bool = False
    language: str | None = None
    after: tuple[str, ...] = ()


def take_everywhere(arguments: Sequence[str]) -> tuple[Everywhere, list[str]]:
    """Return the common options and the arguments without them; what follows "--" is left alone.

    Raises
    ------
    UsageError
        If a language is not known.
    """
    as_json, language = False, None
    rest: list[str] = []
    after: tuple[str, ...] = ()
    pending = list(arguments)
    while pending:
        argument = pending.pop(0)
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *pending]
            after = tuple(pending)
            break
        if argument == "--json":
            as_json = True
        elif name == "--lang":
            language = _known(value if equals else pending.pop(0) if pending else "")
        else:
            rest.append(argument)
    return Everywhere(as_json, language, after), rest


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise UsageError(
            _("--lang {language} is no language of npusdk"),
            hint=_("Choose one of {languages}."),
            language=repr(language),
            languages=", ".join(LANGUAGES),
        )
    return language
