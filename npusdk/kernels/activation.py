"""Kernels of the activations: their in-place functions, run block by block on a copy of the input."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.inplace import ACTIVATIONS, BLOCK, InPlace
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, needed


def _blockwise(function: InPlace, x: Array, attrs: Attributes) -> Array:
    """Return the function of every element in the type of `x`; float16 is computed in float32."""
    out = np.empty(x.shape, x.dtype)
    source, target = x.reshape(-1), out.reshape(-1)
    narrow = x.dtype == np.float16
    for start in range(0, source.size, BLOCK):
        place = slice(start, start + BLOCK)
        if narrow:
            block = source[place].astype(np.float32)
            function(block, (), attrs)
            target[place] = block
        else:
            target[place] = source[place]
            function(target[place], (), attrs)
    return out


def _activation(function: InPlace) -> Kernel:
    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        (x,) = needed(inputs, 1)
        return (_blockwise(function, x, attrs),)

    return kernel


def _of_any_number(function: InPlace) -> Kernel:
    """Make a kernel that computes integers as float64 and converts back, rounding towards zero."""
    floating = _activation(function)

    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:
        (x,) = needed(inputs, 1)
        if x.dtype.kind == "f":
            return floating(inputs, attrs, output_count)
        return (_blockwise(function, x.astype(np.float64), attrs).astype(x.dtype),)

    return kernel


_ON_INTEGERS = ("Erf", "Relu", "Shrink")
"""Activations that ONNX defines for integers too."""

ACTIVATION: Mapping[str, Kernel] = MappingProxyType(
    {op: (_of_any_number if op in _ON_INTEGERS else _activation)(function) for op, function in ACTIVATIONS.items()}
)
"""Kernels of the activations."""
