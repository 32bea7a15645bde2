"""Functions that look at shapes, types and memory, and at no element."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.device_array import DeviceArray
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import phantom


def _typed(value: Any) -> Any:
    return value.dtype if isinstance(value, DeviceArray) else value


def _shaped(value: Any) -> Any:
    return phantom(value.shape) if isinstance(value, DeviceArray) else value


def _memory(value: Any) -> Any:
    return value._value if isinstance(value, DeviceArray) else value


def _through(name: str, view: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return NumPy's function of what `view` shows of each argument."""
    function = getattr(np, name)

    def look(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return function(*map(view, args), **{key: view(value) for key, value in kwargs.items()})

    return look


def common_type(args: tuple[Any, ...]) -> Any:
    """Return the floating-point type in which arrays meet."""
    return np.common_type(*(np.empty(0, _typed(value)) if isinstance(value, DeviceArray) else value for value in args))


METADATA: Rows = MappingProxyType(
    {
        **{name: (_through(name, _shaped), "*args **kwargs") for name in ("ndim", "shape", "size")},
        **{name: (_through(name, _typed), "*args **kwargs") for name in ("result_type", "can_cast", "min_scalar_type")},
        **{name: (_through(name, _memory), "*args **kwargs") for name in ("shares_memory", "may_share_memory")},
        "iscomplexobj": (lambda x: False, "x"),  # noqa: ARG005
        "isrealobj": (lambda x: True, "x"),  # noqa: ARG005
        "common_type": (common_type, "*args"),
    }
)
"""Functions of shapes, types and memory."""
