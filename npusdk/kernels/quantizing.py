"""Kernels between floats and quantised integers; the arithmetic is `npusdk.numerics`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Inputs, Kernel, Outputs, given, integer, needed, storage
from npusdk.numerics import dequantize_linear, dynamic_quantize, quantize_linear


def quantize(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Quantise to the type of the zero point, else to `output_dtype`, else to uint8."""
    x, scale = needed(inputs, 2)
    zero_point = given(inputs, 2)
    if zero_point is None:
        dtype = storage(attrs, "output_dtype") if "output_dtype" in attrs else np.dtype(np.uint8)
        zero_point = np.zeros(scale.shape, dtype)
    axis, block_size = integer(attrs, "axis", 1), integer(attrs, "block_size", 0)
    return (quantize_linear(x, scale, zero_point, axis=axis, block_size=block_size),)


def dequantize(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return floats of the scale's type, or of `output_dtype`."""
    x, scale = needed(inputs, 2)
    axis, block_size = integer(attrs, "axis", 1), integer(attrs, "block_size", 0)
    out = dequantize_linear(x, scale, given(inputs, 2), axis=axis, block_size=block_size)
    if "output_dtype" in attrs:
        out = out.astype(storage(attrs, "output_dtype"), copy=False)
    return (out,)


def dynamic(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Quantise to uint8 over the range that the values have."""
    return dynamic_quantize(needed(inputs, 1)[0])


QUANTIZING: Mapping[str, Kernel] = MappingProxyType(
    {"DequantizeLinear": dequantize, "DynamicQuantizeLinear": dynamic, "QuantizeLinear": quantize}
)
"""Kernels of the quantising operators."""
