"""Operators that treat every element alike and need no approximation: NumPy's own functions behind ONNX's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, needed, text

Function: TypeAlias = Callable[..., Any]


def elementwise(function: Function, arity: int) -> Kernel:
    """Make a kernel of a function of `arity` arrays that has no attributes."""

    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        return (np.asarray(function(*needed(inputs, arity))),)

    return kernel


def variadic(function: Function) -> Kernel:
    """Make a kernel that folds a function of two arrays over any number of inputs."""

    def kernel(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
        return (np.asarray(reduce(function, needed(inputs, len(inputs)))),)

    return kernel


def divide(dividend: Array, divisor: Array) -> Array:
    """Return the quotient; of integers the one that is rounded towards zero."""
    if dividend.dtype.kind == "f":
        return np.asarray(np.divide(dividend, divisor))
    quotient = np.asarray(np.floor_divide(dividend, divisor))
    if dividend.dtype.kind == "i":
        uneven = (dividend != quotient * divisor) & (divisor != 0)
        quotient = quotient + (uneven & ((dividend < 0) != (divisor < 0)))
    return np.asarray(quotient, dividend.dtype)


def modulo(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the remainder with the divisor's sign, or with the dividend's where `fmod` is set."""
    dividend, divisor = needed(inputs, 2)
    function = np.fmod if integer(attrs, "fmod", 0) else np.mod
    return (np.asarray(function(dividend, divisor)),)


def _cube(base: Array) -> Array:
    return np.asarray(base * base * base)


_POWERS: Mapping[float, Function] = MappingProxyType({1.0: np.positive, 2.0: np.square, 3.0: _cube})


def power(base: Array, exponent: Array) -> Array:
    """Return `base` to `exponent` in the type of `base`; integers with a broken or negative exponent are truncated."""
    if exponent.size == 1 and float(exponent.item()) in _POWERS and exponent.ndim <= base.ndim:
        return np.asarray(_POWERS[float(exponent.item())](base))
    if base.dtype.kind == "f":
        return np.asarray(np.power(base, exponent.astype(base.dtype)))
    if exponent.dtype.kind in "iu" and (exponent >= 0).all():
        return np.asarray(np.power(base, exponent.astype(base.dtype)))
    return np.asarray(np.power(base.astype(np.float64), exponent)).astype(base.dtype)


def prelu(x: Array, slope: Array) -> Array:
    """Return `x`, its negative elements times `slope`."""
    return np.where(x < 0, x * slope, x)


def bit_shift(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Shift bits to the LEFT or RIGHT as `direction` says."""
    x, places = needed(inputs, 2)
    function = np.left_shift if text(attrs, "direction", "") == "LEFT" else np.right_shift
    return (np.asarray(function(x, places)),)


def clip(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Bring every element between the bounds that are given; the upper bound wins."""
    (x,) = needed(inputs, 1)
    low, high = given(inputs, 1), given(inputs, 2)
    if low is None and high is None:
        return (x,)
    return (np.asarray(np.clip(x, low, high)),)


def is_inf(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Tell which elements are infinite, of the signs that the attributes ask for."""
    (x,) = needed(inputs, 1)
    infinite = np.isinf(x)
    if not integer(attrs, "detect_positive", 1):
        infinite = infinite & (x < 0)
    if not integer(attrs, "detect_negative", 1):
        infinite = infinite & (x > 0)
    return (np.asarray(infinite),)


def mean(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the mean of the inputs, element by element."""
    values = needed(inputs, len(inputs))
    total = reduce(np.add, values)
    return (np.asarray(divide(total, np.asarray(len(values), total.dtype))),)


_UNARY: Mapping[str, Function] = {
    "Abs": np.abs, "Acos": np.arccos, "Acosh": np.arccosh, "Asin": np.arcsin, "Asinh": np.arcsinh,
    "Atan": np.arctan, "Atanh": np.arctanh, "BitwiseNot": np.invert, "Ceil": np.ceil, "Cos": np.cos,
    "Cosh": np.cosh, "Exp": np.exp, "Floor": np.floor, "Identity": np.asarray, "IsNaN": np.isnan, "Log": np.log,
    "Neg": np.negative, "Not": np.logical_not, "Reciprocal": np.reciprocal, "Round": np.rint, "Sign": np.sign,
    "Sin": np.sin, "Sinh": np.sinh, "Sqrt": np.sqrt, "Tan": np.tan, "Tanh": np.tanh,
}  # fmt: skip

_BINARY: Mapping[str, Function] = {
    "Add": np.add, "And": np.logical_and, "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor, "Div": divide, "Equal": np.equal, "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal, "Less": np.less, "LessOrEqual": np.less_equal, "Mul": np.multiply,
    "Or": np.logical_or, "Pow": power, "PRelu": prelu, "Sub": np.subtract, "Xor": np.logical_xor,
}  # fmt: skip

_VARIADIC: Mapping[str, Function] = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}

ELEMENTWISE: Mapping[str, Kernel] = MappingProxyType(
    {op: elementwise(function, 1) for op, function in _UNARY.items()}
    | {op: elementwise(function, 2) for op, function in _BINARY.items()}
    | {op: variadic(function) for op, function in _VARIADIC.items()}
    | {
        "BitShift": bit_shift,
        "Clip": clip,
        "IsInf": is_inf,
        "Mean": mean,
        "Mod": modulo,
        "Where": elementwise(np.where, 3),
    }
)
"""Kernels of the elementwise operators, activations apart."""
