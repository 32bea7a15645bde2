"""How NumPy's ufuncs are written down as operators.

A ufunc is computed by NumPy itself, in the context's types, and rounded once. In the record it is one operator where
ONNX has it, otherwise the nearest composition. A recipe is called when the graph is built, with the names of operands
that already have the loop's types; it emits nodes and returns the name of the result, or of all results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.array.compositions import COMPOSITIONS
from npusdk.array.emitting import Emitter

DType: TypeAlias = np.dtype[Any]
DTypes: TypeAlias = tuple[DType, ...]
Recipe: TypeAlias = Callable[[Emitter, tuple[str, ...], Any], "str | tuple[str, ...]"]
Recording: TypeAlias = tuple["str | Recipe", Any]
"""What an entry of the record begins and ends with: operator and attributes, or recipe and types."""
Chooser: TypeAlias = Callable[[DTypes, DTypes], Recording]
"""Chooses by the loop's types."""


def _operator(op: str, kinds: str, otherwise: str = "", **attrs: str | int) -> Chooser:
    """Choose the operator where the first operand is of one of the kinds, else the composition `otherwise`."""

    def choose(inputs: DTypes, outputs: DTypes) -> Recording:  # noqa: ARG001
        if inputs[0].kind in kinds:
            return op, attrs or None
        return COMPOSITIONS[otherwise], inputs

    return choose


def _composition(name: str) -> Chooser:
    def choose(inputs: DTypes, outputs: DTypes) -> Recording:
        return COMPOSITIONS[name], (*inputs, *outputs)

    return choose


def _by_kind(**names: str) -> Chooser:
    """Choose an operator (a capital first) or a composition by the kind of the first operand: b, i, u or f."""

    def choose(inputs: DTypes, outputs: DTypes) -> Recording:
        name = names[inputs[0].kind]
        return (name, None) if name[0].isupper() else (COMPOSITIONS[name], (*inputs, *outputs))

    return choose


def _numbers(op: str, of_bools: str) -> Chooser:
    return _by_kind(b=of_bools, i=op, u=op, f=op)


def _floats(op: str, otherwise: str = "Identity") -> Chooser:
    return _by_kind(b=otherwise, i=otherwise, u=otherwise, f=op)


def _bits(op: str, of_bools: str) -> Chooser:
    return _by_kind(b=of_bools, i=op, u=op)


def _always(op: str) -> Chooser:
    return lambda inputs, outputs: (op, None)  # noqa: ARG005


_OPERATORS: Mapping[str, Chooser] = {
    "add": _numbers("Add", "Or"),
    "subtract": _always("Sub"),
    "multiply": _numbers("Mul", "And"),
    "divide": _always("Div"),
    "negative": _by_kind(i="Neg", f="Neg", u="negated"),
    "positive": _always("Identity"),
    "conjugate": _always("Identity"),
    "absolute": _numbers("Abs", "Identity"),
    "fabs": _always("Abs"),
    "remainder": _always("Mod"),
    "fmod": _operator("Mod", "iuf", fmod=1),
    "maximum": _numbers("Max", "Or"),
    "minimum": _numbers("Min", "And"),
    "equal": _always("Equal"),
    "less": _numbers("Less", "compared_bools:Less"),
    "less_equal": _numbers("LessOrEqual", "compared_bools:LessOrEqual"),
    "greater": _numbers("Greater", "compared_bools:Greater"),
    "greater_equal": _numbers("GreaterOrEqual", "compared_bools:GreaterOrEqual"),
    "not_equal": _composition("not_equal"),
    "logical_and": _composition("logical:And"),
    "logical_or": _composition("logical:Or"),
    "logical_xor": _composition("logical:Xor"),
    "logical_not": _composition("logical:Not"),
    "bitwise_and": _bits("BitwiseAnd", "And"),
    "bitwise_or": _bits("BitwiseOr", "Or"),
    "bitwise_xor": _bits("BitwiseXor", "Xor"),
    "invert": _bits("BitwiseNot", "Not"),
    "left_shift": _operator("BitShift", "iu", direction="LEFT"),
    "right_shift": _operator("BitShift", "iu", direction="RIGHT"),
    "sign": _always("Sign"),
    "exp": _always("Exp"), "log": _always("Log"), "sqrt": _always("Sqrt"),
    "sin": _always("Sin"), "cos": _always("Cos"), "tan": _always("Tan"),
    "arcsin": _always("Asin"), "arccos": _always("Acos"), "arctan": _always("Atan"),
    "sinh": _always("Sinh"), "cosh": _always("Cosh"), "tanh": _always("Tanh"),
    "arcsinh": _always("Asinh"), "arccosh": _always("Acosh"), "arctanh": _always("Atanh"),
    "floor": _floats("Floor"), "ceil": _floats("Ceil"), "rint": _floats("Round"),
    "isnan": _floats("IsNaN", "not_equal_itself"), "isinf": _floats("IsInf", "not_equal_itself"),
}  # fmt: skip

_COMPOSED = (
    "arctan2", "cbrt", "copysign", "deg2rad", "degrees", "divmod", "exp2", "expm1", "float_power", "floor_divide",
    "fmax", "fmin", "gcd", "heaviside", "hypot", "isfinite", "lcm", "ldexp", "log10", "log1p", "log2", "logaddexp",
    "logaddexp2", "matmul", "matvec", "modf", "power", "rad2deg", "radians", "reciprocal", "signbit", "square", "trunc",
    "vecdot", "vecmat",
)  # fmt: skip
"""Ufuncs with a composition of the same name; those that this NumPy does not have are left out."""

RECIPES: Mapping[np.ufunc, Chooser] = MappingProxyType(
    {
        getattr(np, name): chooser
        for name, chooser in (*_OPERATORS.items(), *((name, _composition(name)) for name in _COMPOSED))
        if hasattr(np, name)
    }
)
"""What each ufunc is written down as; one that is absent is not available on a device."""
