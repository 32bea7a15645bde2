"""Which number format the arrays of a cell have on a device, and single numbers of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from npusdk.catalogue import DeviceSpec
from npusdk.numerics import round_to

WIDEST_FIRST = ("fp32", "tf32", "bf16", "fp16")
"""Floating-point formats for matrix work, in the order in which a cell wants them."""

FORMATS = ("exact", *WIDEST_FIRST, "int8")
"""Formats that arrays can have here."""


def choose_cell_precision(device: DeviceSpec) -> str:
    """Return the widest floating-point format in which a device multiplies matrices.

    Formats that public software is documented to reach come before the others; on a GPU float32 is no matrix format,
    because its matrix units take tf32. "int8" for a device that has integers only, "exact" for `reference`.

    Examples
    --------
    >>> from npusdk.catalogue import find_device
    >>> [choose_cell_precision(find_device(name)) for name in ("rngd", "atom", "a100", "ipu", "warboy")]
    ['bf16', 'fp16', 'tf32', 'fp32', 'int8']
    """
    if device.kind == "reference":
        return "exact"
    reached = [precision.dtype for precision in device.precisions if precision.reachable == "documented"]
    candidates = [dtype for dtype in WIDEST_FIRST if not (dtype == "fp32" and device.kind == "gpu")]
    found = [dtype for known in (reached, device.dtypes) for dtype in candidates if dtype in known]
    return found[0] if found else "int8"


def round_number(value: float, precision: str) -> float:
    """Return one number rounded to a format; zeros keep their sign."""
    return _rounded(value, precision) if value else value


@lru_cache(1024)
def _rounded(value: float, precision: str) -> float:
    with np.errstate(all="ignore"):
        return float(round_to(np.array([value], np.float32), precision)[0])
