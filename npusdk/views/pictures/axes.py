"""Scales and their ticks: round numbers in the units that people use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from npusdk.units import format_bytes, format_count, format_seconds
from npusdk.views.pictures.svg import Box, Drawing, width_of

STEPS = (1.0, 2.0, 5.0)
DECADES = 9
"""Powers of ten that an axis spans at most: beneath them everything lies on its edge."""

SMALLEST, LARGEST = 1e-15, 1e20
"""What an axis reaches at most: beyond it there are no names for quantities."""

TICK_SIZE = 11
_GAP = 10


def trim(text: str) -> str:
    """Return a quantity without zeros that say nothing.

    Examples
    --------
    >>> trim("1.00 ms"), trim("2.50 TB/s"), trim("0 s")
    ('1 ms', '2.5 TB/s', '0 s')
    """
    value, _blank, unit = text.partition(" ")
    shortest = value.rstrip("0").rstrip(".") if "." in value else value
    return f"{shortest} {unit}".rstrip()


def seconds(value: float) -> str:
    """Return a time for a picture; what is shorter than any clock's tick is none."""
    return trim(format_seconds(value if value >= SMALLEST else 0.0))


def size(value: float) -> str:
    """Return a number of bytes for a tick."""
    return trim(format_bytes(value))


def rate(unit: str) -> Callable[[float], str]:
    """Return what writes a rate for a tick."""
    return lambda value: trim(format_count(value, unit))


@dataclass(frozen=True, slots=True)
class Scale:
    """From a quantity to a coordinate.

    Parameters
    ----------
    low, high
        Ends of the axis; beyond them a value lies on the edge.
    start, end
        Coordinates of the ends.
    logarithmic
        Whether equal ratios are equal distances.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value."""
        value = min(max(value, self.low), self.high)
        if self.high <= self.low:
            return self.start
        if self.logarithmic:
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def log_scale(values: Sequence[float], start: float, end: float) -> Scale:
    """Return a scale that holds all positive values, its ends round numbers with room around them."""
    positive = [min(max(value, SMALLEST), LARGEST) for value in values if value > 0] or [1.0]
    high = max(positive) * 1.15
    low = max(min(positive) / 1.15, high / 10.0**DECADES)
    return Scale(_round(low, up=False), _round(high, up=True), start, end, logarithmic=True)


def _round(value: float, *, up: bool) -> float:
    """Return the nearest of 1, 2, 5, 10, ... above or below a value."""
    power = floor(log10(value))
    candidates = [step * 10.0**exponent for exponent in (power - 1, power, power + 1) for step in STEPS]
    if up:
        return min(candidate for candidate in candidates if candidate >= value)
    return max(candidate for candidate in candidates if candidate <= value)


def log_ticks(scale: Scale, limit: int = 8) -> list[float]:
    """Return the powers of ten on a scale, and 2 and 5 between them where there is room."""
    first, last = floor(log10(scale.low)), ceil(log10(scale.high))
    for steps in (STEPS, (1.0, 3.0), (1.0,)):
        ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        ticks = [tick for tick in ticks if scale.low * 0.999 <= tick <= scale.high * 1.001]
        if len(ticks) <= limit:
            return ticks
    stride = ceil(len(ticks) / limit)
    return ticks[::stride]


def linear_ticks(high: float, unit: float, limit: int = 6) -> list[float]:
    """Return round multiples of `unit` from zero to `high`.

    Parameters
    ----------
    unit
        What the ticks are written in: 0.001 for milliseconds, 2**20 for mebibytes.
    """
    if high <= 0:
        return [0.0]
    power = floor(log10(high / unit)) - 1
    candidates = (step * 10.0**exponent * unit for exponent in (power, power + 1, power + 2) for step in STEPS)
    step = next(candidate for candidate in candidates if high / candidate <= limit)
    return [step * index for index in range(int(high / step * (1 + 1e-9)) + 1)]


def time_unit(high: float) -> tuple[float, str]:
    """Return the unit in which times up to `high` seconds are written, in seconds and by name."""
    units = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
    return next((unit for unit in units[2:] if high >= unit[0]), units[-1]) if high < 120 else units[high < 7200]


def byte_unit(high: float) -> float:
    """Return the binary unit in which sizes up to `high` bytes are written, in bytes."""
    return next((1024.0**power for power in range(6, 0, -1) if high >= 1024.0**power), 1.0)


def across(draw: Drawing, scale: Scale, ticks: Sequence[tuple[float, str]], plot: Box) -> None:
    """Draw the ticks of a horizontal axis: lines through the plot, names below it, as many as have room."""
    taken = float("-inf")
    for value, name in ticks:
        x = scale(value)
        draw.line((x, plot.top), (x, plot.bottom), draw.palette.grid)
        half = width_of(name, TICK_SIZE) / 2
        middle = min(max(x, draw.box.left + half + 2), draw.box.right - half - 2)
        if middle - half > taken + _GAP:
            draw.text(name, middle, plot.bottom + 18, size=TICK_SIZE, anchor="middle", fill=draw.palette.muted)
            taken = middle + half


def upright(draw: Drawing, scale: Scale, ticks: Sequence[tuple[float, str]], plot: Box) -> None:
    """Draw the ticks of a vertical axis: lines through the plot, names left of it, as many as have room."""
    taken = float("inf")
    for value, name in ticks:
        y = scale(value)
        draw.line((plot.left, y), (plot.right, y), draw.palette.grid)
        if y < taken - TICK_SIZE - 4:
            draw.text(name, plot.left - 8, y + 4, size=TICK_SIZE, anchor="end", fill=draw.palette.muted)
            taken = y


def named(ticks: Sequence[float], write: Callable[[float], str]) -> Iterator[tuple[float, str]]:
    """Yield ticks with their names."""
    return ((tick, write(tick)) for tick in ticks)
