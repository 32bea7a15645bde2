"""Matrix products in floating point (ONNX, MatMul and Gemm); float16 is summed in float32."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, needed, number


def matmul(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Multiply as `numpy.matmul` does."""
    left, right = needed(inputs, 2)
    return (np.asarray(_product(left, right)),)


def gemm(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return alpha A B + beta C, A and B transposed where the attributes say so."""
    left, right = needed(inputs, 2)
    left = left.T if integer(attrs, "transA", 0) else left
    right = right.T if integer(attrs, "transB", 0) else right
    alpha, beta = number(attrs, "alpha", 1.0), number(attrs, "beta", 1.0)
    product = _scaled(_product(left, right), alpha)
    addend = given(inputs, 2)
    return (product if addend is None else np.asarray(product + _scaled(addend, beta)),)


def _product(left: Array, right: Array) -> Array:
    if left.dtype == np.float16:
        return np.asarray(np.matmul(left.astype(np.float32), right.astype(np.float32)), dtype=np.float16)
    return np.asarray(np.matmul(left, right))


def _scaled(x: Array, factor: float) -> Array:
    """Return `x` times a factor, integers times its whole part."""
    if factor == 1:
        return x
    return np.asarray(x * (factor if x.dtype.kind == "f" else int(factor)), dtype=x.dtype)


MATRIX: Mapping[str, Kernel] = MappingProxyType({"MatMul": matmul, "Gemm": gemm})
"""Kernels of the matrix products in floating point."""
