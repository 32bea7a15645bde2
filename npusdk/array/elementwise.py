"""Computing a ufunc of plain arrays, rounded to a context's format.

Small arrays take one call. Large ones are computed in blocks that are rounded while they are still in the cache, in the
memory order that NumPy would choose; between two blocks Ctrl-C is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.context import Context
from npusdk.array.floating_errors import tell
from npusdk.array.quiet import QUIET
from npusdk.kernels.blocks import cut
from npusdk.numerics import Rounder

Array: TypeAlias = npt.NDArray[Any]

_LARGE = 1 << 18
"""Elements that are computed at a time where nothing is rounded."""

_KEEPING = frozenset(
    {
        np.absolute, np.ceil, np.copysign, np.fabs, np.floor, np.fmax, np.fmin, np.maximum, np.minimum, np.negative,
        np.positive, np.rint, np.sign, np.trunc,
    }
)  # fmt: skip
"""Ufuncs that make no number of more digits than their operands have."""


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
    rounds = context.rounds and dtypes[0].kind == "f" and not _keeps_format(ufunc, operands)
    most = max([operand.size for operand in operands if isinstance(operand, np.ndarray)], default=1)
    if context.memory_limit_bytes is not None:
        _require(context, operands, dtypes)
    if most > (context.block if rounds else _LARGE):
        return _in_blocks(context, ufunc, operands, (dtypes, rounds))
    found = QUIET.watch(ufunc, *operands)
    if QUIET.noted:
        tell(ufunc)
    results = [np.asarray(one) for one in (found if len(dtypes) > 1 else (found,))]
    if results[0].dtype is not dtypes[0]:  # a ufunc that knows no float32
        results = [one.astype(dtype, copy=False) for one, dtype in zip(results, dtypes, strict=True)]
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


def _keeps_format(ufunc: np.ufunc, operands: Sequence[Any]) -> bool:
    """Whether results are numbers of the format because the operands are; scalars may not be."""
    return ufunc in _KEEPING and all(isinstance(operand, np.ndarray) and operand.ndim for operand in operands)


def _in_blocks(
    context: Context, ufunc: np.ufunc, operands: Sequence[Any], how: tuple[Sequence[np.dtype[Any]], bool]
) -> list[Array]:
    dtypes, rounds = how
    arrays = [np.asarray(operand) for operand in operands]
    count = len(dtypes)
    flags: list[Any] = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]] * count
    given: list[Any] = [*arrays, *[None] * count]
    types = [*[array.dtype for array in arrays], *dtypes]
    outs = list(np.nditer(given, ["zerosize_ok"], flags, types).operands[len(arrays) :])
    fill(context, ufunc, operands, outs, rounds=rounds)
    return outs


def fill(
    context: Context, ufunc: np.ufunc, operands: Sequence[Any], outs: Sequence[Array], *, rounds: bool = True
) -> None:
    """Write the results of a ufunc, rounded, into arrays of one layout; operands may be the results themselves."""
    shape = outs[0].shape
    order = sorted(range(len(shape)), key=lambda axis: -abs(outs[0].strides[axis]))
    targets = [one.transpose(order) for one in outs]
    sources = [
        np.broadcast_to(operand, shape).transpose(order) if isinstance(operand, np.ndarray) and operand.size > 1
        else operand
        for operand in operands
    ]  # fmt: skip
    if all(one.flags.c_contiguous for one in (*targets, *sources) if _has_axes(one)):
        targets = [one.reshape(-1) for one in targets]
        sources = [one.reshape(-1) if _has_axes(one) else one for one in sources]
    rounder = context.rounder if rounds and outs[0].dtype.kind == "f" else None
    places = cut(targets[0].shape, context.block if rounder else _LARGE)
    QUIET.run(_fill_blocks, ufunc, (sources, targets), places, rounder)
    if QUIET.noted:
        tell(ufunc)


def _has_axes(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.size > 1


def _fill_blocks(
    ufunc: np.ufunc, arrays: tuple[Sequence[Any], Sequence[Array]], places: Sequence[Any], rounder: Rounder | None
) -> None:
    sources, targets = [(source, _has_axes(source)) for source in arrays[0]], arrays[1]
    scratch, watch = QUIET.scratch, QUIET.watch
    for index in places:
        blocks = tuple([one[index] for one in targets])
        watch(ufunc, *[source[index] if is_cut else source for source, is_cut in sources], out=blocks)
        if rounder is not None:
            for block in blocks:
                part = scratch[: block.size]
                rounder(block, part if block.ndim == 1 else part.reshape(block.shape))
