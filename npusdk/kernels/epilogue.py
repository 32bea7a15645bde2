"""Operators fused behind a product: applied to each block of the result while it is still in the cache.

A vector along the channels (a bias) is repeated to a tile of tile once, so that the inner loops of NumPy are
long: 0.06 ns per element and operator instead of 0.12. A maximum against zeros takes a fifth of one against a scalar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import Call, Calls, Index, cut
from npusdk.kernels.inplace import INPLACE, InPlace
from npusdk.kernels.signature import Array

BLOCK = 1 << 16
"""Elements of a block: 256 KiB of float32, so that the block, a second operand and scratch share the L2 cache."""

TILE = 1 << 13
"""Elements to which a vector along the channels is repeated."""

_EVEN_TILE = 1 << 15
"""Elements to which a scalar is repeated; all operators share these."""


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
    tiles: list[Array] = field(default_factory=list)


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
    tiles = [_tile(operator, result) for operator in fused]
    for block_index in cut(outer, max(1, BLOCK // max(1, part.shape[-1])) if whole else BLOCK):
        block = part[block_index]
        flows = bool(block.flags.c_contiguous) and block.shape[-1] == result.shape[-1]
        for operator, tile in zip(fused, tiles, strict=True):
            if tile is not None and flows:
                calls += _bind_tile(operator, tile, block.reshape(-1))
            else:
                operands = [_operand(value, result, index, block_index) for value in operator.operands]
                calls.append(_bind(operator, block, operands))
    return calls


def _operand(value: Array | None, result: Array, index: Index, block_index: Index) -> Array | None:
    if value is None or value.size == 1:
        return None if value is None else value.reshape(())
    whole = value if value.shape == result.shape else np.broadcast_to(value, result.shape)
    return whole[index][block_index]


def _tile(operator: Fused, result: Array) -> Array | None:
    """Return the constant operand of a NumPy function as a tile if it varies along the last axis at most."""
    if not operator.fixed or not isinstance(operator.apply, np.ufunc):
        return None
    (value,) = operator.operands
    assert value is not None  # noqa: S101 - fuse() gives every ufunc its operand
    if value.size == 1:
        return _even_tile(float(value.reshape(())), result.dtype)
    value = np.broadcast_to(value, result.shape)
    if any(stride for stride, size in zip(value.strides[:-1], value.shape[:-1], strict=True) if size > 1):
        return None
    if not operator.tiles:
        vector = value[(0,) * (value.ndim - 1)].astype(result.dtype)
        operator.tiles.append(np.tile(vector, max(1, TILE // vector.size)))
    return operator.tiles[0]


@lru_cache(maxsize=64)
def _even_tile(value: float, dtype: np.dtype[Any]) -> Array:
    tile = np.full(_EVEN_TILE, value, dtype)
    tile.flags.writeable = False
    return tile


def _bind_tile(operator: Fused, tile: Array, flat: Array) -> Calls:
    """Return calls that combine a flat block with a repeated vector: whole tiles, then the rest."""
    apply: Any = operator.apply
    whole = flat.size // tile.size * tile.size
    calls: Calls = []
    if whole:
        body = flat[:whole].reshape(-1, tile.size)
        calls.append(partial(apply, body, tile, out=body))
    if whole < flat.size:
        rest = flat[whole:]
        calls.append(partial(apply, rest, tile[: rest.size], out=rest))
    return calls


def _bind(operator: Fused, block: Array, operands: list[Array | None]) -> Call:
    """Return the call for one block: on flat memory where the operands allow it."""
    apply = operator.apply
    if not operator.whole_rows and block.flags.c_contiguous and all(_flat(value, block) for value in operands):
        operands = [value if value is None or not value.ndim else value.reshape(-1) for value in operands]
        block = block.reshape(-1)
    if isinstance(apply, np.ufunc):
        return partial(apply, block, operands[0], out=block)
    return partial(apply, block, operands, operator.attrs)


def _flat(operand: Array | None, block: Array) -> bool:
    """Whether an operand keeps its meaning when the block is flattened."""
    return operand is None or not operand.ndim or (operand.shape == block.shape and bool(operand.flags.c_contiguous))


def rounding(round_block: Any, format_name: str) -> Fused:
    """Return the operator that rounds a result to a number format."""

    def apply(block: Array, others: Sequence[Array | None], attrs: Attributes) -> None:  # noqa: ARG001
        if block.flags.c_contiguous:
            round_block(block, format_name, out=block)
        else:
            np.copyto(block, round_block(block, format_name))

    return Fused(apply)
