"""Values inside sentences: names from files and people, made harmless for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

FIELD_LIMIT = 1000
"""Characters of one text field that a sentence shows."""


def plain(text: str, limit: int | None = None) -> str:
    r"""Return `text` on one line: what moves the cursor or hides becomes its Python escape, a long middle "...".

    Parameters
    ----------
    limit
        Characters of the result at most, 5 or more; None for all.

    Examples
    --------
    >>> plain("conv\n1"), plain("layer4/block2/conv1", 12)
    ('conv\\n1', 'laye...conv1')
    """
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    if limit is None or len(text) <= limit:
        return text
    tail = (limit - 3) * 3 // 5
    return f"{text[: limit - 3 - tail]}...{text[len(text) - tail :]}"


def _visible(char: str) -> str:
    """Return a printable character unchanged, a blank as a blank, anything else (Unicode's C and Z classes) escaped."""
    if char.isprintable():
        return char
    return " " if char.isspace() and char not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029" else repr(char)[1:-1]


class _Fields(Formatter):
    """`str.format` with named fields alone, which leaves a field without a value as it stands."""

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, object]) -> tuple[object, str]:
        return self.get_value(field_name, args, kwargs), field_name  # no attribute and no item of a value

    def get_value(self, key: int | str, _args: Any, kwargs: Mapping[str, object]) -> object:
        value = kwargs.get(str(key), f"{{{key}}}")
        return plain(value, FIELD_LIMIT) if isinstance(value, str) else value


def fill(template: str, params: Mapping[str, object]) -> str:
    """Return `template` with its fields filled by `params`; without any, or if it is none of ours, as it stands.

    Examples
    --------
    >>> fill("{count} nodes of {op}", {"count": 3})
    '3 nodes of {op}'
    """
    try:
        return _Fields().vformat(template, (), params) if params else template
    except ValueError:  # a report from a file may say anything where a template is meant
        return template
