"""Ufuncs that no single operator of ONNX is, as compositions of operators.

A composition gets the emitter, the names of the operands and the types of operands and results. Its results are those
of NumPy within rounding, and it costs what a device would do: elementwise operators that fuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, pi
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.array.emitting import Emitter

Names: TypeAlias = tuple[str, ...]
DTypes: TypeAlias = tuple[np.dtype[Any], ...]
Composition: TypeAlias = Callable[[Emitter, Names, DTypes], "str | tuple[str, ...]"]
Single: TypeAlias = Callable[[Emitter, Names, DTypes], str]


def _cast(emit: Emitter, name: str, dtype: str) -> str:
    return emit.op("Cast", name, to=dtype)


def _rounded_once(function: Single) -> Single:
    """Compose float16 in float32 and round the result, as NumPy computes it."""
    half, single = np.dtype(np.float16), np.dtype(np.float32)

    def compose(emit: Emitter, x: Names, kinds: DTypes) -> str:
        if kinds[0] != half:
            return function(emit, x, kinds)
        wide = tuple(single if kind == half else kind for kind in kinds)
        names = (_cast(emit, one, "float32") if kind == half else one for one, kind in zip(x, kinds, strict=False))
        return _cast(emit, function(emit, tuple(names), wide), "float16")

    return compose


def _scaled(factor: float) -> Composition:
    return _rounded_once(lambda emit, x, kinds: emit.op("Mul", x[0], emit.scalar(factor, kinds[0])))


def _logarithm(base: float) -> Composition:
    return _rounded_once(
        lambda emit, x, kinds: emit.op("Mul", emit.op("Log", x[0]), emit.scalar(1 / log(base), kinds[0]))
    )


def _truth(emit: Emitter, name: str, kind: np.dtype[Any]) -> str:
    return name if kind.kind == "b" else _cast(emit, name, "bool")


def _logical(op: str) -> Composition:
    return lambda emit, x, kinds: emit.op(op, *(_truth(emit, one, kind) for one, kind in zip(x, kinds, strict=False)))


def _compared_bools(op: str) -> Composition:
    return lambda emit, x, kinds: emit.op(op, *(_cast(emit, one, "uint8") for one in x))  # noqa: ARG005


def _not_equal(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    return emit.op("Not", emit.op("Equal", *x))


def _not_equal_itself(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return _not_equal(emit, (x[0], x[0]), kinds)


def _negated(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return emit.op("Sub", emit.scalar(0, kinds[0]), x[0])


def _square(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return emit.op("And" if kinds[0].kind == "b" else "Mul", x[0], x[0])


def _reciprocal(emit: Emitter, x: Names, kinds: DTypes) -> str:
    if kinds[0].kind == "f":
        return emit.op("Reciprocal", x[0])
    return emit.op("Div", emit.scalar(1, kinds[0]), x[0])


def _power(emit: Emitter, x: Names, kinds: DTypes) -> str:
    """Narrow integers are raised as int64, which wraps to the same bits."""
    if kinds[0].kind == "f" or kinds[0].name in ("int32", "int64"):
        return emit.op("Pow", *x)
    return _cast(emit, emit.op("Pow", *(_cast(emit, one, "int64") for one in x)), kinds[0].name)


def _floor_divide(emit: Emitter, x: Names, kinds: DTypes) -> str:
    """What the remainder leaves divides without rest; a float that is divided by zero gives what division gives."""
    a, b = x
    whole = emit.op("Div", emit.op("Sub", a, emit.op("Mod", a, b)), b)
    if kinds[0].kind != "f":
        return whole
    is_zero = emit.op("Equal", b, emit.scalar(0, kinds[0]))
    return emit.op("Where", is_zero, emit.op("Div", a, b), emit.op("Round", whole))


def _divmod(emit: Emitter, x: Names, kinds: DTypes) -> Names:
    return _floor_divide(emit, x, kinds), emit.op("Mod", *x)


def _trunc(emit: Emitter, x: Names, kinds: DTypes) -> str:
    if kinds[0].kind != "f":
        return emit.op("Identity", x[0])
    is_negative = emit.op("Less", x[0], emit.scalar(0, kinds[0]))
    return emit.op("Where", is_negative, emit.op("Ceil", x[0]), emit.op("Floor", x[0]))


def _modf(emit: Emitter, x: Names, kinds: DTypes) -> Names:
    whole = _trunc(emit, x, kinds)
    fraction = emit.op("Where", emit.op("IsInf", x[0]), emit.scalar(0, kinds[0]), emit.op("Sub", x[0], whole))
    return fraction, whole


def _isfinite(emit: Emitter, x: Names, kinds: DTypes) -> str:
    if kinds[0].kind != "f":
        return emit.op("Equal", x[0], x[0])
    return emit.op("Not", emit.op("Or", emit.op("IsNaN", x[0]), emit.op("IsInf", x[0])))


def _signbit(emit: Emitter, x: Names, kinds: DTypes) -> str:
    """A negative zero has a negative reciprocal."""
    zero = emit.scalar(0, kinds[0])
    below = emit.op("Less", x[0], zero)
    return emit.op("Or", below, emit.op("Less", emit.op("Reciprocal", x[0]), zero))


def _copysign(emit: Emitter, x: Names, kinds: DTypes) -> str:
    size = emit.op("Abs", x[0])
    return emit.op("Where", _signbit(emit, x[1:], kinds), emit.op("Neg", size), size)


def _without_nan(op: str, of_bools: str) -> Composition:
    """Make the composition of fmax or fmin: the other operand where one is no number."""

    def compose(emit: Emitter, x: Names, kinds: DTypes) -> str:
        if kinds[0].kind != "f":
            return emit.op(of_bools if kinds[0].kind == "b" else op, *x)
        a, b = x
        inner = emit.op("Where", emit.op("IsNaN", b), a, emit.op(op, a, b))
        return emit.op("Where", emit.op("IsNaN", a), b, inner)

    return compose


def _heaviside(emit: Emitter, x: Names, kinds: DTypes) -> str:
    zero, one = emit.scalar(0, kinds[0]), emit.scalar(1, kinds[0])
    step = emit.op("Where", emit.op("Less", x[0], zero), zero, one)
    step = emit.op("Where", emit.op("Equal", x[0], zero), x[1], step)
    return emit.op("Where", emit.op("IsNaN", x[0]), x[0], step)


@_rounded_once
def _hypot(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    return emit.op("Sqrt", emit.op("Add", emit.op("Mul", x[0], x[0]), emit.op("Mul", x[1], x[1])))


@_rounded_once
def _exp2(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return emit.op("Exp", emit.op("Mul", x[0], emit.scalar(log(2), kinds[0])))


@_rounded_once
def _expm1(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return emit.op("Sub", emit.op("Exp", x[0]), emit.scalar(1, kinds[0]))


@_rounded_once
def _log1p(emit: Emitter, x: Names, kinds: DTypes) -> str:
    return emit.op("Log", emit.op("Add", x[0], emit.scalar(1, kinds[0])))


@_rounded_once
def _logaddexp(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    gap = emit.op("Neg", emit.op("Abs", emit.op("Sub", *x)))
    return emit.op("Add", emit.op("Max", *x), emit.op("Softplus", gap))


@_rounded_once
def _logaddexp2(emit: Emitter, x: Names, kinds: DTypes) -> str:
    natural = tuple(emit.op("Mul", one, emit.scalar(log(2), kinds[0])) for one in x)
    return emit.op("Mul", _logaddexp(emit, natural, kinds), emit.scalar(1 / log(2), kinds[0]))


@_rounded_once
def _cbrt(emit: Emitter, x: Names, kinds: DTypes) -> str:
    root = emit.op("Pow", emit.op("Abs", x[0]), emit.scalar(1 / 3, kinds[0]))
    return emit.op("Mul", emit.op("Sign", x[0]), root)


@_rounded_once
def _arctan2(emit: Emitter, x: Names, kinds: DTypes) -> str:
    """The angle of (x, y) by that of y / x, half a turn further where x is negative; zero at the origin."""
    y, across = x
    zero = emit.scalar(0, kinds[0])
    angle = emit.op("Atan", emit.op("Div", y, across))
    half = emit.op("Where", emit.op("Less", y, zero), emit.scalar(-pi, kinds[0]), emit.scalar(pi, kinds[0]))
    turned = emit.op("Where", emit.op("Less", across, zero), emit.op("Add", angle, half), angle)
    is_origin = emit.op("And", emit.op("Equal", y, zero), emit.op("Equal", across, zero))
    return emit.op("Where", is_origin, zero, turned)


@_rounded_once
def _ldexp(emit: Emitter, x: Names, kinds: DTypes) -> str:
    exponent = emit.op("Mul", _cast(emit, x[1], kinds[0].name), emit.scalar(log(2), kinds[0]))
    return emit.op("Mul", x[0], emit.op("Exp", exponent))


_EUCLID_STEPS: Mapping[int, int] = {1: 12, 2: 24, 4: 47, 8: 93}
"""Steps that the longest chain of remainders takes, by the integers' bytes (Fibonacci numbers)."""


