"""Exact products of 8-bit integers through float32 BLAS (ONNX, ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul).

float32 holds every integer up to 2^24. A sum of products is exact in any order, fused or not, if the largest operand
times the largest column of absolute weights stays below that; otherwise the sum is split and its parts are added as
integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.convolution import convolve
from npusdk.kernels.prepared_convolution import Filters
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, needed
from npusdk.kernels.windows import Window, read_window

EXACT = 1 << 24
"""The first power of two beyond which float32 skips integers."""


def centred(x: Array, zero_point: Array | None) -> Array:
    """Return integers less their zero point, as float32."""
    values = x.astype(np.float32)
    return values if zero_point is None else np.asarray(values - zero_point.astype(np.float32))


def integer_product(left: Array, right: Array) -> Array:
    """Return the product of matrices of integers, given as float32, in int32."""
    bound = float(np.abs(left).max(initial=0)) * float(np.abs(right).sum(axis=-2, dtype=np.float64).max(initial=0))
    if bound < EXACT or right.shape[-2] < 2:
        return np.asarray(np.matmul(left, right), dtype=np.int32)
    half = right.shape[-2] // 2
    low = integer_product(left[..., :half], right[..., :half, :])
    return np.asarray(low + integer_product(left[..., half:], right[..., half:, :]))


def integer_convolution(x: Array, filters: Filters, window: Window) -> Array:
    """Return the convolution of integers, given as float32, in int32."""
    weight = filters.weight
    sums = np.abs(weight).sum(axis=tuple(range(1, weight.ndim)), dtype=np.float64)
    if float(np.abs(x).max(initial=0)) * float(sums.max(initial=0)) < EXACT:
        return convolve(x, filters, window).astype(np.int32)
    if filters.groups > 1 or weight.shape[1] < 2:
        wide = Filters(weight.astype(np.float64), filters.groups)
        return convolve(x.astype(np.float64), wide, window).astype(np.int64).astype(np.int32)
    half = weight.shape[1] // 2
    low = integer_convolution(x[:, :half], Filters(weight[:, :half], 1), window)
    return np.asarray(low + integer_convolution(x[:, half:], Filters(weight[:, half:], 1), window))


def requantise(total: Array, scale: Array, zero_point: Array) -> Array:
    """Return round(total x scale) + zero point, halves to even, saturated to the type of the zero point."""
    limits = np.iinfo(zero_point.dtype)
    value = total.astype(np.float32) * scale.astype(np.float32)
    np.rint(value, out=value)
    value += zero_point.astype(np.float32)
    return np.asarray(np.clip(value, limits.min, limits.max)).astype(zero_point.dtype)


def _along(values: Array, axis: int, rank: int) -> Array:
    """Return a scalar as it is, a vector along `axis` of a tensor with `rank` axes."""
    if values.ndim != 1 or values.size == 1:
        return values.reshape(()) if values.size == 1 else values
    return values.reshape([-1 if place == axis % rank else 1 for place in range(rank)])


def _convolution(x: Array, weight: Array, zero_points: tuple[Array | None, Array | None], attrs: Attributes) -> Array:
    x_zero, w_zero = zero_points
    window = read_window(attrs, x.shape[2:], weight.shape[2:])
    centred_weight = centred(weight, None if w_zero is None else _along(w_zero, 0, weight.ndim))
    centred_x = centred(x, None if x_zero is None else x_zero.reshape(()))
    return integer_convolution(centred_x, Filters(centred_weight, integer(attrs, "group", 1)), window)


def conv_integer(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Convolve integers into int32; padding stands for zero."""
    x, weight = needed(inputs, 2)
    return (_convolution(x, weight, (given(inputs, 2), given(inputs, 3)), attrs),)


def qlinear_conv(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Convolve integers and requantise by (scale of x) (scale of w) / (scale of y), in float32 in that order."""
    x, x_scale, x_zero, weight, w_scale, w_zero, y_scale, y_zero = needed(inputs, 8)
    total = _convolution(x, weight, (x_zero, w_zero), attrs)
    bias = given(inputs, 8)
    if bias is not None:
        total = total + _along(bias, 1, x.ndim)
    scale = x_scale.reshape(()) * _along(w_scale, 1, x.ndim) / y_scale.reshape(())
    return (requantise(total, scale, y_zero.reshape(())),)


def matmul_integer(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Multiply integers into int32."""
    left, right = needed(inputs, 2)
    return (_matmul(left, right, given(inputs, 2), given(inputs, 3)),)


def _matmul(left: Array, right: Array, left_zero: Array | None, right_zero: Array | None) -> Array:
    rows = None if left_zero is None else _along(left_zero, -2, max(left.ndim, 2))
    columns = None if right_zero is None else _along(right_zero, -1, max(right.ndim, 2))
    squeezed = tuple(axis for axis, operand in ((-2, left), (-1, right)) if operand.ndim == 1)
    a = centred(np.atleast_2d(left), rows)
    b = centred(right[:, None] if right.ndim == 1 else right, columns)
    return np.squeeze(integer_product(a, b), axis=squeezed)


def qlinear_matmul(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Multiply integers and requantise by (scale of a) (scale of b) / (scale of y), in float32 in that order."""
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = needed(inputs, 8)
    total = _matmul(a, b, a_zero, b_zero)
    rank = max(total.ndim, 1)
    scale = _along(a_scale, -2, max(rank, 2)) * _along(b_scale, -1, rank) / _along(y_scale, -2, max(rank, 2))
    zero: Any = _along(y_zero, -2, max(rank, 2))
    return (requantise(total, np.asarray(scale, np.float32), zero),)


INTEGER: Mapping[str, Kernel] = MappingProxyType(
    {
        "ConvInteger": conv_integer,
        "MatMulInteger": matmul_integer,
        "QLinearConv": qlinear_conv,
        "QLinearMatMul": qlinear_matmul,
    }
)
"""Kernels of the products of integers."""
