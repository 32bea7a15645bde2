"""What a scalar of NumPy does and an array does not.

An element, a sum and what is computed of such are device arrays that stand for one number: a key of a dict by its
value, an instance of the types that NumPy's scalar is an instance of, and read by whoever wants a number.
"""

from __future__ import annotations

from collections.abc import Callable
from math import trunc
from typing import Any

import numpy as np
import numpy.typing as npt

from npusdk.array.operators import Operators

_SEQUENCES = frozenset({list, tuple, str, bytes, bytearray})
_OWN = frozenset({"as_integer_ratio", "bit_count", "denominator", "hex", "is_integer", "numerator"})
"""Attributes of NumPy's scalars that read the number."""


def _repeating(multiply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a product that leaves sequences of Python to Python, which repeats them or refuses."""

    def operator(self: Any, other: Any) -> Any:
        return NotImplemented if type(other) in _SEQUENCES else multiply(self, other)

    return operator


class Scalar:
    """The behaviour of a number, which a device array without dimensions inherits where NumPy has a scalar."""

    __slots__ = ()

    _value: npt.NDArray[Any]

    @property  # type: ignore[misc]  # nobody sets it
    def __class__(self) -> Any:
        """The type that NumPy's scalar has, for `isinstance`."""
        return self._value.dtype.type

    __mul__, __rmul__ = _repeating(Operators.__mul__), _repeating(Operators.__rmul__)

    def __hash__(self) -> int:
        return hash(self._value[()])

    def __round__(self, ndigits: int | None = None) -> Any:
        number: Any = self._value[()]
        return round(number, ndigits)

    def __trunc__(self) -> int:
        number: Any = self._value[()]
        return trunc(number)  # type: ignore[no-any-return]  # of a number that is only known here

    def __repr__(self) -> str:
        return repr(self._value[()])

    def __reduce__(self) -> Any:
        return self._value[()].__reduce__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        del copy  # the number is copied in any case
        return np.array(self._value, dtype)


def attribute_of(value: npt.NDArray[Any], name: str) -> Any:
    """Return an attribute that a number has and an array has not, or None."""
    return getattr(value[()], name, None) if name in _OWN else None
