"""Functions that write arrays to texts, files and tests: their device arrays are copied to this computer on purpose."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from npusdk.array.device_array import DeviceArray, DeviceScalar
from npusdk.array.functions.call import Rows, numpy_function

READING = (
    "array2string", "array_repr", "array_str", "save", "savetxt", "savez", "savez_compressed",
)  # fmt: skip
"""Names of the functions that read whole arrays and give no array."""


def read(value: Any) -> Any:
    """Return a value on this computer, with device arrays also in lists, tuples and dicts copied."""
    if isinstance(value, DeviceArray):
        return value.numpy()[()] if isinstance(value, DeviceScalar) else value.numpy()
    if isinstance(value, (list, tuple)) and any(isinstance(item, (DeviceArray, list, tuple, dict)) for item in value):
        items = [read(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: read(item) for key, item in value.items()}
    return value


def reader(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the host that takes device arrays too, by copying them."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*(read(value) for value in args), **{key: read(value) for key, value in kwargs.items()})

    return call


def _row(name: str) -> tuple[Callable[..., Any], str]:
    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return reader(numpy_function(name))(*args, **kwargs)

    return call, "*args **kwargs"


READERS: Rows = MappingProxyType({name: _row(name) for name in READING})
"""The functions that read."""
