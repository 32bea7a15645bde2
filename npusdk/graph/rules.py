"""What a shape rule sees and gives: the registry that `SHAPE_RULES` is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from npusdk.graph.ir import Array, Attributes


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and sizes of a value without a name."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One application of an operator, as its shape rule sees it.

    Parameters
    ----------
    op
        Operator name.
    node
        Name of the node, for errors.
    types
        Types of the inputs; None for an optional input that is left out.
    values
        Values of those inputs that are known before the network runs, else None.
    attrs
        Attributes as in `Node.attrs`.
    output_count
        Number of outputs that the node names.
    """

    op: str
    node: str
    types: tuple[TensorType | None, ...]
    values: tuple[Array | None, ...]
    attrs: Attributes
    output_count: int


ShapeRule: TypeAlias = Callable[[Call], Sequence[TensorType]]
