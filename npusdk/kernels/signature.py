"""What a kernel is, and how it reads attributes.

A kernel takes the inputs (None for an optional input that is left out), the attributes, and how many outputs the node
names; it gives that many arrays. It never writes to an input; an output may be a view of one. Values have the storage
types of `npusdk.numerics.ELEMENT_TYPES`: a bfloat16 tensor is float32 here, and rounding it is the caller's business.
Kernels trust the shape rules: what `npusdk.graph` refuses does not arrive here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from npusdk.graph import Attributes
from npusdk.numerics import ELEMENT_TYPES

Array: TypeAlias = npt.NDArray[Any]
Inputs: TypeAlias = Sequence[Array | None]
Outputs: TypeAlias = tuple[Array, ...]
Kernel: TypeAlias = Callable[[Inputs, Attributes, int], Outputs]


def given(inputs: Inputs, index: int) -> Array | None:
    """Return input `index`, or None where it is left out."""
    return inputs[index] if index < len(inputs) else None


def needed(inputs: Inputs, count: int) -> list[Array]:
    """Return the first `count` inputs, which the operator requires."""
    return [cast("Array", value) for value in inputs[:count]]


def integer(attrs: Attributes, name: str, default: int) -> int:
    """Return an integer attribute."""
    return int(cast("int", attrs.get(name, default)))


def number(attrs: Attributes, name: str, default: float) -> float:
    """Return a floating-point attribute, rounded to float32 as ONNX stores it."""
    return float(np.float32(cast("float", attrs.get(name, default))))


def text(attrs: Attributes, name: str, default: str) -> str:
    """Return a text attribute."""
    return str(attrs.get(name, default))


def integers(attrs: Attributes, name: str) -> tuple[int, ...] | None:
    """Return a list of integers, or None where the attribute is absent."""
    values = attrs.get(name)
    return None if values is None else tuple(int(value) for value in cast("tuple[int, ...]", values))


def storage(attrs: Attributes, name: str) -> np.dtype[Any]:
    """Return the NumPy type that stores the element type that an attribute names."""
    return ELEMENT_TYPES[str(attrs[name])].storage


def normal_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Return `axes` counted from the front."""
    return tuple(axis + rank if axis < 0 else axis for axis in axes)
