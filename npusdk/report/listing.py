"""The layers of a profile as a table that shows itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npusdk.display import Shown, show
from npusdk.report.base import choose_medium
from npusdk.report.layers import LayerCost
from npusdk.units import format_seconds

if TYPE_CHECKING:
    from npusdk.report.profile import ProfileReport


@dataclass(frozen=True, repr=False)
class LayerListing(Shown):
    """All layers of a profile in the order of execution, made by `ProfileReport.layers_table`.

    Parameters
    ----------
    report
        The profile.
    """

    report: ProfileReport

    def __len__(self) -> int:
        return len(self.report.layers)

    def __getitem__(self, index: int) -> LayerCost:
        return self.report.layers[index]

    def __iter__(self) -> Iterator[LayerCost]:
        return iter(self.report.layers)

    def save(self, path: str | Path) -> Path:
        """Write the table; the suffix says how (".csv", ".html").

        Raises
        ------
        ConfigError
            If the suffix is of no known form.
        """
        target = Path(path)
        medium = choose_medium(target, "LayerListing", ("csv", "html"))
        text = show(self.report, "csv") if medium == "csv" else show(self, "page")
        target.write_text(text, encoding="utf-8", newline="")
        return target

    def __str__(self) -> str:
        return show(self)

    def __repr__(self) -> str:
        report = self.report
        return f"LayerListing({len(self)} layers, {report.basis} {format_seconds(report.latency_s)} in all)"
