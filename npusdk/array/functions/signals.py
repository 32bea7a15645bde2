"""Padding, sliding windows, convolution, interpolation and polynomials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from npusdk.array.apply import apply
from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows
from npusdk.array.functions.joining import concatenate
from npusdk.array.functions.operand import Values, cast, common_dtype, filled_like, host, on_device, stored, xp
from npusdk.array.functions.ordering import argsort, searchsorted
from npusdk.array.functions.selection import take, where
from npusdk.array.functions.shaping import flip, reshape

_BY_PLACE = ("edge", "reflect", "symmetric", "wrap")
"""Ways of padding that only repeat elements."""


def pad(
    array: Values, *, pad_width: Any, mode: Any = "constant", constant_values: Any = 0, reflect_type: str = "even"
) -> Values:
    """Put a frame around an array: a constant, or elements of the array again."""
    widths = _widths(array, pad_width)
    if mode == "empty":
        return _constant_frame(array, widths, 0)
    if mode == "constant":
        return _constant_frame(array, widths, constant_values)
    if mode not in _BY_PLACE or reflect_type != "even":
        refuse(f"numpy.pad(mode={mode!r})" if reflect_type == "even" else f"numpy.pad(reflect_type={reflect_type!r})")
    result = array
    for axis, (before, after) in enumerate(widths):
        if before or after:
            order = np.pad(np.arange(array.shape[axis]), (before, after), mode=mode)
            result = apply("Gather", [result, order], {"axis": axis})
    return result


def _widths(array: Values, pad_width: Any) -> list[tuple[int, int]]:
    """Return how many elements are put before and after each axis."""
    given = host(pad_width)
    if isinstance(given, Mapping):
        widths = np.zeros((array.ndim, 2), np.int64)
        for axis, width in given.items():
            widths[axis] = width
    else:
        widths = np.asarray(given)
        if widths.dtype.kind not in "iu":
            message = "`pad_width` must be of integral type."
            raise TypeError(message)
    if widths.size and widths.min() < 0:
        message = "index can't contain negative values"
        raise ValueError(message)
    return [(int(before), int(after)) for before, after in np.broadcast_to(widths, (array.ndim, 2))]


def _constant_frame(array: Values, widths: list[tuple[int, int]], values: Any) -> Values:
    fills = np.broadcast_to(np.asarray(host(values)).astype(array.dtype), (array.ndim, 2))
    if not fills.size or (fills == fills.reshape(-1)[0]).all():
        pads = np.array([before for before, _after in widths] + [after for _before, after in widths], np.int64)
        fill = fills.reshape(-1)[:1].reshape(()) if fills.size else np.zeros((), array.dtype)
        return apply("Pad", [array, pads, fill]) if array.ndim else array
    result = array
    for axis, ends in enumerate(widths):
        shape = result.shape
        before, after = (
            filled_like(result, fills[axis, end], (*shape[:axis], ends[end], *shape[axis + 1 :])) for end in (0, 1)
        )
        result = concatenate([before, result, after], axis=axis)
    return result


def sliding_window_view(x: Values, *, window_shape: Any, axis: Any = None) -> Values:
    """Return every window along some axes, the windows' own axes last; elements are taken, not viewed."""
    sizes = tuple(np.atleast_1d(window_shape).tolist())
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    shape = np.lib.stride_tricks.sliding_window_view(np.broadcast_to(np.int8(0), x.shape), window_shape, axis).shape
    result = x
    for position, (at, size) in enumerate(zip(axes, sizes, strict=True)):
        starts = np.arange(result.shape[at] - size + 1)
        taken = apply("Gather", [result, starts[:, None] + np.arange(size)], {"axis": at})
        result = np.moveaxis(taken, at + 1, x.ndim + position)
    return reshape(result, shape=shape)


