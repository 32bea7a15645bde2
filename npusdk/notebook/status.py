"""What `%npu status` shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npusdk.display import show
from npusdk.host import memory_bytes
from npusdk.language import _, translate
from npusdk.notebook.place import Place
from npusdk.report import CellReport
from npusdk.units import format_bytes
from npusdk.views.page import Page


@dataclass(frozen=True, repr=False)
class Status:
    """What is set in a notebook, and what its last cell would have taken; shows itself.

    Parameters
    ----------
    place
        Where cells run unless they say otherwise; None if nothing is set.
    last
        Report of the last cell that ran; None before the first.
    """

    place: Place | None
    last: CellReport | None

    def __repr__(self) -> str:
        page = Page()
        page.facts(self._facts(), indent=0)
        return str(page).rstrip("\n")

    def _facts(self) -> Iterator[tuple[str, str]]:
        place = self.place
        if place is None:
            yield translate(_("target")), translate(_("none; set one: %npu use rngd"))
        else:
            yield translate(_("target")), place.word
            yield translate(_("device")), f"{place.device.name} ({place.device.id})"
            yield translate(_("precision of cells")), place.precision
            yield translate(_("memory of the device")), _size(place.device.pool_bytes)
        yield translate(_("runs on")), translate(_("this computer; every device is emulated"))
        yield translate(_("memory of this computer")), _size(memory_bytes())
        yield translate(_("last cell")), _first_line(self.last) if self.last else translate(_("none yet"))


def _size(size_bytes: int | None) -> str:
    return translate(_("not known")) if size_bytes is None else format_bytes(size_bytes)


def _first_line(report: CellReport) -> str:
    return show(report).splitlines()[0]
