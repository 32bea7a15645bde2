"""Tensors, nodes and graphs; shape rules; the checker. Knows neither devices, nor time, nor file formats."""

from npusdk.graph.ir import OPSET, Array, Attribute, Attributes, Graph, Node, Tensor
from npusdk.graph.rules import Call, ShapeRule, TensorType

__all__ = [
    "OPSET",
    "Array",
    "Attribute",
    "Attributes",
    "Call",
    "Graph",
    "Node",
    "ShapeRule",
    "Tensor",
    "TensorType",
]
