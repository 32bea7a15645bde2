"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from npusdk.array.apply import apply
from npusdk.array.dispatch import refuse
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, constant, phantom, xp
from npusdk.array.functions.reductions import sum_
from npusdk.array.functions.shaping import diagonal, moveaxis, ravel, reshape, shaped, transpose


def product(x1: Values, x2: Values) -> Values:
    """Multiply matrices, or stacks of them, of any type."""
    return np.matmul(x1, x2)


def dot(a: Values, *, b: Values) -> Values:
    """Sum products over the last axis of `a` and the last but one of `b`."""
    if not a.ndim or not b.ndim:
        return np.multiply(a, b)
    if a.ndim <= 2 and b.ndim <= 2:
        return product(a, b)
    return tensordot(a, b=b, axes=(-1, max(b.ndim - 2, 0)))


def vdot(a: Values, *, b: Values) -> Values:
    """Return the scalar product of all elements."""
    return product(ravel(a), ravel(b))


def inner(a: Values, *, b: Values) -> Values:
    """Sum products over the last axes."""
    if not a.ndim or not b.ndim:
        return np.multiply(a, b)
    return tensordot(a, b=b, axes=(-1, -1))


def outer(a: Values, *, b: Values) -> Values:
    """Multiply every element with every other one."""
    return np.multiply(reshape(a, shape=(a.size, 1)), reshape(b, shape=(1, b.size)))


def linalg_outer(x1: Values, *, x2: Values) -> Values:
    """Multiply every element of one vector with every one of another."""
    if x1.ndim != 1 or x2.ndim != 1:
        np.linalg.outer(np.empty(x1.shape), np.empty(x2.shape))
    return outer(x1, b=x2)


def tensordot(a: Values, *, b: Values, axes: Any = 2) -> Values:
    """Sum products over pairs of axes: the last of `a` and the first of `b`, or those that are named."""
    if isinstance(axes, (int, np.integer)):
        ours, theirs = tuple(range(a.ndim - axes, a.ndim)), tuple(range(int(axes)))
    else:
        ours, theirs = (tuple(np.atleast_1d(side).tolist()) for side in axes)
    if len(ours) != len(theirs) or (ours and min(ours) < -a.ndim):
        message = "shape-mismatch for sum"
        raise ValueError(message)
    ours, theirs = normalize_axis_tuple(ours, a.ndim), normalize_axis_tuple(theirs, b.ndim)
    if [a.shape[at] for at in ours] != [b.shape[at] for at in theirs]:
        message = f"shape-mismatch for sum: axes {ours} of {a.shape} and {theirs} of {b.shape}"
        raise ValueError(message)
    free_a = [at for at in range(a.ndim) if at not in ours]
    free_b = [at for at in range(b.ndim) if at not in theirs]
    inner_size = prod(a.shape[at] for at in ours)
    shape_a, shape_b = tuple(a.shape[at] for at in free_a), tuple(b.shape[at] for at in free_b)
    left = shaped(_ordered(a, (*free_a, *ours)), (prod(shape_a), inner_size))
    right = shaped(_ordered(b, (*theirs, *free_b)), (inner_size, prod(shape_b)))
    return shaped(product(left, right), (*shape_a, *shape_b))


def _ordered(a: Values, axes: tuple[int, ...]) -> Values:
    return a if axes == tuple(range(a.ndim)) else transpose(a, axes=axes)


def kron(a: Values, *, b: Values) -> Values:
    """Replace each element of `a` by `b` times it."""
    rank = max(a.ndim, b.ndim)
    ours, theirs = (1,) * (rank - a.ndim) + a.shape, (1,) * (rank - b.ndim) + b.shape
    spread = [size for own in ours for size in (own, 1)]
    inside = [size for own in theirs for size in (1, own)]
    tiles = reshape(a, shape=tuple(spread)) * reshape(b, shape=tuple(inside))
    return reshape(tiles, shape=tuple(one * other for one, other in zip(ours, theirs, strict=True)))


