"""What a work rule sees and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple, TypeAlias

from npusdk.graph import Attributes

Shape: TypeAlias = tuple[int, ...]


class Gemm(NamedTuple):
    """`cnt` independent matrix products of M x K by K x N; the batch is in `cnt` or in `M`."""

    cnt: int
    M: int
    N: int
    K: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all of them."""
        return self.cnt * self.M * self.N * self.K


@dataclass(frozen=True, slots=True)
class Operation:
    """One application of an operator, as its work rule sees it.

    Parameters
    ----------
    op
        Operator name.
    inputs
        Sizes of the operands; None for one that is left out.
    output_shape
        Sizes of the first output that somebody wants.
    attrs
        Attributes as in `Node.attrs`.
    """

    op: str
    inputs: tuple[Shape | None, ...]
    output_shape: Shape
    attrs: Attributes

    def shape(self, index: int) -> Shape:
        """Sizes of an input; empty for one that is left out."""
        return (self.inputs[index] or ()) if index < len(self.inputs) else ()

    def has_input(self, index: int) -> bool:
        """Whether an optional input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def elements(self, index: int = 0) -> int:
        """Elements of an input."""
        return prod(self.shape(index))

    @property
    def output_elements(self) -> int:
        """Elements of that output."""
        return prod(self.output_shape)

    def integers(self, name: str) -> tuple[int, ...]:
        """An attribute that is a list of integers; empty where it is left out."""
        value = self.attrs.get(name, ())
        return tuple(int(item) for item in value) if isinstance(value, tuple) else ()

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        value = self.attrs.get(name, default)
        return value if isinstance(value, int) else default

    def text(self, name: str, default: str) -> str:
        """An attribute that is a text."""
        value = self.attrs.get(name, default)
        return value if isinstance(value, str) else default


@dataclass(frozen=True, slots=True)
class Work:
    """What one application of an operator has to do, on any device.

    Parameters
    ----------
    vector_ops
        Elementwise operations.
    gemms
        Matrix products.
    moves
        Whether bytes move at all; a view of the same bytes moves none.
    reads
        Elements read of an input, by its index, where that is not its size once: a gather reads only some, a softmax
        reads twice.
    """

    vector_ops: int = 0
    gemms: tuple[Gemm, ...] = ()
    moves: bool = True
    reads: Mapping[int, int] = field(default_factory=dict)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the matrix products."""
        return sum(gemm.macs for gemm in self.gemms)


WorkRule: TypeAlias = Callable[[Operation], Work]
