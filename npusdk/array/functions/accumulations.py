"""Functions that accumulate along an axis or take differences, and the integral by trapezoids."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npusdk.array.apply import apply
from npusdk.array.functions.call import Rows
from npusdk.array.functions.joining import concatenate
from npusdk.array.functions.operand import Values, cast, copied, filled_like, host, xp
from npusdk.array.functions.reductions import sum_, total_dtype
from npusdk.array.functions.shaping import along, ravel

_SUMMED = {"bool": np.int32, "int8": np.int32, "int16": np.int32, "uint8": np.uint32, "uint16": np.uint32}
"""Types in which what ONNX's CumSum does not take is added up before it is cut back."""


def cumsum(a: Values, *, axis: int | None = None, dtype: Any = None) -> Values:
    """Add up along an axis."""
    source, place = along(a, axis)
    wanted = np.dtype(dtype) if dtype is not None else total_dtype(a.dtype)
    whole = cast(source, wanted)
    wide = cast(whole, _SUMMED.get(str(whole.dtype), whole.dtype))
    return cast(apply("CumSum", [wide, np.array(place, np.int64)]), whole.dtype)


def cumprod(a: Values, *, axis: int | None = None, dtype: Any = None) -> Values:
    """Multiply along an axis, by products of doubling length."""
    source, place = along(a, axis)
    result = cast(source, dtype if dtype is not None else total_dtype(a.dtype))
    lead, shift = (slice(None),) * place, 1
    while shift < source.shape[place]:
        tail = result[(*lead, slice(shift, None))] * result[(*lead, slice(None, -shift))]
        result = concatenate([result[(*lead, slice(None, shift))], tail], axis=place)
        shift *= 2
    return copied(result) if shift == 1 else result


