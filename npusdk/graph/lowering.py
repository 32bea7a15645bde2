"""Rewrites that need types: what an importer could not decide, because it does not know shapes.

Two attributes exist only in open graphs, and never in bound ones: `flatten` of Softmax, LogSoftmax and Hardmax (before
opset 13 they worked on the input flattened to a matrix at `axis`), and `per_group` of GroupNormalization (before opset
21 scale and shift had one value for each group).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.errors import ShapeError
from npusdk.graph.ir import Array, Node
from npusdk.graph.rules import TensorType
from npusdk.language import _

Lowered: TypeAlias = tuple[tuple[Node, ...], dict[str, Array]]
Lowering: TypeAlias = Callable[[Node, Mapping[str, TensorType]], Lowered]


def _without(node: Node, *names: str, **attrs: int | str) -> Node:
    return replace(node, attrs={**{key: value for key, value in node.attrs.items() if key not in names}, **attrs})


def _softmax(node: Node, types: Mapping[str, TensorType]) -> Lowered:
    """Flatten to a matrix, apply along rows, and restore the shape; plain where the axis is the last."""
    if not node.attrs.get("flatten"):
        return (node,), {}
    shape = types[node.inputs[0]].shape
    axis = node.attrs.get("axis", 1)
    if not isinstance(axis, int) or not -len(shape) <= axis <= len(shape):
        raise ShapeError(
            _("Node {node} ({op}): axis {axis} is outside a tensor of {rank} dimensions."),
            hint=_("Check the shapes given to the model and the layers before this node."),
            node=node.name, op=node.op, axis=axis, rank=len(shape),
        )  # fmt: skip
    if axis in (-1, len(shape) - 1):
        return (_without(node, "flatten", axis=-1),), {}
    (output,) = node.outputs
    matrix, result, target = (f"{output}/{part}" for part in ("matrix", "rows", "shape"))
    nodes = (
        Node("Flatten", f"{node.name}/flatten", node.inputs, (matrix,), {"axis": axis}),
        replace(_without(node, "flatten", axis=-1), inputs=(matrix,), outputs=(result,)),
        Node("Reshape", f"{node.name}/reshape", (result, target), (output,), {"allowzero": 1}),
    )
    return nodes, {target: np.array(shape, np.int64)}


def _group_normalisation(node: Node, types: Mapping[str, TensorType]) -> Lowered:
    """Repeat the scale and shift of each group for each of its channels."""
    if not node.attrs.get("per_group"):
        return (node,), {}
    shape, groups = types[node.inputs[0]].shape, types[node.inputs[1]].shape
    plain = _without(node, "per_group")
    if len(shape) < 2 or len(groups) != 1 or not groups[0] or shape[1] % groups[0]:
        return (plain,), {}
    each = shape[1] // groups[0]
    nodes: list[Node] = []
    inputs = [node.inputs[0]]
    column, wide, flat = (f"{node.outputs[0]}/{part}" for part in ("column", "wide", "flat"))
    targets = {column: (groups[0], 1), wide: (groups[0], each), flat: (shape[1],)}
    for name in node.inputs[1:]:
        current = name
        for target, op in ((column, "Reshape"), (wide, "Expand"), (flat, "Reshape")):
            made = f"{target}/{name}"
            nodes.append(Node(op, made, (current, target), (made,)))
            current = made
        inputs.append(current)
    constants: dict[str, Array] = {name: np.array(sizes, np.int64) for name, sizes in targets.items()}
    return (*nodes, replace(plain, inputs=tuple(inputs))), constants


def _cast_like(node: Node, types: Mapping[str, TensorType]) -> Lowered:
    """Name the element type outright, once it is known."""
    to = types[node.inputs[1]].dtype if len(node.inputs) > 1 and node.inputs[1] else ""
    return ((replace(_without(node, to=to), op="Cast", inputs=node.inputs[:1]),) if to else (node,)), {}


LOWERINGS: Mapping[str, Lowering] = MappingProxyType(
    {
        "Softmax": _softmax,
        "LogSoftmax": _softmax,
        "Hardmax": _softmax,
        "GroupNormalization": _group_normalisation,
        "CastLike": _cast_like,
    }
)
"""Rewrite by operator: the nodes that take a node's place, and new constants."""
