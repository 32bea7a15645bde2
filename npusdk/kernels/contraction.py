"""Einsum."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Inputs, Kernel, Outputs, needed, text


def einsum(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Multiply and add up as `equation` says; float16 is computed in float32."""
    values = needed(inputs, len(inputs))
    dtype = values[0].dtype
    wide = [value.astype(np.float32) if dtype == np.float16 else value for value in values]
    equation = text(attrs, "equation", "").replace(" ", "")
    return (np.asarray(np.einsum(equation, *wide, optimize=True)).astype(dtype, copy=False),)


CONTRACTION: Mapping[str, Kernel] = MappingProxyType({"Einsum": einsum})
"""Kernels of the general contractions."""