def _cumulative(function: Any, first: int) -> Any:
    def cumulative(x: Values, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Values:
        if not x.ndim:
            return cumulative(ravel(x), axis=axis, dtype=dtype, include_initial=include_initial)
        if axis is None and x.ndim > 1:
            message = "For arrays which have more than one dimension ``axis`` argument is required."
            raise ValueError(message)
        place = 0 if axis is None else normalize_axis_index(axis, x.ndim)
        result = function(x, axis=place, dtype=dtype)
        if not include_initial:
            return result
        edge = filled_like(result, first, (*x.shape[:place], 1, *x.shape[place + 1 :]))
        return concatenate([edge, result], axis=place)

    return cumulative


def diff(
    a: Values, *, n: int = 1, axis: int = -1, prepend: Values | None = None,
    append: Values | None = None,
) -> Values:  # fmt: skip
    """Return the differences of neighbours, `n` times over."""
    if n < 0 or not a.ndim:
        np.diff(np.empty(a.shape), n)
    place = normalize_axis_index(axis, a.ndim)
    parts = [_edge(a, value, place) for value in (prepend, a, append) if value is not None]
    result = concatenate(parts, axis=place) if len(parts) > 1 else a
    lead = (slice(None),) * place
    for _step in range(n):
        after, before = result[(*lead, slice(1, None))], result[(*lead, slice(None, -1))]
        result = np.not_equal(after, before) if result.dtype == np.bool_ else after - before
    return result


def _edge(a: Values, value: Values, axis: int) -> Values:
    if value.ndim:
        return value
    return np.broadcast_to(value, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


def ediff1d(ary: Values, *, to_end: Values | None = None, to_begin: Values | None = None) -> Values:
    """Return the differences of neighbours of all elements, between two edges."""
    flat = ravel(ary)
    for edge in (to_begin, to_end):
        if edge is not None and not np.can_cast(edge.dtype, ary.dtype, "same_kind"):
            np.ediff1d(np.empty(2, ary.dtype), to_begin=np.empty(1, edge.dtype))
    edges = [edge if edge is None else cast(ravel(edge), ary.dtype) for edge in (to_begin, to_end)]
    return concatenate([part for part in (edges[0], flat[1:] - flat[:-1], edges[1]) if part is not None])


def gradient(f: Values, *, varargs: Any = (), axis: Any = None, edge_order: int = 1) -> Any:
    """Return the slopes along axes, of second order inside and of order `edge_order` at the ends."""
    axes = range(f.ndim) if axis is None else [normalize_axis_index(at, f.ndim) for at in np.atleast_1d(axis).tolist()]
    steps = [host(value) for value in varargs] or [1.0]
    if len(steps) == 1:
        steps = steps * len(axes)
    if len(steps) != len(axes) or edge_order not in (1, 2) or any(f.shape[at] < edge_order + 1 for at in axes):
        xp.gradient(np.empty(f.shape), *varargs, axis=axis, edge_order=edge_order)
    smooth = f if f.dtype.kind == "f" else cast(f, np.float64)
    slopes = [_slope(smooth, np.asarray(step), at, edge_order) for at, step in zip(axes, steps, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Values, step: Any, axis: int, edge_order: int) -> Values:
    """Return the slopes along one axis whose points lie `step` apart, or at the places that `step` holds."""
    size = f.shape[axis]
    gaps = np.diff(step) if step.ndim else np.full(size - 1, step, np.float64)
    matrix = _stencils(size, gaps.astype(np.float64), edge_order)
    lead = (slice(None),) * axis
    shape = (-1,) + (1,) * (f.ndim - axis - 1)

    def weighted(rows: slice, first: int, count: int, columns: Any) -> Values:
        terms = [
            f[(*lead, slice(first + k, first + k + count))] * matrix[rows, columns[k]].astype(f.dtype).reshape(shape)
            for k in range(len(columns))
            if matrix[rows, columns[k]].any()
        ]
        return sum(terms[1:], start=terms[0])

    width = edge_order + 1
    parts = [weighted(slice(0, 1), 0, 1, range(width))]
    if size > 2:
        parts.append(weighted(slice(1, size - 1), 0, size - 2, range(3)))
    parts.append(weighted(slice(size - 1, size), size - width, 1, range(width)))
    return concatenate(parts, axis=axis)


def _stencils(size: int, gaps: Any, edge_order: int) -> Any:
    """Return the weights of up to three neighbouring points, one row for each point (Fornberg's, for three points)."""
    rows = np.zeros((size, 3))
    before, after = gaps[:-1], gaps[1:]
    rows[1:-1, 0] = -after / (before * (before + after))
    rows[1:-1, 1] = (after - before) / (before * after)
    rows[1:-1, 2] = before / (after * (before + after))
    if edge_order == 1:
        rows[0, :2] = -1 / gaps[0], 1 / gaps[0]
        rows[-1, :2] = -1 / gaps[-1], 1 / gaps[-1]
        return rows
    one, two = gaps[0], gaps[1]
    rows[0] = -(2 * one + two) / (one * (one + two)), (one + two) / (one * two), -one / (two * (one + two))
    one, two = gaps[-2], gaps[-1]
    rows[-1] = two / (one * (one + two)), -(two + one) / (one * two), (2 * two + one) / (two * (one + two))
    return rows


def trapezoid(y: Values, *, x: Values | None = None, dx: Any = 1.0, axis: int = -1) -> Values:
    """Return the integral along an axis by trapezoids."""
    place = normalize_axis_index(axis, y.ndim)
    lead = (slice(None),) * place
    if x is None:
        width = dx
    elif x.ndim == 1:
        width = np.reshape(diff(x), (-1,) + (1,) * (y.ndim - place - 1))
    else:
        width = diff(x, axis=place)
    heights = y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]
    return sum_(width * heights / 2.0, axis=place)


ACCUMULATIONS: Rows = MappingProxyType(
    {
        "cumsum": (cumsum, "@a axis dtype out"),
        "cumprod": (cumprod, "@a axis dtype out"),
        "cumulative_sum": (_cumulative(cumsum, 0), "@x axis dtype out include_initial"),
        "cumulative_prod": (_cumulative(cumprod, 1), "@x axis dtype out include_initial"),
        "diff": (diff, "@a n axis @prepend @append"),
        "ediff1d": (ediff1d, "@ary @to_end @to_begin"),
        "gradient": (lambda f, varargs=(), **how: gradient(f, varargs=varargs, **how), "@f *varargs axis edge_order"),
        "trapezoid": (trapezoid, "@y @x dx axis"),
    }
)
"""Functions that accumulate, or take differences."""
