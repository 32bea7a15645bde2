"""Functions of single elements that NumPy does not write as ufuncs, and comparisons of whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import apply
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, copied, filled_like, floating, largest
from npusdk.array.functions.reductions import all_
from npusdk.array.functions.selection import where


def round_(a: Values, *, decimals: int = 0) -> Values:
    """Round to decimals, ties to even."""
    whole = a.dtype.kind in "iu"
    if a.dtype.kind == "b":
        np.round(np.zeros(1, np.bool_), decimals)
        return np.rint(cast(a, np.float16))
    if whole and decimals >= 0:
        return copied(a)
    if not decimals:
        return apply("Round", [a])
    scale = 10.0 ** abs(decimals)
    wide = floating(a)
    if decimals > 0:
        return np.rint(wide * scale) / scale
    return cast(np.rint(wide / scale) * scale, a.dtype)


def fix(x: Values) -> Values:
    """Round towards zero."""
    return copied(x) if x.dtype.kind in "biu" else np.trunc(x)


def nan_to_num(x: Values, *, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Values:
    """Replace what is not a number, and the infinities by the largest numbers of the format."""
    if x.dtype.kind != "f":
        return copied(x) if copy else x
    most = largest(x)
    kind = x.dtype.type
    result = where(np.isnan(x), x=kind(nan), y=x)
    result = where(np.equal(x, np.inf), x=kind(most if posinf is None else posinf), y=result)
    result = where(np.equal(x, -np.inf), x=kind(-most if neginf is None else neginf), y=result)
    if copy:
        return result
    x[...] = result
    return x


def isclose(a: Values, *, b: Values, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Values:
    """Return where two arrays differ by at most `atol` and `rtol` times the second."""
    one, other = floating(a), floating(b)
    near = np.less_equal(np.abs(one - other), atol + rtol * np.abs(other))
    near = np.logical_or(np.logical_and(near, np.isfinite(other)), np.equal(one, other))
    if not equal_nan:
        return near
    return np.logical_or(near, np.logical_and(np.isnan(one), np.isnan(other)))


def allclose(a: Values, *, b: Values, **how: Any) -> bool:
    """Return whether all elements are close; the answer is read back."""
    return bool(all_(isclose(a, b=b, **how)))


def array_equal(a1: Values, *, a2: Values, equal_nan: bool = False) -> bool:
    """Return whether shapes and elements are equal; the answer is read back."""
    return a1.shape == a2.shape and _all_same(a1, a2, equal_nan)


def array_equiv(a1: Values, *, a2: Values) -> bool:
    """Return whether elements are equal once they are broadcast; the answer is read back."""
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return _all_same(a1, a2, equal_nan=False)


def _all_same(a1: Values, a2: Values, equal_nan: bool) -> bool:
    same = np.equal(a1, a2)
    if equal_nan and a1.dtype.kind == a2.dtype.kind == "f":
        same = np.logical_or(same, np.logical_and(np.isnan(a1), np.isnan(a2)))
    return bool(all_(same))


def _constant(value: bool) -> Callable[[Values], Values]:
    return lambda x: filled_like(x, value, x.shape, np.bool_)


def imag(val: Values) -> Values:
    """Return the imaginary part of real numbers."""
    return filled_like(val, 0, val.shape)


def angle(z: Values, *, deg: bool = False) -> Values:
    """Return the angle of real numbers: zero, or half a turn."""
    turned = np.arctan2(0, z)
    return turned * (180 / np.pi) if deg else turned


def sinc(x: Values) -> Values:
    """Return sin(pi x) / (pi x), one at zero."""
    wide = floating(x) * np.pi
    safe = where(wide != 0, x=wide, y=wide.dtype.type(np.finfo(wide.dtype).eps))
    return np.sin(safe) / safe


def _infinite(sign: int) -> Callable[[Values], Values]:
    return lambda x: np.equal(x, sign * np.inf)


def astype(x: Values, *, dtype: Any, copy: bool = True) -> Values:
    """Return the array in another type."""
    result = cast(x, dtype)
    return copied(x) if copy and result is x else result


ELEMENTWISE: Rows = MappingProxyType(
    {
        "round": (round_, "@a decimals out"),
        "around": (round_, "@a decimals out"),
        "fix": (fix, "@x out"),
        "nan_to_num": (nan_to_num, "@x copy nan posinf neginf"),
        "isclose": (isclose, "@a @b rtol atol equal_nan"),
        "allclose": (allclose, "@a @b rtol atol equal_nan"),
        "array_equal": (array_equal, "@a1 @a2 equal_nan"),
        "array_equiv": (array_equiv, "@a1 @a2"),
        "real": (lambda val: val, "@val"),
        "imag": (imag, "@val"),
        "real_if_close": (lambda a: a, "@a ~tol"),
        "isreal": (_constant(value=True), "@x"),
        "iscomplex": (_constant(value=False), "@x"),
        "angle": (angle, "@z deg"),
        "sinc": (sinc, "@x"),
        "isposinf": (_infinite(1), "@x out"),
        "isneginf": (_infinite(-1), "@x out"),
        "astype": (astype, "@x dtype copy ~device"),
    }
)
"""Functions of single elements."""
