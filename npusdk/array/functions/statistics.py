"""Order statistics and covariances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from npusdk.array.apply import apply
from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows
from npusdk.array.functions.joining import concatenate
from npusdk.array.functions.nan_reductions import nanmean
from npusdk.array.functions.operand import (
    Values,
    cast,
    constant,
    host,
    stored,
)  # fmt: skip
from npusdk.array.functions.ordering import sort
from npusdk.array.functions.reductions import mean, sum_
from npusdk.array.functions.selection import take_along_axis, where
from npusdk.array.functions.shaping import matrix_transpose, moveaxis, reshape

_PLACES: Mapping[str, Callable[[Any, int], Any]] = MappingProxyType(
    {
        "linear": lambda q, n: (n - 1) * q,
        "lower": lambda q, n: np.floor((n - 1) * q),
        "higher": lambda q, n: np.ceil((n - 1) * q),
        "nearest": lambda q, n: np.rint((n - 1) * q),
        "midpoint": lambda q, n: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
        "weibull": lambda q, n: (n + 1) * q - 1,
        "hazen": lambda q, n: n * q - 0.5,
        "interpolated_inverted_cdf": lambda q, n: n * q - 1,
        "median_unbiased": lambda q, n: n * q + (1 + q) / 3 - 1,
        "normal_unbiased": lambda q, n: n * q + (0.375 + q * 0.25) - 1,
    }
)
"""Where a quantile lies among `n` sorted elements, by the name of the method (Hyndman and Fan 1996)."""


def _last(a: Values, axis: Any) -> tuple[Values, tuple[int, ...]]:
    """Return the array with the folded axes as one last axis, and the shape of what stays with those axes as ones."""
    axes = tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim)
    rest = [at for at in range(a.ndim) if at not in axes]
    moved = np.transpose(a, (*rest, *axes))
    shape = tuple(a.shape[at] for at in rest)
    kept = tuple(1 if at in axes else size for at, size in enumerate(a.shape))
    count = int(np.prod([a.shape[at] for at in axes], dtype=np.int64))
    return reshape(moved, shape=(*shape, count)), kept


def _fractions(q: Any, kind: np.dtype[Any]) -> Any:
    """Return the fractions on this computer; written as one number they take the type of the array."""
    read = host(q)
    alone = isinstance(read, (int, float)) and not isinstance(read, bool) and kind.kind == "f"
    return np.asarray(read, kind if alone else None)


def _hundredth(percentages: Any) -> Any:
    """Return fractions, in the type of the percentages where that is a float."""
    hundred = percentages.dtype.type(100) if percentages.dtype.kind == "f" else 100
    return np.asarray(percentages / hundred)


def quantile(a: Values, *, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Values:
    """Return what lies at fractions of the way through the sorted elements."""
    fractions = _fractions(q, a.dtype)
    if not np.all((fractions >= 0) & (fractions <= 1)):
        message = "Quantiles must be in the range [0, 1]"
        raise ValueError(message)
    return _quantile(a, fractions, axis, method=method, keepdims=keepdims)


def percentile(a: Values, *, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Values:
    """Return what lies at percentages of the way through the sorted elements."""
    fractions = _fractions(q, a.dtype)
    fractions = _hundredth(fractions)
    if not np.all((fractions >= 0) & (fractions <= 1)):
        message = "Percentiles must be in the range [0, 100]"
        raise ValueError(message)
    return _quantile(a, fractions, axis, method=method, keepdims=keepdims)


def _quantile(a: Values, fractions: Any, axis: Any, *, method: str, keepdims: bool) -> Values:
    if method not in _PLACES:
        refuse(f"numpy.quantile(method={method!r})")
    rows, kept = _last(a, axis)
    if not rows.shape[-1]:
        np.quantile(np.empty(a.shape), fractions, axis)
    ordered = sort(rows)
    size = ordered.shape[-1]
    flat = fractions.reshape(-1)
    places = np.clip(_PLACES[method](flat, size), 0, size - 1)
    whole = method in ("lower", "higher", "nearest") or places.dtype.kind in "iu"
    low = np.floor(places).astype(np.int64)
    along = {"axis": ordered.ndim - 1}
    lower = apply("Gather", [ordered, low], along)
    if whole:
        result = lower
    else:
        kind = stored(a.context, np.result_type(a.dtype, fractions.dtype))
        upper = apply("Gather", [ordered, np.minimum(low + 1, size - 1)], along)
        result = _between(cast(lower, kind), cast(upper, kind), (places - low).astype(kind))
    if a.dtype.kind == "f":
        absent = np.isnan(ordered[..., -1:])
        result = where(absent, x=result.dtype.type(np.nan), y=result)
    return _spread(result, fractions.shape, kept if keepdims else rows.shape[:-1])


def _between(lower: Values, upper: Values, weight: Any) -> Values:
    """Return the line from lower to upper at a weight, exact at both ends."""
    apart = upper - lower
    near = lower + apart * weight
    far = upper - apart * (1 - weight)
    return where(constant(lower.context, weight >= 0.5), x=far, y=near)


def _spread(result: Values, outer: tuple[int, ...], inner: tuple[int, ...]) -> Values:
    """Return results, the fractions last, with the axes of the fractions first."""
    return reshape(moveaxis(result, source=-1, destination=0), shape=(*outer, *inner))


def median(a: Values, *, axis: Any = None, keepdims: bool = False) -> Values:
    """Return the middle of the sorted elements, or the mean of the two in the middle."""
    rows, kept = _last(a, axis)
    size = rows.shape[-1]
    if not size:
        return mean(a, axis=axis, keepdims=keepdims)
    ordered = sort(rows)
    middle = ordered[..., (size - 1) // 2 : size // 2 + 1]
    result = mean(middle, axis=-1)
    if a.dtype.kind == "f":
        result = where(np.isnan(ordered[..., -1]), x=result.dtype.type(np.nan), y=result)
    return reshape(result, shape=kept) if keepdims else result


def nanquantile(a: Values, *, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Values:
    """Return what lies at fractions of the way through the sorted numbers."""
    if method != "linear":
        refuse(f"numpy.nanquantile(method={method!r})")
    if not a.size:
        return nanmean(a, axis=axis, keepdims=keepdims)
    if a.dtype.kind != "f":
        return quantile(a, q=q, axis=axis, keepdims=keepdims)
    fractions = _fractions(q, a.dtype)
    if not np.all((fractions >= 0) & (fractions <= 1)):
        message = "Quantiles must be in the range [0, 1]"
        raise ValueError(message)
    rows, kept = _last(a, axis)
    ordered = sort(rows)
    numbers = sum_(np.logical_not(np.isnan(rows)), axis=-1, keepdims=True)
    kind = stored(a.context, np.result_type(a.dtype, fractions.dtype))
    places = cast(np.maximum(numbers - 1, 0), kind) * fractions.reshape(-1).astype(kind)
    low = cast(np.floor(places), np.int64)
    lower = take_along_axis(ordered, indices=low, axis=-1)
    upper = take_along_axis(ordered, indices=np.minimum(low + 1, rows.shape[-1] - 1), axis=-1)
    apart = where(upper == upper, x=upper - lower, y=lower.dtype.type(0))  # noqa: PLR0124 - only numbers equal themselves
    result = lower + apart * (places - cast(low, kind))
    result = where(numbers == 0, x=result.dtype.type(np.nan), y=result)
    return _spread(result, fractions.shape, kept if keepdims else rows.shape[:-1])


def nanpercentile(a: Values, *, q: Any, **how: Any) -> Values:
    """Return what lies at percentages of the way through the sorted numbers."""
    fractions = _fractions(q, a.dtype)
    return nanquantile(
        a, q=np.asarray(fractions / (fractions.dtype.type(100) if fractions.dtype.kind == "f" else 100)), **how
    )


def nanmedian(a: Values, *, axis: Any = None, keepdims: bool = False) -> Values:
    """Return the middle of the sorted numbers."""
    if a.dtype.kind != "f":
        return median(a, axis=axis, keepdims=keepdims)
    rows, kept = _last(a, axis)
    if not rows.shape[-1]:
        return mean(a, axis=axis, keepdims=keepdims)
    ordered = sort(rows)
    numbers = sum_(np.logical_not(np.isnan(rows)), axis=-1, keepdims=True)
    places = concatenate([np.maximum(numbers - 1, 0) // 2, np.minimum(numbers // 2, rows.shape[-1] - 1)], axis=-1)
    result = mean(take_along_axis(ordered, indices=places, axis=-1), axis=-1)
    result = where(numbers[..., 0] == 0, x=result.dtype.type(np.nan), y=result)
    return reshape(result, shape=kept) if keepdims else result


def cov(
    m: Values, *, y: Values | None = None, rowvar: bool = True, bias: bool = False,
    ddof: float | None = None, dtype: Any = None,
) -> Values:  # fmt: skip
    """Return the covariances of variables, one variable a row."""
    if m.ndim > 2 or (y is not None and y.ndim > 2):
        np.cov(np.empty((1,) * m.ndim), np.empty((1,) * y.ndim) if y is not None else None)
    rows = [_variables(part, rowvar) for part in (m, y) if part is not None]
    data = concatenate(rows, axis=0) if len(rows) > 1 else rows[0]
    data = cast(data, dtype) if dtype is not None else cast(data, np.result_type(data.dtype, np.float64))
    freedom = data.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    apart = data - mean(data, axis=1, keepdims=True)
    products = np.matmul(apart, matrix_transpose(apart))
    return np.squeeze(products * data.dtype.type(np.true_divide(1, max(freedom, 0)) if freedom > 0 else np.inf))


def _variables(m: Values, rowvar: bool) -> Values:
    rows = reshape(m, shape=(1, m.size)) if m.ndim < 2 else m
    return rows if rowvar or m.ndim == 1 else matrix_transpose(rows)


def corrcoef(x: Values, *, y: Values | None = None, rowvar: bool = True, dtype: Any = None) -> Values:
    """Return the correlations of variables, one variable a row."""
    covariances = cov(x, y=y, rowvar=rowvar, dtype=dtype)
    if not covariances.ndim:
        return covariances / covariances
    deviation = np.sqrt(np.diagonal(covariances))
    scaled = covariances / deviation[:, None] / deviation[None, :]
    return np.clip(scaled, -1, 1)


STATISTICS: Rows = MappingProxyType(
    {
        "quantile": (quantile, "@a q axis out ~overwrite_input method keepdims"),
        "percentile": (percentile, "@a q axis out ~overwrite_input method keepdims"),
        "median": (median, "@a axis out ~overwrite_input keepdims"),
        "nanquantile": (nanquantile, "@a q axis out ~overwrite_input method keepdims"),
        "nanpercentile": (nanpercentile, "@a q axis out ~overwrite_input method keepdims"),
        "nanmedian": (nanmedian, "@a axis out ~overwrite_input keepdims"),
        "cov": (cov, "@m @y rowvar bias ddof"),
        "corrcoef": (corrcoef, "@x @y rowvar"),
    }
)
"""Order statistics and covariances."""
