"""A picture of a report: it shows itself where it stands, and goes into a file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from npusdk.display import Shown, find_view, show
from npusdk.report.base import choose_medium
from npusdk.values import Frozen


class Picture(Shown, Frozen):
    """A drawing in the language that was chosen when it was made; there is no PNG, which any browser makes of an SVG.

    Parameters
    ----------
    name
        What is drawn: "roofline", "timeline", "memory", "latency", "throughput", "energy", "price" or
        "frontier".
    title
        What it shows of which model.
    alt
        The same with its figures, for whoever cannot see it.
    text
        The figures as lines of text.
    svg, svg_dark
        The drawing on a light and on a dark card.
    language
        "en" or "ko".
    """

    media: ClassVar[tuple[str, ...]] = ("html", "svg")

    name: str
    title: str
    alt: str
    text: str
    svg: str
    svg_dark: str
    language: str

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix says how: ".svg", or ".html" for a page that is light or dark as its reader's.

        Raises
        ------
        ConfigError
            If the suffix is of no known form.
        """
        target = Path(path)
        medium = choose_medium(target, "Picture", self.media)
        text = self.svg if medium == "svg" else show(self, "page")
        target.write_text(text, encoding="utf-8", newline="")
        return target

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Picture({self.name}: {self.title})"


def draw(report: object, name: str) -> Picture:
    """Return the picture of that name of a report."""
    picture: Picture = find_view(report, name)(report)
    return picture
