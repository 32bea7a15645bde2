"""A calibration on a card: the same words and tables as on a page of text."""

from __future__ import annotations

from npusdk.pipeline.constants import Calibration
from npusdk.views.html.card import Card
from npusdk.views.text import calibration_page


def calibration(value: Calibration) -> str:
    """Return a calibration as HTML."""
    card = Card()
    card.title(calibration_page.title_of(value))
    calibration_page.add_calibration(card, value)
    return str(card)
