"""Reading values of a device array as Python does it: numbers, texts, membership. They come to the host for that."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class Reading:
    """The special methods that read, which a device array inherits."""

    __slots__ = ()

    _value: npt.NDArray[Any]
    device: Any
    format: Any

    def __len__(self) -> int:
        return len(self._value)

    def __contains__(self, value: object) -> bool:
        found: Any = self == value
        return bool(np.any(found._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __float__(self) -> float:
        return float(self._value)

    def __complex__(self) -> complex:
        return complex(self._value)

    def __index__(self) -> int:
        return self._value.__index__()

    def __str__(self) -> str:
        return str(self._value[()])

    def __format__(self, specification: str) -> str:
        return format(self._value[()], specification)

    def __repr__(self) -> str:
        text = np.array2string(self._value, separator=", ", prefix="DeviceArray(")
        return f"DeviceArray({text}, device={self.device!r}, format={self.format!r})"
