"""Tensors, nodes and graphs; shape rules; the checker. Knows neither devices, nor time, nor file formats."""

from npusdk.graph.absent import absent_weight, is_absent
from npusdk.graph.binding import Evaluate, bind
from npusdk.graph.builder import GraphBuilder
from npusdk.graph.checking import check_graph
from npusdk.graph.inference import MOST_ELEMENTS, check_size, infer
from npusdk.graph.input_shapes import ANY_RANK, rebatch_shapes, resolve_input_shapes
from npusdk.graph.ir import OPSET, Array, Attribute, Attributes, Graph, Node, Tensor
from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes import SHAPE_RULES
from npusdk.graph.text import format_graph

__all__ = [
    "ANY_RANK",
    "MOST_ELEMENTS",
    "OPSET",
    "SHAPE_RULES",
    "Array",
    "Attribute",
    "Attributes",
    "Call",
    "Evaluate",
    "Graph",
    "GraphBuilder",
    "Node",
    "ShapeRule",
    "Tensor",
    "TensorType",
    "absent_weight",
    "bind",
    "check_graph",
    "check_size",
    "format_graph",
    "infer",
    "is_absent",
    "rebatch_shapes",
    "resolve_input_shapes",
]
