"""Links: elementwise operators that follow a result and are applied to it in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.emulator.storage import Array, Storage
from npusdk.graph import Attributes
from npusdk.kernels.epilogue import Fused, fuse, rounding
from npusdk.kernels.prepared_vector import ROW_OPERATORS, row_operator
from npusdk.numerics import round_to

Operand: TypeAlias = "str | Array | None"


@dataclass(frozen=True, eq=False)
class Link:
    """One operator of a chain.

    Parameters
    ----------
    op
        ONNX's name.
    operands
        Its other inputs: names of tensors, or values worked out beforehand.
    attrs
        Its attributes.
    """

    op: str
    operands: tuple[Operand, ...] = ()
    attrs: Attributes = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> tuple[str, ...]:
        """Tensors that it reads."""
        return tuple(operand for operand in self.operands if isinstance(operand, str) and operand)

    def values(self, constants: Mapping[str, Array]) -> list[Array | None] | None:
        """Return the operands if all are known, else None."""
        found: list[Array | None] = []
        for operand in self.operands:
            if isinstance(operand, str) and operand and operand not in constants:
                return None
            found.append(constants[operand] if isinstance(operand, str) and operand else _array(operand))
        return found


def _array(operand: Operand) -> Array | None:
    return None if operand is None or isinstance(operand, str) else operand


def to_fused(links: Sequence[Link], storage: Storage, shape: tuple[int, ...], order: Sequence[int]) -> list[Fused]:
    """Return what applies `links` to a result of logical `shape` whose axes are viewed in `order`."""
    found: list[Fused] = []
    for link in links:
        operands: list[Array | None] = []
        for operand in link.operands:
            value = storage[operand] if isinstance(operand, str) and operand else _array(operand)
            operands.append(value if value is None else _in_order(value, shape, order))
        make = row_operator if link.op in ROW_OPERATORS else fuse
        found += make(link.op, operands, link.attrs, fixed=link.values(storage.constants) is not None)
    return found


def _in_order(value: Array, shape: tuple[int, ...], order: Sequence[int]) -> Array:
    return value if value.size == 1 else np.broadcast_to(value, shape).transpose(order)


def held_by(links: Sequence[Link], storage: Storage) -> list[Array]:
    """Return the named constants that links read."""
    return [storage.constants[name] for link in links for name in link.names if name in storage.constants]


def round_fused(format_name: str | None) -> list[Fused]:
    """Return the rounding that ends a chain, if there is one."""
    return [] if format_name is None else [rounding(round_to, format_name)]
