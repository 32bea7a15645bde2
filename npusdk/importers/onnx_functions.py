"""Model-local functions: inlined by onnx, once it is clear that they end and how large they get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_operators import STANDARD_DOMAINS, is_known, refuse_unknown
from npusdk.importers.onnx_refusals import broken
from npusdk.language import _

MOST_NODES = 200_000
MOST_BYTES = 1 << 28
"""A model that is larger after inlining is taken for hostile: functions that call functions grow without bound."""

BODY_NODES = 128
"""More nodes than ONNX writes out any one of its operators in that a network is likely to hold."""

_Key: TypeAlias = tuple[str, str, str]


def inline_functions(model: onnx.ModelProto, opsets: Mapping[str, int]) -> onnx.ModelProto:
    """Return the model with the bodies of its functions in place of the calls.

    Parameters
    ----------
    opsets
        Opset by domain, for errors.

    Raises
    ------
    ModelFormatError
        If a function calls itself, is defined twice, holds a graph, or the bodies would come to too much.
    UnsupportedOpError
        If the network needs operators that are not known.
    """
    if not model.functions:
        return model
    functions = _functions(model)
    order = _callees_first(model, functions)
    _check_bodies(model, [functions[key] for key in order], functions, opsets)
    _refuse_growth(*_growth(model, order, functions))
    try:
        inlined: onnx.ModelProto = onnx.inliner.inline_local_functions(model)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        broken(_("The model's functions cannot be inlined: {reason}."), reason=str(error)[:300])
    return inlined


def expand_operators(model: onnx.ModelProto, opsets: Mapping[str, int]) -> onnx.ModelProto:
    """Return the model with operators that npusdk does not know written out, where ONNX itself defines them by others.

    A model of which that leaves unknown operators is returned as it is, so that the error names the file's own.

    Raises
    ------
    ModelFormatError
        If the bodies would come to too much.
    """
    names = [node.op_type for node in model.graph.node if node.domain in STANDARD_DOMAINS and not is_known(node)]
    defined = {name for name in set(names) if _has_body(name, opsets[""])}
    if not defined:
        return model
    _refuse_growth(sum(name in defined for name in names) * BODY_NODES)
    try:
        pairs = [("", name) for name in sorted(defined)]
        written: onnx.ModelProto = onnx.inliner.inline_selected_functions(model, pairs, inline_schema_functions=True)
    except Exception:  # noqa: BLE001 - onnx raises what its C++ meets, of no common class
        return model
    return written if all(map(is_known, written.graph.node)) else model


def _refuse_growth(nodes: int, size_bytes: int = 0) -> None:
    if nodes > MOST_NODES:
        broken(_("Functions would grow to {count} nodes; the limit is {most}."), count=nodes, most=MOST_NODES)
    if size_bytes > MOST_BYTES:
        broken(_("Functions would grow to {count} bytes; the limit is {most}."), count=size_bytes, most=MOST_BYTES)


def _has_body(name: str, opset: int) -> bool:
    try:
        schema = onnx.defs.get_schema(name, opset, "")
    except (onnx.defs.SchemaError, TypeError):
        return False
    return bool(schema.has_function or schema.has_context_dependent_function)  # type: ignore[attr-defined]  # not in onnx's stubs


def _key(node: onnx.NodeProto) -> _Key:
    return node.domain, node.op_type, node.overload


def _functions(model: onnx.ModelProto) -> dict[_Key, onnx.FunctionProto]:
    found: dict[_Key, onnx.FunctionProto] = {}
    for function in model.functions:
        key = (function.domain, function.name, function.overload)
        if key in found:
            broken(_("Function {function} is defined twice."), function=function.name)
        found[key] = function
    return found


def _callees_first(model: onnx.ModelProto, functions: Mapping[_Key, onnx.FunctionProto]) -> list[_Key]:
    """Return the functions that the network calls, each after those that it calls itself."""
    calls: dict[_Key, set[_Key]] = {}
    waiting = [key for key in map(_key, model.graph.node) if key in functions]
    while waiting:
        key = waiting.pop()
        if key not in calls:
            calls[key] = {called for called in map(_key, functions[key].node) if called in functions}
            waiting.extend(calls[key])
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        broken(_("Function {function} calls itself."), function=error.args[1][0][1])


def _check_bodies(
    model: onnx.ModelProto,
    bodies: list[onnx.FunctionProto],
    functions: Mapping[_Key, onnx.FunctionProto],
    opsets: Mapping[str, int],
) -> None:
    """Refuse operators that are not known, and graphs in attributes, into which inlining would go on."""
    named = list(_plain_nodes("", model.graph.node, functions))
    for body in bodies:
        named.extend(_plain_nodes(f"{body.name}/", body.node, functions))
    refuse_unknown(named, opsets)
    for name, node in named:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                template = _("Node {node} ({op}): attribute {attribute} of kind {kind} is not one of the operator's.")
                broken(template, node=name, op=node.op_type, attribute=attribute.name, kind="GRAPH")


def _plain_nodes(
    prefix: str, nodes: Iterable[onnx.NodeProto], functions: Mapping[_Key, onnx.FunctionProto]
) -> Iterator[tuple[str, onnx.NodeProto]]:
    """Yield name and node of those that call no function."""
    for index, node in enumerate(nodes):
        if _key(node) not in functions:
            yield f"{prefix}{node.name or f'{node.op_type}_{index}'}", node


def _growth(model: onnx.ModelProto, order: list[_Key], functions: Mapping[_Key, onnx.FunctionProto]) -> tuple[int, int]:
    """Return how many nodes and bytes the network comes to once inlined."""
    nodes: dict[_Key, int] = {}
    sizes: dict[_Key, int] = {}
    for key in order:
        called = list(map(_key, functions[key].node))
        nodes[key] = sum(nodes.get(item, 1) for item in called)
        sizes[key] = functions[key].ByteSize() + sum(sizes.get(item, 0) for item in called)
    called = list(map(_key, model.graph.node))
    return sum(nodes.get(item, 1) for item in called), sum(sizes.get(item, 0) for item in called)
