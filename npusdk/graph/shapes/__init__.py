"""Shape rules: what types an operator's outputs have, given those of its inputs. One file for each family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.convolution import CONVOLUTION
from npusdk.graph.shapes.elementwise import ELEMENTWISE
from npusdk.graph.shapes.generation import GENERATION
from npusdk.graph.shapes.indexing import INDEXING
from npusdk.graph.shapes.matrix import MATRIX
from npusdk.graph.shapes.movement import MOVEMENT
from npusdk.graph.shapes.normalisation import NORMALISATION
from npusdk.graph.shapes.quantisation import QUANTISATION
from npusdk.graph.shapes.reduction import REDUCTION
from npusdk.graph.shapes.resizing import RESIZING
from npusdk.graph.shapes.sampling import SAMPLING
from npusdk.graph.shapes.signatures import Signature, check_signature, parse_signature

_FAMILIES = (
    ELEMENTWISE, REDUCTION, MOVEMENT, INDEXING, GENERATION, RESIZING, SAMPLING, MATRIX, CONVOLUTION, NORMALISATION,
    QUANTISATION,
)  # fmt: skip


SIGNATURES: Mapping[str, Signature] = MappingProxyType(
    {op: parse_signature(signature) for family in _FAMILIES for op, (signature, _rule) in family.items()}
)
"""What every operator takes."""


def _checked(signature: Signature, rule: ShapeRule) -> ShapeRule:
    """Return a rule that first checks the number and the element types of the inputs."""

    def checked(call: Call) -> Sequence[TensorType]:
        check_signature(call, signature)
        return rule(call)

    return checked


SHAPE_RULES: Mapping[str, ShapeRule] = MappingProxyType(
    {op: _checked(SIGNATURES[op], rule) for family in _FAMILIES for op, (_signature, rule) in family.items()}
)
"""Shape rule of every operator that a graph can have."""

FOLDABLE = frozenset(
    op for family in (ELEMENTWISE, REDUCTION, MOVEMENT, INDEXING, GENERATION) for op in family if op != "Col2Im"
)
"""Operators whose work is in proportion to their inputs and outputs: these are computed early on small constants.

Products, convolutions and pooling are not (small inputs can ask for endless work), nor is quantisation: a compiler has
to see it."""
