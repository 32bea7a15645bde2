"""NumPy's types of integers and floats as a cell sees them: they convert device arrays on the device and read scalars.

Everything else of a type is NumPy's own: what is an instance, what it is equal to, which dtype it stands for.
"""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.functions.operand import cast, context_of, on_device

_TYPES: tuple[type[np.generic], ...] = tuple({np.dtype(code).type for code in "bhilqBHILQefd"})

NAMES = MappingProxyType({name: value for name, value in vars(np).items() if value in _TYPES})
"""Names under which NumPy has them."""


class _ScalarType(type):
    """A type of NumPy's that knows device arrays."""

    _numpy: type[np.generic]
    _context: Context

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "_numpy" not in cls.__dict__:
            return super().__call__(*args, **kwargs)
        return _converted(cls, *args) if len(args) == 1 and not kwargs else cls._numpy(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls._numpy) if "_numpy" in cls.__dict__ else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls._numpy) if "_numpy" in cls.__dict__ else super().__subclasscheck__(subclass)

    def __eq__(cls, other: object) -> bool:
        return _own(cls) is _own(other)

    def __hash__(cls) -> int:
        return hash(_own(cls)) if "_numpy" in cls.__dict__ else super().__hash__()


def _own(kind: Any) -> Any:
    return kind.__dict__.get("_numpy", kind) if isinstance(kind, _ScalarType) else kind


def _converted(cls: _ScalarType, value: Any) -> Any:
    """Return arrays and lists as a device array of the type, and one number as NumPy's scalar."""
    if isinstance(value, DeviceArray):
        return cast(value, cls._numpy) if value.ndim else cls._numpy(value._value[()])
    if context_of([value]) is not None:
        return cast(on_device(cls._context, value), cls._numpy)
    made: Any = cls._numpy(value)
    return on_device(cls._context, made) if isinstance(made, np.ndarray) else made


def scalar_types(context: Context) -> dict[str, type]:
    """Return the types that convert on the device of a context, by every name that NumPy has for them."""
    types = {
        kind: _ScalarType(
            kind.__name__,
            (kind,),
            {"__slots__": (), "_numpy": kind, "_context": context, "__module__": "numpy", "__doc__": kind.__doc__},
        )
        for kind in _TYPES
    }
    return {name: types[kind] for name, kind in NAMES.items()}
