"""Chains of elementwise operators, softmax and normalisations, block after block; concatenation by copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import Calls, cut
from npusdk.kernels.epilogue import BLOCK, Fused, bind_fused
from npusdk.kernels.inplace import Others
from npusdk.kernels.signature import Array, number
from npusdk.kernels.softmax import log_softmax_rows, softmax_rows

STARTERS: Mapping[str, np.ufunc] = MappingProxyType(
    {
        "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum, "Min": np.minimum,
    }
)  # fmt: skip
"""Operators of two floats that can open a chain, each operand broadcast to the result."""


def bind_chain(start: np.ufunc | None, operands: Sequence[Array], out: Array, fused: Sequence[Fused]) -> Calls:
    """Return the calls that compute a chain of elementwise operators.

    Parameters
    ----------
    start
        Function of the two operands; None copies the only one.
    operands
        Arrays that broadcast to `out`, axes in its physical order.
    out
        The result, its axes in physical order.
    fused
        What follows.
    """
    calls: Calls = []
    sources = [np.broadcast_to(operand, out.shape) if operand.ndim else operand for operand in operands]
    whole = any(operator.whole_rows for operator in fused)
    outer = out.shape[:-1] if whole else out.shape
    for index in cut(outer, max(1, BLOCK // max(1, out.shape[-1])) if whole else BLOCK):
        parts = [source[index] if source.ndim else source for source in sources]
        if start is None:
            calls.append(partial(np.copyto, out[index], parts[0]))
        else:
            calls.append(partial(start, *parts, out=out[index]))
        calls += bind_fused(out, fused, index)
    return calls


def _softmax(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    softmax_rows(block)


def _log_softmax(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    log_softmax_rows(block)


def _centre_and_scale(block: Array, others: Others, attrs: Attributes) -> None:
    """Normalise rows to mean 0 and deviation 1."""
    mean = np.add.reduce(block, -1, keepdims=True)
    mean /= block.shape[-1]
    block -= mean
    _scale(block, others, attrs)


def _scale(block: Array, others: Others, attrs: Attributes) -> None:  # noqa: ARG001
    """Divide rows by their root mean square."""
    rows = block.reshape(-1, block.shape[-1], copy=False)
    power = np.einsum("rc,rc->r", rows, rows)
    power /= block.shape[-1]
    power += number(attrs, "epsilon", 1e-5)
    np.sqrt(power, out=power)
    np.reciprocal(power, out=power)
    rows *= power[:, None]


def row_operator(op: str, operands: Sequence[Array | None], attrs: Attributes, *, fixed: bool) -> list[Fused]:
    """Return what applies softmax, or a normalisation with its scale and shift, over the last axis in place."""
    functions = {"Softmax": _softmax, "LogSoftmax": _log_softmax, "LayerNormalization": _centre_and_scale}
    found = [Fused(functions.get(op, _scale), attrs=attrs, whole_rows=True)]
    for function, operand in zip((np.multiply, np.add), operands, strict=False):
        if operand is not None:
            found.append(Fused(function, (operand,), fixed))
    return found


ROW_OPERATORS = frozenset({"Softmax", "LogSoftmax", "LayerNormalization", "RMSNormalization"})
"""Operators that `row_operator` knows, over the last axis."""


def bind_concat(sources: Sequence[Array], out: Array, axis: int) -> Calls:
    """Return the calls that put arrays behind each other along an axis."""
    calls: Calls = []
    start = 0
    ahead: tuple[slice, ...] = (slice(None),) * axis
    for source in sources:
        stop = start + source.shape[axis]
        if prod(source.shape):
            calls.append(partial(np.copyto, out[(*ahead, slice(start, stop))], source))
        start = stop
    return calls
