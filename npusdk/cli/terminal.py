"""Text to whoever reads: in the encoding of the stream, never failing on a character that it lacks."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

from npusdk.errors import NpuError
from npusdk.language import _, current_language, translate

_LOOKALIKES = str.maketrans({
    "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x", "\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u", "\N{BULLET}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LESS-THAN OR EQUAL TO}": "<=", "\N{GREATER-THAN OR EQUAL TO}": ">=", "\N{RIGHTWARDS ARROW}": "->",
    "\N{PLUS-MINUS SIGN}": "+-", "\N{REGISTERED SIGN}": "(R)", "\N{TRADE MARK SIGN}": "(TM)",
})  # fmt: skip


def encodable(text: str, encoding: str) -> str:
    """Return `text` with what `encoding` lacks replaced by a look-alike, or by "?".

    Examples
    --------
    >>> encodable("5\N{EN DASH}10 \N{MICRO SIGN}s", "cp949"), encodable("지연", "ascii")
    ('5-10 us', '??')
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_LOOKALIKES).encode(encoding, "replace").decode(encoding)
    return text


def emit(text: str, stream: TextIO | None = None) -> None:
    """Write `text` to standard output, or to `stream`."""
    target = stream or sys.stdout
    target.write(encodable(text, target.encoding or "utf-8"))
    target.flush()


def emit_json(value: object, stream: TextIO | None = None) -> None:
    """Write a value as indented JSON in ASCII, which every encoding takes."""
    emit(json.dumps(value, indent=1, allow_nan=False) + "\n", stream)


def emit_error(error: NpuError, *, as_json: bool) -> None:
    """Write an error to standard error: as sentences, or as the JSON object `{"error": {...}}`, in English."""
    if as_json:
        body = {"code": error.code, "params": error.params, "retryable": error.retryable, "text": error.text("en")}
        emit_json({"error": body}, sys.stderr)
    else:
        emit(f"{translate(_('error'))}: {error.text()}\n", sys.stderr)


def readable_language(asked: str | None) -> str:
    """Return the language to write in: English where standard output has no Hangul."""
    language = asked or current_language()
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return language if encodable("한국어", encoding) == "한국어" else "en"


def close_quietly() -> None:
    """Let the interpreter end without a complaint after the reader of standard output has gone away."""
    with suppress(OSError, ValueError):
        if isinstance(sys.stdout, TextIOWrapper):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
