"""Long products in blocks of about a tenth of a second, so that Ctrl-C is heard between two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.quiet import QUIET
from npusdk.graph import Attributes
from npusdk.kernels import Kernel

Array: TypeAlias = npt.NDArray[Any]

BLOCK_MACS = 2_000_000_000
"""Multiply-accumulates of a block: a tenth of a second at a rate that every machine reaches."""

SLOW_BLOCK_MACS = BLOCK_MACS // 40
"""The same where no BLAS helps: integers, and sums over several indices."""


def blockwise(op: str, kernel: Kernel, values: Sequence[Any], attrs: Attributes) -> tuple[Array, ...] | None:
    """Return the outputs of a long operator, computed in blocks; None for one that is short or has no blocks."""
    cutter = _CUTTERS.get(op)
    return None if cutter is None else cutter(kernel, values, attrs)


def _matmul(kernel: Kernel, values: Sequence[Any], attrs: Attributes) -> tuple[Array, ...] | None:
    left, right = values
    if left.ndim < 2 or right.ndim < 2:
        return None
    most = BLOCK_MACS if left.dtype.kind == "f" else SLOW_BLOCK_MACS
    batch = prod(left.shape[:-2]) if left.ndim >= right.ndim else prod(right.shape[:-2])
    if batch * left.shape[-2] * left.shape[-1] * right.shape[-1] <= most:
        return None
    batches = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    out = np.empty((*batches, left.shape[-2], right.shape[-1]), left.dtype)
    lefts = np.broadcast_to(left, (*batches, *left.shape[-2:]))
    rights = np.broadcast_to(right, (*batches, *right.shape[-2:]))
    step = max(1, most // max(1, left.shape[-1] * right.shape[-1]))
    for place in np.ndindex(batches):
        for start in range(0, left.shape[-2], step):
            rows = slice(start, start + step)
            (block,) = QUIET.run(kernel, (lefts[place][rows], rights[place]), attrs, 1)
            out[place][rows] = block
    return (out,)


def _einsum(kernel: Kernel, values: Sequence[Any], attrs: Attributes) -> tuple[Array, ...] | None:
    """Cut along the first letter of the result."""
    equation = str(attrs["equation"]).replace(" ", "")
    terms, arrow, result = equation.partition("->")
    if not arrow or "." in equation or not result:
        return None
    letters = terms.split(",")
    sizes = {
        letter: size
        for term, value in zip(letters, values, strict=True)
        for letter, size in zip(term, value.shape, strict=False)
    }
    macs = prod(sizes.values())
    if macs <= SLOW_BLOCK_MACS or sizes[result[0]] == 1:
        return None
    axes = [term.find(result[0]) for term in letters]
    step = max(1, sizes[result[0]] * SLOW_BLOCK_MACS // macs)
    parts = []
    for start in range(0, sizes[result[0]], step):
        cut = [
            value if axis < 0 else value[(slice(None),) * axis + (slice(start, start + step),)]
            for value, axis in zip(values, axes, strict=True)
        ]
        parts.append(QUIET.run(kernel, cut, attrs, 1)[0])
    return (np.concatenate(parts),)


_CUTTERS: dict[str, Callable[[Kernel, Sequence[Any], Attributes], tuple[Array, ...] | None]] = {
    "MatMul": _matmul,
    "Einsum": _einsum,
}
