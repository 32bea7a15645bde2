"""Where the cells of a notebook run: a device that is emulated in this process."""

from __future__ import annotations

from dataclasses import dataclass

from npusdk.array import choose_cell_precision
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.language import _, render, translate

LOCAL = "local"
"""The target that names no device: `reference`, which computes as NumPy does and predicts nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A target as a person named it, and what it means.

    Parameters
    ----------
    word
        The target's name as it was written.
    device
        Device whose arithmetic and cost a cell has there.
    """

    word: str
    device: DeviceSpec

    @property
    def precision(self) -> str:
        """Format in which cells compute unless they name one."""
        return choose_cell_precision(self.device)

    def sentence(self) -> str:
        """Return what it means that this is the target."""
        if self.device.id == "reference":
            return translate(_("target: local; cells compute as NumPy does, and nothing is predicted"))
        return render(
            _("target: {device} ({id}), emulated on this computer; cells compute in {precision}"),
            device=self.device.name,
            id=self.device.id,
            precision=self.precision,
        )


def find_place(word: str) -> Place:
    """Return the place that a target names: a device, a part of one, or "local".

    Raises
    ------
    UnknownDeviceError
        If there is no such device.
    """
    if word.casefold() == LOCAL:
        return Place(LOCAL, find_device("reference"))
    return Place(word, find_device(word))
