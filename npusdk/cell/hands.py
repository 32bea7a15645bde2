"""What a cell needs of the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from npusdk.cell.nodes import Data


class Hands(Protocol):
    """How arrays come to the device and back; given to `replay` by whoever runs a cell."""

    @property
    def modules(self) -> Mapping[str, object]:
        """What an import inside the cell gives, by the name of the module: the stand-in for NumPy."""

    def put(self, name: str, value: Data, /) -> object:
        """Return a copy of `value` on the device; `value` itself where it stays on the host."""

    def held(self, value: Data, /) -> Data:
        """Return what the device holds of `value` once it is put: rounded, and not counted as traffic."""

    def take(self, value: object, name: str = "", /) -> Data | np.generic:
        """Return an array of the device as the host has it, in memory of its own; a scalar if it has no dimensions.

        `name` is how the cell reaches it, where that is known.
        """

    def owns(self, value: object, /) -> bool:
        """Return whether `value` is an array of the device."""

    def memory(self, value: object, /) -> Data:
        """Return the elements of `value` where they are, so that NumPy tells what shares them; nobody writes to it."""

    def was_written(self, value: object, /) -> bool:
        """Return False if nothing was assigned to the memory of `value` since it was put, through whatever view."""