def trace(a: Values, *, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Values:
    """Add up a diagonal."""
    return sum_(diagonal(a, offset=offset, axis1=axis1, axis2=axis2), axis=-1, dtype=dtype)


def linalg_trace(x: Values, *, offset: int = 0, dtype: Any = None) -> Values:
    """Add up diagonals of the last two axes."""
    return trace(x, offset=offset, axis1=-2, axis2=-1, dtype=dtype)


def cross(
    a: Values, *, b: Values, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Values:
    """Return the vector product of vectors in three dimensions."""
    if axis is not None:
        axisa = axisb = axisc = axis
    left, right = moveaxis(a, source=axisa, destination=-1), moveaxis(b, source=axisb, destination=-1)
    if left.shape[-1] != 3 or right.shape[-1] != 3:
        message = f"Both input arrays must be (arrays of) 3-dimensional vectors, but they are {a.shape} and {b.shape}."
        raise ValueError(message)
    ahead, behind = np.array([1, 2, 0]), np.array([2, 0, 1])

    def turned(x: Values, order: Any) -> Values:
        return apply("Gather", [x, order], {"axis": x.ndim - 1})

    result = turned(left, ahead) * turned(right, behind) - turned(left, behind) * turned(right, ahead)
    return moveaxis(result, source=-1, destination=normalize_axis_index(axisc, result.ndim))


def linalg_cross(x1: Values, *, x2: Values, axis: int = -1) -> Values:
    """Return the vector product along one axis."""
    return cross(x1, b=x2, axis=axis)


def diag(v: Values, *, k: int = 0) -> Values:
    """Return diagonal `k` of a matrix, or the matrix that has a vector there."""
    if v.ndim != 1:
        np.diag(phantom(v.shape), k) if v.ndim != 2 else None
        return diagonal(v, offset=k)
    size = v.size + abs(k)
    places = np.clip(np.arange(size)[:, None] - max(-k, 0), 0, max(v.size - 1, 0)) * np.ones((1, size), np.int64)
    if not v.size:
        return constant(v.context, np.zeros((size, size), v.dtype))
    return np.where(np.eye(size, k=k, dtype=np.bool_), apply("Gather", [v, places], {"axis": 0}), v.dtype.type(0))


def diagflat(v: Values, *, k: int = 0) -> Values:
    """Return the matrix that has all elements on diagonal `k`."""
    return diag(ravel(v), k=k)


def _side(upper: bool) -> Any:
    def side(m: Values, *, k: int = 0) -> Values:
        square = np.broadcast_to(m, (m.size, m.size)) if m.ndim == 1 else m
        if square.ndim < 2:
            np.triu(np.zeros(()))
        attrs = {"upper": int(upper)}
        return apply("Trilu", [square, np.array(k, np.int64)], attrs)

    return side


def vander(x: Values, *, N: int | None = None, increasing: bool = False) -> Values:
    """Return the matrix of powers of a vector, the largest first unless `increasing`."""
    if x.ndim != 1:
        np.vander(np.empty(x.shape))
    count = x.size if N is None else N
    kind = np.result_type(x.dtype, np.int64)
    exponents = np.arange(count, dtype=np.int64)
    powers = np.power(cast(x, kind)[:, None], constant(x.context, exponents if increasing else exponents[::-1].copy()))
    return cast(powers, kind)


def matrix_power(a: Values, *, n: int) -> Values:
    """Multiply a square matrix `n` times with itself, by squaring."""
    exponent = int(n)
    if exponent < 0:
        refuse("numpy.linalg.matrix_power(n < 0)")
    np.linalg.matrix_power(np.empty((*a.shape[:-2], 0, 0)) if a.ndim > 1 and a.shape[-1] == a.shape[-2]
                           else np.empty(a.shape), exponent)  # fmt: skip
    result: Values | None = None
    square = a
    while exponent:
        if exponent & 1:
            result = square if result is None else product(result, square)
        exponent >>= 1
        square = product(square, square) if exponent else square
    if result is None:
        return np.broadcast_to(constant(a.context, np.eye(a.shape[-1], dtype=a.dtype)), a.shape) + a.dtype.type(0)
    return result


def multi_dot(arrays: list[Values]) -> Values:
    """Multiply a chain of matrices in the order that takes the fewest products."""
    if len(arrays) < 2:
        message = "Expecting at least two arrays."
        raise ValueError(message)
    if len(arrays) == 2:
        return dot(arrays[0], b=arrays[1])
    first, last = arrays[0], arrays[-1]
    if any(array.ndim != 2 for array in arrays[1:-1]) or not {first.ndim, last.ndim} <= {1, 2}:
        xp.linalg.multi_dot([np.empty(array.shape) for array in arrays])
    chain = [
        reshape(first, shape=(1, first.size)) if first.ndim == 1 else first,
        *arrays[1:-1],
        reshape(last, shape=(last.size, 1)) if last.ndim == 1 else last,
    ]
    result = _chain(chain, _cheapest([matrix.shape[0] for matrix in chain] + [chain[-1].shape[-1]]), 0, len(chain) - 1)
    shape = (*result.shape[: first.ndim - 1], *result.shape[1 : last.ndim])
    return reshape(result, shape=shape)


def _cheapest(sizes: list[int]) -> Any:
    """Return where to cut each run of a chain, by dynamic programming over its products."""
    count = len(sizes) - 1
    cost, cuts = np.zeros((count, count)), np.zeros((count, count), np.int64)
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = [cost[i, k] + cost[k + 1, j] + float(sizes[i]) * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            cuts[i, j] = i + int(np.argmin(costs))
            cost[i, j] = min(costs)
    return cuts


def _chain(chain: list[Values], cuts: Any, i: int, j: int) -> Values:
    if i == j:
        return chain[i]
    return product(_chain(chain, cuts, i, int(cuts[i, j])), _chain(chain, cuts, int(cuts[i, j]) + 1, j))


LINEAR: Rows = MappingProxyType(
    {
        "dot": (dot, "@a @b out"),
        "vdot": (vdot, "@a @b"),
        "inner": (inner, "@a @b"),
        "outer": (outer, "@a @b out"),
        "linalg.outer": (linalg_outer, "@x1 @x2"),
        "tensordot": (tensordot, "@a @b axes"),
        "linalg.tensordot": (lambda x1, x2, axes=2: tensordot(x1, b=x2, axes=axes), "@x1 @x2 axes"),
        "linalg.matmul": (product, "@x1 @x2"),
        "linalg.vecdot": (lambda x1, x2, axis=-1: xp.vecdot(x1, x2, axis=axis), "@x1 @x2 axis"),
        "kron": (kron, "@a @b"),
        "trace": (trace, "@a offset axis1 axis2 dtype out"),
        "linalg.trace": (linalg_trace, "@x offset dtype"),
        "cross": (cross, "@a @b axisa axisb axisc axis"),
        "linalg.cross": (linalg_cross, "@x1 @x2 axis"),
        "diag": (diag, "@v k"),
        "diagflat": (diagflat, "@v k"),
        "triu": (_side(upper=True), "@m k"),
        "tril": (_side(upper=False), "@m k"),
        "vander": (vander, "@x N increasing"),
        "linalg.matrix_power": (matrix_power, "@a n"),
        "linalg.multi_dot": (multi_dot, "@[arrays out"),
    }
)
"""Products, and matrices made of vectors."""
