"""Affine quantisation as ONNX defines it: q = saturate(round(x / scale) + zero point), ties to even, and its inverse.

Scales and zero points are scalars, one value for each index of `axis`, or one for each block of `block_size` along it.
Everything between is float32, as in onnxruntime, so that results are equal bit for bit.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[Any]

_BLOCK = 1 << 15
"""Elements that are computed at a time where one scale serves all: 128 KiB of float32."""


def spread_parameter(parameter: Values, shape: tuple[int, ...], axis: int, block_size: int = 0) -> Values:
    """Return a scale or zero point in a shape that broadcasts to `shape`.

    Parameters
    ----------
    parameter
        Scalar or one element; or one value for each index of `axis`; or, with `block_size`, of the rank of `shape`.
    shape
        Shape of the values.
    axis
        Axis along which the parameter varies; counts from the back if negative.
    block_size
        Elements along `axis` that share a value; 0 where there are no blocks.
    """
    if block_size:
        axis = axis + len(shape) if axis < 0 else axis
        wide = np.repeat(parameter, block_size, axis)
        return wide[(slice(None),) * axis + (slice(shape[axis]),)]
    if parameter.size == 1:
        return parameter.reshape(())
    sizes = [1] * len(shape)
    sizes[axis] = parameter.size
    return parameter.reshape(sizes)


def _divided(x: Values, scale: Values) -> Values:
    wide = np.float64 if x.dtype == np.float64 else np.float32
    return np.asarray(np.divide(x.astype(wide, copy=False), scale.astype(wide, copy=False)))


def _saturated(quotient: Values, zero_point: Values, out: Values) -> None:
    """Write saturate(round(quotient) + zero point) to `out`; spoils `quotient`."""
    limits = np.iinfo(out.dtype)
    np.rint(quotient, out=quotient)
    if zero_point.any():
        np.add(quotient, zero_point.astype(quotient.dtype), out=quotient)
    np.clip(quotient, limits.min, limits.max, out=quotient)
    np.copyto(out, quotient, casting="unsafe")


def quantize_linear(x: Values, scale: Values, zero_point: Values, *, axis: int = 1, block_size: int = 0) -> Values:
    """Return `x` as integers of the zero point's type (8 or 16 bits).

    Parameters
    ----------
    x
        Floats or int32.
    scale, zero_point
        Of the same shape; see `spread_parameter`.
    axis, block_size
        Where the parameters vary.
    """
    out = np.empty(x.shape, zero_point.dtype)
    if scale.size == 1 and x.flags.c_contiguous:
        source, target = x.reshape(-1), out.reshape(-1)
        for start in range(0, source.size, _BLOCK):
            place = slice(start, start + _BLOCK)
            _saturated(_divided(source[place], scale.reshape(())), zero_point.reshape(()), target[place])
        return out
    wide = spread_parameter(zero_point, x.shape, axis, block_size)
    _saturated(_divided(x, spread_parameter(scale, x.shape, axis, block_size)), wide, out)
    return out


def dequantize_linear(
    x: Values, scale: Values, zero_point: Values | None = None, *, axis: int = 1, block_size: int = 0
) -> Values:
    """Return (x - zero point) * scale in the scale's type.

    Parameters
    ----------
    x
        Integers of 8, 16 or 32 bits.
    scale, zero_point
        Of the same shape; see `spread_parameter`.
    axis, block_size
        Where the parameters vary.
    """
    if zero_point is not None and zero_point.any():
        wide = x.astype(np.int32) - spread_parameter(zero_point, x.shape, axis, block_size).astype(np.int32)
        values = wide.astype(np.float32)
    else:
        values = x.astype(np.float32)
    values *= spread_parameter(scale, x.shape, axis, block_size).astype(np.float32, copy=False)
    return values.astype(scale.dtype, copy=False)


def dynamic_quantize(x: Values) -> tuple[Values, Values, Values]:
    """Return `x` as uint8 over its own range, which is widened to hold zero, with the scale and zero point.

    Parameters
    ----------
    x
        float32 values; an empty or constant-zero tensor gets scale 1.
    """
    low = np.float32(min(0.0, float(x.min(initial=0))))
    high = np.float32(max(0.0, float(x.max(initial=0))))
    scale = (high - low) / np.float32(255) if high > low else np.float32(1)
    zero_point = np.rint(np.clip(-low / scale, 0, 255)).astype(np.uint8)
    return quantize_linear(x, np.asarray(scale), np.asarray(zero_point)), np.asarray(scale), np.asarray(zero_point)