def _gcd(emit: Emitter, x: Names, kinds: DTypes) -> str:
    """Euclid's chain at its longest, as a device without branches runs it."""
    zero = emit.scalar(0, kinds[0])
    a, b = (emit.op("Abs", one) if kinds[0].kind == "i" else one for one in x)
    for _step in range(_EUCLID_STEPS[kinds[0].itemsize]):
        is_done = emit.op("Equal", b, zero)
        a, b = emit.op("Where", is_done, a, b), emit.op("Where", is_done, b, emit.op("Mod", a, b))
    return a


def _lcm(emit: Emitter, x: Names, kinds: DTypes) -> str:
    common = emit.op("Max", _gcd(emit, x, kinds), emit.scalar(1, kinds[0]))
    product = emit.op("Mul", emit.op("Div", x[0], common), x[1])
    return emit.op("Abs", product) if kinds[0].kind == "i" else product


def _as_product(function: Composition) -> Composition:
    """Multiply narrow integers as int32, which wraps to the same bits; truth values are counted."""

    def compose(emit: Emitter, x: Names, kinds: DTypes) -> str | Names:
        if kinds[0].kind == "f" or kinds[0].itemsize > 2:
            return function(emit, x, kinds)
        product = function(emit, tuple(_cast(emit, one, "int32") for one in x), kinds)
        return _cast(emit, str(product), kinds[0].name)

    return compose


