"""Operators fused behind a product: applied to each block of the result while it is still in the cache.

A vector along the channels (a bias) is repeated to a tile of `TILE` elements once, so that the inner loops of NumPy are
long: 0.06 ns per element and operator instead of 0.12. A maximum against zeros takes a fifth of one against a scalar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import Calls, Index, cut
from npusdk.kernels.inplace import INPLACE, InPlace
from npusdk.kernels.signature import Array

BLOCK = 1 << 15
"""Elements of a block: 128 KiB of float32, so that the block, a second operand and scratch share the L2 cache."""

TILE = 1 << 14
"""Elements to which a vector along the channels is repeated."""


@dataclass(frozen=True, eq=False)
class Fused:
    """An operator that is applied to a result in place.

    Parameters
    ----------
    apply
        A NumPy function of two arrays, or a function of the block, the other operands and the attributes.
    operands
        The other operands; each broadcasts to the result, axes in the result's physical order.
    fixed
        Whether the operands keep their values for ever.
    attrs
        Attributes of the operator.
    whole_rows
        Whether the operator needs all of the last axis at once.
    """

    apply: np.ufunc | InPlace
    operands: tuple[Array | None, ...] = ()
    fixed: bool = True
    attrs: Attributes = field(default_factory=lambda: MappingProxyType({}))
    whole_rows: bool = False
    tiles: dict[int, Array] = field(default_factory=dict)


_UFUNCS: Mapping[str, np.ufunc] = MappingProxyType(
    {
        "Add": np.add, "Sum": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum,
        "Min": np.minimum,
    }
)  # fmt: skip

COMMUTATIVE = frozenset({"Add", "Sum", "Mul", "Max", "Min"})
"""Operators of two operands that may have the block as either."""


def fuse(op: str, operands: Sequence[Array | None], attrs: Attributes, *, fixed: bool) -> list[Fused]:
    """Return what applies operator `op` to a block of floats.

    Parameters
    ----------
    operands
        Inputs of the operator without the block, which is the first.
    fixed
        Whether the operands are constants.
    """
    if op == "Relu":
        return [Fused(np.maximum, (np.zeros(1, np.float32),))]
    if op == "Clip" and fixed:
        low, high = (*operands, None, None)[:2]
        bounds = ((np.maximum, low), (np.minimum, high))
        return [Fused(function, (bound.reshape(1),)) for function, bound in bounds if bound is not None]
    if op in _UFUNCS:
        return [Fused(_UFUNCS[op], (operand,), fixed) for operand in operands]
    return [Fused(INPLACE[op], tuple(operands), fixed, attrs)]


def bind_fused(result: Array, fused: Sequence[Fused], index: Index = ()) -> Calls:
    """Return the calls that apply `fused` to `result[index]`, block after block.

    Parameters
    ----------
    result
        The whole result, its axes in physical order.
    index
        The part of it that has just been made, still in the cache.
    """
    calls: Calls = []
    if not fused:
        return calls
    part = result[index]
    whole = any(operator.whole_rows for operator in fused)
    outer = part.shape[:-1] if whole else part.shape
    for block_index in cut(outer, max(1, BLOCK // part.shape[-1]) if whole else BLOCK):
        for operator in fused:
            operands = [_operand(value, result, index, block_index) for value in operator.operands]
            calls += _bind(operator, part[block_index], operands, result.shape[-1])
    return calls


def _operand(value: Array | None, result: Array, index: Index, block_index: Index) -> Array | None:
    if value is None or value.size == 1:
        return None if value is None else value.reshape(())
    return np.broadcast_to(value, result.shape)[index][block_index]


def _bind(operator: Fused, block: Array, operands: list[Array | None], channels: int) -> Calls:
    """Return the calls for one block: on flat memory where the operands allow it."""
    apply = operator.apply
    if isinstance(apply, np.ufunc):
        (operand,) = operands
        assert operand is not None  # noqa: S101 - fuse() gives every ufunc its operand
        tiled = operator.fixed and block.flags.c_contiguous and block.shape[-1] == channels and _is_vector(operand)
        return _bind_tiled(operator, apply, block) if tiled else _bind_ufunc(apply, block, operand)
    if operator.whole_rows or not block.flags.c_contiguous:
        return [partial(apply, block, operands, operator.attrs)]
    if all(value is None or value.size == 1 or _lies_like(value, block) for value in operands):
        flat = [value if value is None or value.size == 1 else value.reshape(-1) for value in operands]
        return [partial(apply, block.reshape(-1), flat, operator.attrs)]
    return [partial(apply, block, operands, operator.attrs)]


def _bind_ufunc(apply: np.ufunc, block: Array, operand: Array) -> Calls:
    if block.flags.c_contiguous and _lies_like(operand, block):
        block = block.reshape(-1)
        operand = operand.reshape(-1)
    return [partial(apply, block, operand, block)]


def _bind_tiled(operator: Fused, apply: np.ufunc, block: Array) -> Calls:
    """Return calls that combine a block with a repeated vector: whole tiles, then the rest."""
    channels = block.shape[-1]
    tile = operator.tiles.get(channels)
    if tile is None:
        (value,) = operator.operands
        assert value is not None  # noqa: S101 - as above
        vector = np.broadcast_to(value.astype(block.dtype).reshape(-1), channels)
        tile = operator.tiles[channels] = np.tile(vector, max(1, TILE // channels))
    flat = block.reshape(-1)
    whole = flat.size // tile.size * tile.size
    calls: Calls = []
    if whole:
        body = flat[:whole].reshape(-1, tile.size)
        calls.append(partial(apply, body, tile, body))
    if whole < flat.size:
        rest = flat[whole:]
        calls.append(partial(apply, rest, tile[: rest.size], rest))
    return calls


def _lies_like(operand: Array, block: Array) -> bool:
    return operand.shape == block.shape and bool(operand.flags.c_contiguous)


def _is_vector(operand: Array) -> bool:
    """Whether an operand that is broadcast to a block varies along the last axis at most."""
    return operand.size == 1 or not any(operand.strides[:-1])


def rounding(round_block: Any, format_name: str) -> Fused:
    """Return the operator that rounds a result to a number format."""

    def apply(block: Array, others: Sequence[Array | None], attrs: Attributes) -> None:  # noqa: ARG001
        if block.flags.c_contiguous:
            round_block(block, format_name, out=block)
        else:
            np.copyto(block, round_block(block, format_name))

    return Fused(apply)
