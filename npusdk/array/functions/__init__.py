"""NumPy's functions on device arrays: tables of implementations, one file for each family.

`ROWS` holds them by name; `FUNCTIONS` by the function of NumPy, as `DeviceArray.__array_function__` looks them up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from npusdk.array.functions.accumulations import ACCUMULATIONS
from npusdk.array.functions.call import Function, numpy_function
from npusdk.array.functions.contraction import CONTRACTION
from npusdk.array.functions.counting import COUNTING
from npusdk.array.functions.creation import CREATION
from npusdk.array.functions.elementwise import ELEMENTWISE
from npusdk.array.functions.joining import JOINING
from npusdk.array.functions.linear import LINEAR
from npusdk.array.functions.metadata import METADATA
from npusdk.array.functions.nan_reductions import NAN_REDUCTIONS
from npusdk.array.functions.norms import NORMS
from npusdk.array.functions.ordering import ORDERING
from npusdk.array.functions.placing import PLACING
from npusdk.array.functions.reading import READERS
from npusdk.array.functions.reductions import REDUCTIONS
from npusdk.array.functions.repeated import REPEATED
from npusdk.array.functions.selection import SELECTION
from npusdk.array.functions.sets import SETS
from npusdk.array.functions.shaping import SHAPING
from npusdk.array.functions.signals import SIGNALS
from npusdk.array.functions.statistics import STATISTICS

_FAMILIES = (
    ACCUMULATIONS, CONTRACTION, COUNTING, CREATION, ELEMENTWISE, JOINING, LINEAR, METADATA, NAN_REDUCTIONS, NORMS,
    ORDERING, PLACING, READERS, REDUCTIONS, REPEATED, SELECTION, SETS, SHAPING, SIGNALS, STATISTICS,
)  # fmt: skip

ROWS: Mapping[str, Function] = MappingProxyType(
    {
        name: Function(name, implementation, parameters)
        for family in _FAMILIES
        for name, (implementation, parameters) in family.items()
        if numpy_function(name) is not None
    }
)
"""Every function by its name after ``numpy.``, as far as this NumPy has it."""

FUNCTIONS: Mapping[Callable[..., Any], Callable[..., Any]] = MappingProxyType(
    {numpy_function(name): function for name, function in ROWS.items()}
)
"""NumPy function -> implementation."""

__all__ = ["FUNCTIONS", "ROWS", "Function"]
