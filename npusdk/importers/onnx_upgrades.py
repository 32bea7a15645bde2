"""Older and younger forms of operators to the form that they have at opset `npusdk.graph.OPSET`.

One table: operator, the opset from which on the form is the present one, and the rewriting of what stood before it. The
rewritings follow the "Version" sections of ONNX's operator documentation (Operators.md, Changelog.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.errors import UnsupportedOpError
from npusdk.graph import Array, Attribute, Node
from npusdk.importers.onnx_order import Names
from npusdk.language import _

ANY = 1 << 30
"""Opset of forms that never were the present one."""


@dataclass
class Additions:
    """Constants that rewritings make.

    Parameters
    ----------
    names
        Names of tensors, those that exist already and those that are added.
    constants
        New constants by name.
    """

    names: Names
    constants: dict[str, Array] = field(default_factory=dict)

    def constant(self, node: Node, label: str, value: Array) -> str:
        """Add a constant for a node and return its name."""
        name = self.names.fresh(f"{node.name}/{label}")
        self.constants[name] = value
        return name


Upgrade: TypeAlias = Callable[[Node, Additions], Iterable[Node]]


def _dropped(node: Node, *names: str) -> Node:
    return replace(node, attrs={name: value for name, value in node.attrs.items() if name not in names})


def _integers(node: Node, name: str) -> Array | None:
    value = node.attrs.get(name)
    if value is None:
        return None
    if not isinstance(value, tuple):
        value = (value,)  # type: ignore[assignment] # TopK's k is a single integer
    return np.array(value, np.int64)


def _inputs(*names: str) -> Upgrade:
    """Return the rewriting of integer attributes to inputs, in order behind the first input."""

    def upgrade(node: Node, additions: Additions) -> Iterable[Node]:
        if len(node.inputs) > 1:
            return (node,)
        values = [_integers(node, name) for name in names]
        inputs = [
            "" if value is None else additions.constant(node, name, value)
            for name, value in zip(names, values, strict=True)
        ]
        while inputs and not inputs[-1]:
            inputs.pop()
        return (replace(_dropped(node, *names), inputs=(*node.inputs, *inputs)),)

    return upgrade


def _scalar(node: Node, additions: Additions, attribute: str, into: list[Node]) -> str:
    """Return the name of a scalar of the first input's type, made of a float attribute; "" where there is none."""
    if attribute not in node.attrs:
        return ""
    value = additions.constant(node, attribute, np.array(node.attrs[attribute], np.float32))
    result = additions.names.fresh(f"{node.name}/{attribute}/typed")
    into.append(Node("CastLike", result, (value, node.inputs[0]), (result,)))
    return result


def _clip(node: Node, additions: Additions) -> Iterable[Node]:
    if len(node.inputs) != 1:
        return (node,)
    nodes: list[Node] = []
    bounds = [_scalar(node, additions, name, nodes) for name in ("min", "max")]
    return (*nodes, replace(_dropped(node, "min", "max"), inputs=(*node.inputs, *bounds)))


def _pad(node: Node, additions: Additions) -> Iterable[Node]:
    nodes: list[Node] = []
    pads = _integers(node, "pads")
    if pads is None or len(node.inputs) != 1:
        return (node,)
    fill = _scalar(node, additions, "value", nodes)
    inputs = (*node.inputs, additions.constant(node, "pads", pads), *((fill,) if fill else ()))
    return (*nodes, replace(_dropped(node, "pads", "value"), inputs=inputs))


def _softmax(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    """Mark what worked on a matrix; binding, which knows shapes, decides (see `npusdk.graph.lowering`)."""
    axis = node.attrs.get("axis", 1)
    return (replace(node, attrs={**node.attrs, "axis": axis, **({} if axis == -1 else {"flatten": 1})}),)


def _group_normalisation(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    return (replace(node, attrs={**node.attrs, "per_group": 1}),)


def _batch_normalisation(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    if node.attrs.get("spatial", 1) != 1:
        raise UnsupportedOpError(
            _("Node {node} ({op}): attribute {attribute} is {value}; only 1, a value for each channel, is supported."),
            hint=_("Export the model for opset 9 or later, which has one value for each channel."),
            node=node.name,
            op=node.op,
            attribute="spatial",
            value=node.attrs["spatial"],
        )
    return (_dropped(node, "spatial"),)


def _upsample(node: Node, additions: Additions) -> Iterable[Node]:
    scales = node.attrs.get("scales")
    if len(node.inputs) == 1 and isinstance(scales, tuple):
        node = replace(node, inputs=(*node.inputs, additions.constant(node, "scales", np.array(scales, np.float32))))
    return _resize(replace(_dropped(node, "scales"), op="Resize"), additions)


def _resize(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    """Give Resize of opset 10 the regions and modes that it had without naming them."""
    attrs: dict[str, Attribute] = {
        **node.attrs,
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    return (replace(node, inputs=(node.inputs[0], "", *node.inputs[1:]), attrs=attrs),)


def _grid_sample(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    """Give the modes of opset 16 their present names."""
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(str(node.attrs.get("mode", "bilinear")))
    return (node if mode is None else replace(node, attrs={**node.attrs, "mode": mode}),)


def _scatter(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
    return (replace(node, op="ScatterElements"),)


def _without(*names: str) -> Upgrade:
    """Return the rewriting that drops attributes which do nothing when a network runs."""

    def upgrade(node: Node, additions: Additions) -> Iterable[Node]:  # noqa: ARG001
        return (_dropped(node, *names),)

    return upgrade


_REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSumSquare",
)  # fmt: skip

UPGRADES: Mapping[str, tuple[int, Upgrade]] = MappingProxyType(
    {
        "Unsqueeze": (13, _inputs("axes")),
        "Squeeze": (13, _inputs("axes")),
        "ReduceSum": (13, _inputs("axes")),
        **dict.fromkeys(_REDUCTIONS, (18, _inputs("axes"))),
        "Split": (13, _inputs("split")),
        "Slice": (10, _inputs("starts", "ends", "axes")),
        "TopK": (10, _inputs("k")),
        "Clip": (11, _clip),
        "Pad": (11, _pad),
        "Dropout": (ANY, _without("ratio", "seed")),
        "Softmax": (13, _softmax),
        "LogSoftmax": (13, _softmax),
        "Hardmax": (13, _softmax),
        "GroupNormalization": (21, _group_normalisation),
        "BatchNormalization": (9, _batch_normalisation),
        "Upsample": (ANY, _upsample),
        "Resize": (11, _resize),
        "GridSample": (20, _grid_sample),
        "Scatter": (ANY, _scatter),
    }
)
"""(opset from which on no rewriting is needed, rewriting) by operator."""


def upgrade(nodes: Sequence[Node], opset: int, additions: Additions) -> list[Node]:
    """Return nodes of opset `opset` in the form of `npusdk.graph.OPSET`."""
    result: list[Node] = []
    for node in nodes:
        before, rewrite = UPGRADES.get(node.op, (0, None))
        result.extend(rewrite(node, additions) if rewrite is not None and opset < before else (node,))
    return result
