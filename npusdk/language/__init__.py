"""One message catalogue for everything that a person reads.

The English template stands in the code, marked with `_`; its Korean stands in `ko/LC_MESSAGES/npusdk.po` (gettext),
compiled beside it. A template has `str.format` fields, which both languages share. Nothing is translated before it is
shown.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from npusdk.language.fields import fill, plain

__all__ = [
    "LANGUAGES",
    "_",
    "current_language",
    "fill",
    "language_set_to",
    "plain",
    "render",
    "set_language",
    "translate",
]

LANGUAGES = ("en", "ko")

_ENVIRONMENT = ("NPUSDK_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_KOREAN = re.compile(r"ko(rean)?(?![a-z])", re.IGNORECASE)

_chosen: str | None = None


def _(template: str) -> str:
    """Mark `template` for translation and return it unchanged."""
    return template


def set_language(language: str | None) -> None:
    """Choose the language of everything shown from now on; None returns to the environment's.

    Raises
    ------
    ValueError
        If `language` is neither None nor one of `LANGUAGES`.
    """
    global _chosen  # noqa: PLW0603 - the reader's language is a property of the process
    if language is not None and language not in LANGUAGES:
        text = f"language {language!r} is not one of {', '.join(LANGUAGES)}"
        raise ValueError(text)
    _chosen = language


@contextmanager
def language_set_to(language: str | None) -> Iterator[None]:
    """Show everything in `language` inside a `with` block, and as before after it."""
    before = _chosen
    set_language(language)
    try:
        yield
    finally:
        set_language(before)


def current_language() -> str:
    """Return the chosen language, else the environment's, else the operating system's, else "en".

    The environment names it in `NPUSDK_LANG`, or as POSIX has it in `LC_ALL`, `LC_MESSAGES` or `LANG`. Windows sets
    none of these and calls its own locale "Korean_Korea" or "ko-KR".
    """
    if _chosen:
        return _chosen
    named = next((os.environ[name] for name in _ENVIRONMENT if os.environ.get(name)), None)
    return "ko" if _KOREAN.match(_system_locale() if named is None else named) else "en"


def _system_locale() -> str:
    try:
        return locale.getlocale()[0] or ""
    except ValueError:  # a locale that Python does not know, such as macOS's bare "UTF-8"
        return ""


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("npusdk", localedir=Path(__file__).parent, languages=[language])


def translate(template: str, language: str | None = None) -> str:
    """Return `template` in `language`, fields left open."""
    return _catalogue(language or current_language()).gettext(template) if template else template


def render(template: str, /, **params: object) -> str:
    r"""Return `template` in the reader's language, fields filled; texts that come from outside cannot break the line.

    Examples
    --------
    >>> with language_set_to("en"):
    ...     render("{n} cards", n=8), render("node {node}", node="a" + chr(27) + "[31mb")
    ('8 cards', 'node a\\x1b[31mb')
    """
    return fill(translate(template), params)
