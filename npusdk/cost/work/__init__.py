"""What every operator has to do, on any device: multiply-accumulates, elementwise operations, elements read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from npusdk.cost.work.elementwise import ELEMENTWISE
from npusdk.cost.work.matrix import MATRIX
from npusdk.cost.work.movement import MOVEMENT
from npusdk.cost.work.operation import Gemm, Operation, Work, WorkRule
from npusdk.cost.work.reduction import REDUCTION
from npusdk.errors import UnsupportedOpError
from npusdk.graph import Graph, Node
from npusdk.language import _

__all__ = ["WORK_RULES", "Gemm", "Operation", "Work", "WorkRule", "work_of"]

WORK_RULES: Mapping[str, WorkRule] = MappingProxyType({**ELEMENTWISE, **REDUCTION, **MATRIX, **MOVEMENT})
"""Work rules by ONNX operator name."""


def work_of(node: Node, graph: Graph) -> Work:
    """Return what a node of a bound graph has to do.

    Raises
    ------
    UnsupportedOpError
        If there is no work rule for its operator.
    """
    rule = WORK_RULES.get(node.op)
    if rule is None:
        raise UnsupportedOpError(
            _("Node {node}: the cost of operator {op} is not known."),
            hint=_("Rewrite the model with operators that npusdk knows."),
            node=node.name,
            op=node.op,
        )
    inputs = tuple(_sizes(name, graph) if name else None for name in node.inputs)
    output = next(name for name in node.outputs if name)
    return rule(Operation(node.op, inputs, _sizes(output, graph), node.attrs))


def _sizes(name: str, graph: Graph) -> tuple[int, ...]:
    """Return the sizes of a tensor of a bound graph."""
    return cast("tuple[int, ...]", graph.tensors[name].shape)
