"""Model-local functions: inlined by onnx, once it is clear that they end."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_refusals import broken
from npusdk.language import _

MOST_NODES = 1_000_000
"""A model with more nodes after inlining is taken for hostile: functions that call functions grow without bound."""


def inline_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with the bodies of its functions in place of the calls.

    Raises
    ------
    ModelFormatError
        If a function calls itself, is defined twice, or the bodies would come to too many nodes.
    """
    if not model.functions:
        return model
    sizes = _sizes(model)
    total = sum(sizes.get(_key(node), 1) for node in model.graph.node)
    if total > MOST_NODES:
        broken(_("Functions would grow to {count} nodes; the limit is {most}."), count=total, most=MOST_NODES)
    try:
        inlined: onnx.ModelProto = onnx.inliner.inline_local_functions(model)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        broken(_("The model's functions cannot be inlined: {reason}."), reason=str(error)[:300])
    return inlined


def _key(node: onnx.NodeProto) -> tuple[str, str, str]:
    return node.domain, node.op_type, node.overload


def _sizes(model: onnx.ModelProto) -> dict[tuple[str, str, str], int]:
    """Return how many nodes a call of each function comes to."""
    bodies: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for function in model.functions:
        key = (function.domain, function.name, function.overload)
        if key in bodies:
            broken(_("Function {function} is defined twice."), function=function.name)
        bodies[key] = [_key(node) for node in function.node]
    sizes: dict[tuple[str, str, str], int] = {}
    try:
        for key in TopologicalSorter(bodies).static_order():
            sizes[key] = sum(sizes[called] for called in bodies[key]) if key in bodies else 1
    except CycleError as error:
        broken(_("Function {function} calls itself."), function=error.args[1][0][1])
    return sizes
