"""Types of a node's outputs, from those of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from npusdk.errors import ModelFormatError, UnsupportedOpError
from npusdk.graph.ir import OPSET, Array, Node
from npusdk.graph.rules import Call, TensorType
from npusdk.graph.shapes import SHAPE_RULES
from npusdk.language import _

MOST_ELEMENTS = 1 << 40
"""A tensor with more elements is taken for an error: it would fill a tebibyte in 8 bits."""

MOST_DIMENSIONS = 64
"""NumPy's limit (NPY_MAXDIMS of NumPy 2)."""


def infer(node: Node, types: Mapping[str, TensorType], values: Mapping[str, Array]) -> Sequence[TensorType]:
    """Return the types of a node's outputs, one for each output that it names.

    Parameters
    ----------
    types
        Types of at least the tensors that the node reads.
    values
        Values that are known before the network runs.

    Raises
    ------
    UnsupportedOpError
        If the operator is not known, or its outputs' shapes depend on data.
    ShapeError, DtypeError
        If the inputs do not suit the operator.
    ModelFormatError
        If no input could suit the node, or an output would be absurdly large.
    """
    rule = SHAPE_RULES.get(node.op)
    if rule is None:
        raise UnsupportedOpError(
            _("Node {node}: operator {op} is not known (operators have the semantics of ONNX opset {opset})."),
            hint=_("Replace the operator by ones that are known, or run it on the host."),
            node=node.name,
            op=node.op,
            opset=OPSET,
        )
    inputs = tuple(types[name] if name else None for name in node.inputs)
    known = tuple(values.get(name) for name in node.inputs)
    found = rule(Call(node.op, node.name, inputs, known, node.attrs, len(node.outputs)))
    if not 0 < len(node.outputs) <= len(found):
        raise ModelFormatError(
            _("Node {node} ({op}) names {count} outputs; the operator has 1 to {most} when it runs a network."),
            hint=_("Export the model for inference."),
            node=node.name,
            op=node.op,
            count=len(node.outputs),
            most=len(found),
        )
    for output in found:
        check_size(node.name, output.shape)
    return found[: len(node.outputs)]


def check_size(owner: str, shape: Sequence[int | str]) -> None:
    """Refuse a shape with a negative size, more than `MOST_ELEMENTS` elements or `MOST_DIMENSIONS` dimensions.

    Parameters
    ----------
    owner
        Name of the node or tensor, for the error.
    shape
        Sizes; names of sizes that are not known are passed over.
    """
    sizes = [size for size in shape if isinstance(size, int)]
    if len(shape) > MOST_DIMENSIONS or min(sizes, default=0) < 0 or prod(size or 1 for size in sizes) > MOST_ELEMENTS:
        raise ModelFormatError(
            _("{owner}: shape {shape} is impossible; limits: {most} elements, {rank} dimensions, no negative size."),
            hint=_("Check the shapes given to the model, or export it again."),
            owner=owner,
            shape=(*shape[:MOST_DIMENSIONS], *(["..."] if len(shape) > MOST_DIMENSIONS else [])),
            most=MOST_ELEMENTS,
            rank=MOST_DIMENSIONS,
        )
