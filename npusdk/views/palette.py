"""Colours of pictures and cards: one accent, a colour for each bound, in a light and a dark set.

Texts have a contrast of 4.5 to their ground at least, marks one of 3 (WCAG 2.2 AA); a test computes both. What a colour
says is also said by a place, a shape or a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Palette:
    """One set of colours, as `#rrggbb`.

    Parameters
    ----------
    card, panel
        Ground of everything, and of what is set apart on it.
    ink, muted
        Text, and text of less weight.
    rule, grid
        Lines between parts, and behind marks.
    accent
        What a reader should look at first.
    good, fair, bad
        Texts that say how something stands.
    call
        The runtime's call.
    bounds
        Marks, by code of a bound.
    """

    card: str
    panel: str
    ink: str
    muted: str
    rule: str
    grid: str
    accent: str
    good: str
    fair: str
    bad: str
    call: str
    bounds: Mapping[str, str]


LIGHT = Palette(
    card="#ffffff",
    panel="#f4f6f8",
    ink="#1b2430",
    muted="#566270",
    rule="#d5dbe1",
    grid="#e6eaee",
    accent="#0b5fa5",
    good="#19692c",
    fair="#7d5200",
    bad="#a8201a",
    call="#3f4a57",
    bounds=MappingProxyType(
        {
            "compute": "#0b5fa5",
            "memory": "#c2500a",
            "on_chip": "#0a7f6f",
            "vector": "#7a4ab0",
            "overhead": "#7b8592",
            "host": "#857200",
            "link": "#b5306d",
        }
    ),
)

DARK = Palette(
    card="#171c23",
    panel="#1f2630",
    ink="#e7ebf0",
    muted="#a5b0bd",
    rule="#38424e",
    grid="#2a323c",
    accent="#6cb2f2",
    good="#7fcf8d",
    fair="#e0b35a",
    bad="#ff9a92",
    call="#c3ccd6",
    bounds=MappingProxyType(
        {
            "compute": "#5aa9e6",
            "memory": "#f08a4b",
            "on_chip": "#3fbfa8",
            "vector": "#b893e8",
            "overhead": "#8e99a6",
            "host": "#cdb73e",
            "link": "#ec7fae",
        }
    ),
)
