"""Elementwise operators on a block of floats, in place: the pieces of activations and of fused epilogues.

A function takes the block, the operator's other inputs (None where one is left out; each broadcasts to the block), and
the attributes. A block of up to `BLOCK` float32 values and the scratch that a function takes stay in the second-level
cache. Conditions are written as arithmetic where that is exact, because NumPy's masked writes cost 2 ns per element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import pi, sqrt
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.erf import erf_block, gelu_block
from npusdk.kernels.signature import Array, number, text

Others: TypeAlias = Sequence[Array | None]
InPlace: TypeAlias = Callable[[Array, Others, Attributes], None]

BLOCK = 1 << 15
"""Elements of a block: 128 KiB of float32."""

_SELU_ALPHA, _SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
"""Defaults of ONNX's Selu."""

_TWICE_ROOT_2_OVER_PI = 2 * sqrt(2 / pi)


def _negative(block: Array) -> Array:
    """Return the negative part, min(x, 0)."""
    return np.clip(block, -np.inf, 0)


def _positive(block: Array) -> None:
    np.clip(block, 0, np.inf, out=block)


def _relu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    _positive(block)


def _leaky_relu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    alpha = number(attrs, "alpha", 0.01)
    if 0 <= alpha <= 1:
        np.maximum(block, block * alpha, out=block)
        return
    below = _negative(block)
    _positive(block)
    below *= alpha
    block += below


def _prelu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    below = _negative(block)
    _positive(block)
    below *= others[0]
    block += below


def _clip(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    low, high = (*others, None, None)[:2]
    least = -np.inf if low is None else low.item()
    np.clip(block, least, np.inf if high is None else high.item(), out=block)


def _sigmoid(block: Array, others: Others = (), attrs: Attributes | None = None) -> None:  # noqa: ARG001
    np.negative(block, out=block)
    np.exp(block, out=block)
    block += 1
    np.divide(1, block, out=block)


def _swish(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    gate = block * -number(attrs, "alpha", 1.0)
    np.exp(gate, out=gate)
    gate += 1
    block /= gate


def _hard_sigmoid(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    block *= number(attrs, "alpha", 0.2)
    block += number(attrs, "beta", 0.5)
    np.clip(block, 0, 1, out=block)


def _hard_swish(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    gate = block * (1 / 6)
    gate += 0.5
    np.clip(gate, 0, 1, out=gate)
    block *= gate


def _gelu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    if text(attrs, "approximate", "none") == "none":
        gelu_block(block)
        return
    gate = block * block
    gate *= _TWICE_ROOT_2_OVER_PI * -0.044715
    gate -= _TWICE_ROOT_2_OVER_PI
    gate *= block
    np.exp(gate, out=gate)
    gate += 1
    block /= gate


def _elu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    _exponential(block, number(attrs, "alpha", 1.0), 1.0)


def _celu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    alpha = number(attrs, "alpha", 1.0)
    _exponential(block, alpha, 1 / alpha)


def _selu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    _exponential(block, number(attrs, "alpha", _SELU_ALPHA), 1.0)
    block *= number(attrs, "gamma", _SELU_GAMMA)


def _exponential(block: Array, height: float, rate: float) -> None:
    """Replace every negative x by height (e^(rate x) - 1)."""
    below = _negative(block)
    _positive(block)
    below *= rate
    np.expm1(below, out=below)
    below *= height
    block += below


def _mish(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    """Use that tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), e = e^x; beyond x = 40 the ratio is 1."""
    power = np.clip(block, -np.inf, 40)
    np.exp(power, out=power)
    power *= power + 2
    power /= power + 2
    block *= power


def _softplus(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    tail = np.abs(block)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    _positive(block)
    block += tail


def _softsign(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    size = np.abs(block)
    size += 1
    block /= size


def _thresholded_relu(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    np.copyto(block, 0, where=~(block > number(attrs, "alpha", 1.0)))


def _shrink(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    bias, limit = number(attrs, "bias", 0.0), number(attrs, "lambd", 0.5)
    shrunk = (block + bias) * (block < -limit)
    shrunk += (block - bias) * (block > limit)
    np.copyto(block, shrunk)


def _erf(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    erf_block(block)


def _ufunc(function: np.ufunc, block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    function(block, out=block)


def _ufunc_folded(function: np.ufunc, block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    for other in others:
        function(block, other, out=block)


ACTIVATIONS: Mapping[str, InPlace] = MappingProxyType(
    {
        "Celu": _celu, "Elu": _elu, "Erf": _erf, "Gelu": _gelu, "HardSigmoid": _hard_sigmoid,
        "HardSwish": _hard_swish, "LeakyRelu": _leaky_relu, "Mish": _mish, "Relu": _relu, "Selu": _selu,
        "Shrink": _shrink, "Sigmoid": _sigmoid, "Softplus": _softplus, "Softsign": _softsign, "Swish": _swish,
        "ThresholdedRelu": _thresholded_relu,
    }
)  # fmt: skip
"""Operators of one floating-point tensor whose kernels are made of these functions."""

_UNARY: Mapping[str, Any] = {
    "Abs": np.abs, "Ceil": np.ceil, "Cos": np.cos, "Exp": np.exp, "Floor": np.floor, "Log": np.log,
    "Neg": np.negative, "Reciprocal": np.reciprocal, "Round": np.rint, "Sign": np.sign, "Sin": np.sin,
    "Sqrt": np.sqrt, "Tanh": np.tanh,
}  # fmt: skip

_FOLDED: Mapping[str, Any] = {
    "Add": np.add, "Div": np.divide, "Max": np.maximum, "Min": np.minimum, "Mul": np.multiply, "Sub": np.subtract,
    "Sum": np.add,
}  # fmt: skip

INPLACE: Mapping[str, InPlace] = MappingProxyType(
    {
        **ACTIVATIONS,
        "Clip": _clip,
        "PRelu": _prelu,
        **{op: partial(_ufunc, function) for op, function in _UNARY.items()},
        **{op: partial(_ufunc_folded, function) for op, function in _FOLDED.items()},
    }
)
"""Operators that can follow another on a float32 block that is still in the cache; the block is their first input."""
