"""Quantities to text and back: "48 GiB", "1.2 ms", "4h", "100,000 KRW". Does no arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from math import isfinite

_PREFIXES = ("", "K", "M", "G", "T", "P", "E")
_BINARY = {f"{prefix}iB".lower(): 1024**power for power, prefix in enumerate(_PREFIXES) if prefix}
_DECIMAL = {f"{prefix}B".lower(): 1000**power for power, prefix in enumerate(_PREFIXES)}
_DURATIONS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_CLOCK = ((1e-6, "ns", 1e-9), (1e-3, "us", 1e-6), (1.0, "ms", 1e-3), (120.0, "s", 1.0), (7200.0, "min", 60.0))
_ROUNDS_UP = 0.9995
"""Share of a limit from which three significant digits show the limit itself."""
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def _significant(value: float) -> str:
    """Return three significant digits, or all digits before the point, without an exponent."""
    if value == 0:
        return "0"
    exponent = int(f"{value:.2e}".split("e")[1])
    return f"{value:.{max(0, 2 - exponent)}f}"


def _scale(value: float, step: float, prefixes: tuple[str, ...]) -> tuple[float, str]:
    power = 0
    while abs(value) >= step * _ROUNDS_UP and power < len(prefixes) - 1:
        value /= step
        power += 1
    return value, prefixes[power]


def format_bytes(size_bytes: float) -> str:
    """Return bytes in binary units with three significant digits.

    Examples
    --------
    >>> format_bytes(48 * 2**30), format_bytes(1536), format_bytes(7)
    ('48.0 GiB', '1.50 KiB', '7 B')
    """
    value, prefix = _scale(size_bytes, 1024, _PREFIXES)
    return f"{_significant(value)} {prefix}iB" if prefix else f"{value:.0f} B"


def format_seconds(time_s: float) -> str:
    """Return seconds in the unit that suits them, with three significant digits.

    Examples
    --------
    >>> format_seconds(0.0018), format_seconds(4.2e-6), format_seconds(95.0), format_seconds(600), format_seconds(7200)
    ('1.80 ms', '4.20 us', '95.0 s', '10.0 min', '2.00 h')
    """
    if time_s == 0:
        return "0 s"
    for limit_s, unit, unit_s in _CLOCK:
        if abs(time_s) < limit_s * _ROUNDS_UP:
            return f"{_significant(time_s / unit_s)} {unit}"
    return f"{_significant(time_s / 3600)} h"


def format_count(value: float, unit: str = "") -> str:
    """Return a count or rate in decimal units with three significant digits.

    Examples
    --------
    >>> format_count(4.09e9, "MAC"), format_count(1.5e12, "B/s"), format_count(12)
    ('4.09 GMAC', '1.50 TB/s', '12.0')
    """
    scaled, prefix = _scale(value, 1000, _PREFIXES)
    return f"{_significant(scaled)} {prefix}{unit}".rstrip()


def format_number(value: float) -> str:
    """Return a number rounded to three significant digits, its thousands separated.

    Examples
    --------
    >>> format_number(16666.7), format_number(0.52)
    ('16,700', '0.520')
    """
    rounded = float(f"{value:.2e}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else _significant(rounded)


def format_krw(amount: int) -> str:
    """Return an amount of won.

    Examples
    --------
    >>> format_krw(100000)
    '100,000 KRW'
    """
    return f"{amount:,} KRW"


def parse_bytes(text: str | int) -> int:
    """Return the bytes that a text such as "48GiB" or "16 GB" means; a number is taken as bytes.

    Raises
    ------
    ValueError
        If the text is not a number with a unit of bytes.

    Examples
    --------
    >>> parse_bytes("48GiB") == 48 * 2**30, parse_bytes("16 GB"), parse_bytes(512)
    (True, 16000000000, 512)
    """
    if isinstance(text, int):
        return text
    return round(_parse(text, _BINARY | _DECIMAL, "a size such as '48GiB' or '16 GB'"))


def parse_duration(text: str | timedelta) -> float:
    """Return the seconds that a text such as "30m", "4h" or "500ms" means.

    Raises
    ------
    ValueError
        If the text is not a number with a unit of time.

    Examples
    --------
    >>> parse_duration("4h"), parse_duration("1.5 s")
    (14400.0, 1.5)
    """
    if isinstance(text, timedelta):
        return text.total_seconds()
    return _parse(text, _DURATIONS, "a duration such as '30m', '4h' or '500ms'")


def _parse(text: str, factors: Mapping[str, float], what: str) -> float:
    match = _QUANTITY.fullmatch(text)
    factor = match and factors.get(match[2].lower())
    if not match or not factor or not isfinite(value := float(match[1]) * factor):
        message = f"{text!r} is not {what}"
        raise ValueError(message)
    return value
