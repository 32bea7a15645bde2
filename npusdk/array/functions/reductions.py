"""Functions that fold axes away. Sums are kept in float32, or wider, and rounded once."""

from __future__ import annotations

from collections.abc import Callable
from math import prod as prod_of
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from npusdk.array.apply import apply
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, filled_like, floating, on_device, phantom
from npusdk.array.functions.shaping import ravel, reshape


def total_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which NumPy adds up: integers in the platform's width at least."""
    if dtype.kind in "bi":
        return np.result_type(dtype, np.int64) if dtype.kind == "i" else np.dtype(np.int64)
    return np.result_type(dtype, np.uint64) if dtype.kind == "u" else dtype


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Return the axes that are folded, counted from the front; None stands for all, 0 for none of a single element."""
    if rank == 0 and isinstance(axis, (int, np.integer)) and axis in (0, -1):
        return ()
    return tuple(range(rank)) if axis is None else normalize_axis_tuple(axis, rank)


def fold(op: str, a: Values, axis: Any, keepdims: bool) -> Values:
    """Apply an ONNX reduction to some axes; to none of them it is the identity on sums, products and extremes."""
    axes = axes_of(axis, a.ndim)
    attrs = {"keepdims": int(bool(keepdims)), "noop_with_empty_axes": 1}
    return apply(op, [a, np.array(axes, np.int64)], attrs)


def count_of(a: Values, axis: Any) -> int:
    """Return how many elements are folded into one."""
    if axis is None:
        return int(a.size)
    axes = normalize_axis_tuple(axis, a.ndim)
    return prod_of(a.shape[at] for at in axes)


def _where(a: Values, where: Any, otherwise: Any) -> Values:
    return a if where is None or where is True else np.where(where, a, a.dtype.type(otherwise))


def sum_(
    a: Values, *, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = None,
) -> Values:  # fmt: skip
    """Add up."""
    kept = _where(cast(a, dtype or total_dtype(a.dtype)), where, 0)
    result = _any_type("ReduceSum", kept, axis, keepdims)
    return result if initial is None else cast(result + initial, result.dtype)


def prod(
    a: Values, *, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = None,
) -> Values:  # fmt: skip
    """Multiply."""
    kept = _where(cast(a, dtype or total_dtype(a.dtype)), where, 1)
    result = _any_type("ReduceProd", kept, axis, keepdims)
    return result if initial is None else cast(result * initial, result.dtype)


_NARROW = {
    np.dtype(narrow): wide
    for wide, all_narrow in ((np.int32, (np.int8, np.int16)), (np.uint32, (np.bool_, np.uint8, np.uint16)))
    for narrow in all_narrow
}
"""Wider types for what ONNX's reductions do not take; the result is cut back, as integers wrap around."""


def _any_type(op: str, a: Values, axis: Any, keepdims: bool) -> Values:
    wide = _NARROW.get(a.dtype)
    if wide is None:
        return fold(op, a, axis, keepdims)
    source = cast(a, wide)
    return cast(fold(op, source, axis, keepdims), a.dtype)


def mean(a: Values, *, axis: Any = None, dtype: Any = None, keepdims: bool = False, where: Any = None) -> Values:
    """Return the arithmetic mean."""
    source = cast(a, dtype) if dtype is not None else floating(a)
    count_of(a, axis)
    if where is None or where is True:
        return fold("ReduceMean", source, axis, keepdims)
    counted = np.broadcast_to(np.asarray(where) if isinstance(where, (bool, list)) else where, a.shape)
    number = np.sum(counted, axis=axis, keepdims=keepdims)
    return sum_(source, axis=axis, keepdims=keepdims, where=where) / cast(number, source.dtype)


def var(
    a: Values, *, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: bool = False,
    where: Any = None, mean: Any = None, correction: float | None = None,  # noqa: A002, ARG001, RUF100
) -> Values:  # fmt: skip
    """Return the mean squared distance from the mean, with `ddof` fewer degrees of freedom."""
    source = cast(a, dtype) if dtype is not None else floating(a)
    half = source.dtype == np.float16
    wide = cast(source, np.float32) if half else source
    centre = _mean(wide, axis=axis, keepdims=True, where=where) if mean is None else mean
    apart = wide - centre
    squares = sum_(apart * apart, axis=axis, keepdims=keepdims, where=where)
    freedom = ddof if correction is None else correction
    if where is None or where is True:
        result = squares / wide.dtype.type(max(count_of(a, axis) - freedom, 0))
    else:
        counted = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
        result = squares / np.maximum(cast(counted, wide.dtype) - wide.dtype.type(freedom), 0)
    return cast(result, source.dtype)


_mean = mean


def std(a: Values, **how: Any) -> Values:
    """Return the square root of the variance."""
    return np.sqrt(var(a, **how))


def _extreme(op: str, function: Callable[..., Any], better: np.ufunc) -> Callable[..., Values]:
    def extreme(
        a: Values, *, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = None
    ) -> Values:
        least = None if initial is None else cast(on_device(a.context, initial), a.dtype)
        if where is not None and where is not True:
            if initial is None:
                function(phantom((1,)), where=[False])
            a = np.where(where, a, least)
        elif initial is None and not a.size:
            function(np.empty(a.shape), axis)
        result = fold_extreme(op, a, axis, keepdims)
        return result if least is None else better(result, least)

    return extreme


