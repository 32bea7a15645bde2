"""One message catalogue for everything that a person reads.

The English template stands in the code, marked with `_`; its Korean stands in `ko/LC_MESSAGES/npusdk.po` (gettext),
compiled beside it. A template has `str.format` fields, which both languages share. Nothing is translated before it is shown.
"""

from __future__ import annotations

import gettext
import locale
import os
from functools import cache
from importlib.resources import as_file, files

LANGUAGES = ("en", "ko")

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


def current_language() -> str:
    """Return the chosen language, else that of `NPUSDK_LANG`, else the locale's, else "en"."""
    if _chosen:
        return _chosen
    asked = os.environ.get("NPUSDK_LANG") or locale.getlocale()[0] or os.environ.get("LANG", "")
    return "ko" if asked.lower().startswith(("ko", "korean")) else "en"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with as_file(files(__name__)) as folder:
        return gettext.translation("npusdk", localedir=folder, languages=[language])


def translate(template: str, language: str | None = None) -> str:
    """Return `template` in `language`, fields left open."""
    return _catalogue(language or current_language()).gettext(template) if template else template


def render(template: str, /, language: str | None = None, **params: object) -> str:
    """Return `template` in `language` with its fields filled.

    Examples
    --------
    >>> render("{n} cards", language="en", n=8)
    '8 cards'
    """
    return translate(template, language).format(**params) if params else translate(template, language)