_LENGTHS: Mapping[str, Callable[[int, int], tuple[int, int]]] = {
    "full": lambda n, m: (m - 1, n + m - 1),
    "same": lambda n, m: (m // 2, n),
    "valid": lambda n, m: (0, n - m + 1),
}
"""Elements put before the longer vector, and length of the result, of vectors of `n` >= `m` elements, by mode."""


def _slide(longer: Values, shorter: Values, mode: str) -> Values:
    """Multiply the shorter vector with every window of the longer one."""
    count = shorter.size
    before, length = _LENGTHS[mode](longer.size, count)
    after = length + count - 1 - before - longer.size
    padded = apply("Pad", [longer, np.array([before, after], np.int64), np.zeros((), longer.dtype)])
    if longer.dtype.kind == "f":
        image, kernel = reshape(padded, shape=(1, 1, padded.size)), reshape(shorter, shape=(1, 1, count))
        return reshape(apply("Conv", [image, kernel]), shape=(length,))
    return np.matmul(sliding_window_view(padded, window_shape=count), shorter)


def correlate(a: Values, *, v: Values, mode: str = "valid") -> Values:
    """Multiply one vector with every shifted window of the other, and add up."""
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size or mode not in _LENGTHS:
        xp.correlate(np.empty(a.shape), np.empty(v.shape), mode)
    kind = common_dtype(a, v)
    one, other = cast(a, kind), cast(v, kind)
    if a.size >= v.size:
        return _slide(one, other, mode)
    return flip(_slide(other, one, mode))


def convolve(a: Values, *, v: Values, mode: str = "full") -> Values:
    """Return the discrete convolution of two vectors."""
    one, other = (reshape(x, shape=(1,)) if not x.ndim else x for x in (a, v))
    if not one.size or not other.size:
        np.convolve(np.empty(one.shape), np.empty(other.shape))
    if other.size > one.size:
        one, other = other, one
    return correlate(one, v=flip(other), mode=mode)


def interp(x: Values, *, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Values:
    """Return values between points on straight lines, those of the ends outside."""
    context = x.context
    kind = stored(context, np.dtype(np.float64))
    where_to, knots, values = (cast(on_device(context, item), kind) for item in (x, xp, fp))
    if knots.ndim != 1 or knots.shape != values.shape or not knots.size:
        np.interp(0.0, np.empty(knots.shape), np.empty(values.shape))
    if period is not None:
        left = right = None
        where_to, knots, values = _periodic(where_to, knots, values, abs(float(host(period))))
    if knots.size == 1:
        inside = np.broadcast_to(values[0], where_to.shape)
    else:
        after = np.clip(searchsorted(knots, v=where_to, side="right"), 1, knots.size - 1)
        x0, x1, y0, y1 = (take(source, indices=place) for source in (knots, values) for place in (after - 1, after))
        inside = (where_to - x0) * ((y1 - y0) / (x1 - x0)) + y0
        inside = where(where_to == x1, x=y1, y=inside)
    low = values[0] if left is None else left
    high = values[-1] if right is None else right
    result = where(where_to > knots[-1], x=high, y=inside)
    result = where(where_to < knots[0], x=low, y=result)
    return cast(result, kind)


def _periodic(x: Values, knots: Values, values: Values, period: float) -> tuple[Values, ...]:
    """Return everything brought into one period, the points continued by one on either side."""
    wrapped = np.mod(knots, period)
    order = argsort(wrapped)
    wrapped, values = wrapped[order], values[order]
    knots = concatenate([wrapped[-1:] - period, wrapped, wrapped[:1] + period])
    return np.mod(x, period), knots, concatenate([values[-1:], values, values[:1]])


def polyval(p: Values, *, x: Values) -> Values:
    """Return a polynomial, its highest coefficient first, by Horner's rule."""
    result = np.zeros_like(x)
    for index in range(p.shape[0]):
        result = result * x + p[index]
    return result


def unwrap(p: Values, *, discont: Any = None, axis: int = -1, period: float = 2 * np.pi) -> Values:
    """Return angles without jumps larger than half a period."""
    along = normalize_axis_index(axis, p.ndim)
    lead = (slice(None),) * along
    steps = np.diff(p, axis=along)
    half = period / 2
    least = half if discont is None else max(discont, half)
    turned = np.mod(steps + half, period) - half
    turned = where(np.logical_and(turned == -half, steps > 0), x=half, y=turned)
    jumps = where(np.abs(steps) < least, x=0.0, y=turned - steps)
    head = p[(*lead, slice(None, 1))]
    tail = p[(*lead, slice(1, None))] + np.cumsum(jumps, axis=along)
    return concatenate([cast(head, tail.dtype), tail], axis=along)


SIGNALS: Rows = MappingProxyType(
    {
        "pad": (pad, "@array pad_width mode constant_values reflect_type"),
        "lib.stride_tricks.sliding_window_view": (sliding_window_view, "@x window_shape axis ~subok ~writeable"),
        "convolve": (convolve, "@a @v mode"),
        "correlate": (correlate, "@a @v mode"),
        "interp": (interp, "@x xp fp left right period"),
        "polyval": (polyval, "@p @x"),
        "unwrap": (unwrap, "@p discont axis period"),
    }
)
"""Padding, windows, convolution, interpolation."""
