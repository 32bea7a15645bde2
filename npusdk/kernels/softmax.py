"""Softmax, its logarithm and its limit; the largest element is subtracted first, so that no exponential overflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.inplace import BLOCK
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, integer, needed


def softmax_rows(rows: Array) -> None:
    """Replace the last axis of a block of floats by its softmax."""
    rows -= np.maximum.reduce(rows, -1, keepdims=True, initial=-np.inf)
    np.exp(rows, out=rows)
    rows /= np.einsum("...c->...", rows)[..., None]


def log_softmax_rows(rows: Array) -> None:
    """Replace the last axis of a block of floats by the logarithm of its softmax."""
    rows -= np.maximum.reduce(rows, -1, keepdims=True, initial=-np.inf)
    rows -= np.log(np.einsum("...c->...", np.exp(rows))[..., None])


def _rowwise(function: Callable[[Array], None]) -> Kernel:
    """Make a kernel that brings `axis` last and runs the function on blocks of rows; float16 is computed in float32."""

    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        (x,) = needed(inputs, 1)
        axis = integer(attrs, "axis", -1)
        moved = np.moveaxis(x, axis, -1)
        out = moved.astype(np.float32 if x.dtype == np.float16 else x.dtype, order="C", copy=True)
        if out.size:
            rows = out.reshape(-1, out.shape[-1])
            step = max(1, BLOCK // rows.shape[1])
            for start in range(0, len(rows), step):
                function(rows[start : start + step])
        return (np.moveaxis(out.astype(x.dtype, copy=False), -1, axis),)

    return kernel


def hardmax(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return one at the first of the largest elements along `axis`, zero elsewhere."""
    (x,) = needed(inputs, 1)
    axis = integer(attrs, "axis", -1)
    out = np.zeros_like(x)
    if x.size:
        np.put_along_axis(out, np.argmax(x, axis, keepdims=True), 1, axis)
    return (out,)


SOFTMAX: Mapping[str, Kernel] = MappingProxyType(
    {"Hardmax": hardmax, "LogSoftmax": _rowwise(log_softmax_rows), "Softmax": _rowwise(softmax_rows)}
)
"""Kernels of softmax and its kin."""
