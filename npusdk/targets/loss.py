"""What a cell lost by rounding: what came back beside the same operators in float32."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusdk.array import DeviceArray, Record

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Loss:
    """What rounding cost.

    Parameters
    ----------
    largest
        Over the arrays, the largest difference divided by the largest magnitude; None where nothing was compared.
    name
        Of the array that lost most.
    overflowed
        Names of arrays with elements that are infinite or no number, and are numbers in float32.
    """

    largest: float | None = None
    name: str = ""
    overflowed: tuple[str, ...] = ()


def measure_loss(exact: Mapping[str, Array], record: Record, taken: Iterable[tuple[DeviceArray, str]]) -> Loss:
    """Compare device arrays with what the same operators give without rounding.

    Parameters
    ----------
    exact
        The record's outputs in float32.
    taken
        Arrays that came back, and how the cell reaches them.
    """
    lost: list[tuple[float, str]] = []
    overflowed = []
    for array, name in taken:
        rounded, wanted = array.numpy(), exact[record.name_of(array)]
        if wanted.dtype.kind == "f" and wanted.size:
            lost.append((_difference(rounded, wanted), name))
            if (np.isfinite(wanted) & ~np.isfinite(rounded)).any():
                overflowed.append(name)
    largest, name = max(lost, default=(None, ""))
    return Loss(largest, name, tuple(dict.fromkeys(filter(None, overflowed))))


def _difference(rounded: Array, exact: Array) -> float:
    """Return the largest difference over the largest magnitude; elements that are not finite in both are left out."""
    finite = np.isfinite(rounded) & np.isfinite(exact)
    difference = np.abs(np.subtract(rounded, exact, where=finite, out=np.zeros(exact.shape, np.float64)))
    magnitude = np.abs(exact, where=finite, out=np.zeros(exact.shape, np.float64))
    largest = float(magnitude.max(initial=0))
    return float(difference.max(initial=0)) / largest if largest else 0.0
