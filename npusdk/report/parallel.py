"""How many devices run a model together, and how it is divided among them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from npusdk.values import Frozen

Devices: TypeAlias = Annotated[int, Field(ge=1, le=4096)]


class Parallel(Frozen):
    """How a model is divided among equal devices.

    Parameters
    ----------
    tp
        Tensor parallel: devices that share every layer and sum their results by all-reduce.
    pp
        Pipeline parallel: stages of consecutive layers.
    replicas
        Copies of all that, which take requests independently.

    Examples
    --------
    >>> Parallel(tp=4, replicas=2).devices
    8
    """

    tp: Devices = 1
    pp: Devices = 1
    replicas: Devices = 1

    @property
    def devices(self) -> int:
        """Devices in all."""
        return self.tp * self.pp * self.replicas

    def __str__(self) -> str:
        named = {"tp": self.tp, "pp": self.pp, "replicas": self.replicas}
        return ", ".join(f"{name}={count}" for name, count in named.items() if count > 1) or "one device"
