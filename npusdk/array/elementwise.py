"""Computing a ufunc of plain arrays, rounded to a context's format.

Small arrays take one call. Large ones are computed in blocks that are rounded while they are still in the cache, in the
memory order that NumPy would choose; between two blocks Ctrl-C is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.context import ROUND_BLOCK, Context
from npusdk.array.quiet import QUIET
from npusdk.kernels.blocks import cut

Array: TypeAlias = npt.NDArray[Any]

_LARGE = 1 << 18
"""Elements that are computed at a time where nothing is rounded."""


def compute(context: Context, ufunc: np.ufunc, operands: Sequence[Any], dtypes: Sequence[np.dtype[Any]]) -> list[Array]:
    """Return the results of a ufunc with scalar signature, rounded; of memory of their own.

    Parameters
    ----------
    operands
        Arrays in the loop's types, or scalars of Python.
    dtypes
        Types of the results.

    Raises
    ------
    OutOfDeviceMemoryError
        Before anything is computed.
    ValueError
        If the shapes do not broadcast; NumPy's own.
    """
    rounds = context.rounds and dtypes[0].kind == "f"
    most = max([operand.size for operand in operands if isinstance(operand, np.ndarray)], default=1)
    if context.memory_limit_bytes is not None:
        _require(context, operands, dtypes)
    if most > (ROUND_BLOCK if rounds else _LARGE):
        return _in_blocks(context, ufunc, operands, dtypes)
    found = QUIET.run(ufunc, *operands)
    results = [np.asarray(one) for one in (found if len(dtypes) > 1 else (found,))]
    for one in results if rounds else ():
        context.round(one)
    return results


def _require(context: Context, operands: Sequence[Any], dtypes: Sequence[np.dtype[Any]]) -> None:
    shapes = [operand.shape for operand in operands if isinstance(operand, np.ndarray)]
    try:
        shape = shapes[0] if all(one == shapes[0] for one in shapes) else np.broadcast_shapes(*shapes)
    except ValueError:
        return  # NumPy words the error
    size = 1
    for length in shape:
        size *= length
    context.require(size * sum([context.width_bytes(dtype) for dtype in dtypes]))


def _in_blocks(
    context: Context, ufunc: np.ufunc, operands: Sequence[Any], dtypes: Sequence[np.dtype[Any]]
) -> list[Array]:
    arrays = [np.asarray(operand) for operand in operands]
    count = len(dtypes)
    flags: list[Any] = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]] * count
    given: list[Any] = [*arrays, *[None] * count]
    types = [*[array.dtype for array in arrays], *dtypes]
    outs = list(np.nditer(given, ["zerosize_ok"], flags, types).operands[len(arrays) :])
    fill(context, ufunc, operands, outs)
    return outs


def fill(context: Context, ufunc: np.ufunc, operands: Sequence[Any], outs: Sequence[Array]) -> None:
    """Write the results of a ufunc, rounded, into arrays of one layout; operands may be the results themselves."""
    out = outs[0]
    order = sorted(range(out.ndim), key=lambda axis: -abs(out.strides[axis]))
    targets = [one.transpose(order) for one in outs]
    sources = [
        np.broadcast_to(operand, out.shape).transpose(order) if isinstance(operand, np.ndarray) else operand
        for operand in operands
    ]
    rounds = context.rounds and out.dtype.kind == "f"
    for index in cut(targets[0].shape, ROUND_BLOCK if rounds else _LARGE):
        blocks = [one[index] for one in targets]
        given = [source[index] if isinstance(source, np.ndarray) else source for source in sources]
        QUIET.run(ufunc, *given, out=tuple(blocks))
        for block in blocks if rounds else ():
            context.round(block)
