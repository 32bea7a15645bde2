"""The checker: what every graph promises, asked between stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import numpy as np

from npusdk.errors import ModelFormatError, UnsupportedOpError
from npusdk.graph.inference import check_size, infer
from npusdk.graph.ir import OPSET, Graph, Node, Tensor
from npusdk.graph.rules import TensorType
from npusdk.graph.shapes import SHAPE_RULES
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES


def check_graph(graph: Graph) -> None:
    """Check that a graph keeps its promises: single assignment, order, names, types, known operators.

    In a bound graph the type of every tensor is also compared with what the shape rules say.

    Raises
    ------
    ModelFormatError
        Naming the node or tensor and what is wrong with it.
    UnsupportedOpError
        If an operator has no shape rule.
    """
    _check_unique("inputs", graph.inputs)
    _check_unique("nodes", [node.name for node in graph.nodes])
    for name in (*graph.inputs, *graph.constants):
        if name not in graph.tensors:
            _refuse(_("Tensor {tensor} has no type."), tensor=name)
    for tensor in graph.tensors.values():
        _check_tensor(graph, tensor)
    defined = set(graph.constants)
    for name in graph.inputs:
        _define(name, "inputs", defined)
    for node in graph.nodes:
        _check_node(node, defined)
    for name in graph.outputs:
        if name not in defined:
            _refuse(_("Output {tensor} is made by no node."), tensor=name)
    if graph.is_bound:
        _check_types(graph)


def _refuse(template: str, **params: object) -> NoReturn:
    raise ModelFormatError(template, hint=_("Export the model again, or check how it was edited."), **params)


def _check_unique(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name in seen:
            _refuse(_("Name {name} occurs twice in {field}, or is empty."), name=repr(name), field=field)
        seen.add(name)


def _check_tensor(graph: Graph, tensor: Tensor) -> None:
    if tensor.dtype not in ELEMENT_TYPES:
        _refuse(_("Tensor {tensor} has the unknown element type {dtype}."), tensor=tensor.name, dtype=tensor.dtype)
    check_size(tensor.name, tensor.shape)
    value = graph.constants.get(tensor.name)
    if value is None:
        return
    stored = ELEMENT_TYPES[tensor.dtype].storage
    if value.dtype.newbyteorder("=") != stored or value.shape != tensor.shape:
        template = _("Constant {tensor} holds {found} {shape}; its type says {dtype} {expected}.")
        _refuse(template, tensor=tensor.name, found=value.dtype, shape=value.shape, dtype=stored, expected=tensor.shape)


def _define(name: str, owner: str, defined: set[str]) -> None:
    if name in defined:
        _refuse(_("Tensor {tensor} is defined twice, the second time by {owner}."), tensor=name, owner=owner)
    defined.add(name)


def _check_node(node: Node, defined: set[str]) -> None:
    if node.op not in SHAPE_RULES:
        raise UnsupportedOpError(
            _("Node {node}: operator {op} is not known (operators have the semantics of ONNX opset {opset})."),
            hint=_("Replace the operator by ones that are known, or run it on the host."),
            node=node.name,
            op=node.op,
            opset=OPSET,
        )
    for name in node.inputs:
        if name and name not in defined:
            _refuse(_("Node {node} reads {tensor}, which nothing before it makes."), node=node.name, tensor=name)
    for name in node.outputs:
        if name:
            _define(name, node.name, defined)
    for name, value in node.attrs.items():
        if not isinstance(value, (int, float, str, tuple, np.ndarray, Graph)):
            template = _("Node {node} ({op}): attribute {attribute} is {value}; expected: {expected}.")
            expected = "int | float | str | tuple | ndarray | Graph"
            _refuse(template, node=node.name, op=node.op, attribute=name, value=repr(value)[:80], expected=expected)


def _check_types(graph: Graph) -> None:
    types = {name: TensorType(tensor.dtype, tensor.sizes) for name, tensor in graph.tensors.items()}
    for node in graph.nodes:
        for name, found in zip(node.outputs, infer(node, types, graph.constants), strict=True):
            if name and types[name] != found:
                template = _("Node {node} ({op}): output {tensor} is {found}; the graph says {stated}.")
                _refuse(template, node=node.name, op=node.op, tensor=name, found=_say(found), stated=_say(types[name]))


def _say(found: TensorType) -> str:
    return f"{found.dtype}{list(found.shape)}"
