"""A page that stands alone: one file, light or dark as its reader's system, with no script and nothing to fetch."""

from __future__ import annotations

from html import escape

from npusdk.language import current_language, plain
from npusdk.views.html.card import Card, literal
from npusdk.views.palette import DARK, LIGHT

_NAMES = tuple(literal(LIGHT))

VARIABLES = {name: f"var(--{name})" for name in _NAMES}
"""Colours of a card by the names that the page's style sheet gives them."""


def page_card() -> Card:
    """Return the card of a page that stands alone."""
    return Card(VARIABLES, stands_alone=True)


def document(card: Card, title: str) -> str:
    """Return the page of a card."""
    light = ";".join(f"--{name}:{value}" for name, value in literal(LIGHT).items())
    dark = ";".join(f"--{name}:{value}" for name, value in literal(DARK).items())
    return f"""<!doctype html>
<html lang="{current_language()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(plain(title, 200))}</title>
<style>
:root{{{light};color-scheme:light dark}}
@media (prefers-color-scheme:dark){{:root{{{dark}}}}}
body{{margin:0;background:var(--panel)}}
main{{max-width:948px;margin:0 auto;padding:24px;box-sizing:border-box}}
main>div{{max-width:none!important}}
@media (max-width:600px){{main{{padding:0}}}}
@media print{{body{{background:none}}main{{padding:0}}}}
</style>
</head>
<body>
<main>
{card}</main>
</body>
</html>
"""
