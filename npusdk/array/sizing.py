"""Whether results will fit the device, asked before they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.graph import Attributes, Node, TensorType, infer
from npusdk.numerics import ELEMENT_TYPES

if TYPE_CHECKING:
    from npusdk.array.context import Context

Array: TypeAlias = npt.NDArray[Any]

_MAY_GROW = frozenset(
    {"ConstantOfShape", "Einsum", "EyeLike", "Gather", "GatherND", "MatMul", "OneHot", "Pad", "Range", "Tile"}
)
"""Operators whose results may be larger than all their inputs together."""

_FREE = frozenset({"Expand", "Flatten", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators whose results take no memory of their own, or no more than their input does."""


def require_room(context: Context, op: str, values: Sequence[Array | None], attrs: Attributes, *, outputs: int) -> None:
    """Refuse an operator for whose results the device has no room.

    Raises
    ------
    OutOfDeviceMemoryError
        Before anything is computed.
    """
    limit = context.memory_limit_bytes
    if limit is None or op in _FREE:
        return
    bound = _bound_bytes(context, op, values)
    if bound is not None and context.live_bytes + bound <= limit:
        return
    context.require(_size_bytes(context, op, values, attrs, outputs=outputs))


def _bound_bytes(context: Context, op: str, values: Sequence[Array | None]) -> int | None:
    """Return what the results exceed in no case, where that is known at a glance."""
    given = [value for value in values if value is not None]
    if op == "MatMul" and all(value.size for value in given):
        return prod(value.size for value in given) * max(context.width_bytes(value.dtype) for value in given)
    if op in _MAY_GROW:
        return None
    return sum(value.size * context.width_bytes(value.dtype) for value in given)


def _size_bytes(context: Context, op: str, values: Sequence[Array | None], attrs: Attributes, *, outputs: int) -> int:
    names = tuple("" if value is None else str(place) for place, value in enumerate(values))
    known = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    types = {name: TensorType(str(value.dtype), value.shape) for name, value in known.items()}
    node = Node(op, op, names, tuple(f"out{place}" for place in range(outputs)), attrs)
    found = infer(node, types, known)
    return sum(
        prod(output.shape) * context.width_bytes(np.dtype(ELEMENT_TYPES[output.dtype].storage)) for output in found
    )
