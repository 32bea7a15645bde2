"""Element types of tensors and matrix formats of devices, by the names that ONNX and vendors use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import DTypeLike


@dataclass(frozen=True, slots=True)
class ElementType:
    """An element type of a tensor.

    Parameters
    ----------
    name
        ONNX's name in lower case ("float32", "bfloat16", "int64").
    bits
        Width on the device and in a file; 0 for strings.
    kind
        "float", "int", "uint", "bool" or "string".
    storage
        NumPy type that holds the values here; bfloat16 lives in float32 whose low 16 bits are zero.
    """

    name: str
    bits: int
    kind: str
    storage: np.dtype[np.generic]


def _element(name: str, bits: int, kind: str, storage: DTypeLike | None = None) -> ElementType:
    return ElementType(name, bits, kind, np.dtype(storage if storage is not None else name))


_ELEMENTS = (
    _element("float64", 64, "float"),
    _element("float32", 32, "float"),
    _element("float16", 16, "float"),
    _element("bfloat16", 16, "float", np.float32),
    *(_element(f"int{bits}", bits, "int") for bits in (8, 16, 32, 64)),
    *(_element(f"uint{bits}", bits, "uint") for bits in (8, 16, 32, 64)),
    _element("bool", 8, "bool", np.bool_),
    _element("string", 0, "string", np.object_),
)

ELEMENT_TYPES: Mapping[str, ElementType] = MappingProxyType({element.name: element for element in _ELEMENTS})
"""Every element type that a tensor of a graph can have."""


@dataclass(frozen=True, slots=True)
class MatrixFormat:
    """A number format in which a device multiplies matrices.

    Parameters
    ----------
    name
        As vendors write it ("bf16", "fp8", "int8").
    bits
        Width of an operand in memory; tf32 is held in 32.
    accumulator
        Format of the sums ("fp32" or "int32").
    """

    name: str
    bits: int
    accumulator: str


MATRIX_FORMATS: Mapping[str, MatrixFormat] = MappingProxyType(
    {
        name: MatrixFormat(name, bits, "int32" if name.startswith("int") else "fp32")
        for name, bits in (
            ("fp64", 64), ("fp32", 32), ("tf32", 32), ("fp16", 16), ("bf16", 16), ("fp8", 8), ("fp4", 4),
            ("int8", 8), ("int4", 4),
        )
    }
)  # fmt: skip
"""Every matrix format that the catalogue's devices name."""
