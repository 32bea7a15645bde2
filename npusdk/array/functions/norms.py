"""Norms of vectors and matrices; those that need singular values are refused."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, floating, xp
from npusdk.array.functions.reductions import fold, max_, min_, sum_
from npusdk.array.functions.shaping import ravel, reshape

_BY_ROWS = {1: (max_, 0), -1: (min_, 0), np.inf: (max_, 1), -np.inf: (min_, 1)}
"""Norms of a matrix that are an extreme of sums: which extreme, and over which of its two axes the sum goes."""


def norm(x: Values, *, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Values:  # noqa: A002
    """Return the norm of a vector or a matrix, along one or two axes."""
    source = floating(x)
    if axis is None and (ord is None or (x.ndim == 2 and ord in ("fro", "f")) or (x.ndim == 1 and ord == 2)):
        result = fold("ReduceL2", ravel(source), None, keepdims=False)
        return reshape(result, shape=(1,) * x.ndim) if keepdims else result
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if len(axes) == 1:
        return _of_vectors(source, ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrices(source, ord, axes, keepdims)
    message = "Improper number of dimensions to norm."
    raise ValueError(message)


def _of_vectors(x: Values, ord: Any, axes: Any, keepdims: bool) -> Values:  # noqa: A002
    if isinstance(ord, str):
        xp.linalg.norm(np.empty(1), ord)
    if ord is None or ord == 2:
        return fold("ReduceL2", x, axes, keepdims)
    if ord == 1:
        return fold("ReduceL1", x, axes, keepdims)
    size = np.abs(x)
    if abs(ord) == np.inf:
        return _extreme(max_ if ord > 0 else min_, size, axes, keepdims)
    if ord == 0:
        return sum_(cast(x != 0, x.dtype), axis=axes, keepdims=keepdims)
    power = sum_(np.power(size, ord), axis=axes, keepdims=keepdims)
    return np.power(power, 1.0 / ord)


def _extreme(extreme: Any, sizes: Values, axes: Any, keepdims: bool) -> Values:
    """Return the largest or smallest of sizes; the largest of none is zero."""
    return extreme(sizes, axis=axes, keepdims=keepdims, initial=0 if extreme is max_ else None)


def _of_matrices(x: Values, ord: Any, axes: Any, keepdims: bool) -> Values:  # noqa: A002
    if len(set(axes)) != 2:
        message = "Duplicate axes given."
        raise ValueError(message)
    if ord in (None, "fro", "f"):
        return fold("ReduceL2", x, axes, keepdims)
    if ord in (2, -2, "nuc"):
        refuse(f"numpy.linalg.norm(ord={ord!r}) of a matrix")
    if ord not in _BY_ROWS:
        message = "Invalid norm order for matrices."
        raise ValueError(message)
    extreme, summed = _BY_ROWS[ord]
    totals = fold("ReduceL1", x, axes[summed], keepdims=True)
    result = _extreme(extreme, totals, axes[1 - summed], keepdims=True)
    return result if keepdims else np.squeeze(result, axis=axes)


def vector_norm(x: Values, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Values:  # noqa: A002
    """Return the norm of vectors that lie along some axes, all of them by default."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    source = floating(x)
    return _of_vectors(source, ord, axes, keepdims)


def matrix_norm(x: Values, *, keepdims: bool = False, ord: Any = "fro") -> Values:  # noqa: A002
    """Return the norm of the matrices of the last two axes."""
    return norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)


NORMS: Rows = MappingProxyType(
    {
        "linalg.norm": (norm, "@x ord axis keepdims"),
        "linalg.vector_norm": (vector_norm, "@x axis keepdims ord"),
        "linalg.matrix_norm": (matrix_norm, "@x keepdims ord"),
    }
)
"""Norms."""
