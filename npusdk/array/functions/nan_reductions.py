"""Reductions that leave out what is not a number."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.functions.accumulations import cumprod, cumsum
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast
from npusdk.array.functions.reductions import all_, argmax, argmin, max_, mean, min_, prod, sum_, var


def missing(a: Values) -> Values | None:
    """Return which elements are not a number; None where the type cannot hold one."""
    return np.isnan(a) if a.dtype.kind == "f" else None


def filled(a: Values, value: float) -> Values:
    """Return the array with `value` where it is not a number."""
    absent = missing(a)
    return a if absent is None else np.where(absent, a.dtype.type(value), a)


def _filled_first(function: Callable[..., Values], value: float) -> Callable[..., Values]:
    def reduce(a: Values, **how: Any) -> Values:
        return function(filled(a, value), **how)

    return reduce


def _extreme(function: Callable[..., Values], value: float) -> Callable[..., Values]:
    def extreme(a: Values, *, axis: Any = None, keepdims: bool = False, **how: Any) -> Values:
        absent = missing(a)
        result = function(filled(a, value), axis=axis, keepdims=keepdims, **how)
        if absent is None or "initial" in how:
            return result
        return np.where(all_(absent, axis=axis, keepdims=keepdims), a.dtype.type(np.nan), result)

    return extreme


def _arg_extreme(function: Callable[..., Values], value: float) -> Callable[..., Values]:
    def arg(a: Values, *, axis: int | None = None, keepdims: bool = False) -> Values:
        absent = missing(a)
        if absent is not None and bool(np.any(all_(absent, axis=axis))):
            message = "All-NaN slice encountered"
            raise ValueError(message)
        return function(filled(a, value), axis=axis, keepdims=keepdims)

    return arg


def _present(a: Values, axis: Any, keepdims: bool) -> Values:
    """Return how many elements are numbers, in the type of `a`."""
    return cast(sum_(np.logical_not(np.isnan(a)), axis=axis, keepdims=keepdims), a.dtype)


def nanmean(a: Values, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Values:
    """Return the mean of the numbers."""
    if a.dtype.kind != "f":
        return mean(a, axis=axis, dtype=dtype, keepdims=keepdims)
    source = cast(a, dtype) if dtype is not None else a
    return sum_(filled(source, 0), axis=axis, keepdims=keepdims) / _present(source, axis, keepdims)


def nanvar(a: Values, *, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: bool = False) -> Values:
    """Return the variance of the numbers; not a number where no degree of freedom is left."""
    if a.dtype.kind != "f":
        return var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims)
    source = cast(a, dtype) if dtype is not None else a
    centre = nanmean(source, axis=axis, keepdims=True)
    apart = np.where(np.isnan(source), source.dtype.type(0), source - centre)
    freedom = _present(source, axis, keepdims) - source.dtype.type(ddof)
    spread = sum_(apart * apart, axis=axis, keepdims=keepdims) / freedom
    return np.where(freedom <= 0, source.dtype.type(np.nan), spread)


def nanstd(a: Values, **how: Any) -> Values:
    """Return the standard deviation of the numbers."""
    return np.sqrt(nanvar(a, **how))


NAN_REDUCTIONS: Rows = MappingProxyType(
    {
        "nansum": (_filled_first(sum_, 0), "@a axis dtype out keepdims initial where"),
        "nanprod": (_filled_first(prod, 1), "@a axis dtype out keepdims initial where"),
        "nancumsum": (_filled_first(cumsum, 0), "@a axis dtype out"),
        "nancumprod": (_filled_first(cumprod, 1), "@a axis dtype out"),
        "nanmax": (_extreme(max_, -np.inf), "@a axis out keepdims initial where"),
        "nanmin": (_extreme(min_, np.inf), "@a axis out keepdims initial where"),
        "nanargmax": (_arg_extreme(argmax, -np.inf), "@a axis out keepdims"),
        "nanargmin": (_arg_extreme(argmin, np.inf), "@a axis out keepdims"),
        "nanmean": (nanmean, "@a axis dtype out keepdims"),
        "nanvar": (nanvar, "@a axis dtype out ddof keepdims"),
        "nanstd": (nanstd, "@a axis dtype out ddof keepdims"),
    }
)
"""Reductions of numbers alone."""
