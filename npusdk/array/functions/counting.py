"""Counting: how often numbers occur, and histograms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import apply
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, constant, filled_like, floating, host, stored
from npusdk.array.functions.ordering import searchsorted
from npusdk.array.functions.reductions import max_, min_, sum_
from npusdk.array.functions.selection import where
from npusdk.array.functions.shaping import ravel


def bincount(x: Values, *, weights: Values | None = None, minlength: int = 0) -> Values:
    """Count how often each number occurs, or add up its weights; the largest number is read back."""
    if x.ndim != 1 or x.dtype.kind not in "biu":
        np.bincount(np.empty(x.shape, x.dtype))
    if not x.size:
        return constant(x.context, np.zeros(minlength, np.int64))
    places = cast(x, np.int64)
    limits = (int(min_(places)), int(max_(places)))
    if limits[0] < 0:
        np.bincount([-1])
    size = max(limits[1] + 1, minlength)
    kind = np.dtype(np.int64) if weights is None else stored(x.context, np.dtype(np.float64))
    amounts = filled_like(x, 1, x.shape, kind) if weights is None else cast(ravel(weights), kind)
    return add_at(constant(x.context, np.zeros(size, kind)), places, amounts)


def add_at(totals: Values, places: Values, amounts: Values) -> Values:
    """Return totals with an amount added at each place."""
    if not places.size:
        return totals
    return apply("ScatterElements", [totals, places, amounts], {"axis": 0, "reduction": "add"})


def _edges(a: Values, bins: Any, range_: Any, weights: Any) -> Any:
    """Return the edges of a histogram on this computer; the smallest and the largest element are read back."""
    if isinstance(bins, str):
        return np.histogram_bin_edges(a.numpy(), bins, range_, host(weights))
    given = host(bins)
    if np.ndim(given) == 0 and range_ is None and a.size:
        ends = np.array([min_(a).numpy(), max_(a).numpy()], np.result_type(a.dtype, np.uint8))
        return np.histogram_bin_edges(ends, given)
    return np.histogram_bin_edges(np.zeros(0, a.dtype), given, range_)


def histogram_bin_edges(
    a: Values,
    *,
    bins: Any = 10,
    range: Any = None,  # noqa: A002 - NumPy's name
    weights: Any = None,
) -> Values:
    """Return the edges of the bins of a histogram."""
    return constant(a.context, _edges(a, bins, range, weights))


def histogram(
    a: Values, *, bins: Any = 10, range: Any = None, density: bool | None = None,  # noqa: A002
    weights: Values | None = None,
) -> tuple[Values, Values]:  # fmt: skip
    """Count elements, or add up their weights, between edges; the last bin holds its upper edge too."""
    values = ravel(cast(a, np.uint8) if a.dtype == np.bool_ else a)
    bounds = _edges(values, bins, range, weights)
    edges = constant(a.context, bounds)
    count = edges.size - 1
    places = searchsorted(edges, v=values, side="right") - 1
    places = where(values == edges[-1], x=count - 1, y=places)
    places = where(np.logical_and(places >= 0, places < count), x=places, y=count)
    kind = np.dtype(np.int64) if weights is None else weights.dtype
    amounts = filled_like(values, 1, values.shape, kind) if weights is None else ravel(weights)
    totals = add_at(constant(a.context, np.zeros(count + 1, kind)), places, amounts)[:count]
    if not density:
        return totals, edges
    widths = constant(a.context, np.diff(bounds))
    return floating(totals) / widths / sum_(totals), edges


COUNTING: Rows = MappingProxyType(
    {
        "bincount": (bincount, "@x @weights minlength"),
        "histogram": (histogram, "@a bins range density @weights"),
        "histogram_bin_edges": (histogram_bin_edges, "@a bins range weights"),
    }
)
"""Counting."""