def fold_extreme(op: str, a: Values, axis: Any, keepdims: bool) -> Values:
    """Apply ReduceMax or ReduceMin in a type that they take."""
    if a.dtype in (np.int16, np.uint16):
        return cast(fold(op, cast(a, np.int32), axis, keepdims), a.dtype)
    return fold(op, a, axis, keepdims)


max_ = _extreme("ReduceMax", np.max, np.maximum)
min_ = _extreme("ReduceMin", np.min, np.minimum)


def ptp(a: Values, *, axis: Any = None, keepdims: bool = False) -> Values:
    """Return the distance between the largest and the smallest element."""
    return max_(a, axis=axis, keepdims=keepdims) - min_(a, axis=axis, keepdims=keepdims)


def truth(a: Values) -> Values:
    """Return which elements are not zero."""
    return a if a.dtype == np.bool_ else a != a.dtype.type(0)


def _quantified(op: str, neutral: bool) -> Callable[..., Values]:
    def quantified(a: Values, *, axis: Any = None, keepdims: bool = False, where: Any = None) -> Values:
        return fold(op, _where(truth(a), where, neutral), axis, keepdims)

    return quantified


any_ = _quantified("ReduceMax", neutral=False)
all_ = _quantified("ReduceMin", neutral=True)


def _arg(op: str, function: Callable[..., Any]) -> Callable[..., Values]:
    def arg(a: Values, *, axis: int | None = None, keepdims: bool = False) -> Values:
        if not a.size:
            function(np.empty(a.shape), axis)
        source = ravel(a) if axis is None or not a.ndim else a
        along = normalize_axis_index(axis or 0, max(a.ndim, 1)) if axis is not None else 0
        numbers = cast(source, np.uint8) if source.dtype == np.bool_ else source
        places = apply(op, [numbers], {"axis": along, "keepdims": int(keepdims and axis is not None)})
        if not a.ndim:
            return places[0] if places.ndim else places
        return reshape(places, shape=(1,) * a.ndim) if keepdims and axis is None else places

    return arg


argmax = _arg("ArgMax", np.argmax)
argmin = _arg("ArgMin", np.argmin)


def count_nonzero(a: Values, *, axis: Any = None, keepdims: bool = False) -> Values:
    """Return the number of elements that are not zero."""
    return sum_(truth(a), axis=axis, keepdims=keepdims)


def average(
    a: Values, *, axis: Any = None, weights: Values | None = None, returned: bool = False,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """Return the mean, each element as heavy as its weight."""
    if weights is None:
        result = mean(a, axis=axis, keepdims=keepdims)
        heaviness = filled_like(result, a.size / result.size, result.shape)
        return (result, heaviness) if returned else result
    heavy = _weights(a, axis, weights)
    kind = np.result_type(a.dtype, heavy.dtype, *(() if a.dtype.kind == "f" else (np.float64,)))
    heaviness = sum_(cast(heavy, kind), axis=axis, keepdims=keepdims)
    if bool(np.any(heaviness == 0)):
        message = "Weights sum to zero, can't be normalized"
        raise ZeroDivisionError(message)
    result = sum_(cast(a, kind) * cast(heavy, kind), axis=axis, keepdims=keepdims) / heaviness
    return (result, np.broadcast_to(heaviness, result.shape)) if returned else result


def _weights(a: Values, axis: Any, weights: Values) -> Values:
    """Return weights in the shape of `a`, or one that broadcasts to it."""
    if weights.shape == a.shape:
        return weights
    axes = axes_of(axis, a.ndim)
    if axis is None or weights.shape != tuple(a.shape[at] for at in axes):
        np.average(np.empty(a.shape), axis, np.empty(weights.shape))
    order = np.argsort(axes).tolist()
    spread = tuple(size if at in axes else 1 for at, size in enumerate(a.shape))
    return reshape(np.transpose(weights, order), shape=spread)


REDUCTIONS: Rows = MappingProxyType(
    {
        "sum": (sum_, "@a axis dtype out keepdims initial where"),
        "prod": (prod, "@a axis dtype out keepdims initial where"),
        "mean": (mean, "@a axis dtype out keepdims where"),
        "var": (var, "@a axis dtype out ddof keepdims where mean correction"),
        "std": (std, "@a axis dtype out ddof keepdims where mean correction"),
        "max": (max_, "@a axis out keepdims initial where"),
        "amax": (max_, "@a axis out keepdims initial where"),
        "min": (min_, "@a axis out keepdims initial where"),
        "amin": (min_, "@a axis out keepdims initial where"),
        "ptp": (ptp, "@a axis out keepdims"),
        "any": (any_, "@a axis out keepdims where"),
        "all": (all_, "@a axis out keepdims where"),
        "argmax": (argmax, "@a axis out keepdims"),
        "argmin": (argmin, "@a axis out keepdims"),
        "count_nonzero": (count_nonzero, "@a axis keepdims"),
        "average": (average, "@a axis @weights returned keepdims"),
    }
)
"""Functions that fold axes."""
