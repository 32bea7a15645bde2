"""What a `DeviceArray` hands on to those who make device arrays; filled when the package is imported.

Operators, indexing and NumPy's functions all give device arrays, so the class cannot import them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from npusdk.errors import UnsupportedOpError
from npusdk.language import _

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy function -> implementation."""

METHODS: dict[str, Callable[..., Any]] = {}
"""Name of a method of ndarray -> implementation, which takes the array first."""

HANDLERS: dict[str, Callable[..., Any]] = {}
"""What operators, ufuncs and subscripts of a device array do, by name."""


def refuse(name: str, hint: str = "") -> NoReturn:
    """Refuse something of NumPy that no device array has.

    Parameters
    ----------
    name
        As a person would write it ("numpy.linalg.svd").

    Raises
    ------
    UnsupportedOpError
        Always.
    """
    raise UnsupportedOpError(
        _("{name} is not available on a device array."),
        hint=hint or _("Bring the array back with numpy() and go on outside the cell, or use another function."),
        name=name,
    )