def _axes(emit: Emitter, *axes: int) -> str:
    return emit.constant(np.array(axes, np.int64))


def _matmul(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    return emit.op("MatMul", *x)


def _matvec(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    column = emit.op("Unsqueeze", x[1], _axes(emit, -1))
    return emit.op("Squeeze", emit.op("MatMul", x[0], column), _axes(emit, -1))


def _vecmat(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    row = emit.op("Unsqueeze", x[0], _axes(emit, -2))
    return emit.op("Squeeze", emit.op("MatMul", row, x[1]), _axes(emit, -2))


def _vecdot(emit: Emitter, x: Names, kinds: DTypes) -> str:  # noqa: ARG001
    row = emit.op("Unsqueeze", x[0], _axes(emit, -2))
    column = emit.op("Unsqueeze", x[1], _axes(emit, -1))
    return emit.op("Squeeze", emit.op("MatMul", row, column), _axes(emit, -2, -1))


_COMPARISONS = ("Less", "LessOrEqual", "Greater", "GreaterOrEqual")

COMPOSITIONS: Mapping[str, Composition] = MappingProxyType(
    {
        "arctan2": _arctan2, "cbrt": _cbrt, "copysign": _copysign, "deg2rad": _scaled(pi / 180),
        "degrees": _scaled(180 / pi), "divmod": _divmod, "exp2": _exp2, "expm1": _expm1, "float_power": _power,
        "floor_divide": _floor_divide, "fmax": _without_nan("Max", "Or"), "fmin": _without_nan("Min", "And"),
        "gcd": _gcd, "heaviside": _heaviside, "hypot": _hypot, "isfinite": _isfinite, "lcm": _lcm, "ldexp": _ldexp,
        "log10": _logarithm(10), "log1p": _log1p, "log2": _logarithm(2), "logaddexp": _logaddexp,
        "logaddexp2": _logaddexp2, "matmul": _as_product(_matmul), "matvec": _as_product(_matvec), "modf": _modf,
        "negated": _negated, "not_equal": _not_equal, "not_equal_itself": _not_equal_itself, "power": _power,
        "rad2deg": _scaled(180 / pi), "radians": _scaled(pi / 180), "reciprocal": _reciprocal, "signbit": _signbit,
        "square": _square, "trunc": _trunc, "vecdot": _as_product(_vecdot), "vecmat": _as_product(_vecmat),
        **{f"logical:{op}": _logical(op) for op in ("And", "Or", "Xor", "Not")},
        **{f"compared_bools:{op}": _compared_bools(op) for op in _COMPARISONS},
    }
)  # fmt: skip
"""Composition by the ufunc's name, or by what else a ufunc becomes."""
