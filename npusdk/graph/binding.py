"""Binding: an open graph and the shapes of its inputs to a bound graph.

One walk over the nodes gives every tensor its type. What can be computed from shapes and small constants is computed on
the way and becomes a constant; views of large constants stay views, so that weights are neither read nor copied. What
the outputs do not need is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import NoReturn, TypeAlias

import numpy as np

from npusdk.errors import ModelFormatError, ShapeError
from npusdk.graph.absent import is_absent
from npusdk.graph.inference import infer
from npusdk.graph.input_shapes import rebatch_shapes, resolve_input_shapes
from npusdk.graph.ir import Array, Attributes, Graph, Node, Tensor
from npusdk.graph.lowering import LOWERINGS
from npusdk.graph.rules import Call, TensorType
from npusdk.graph.shapes import FOLDABLE
from npusdk.graph.shapes.generation import sizes_between
from npusdk.language import _

Evaluate: TypeAlias = Callable[[str, Sequence[Array | None], Attributes, int], Sequence[Array]]

SMALL = 4096
"""Most elements of a tensor that is computed while binding."""

ROOM_BYTES = 1 << 26
"""Most bytes that all tensors computed while binding take together; a network needs a thousandth of it."""

_VIEWS = frozenset({"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"})
_CUTS = frozenset({"Slice", "Split"})
"""Operators of which `evaluate` gives views."""


class _Binder:
    """The state of one walk: types and values found so far, and the nodes that stay."""

    def __init__(self, graph: Graph, shapes: Mapping[str, tuple[int, ...]], evaluate: Evaluate) -> None:
        self.evaluate = evaluate
        self.room_bytes = ROOM_BYTES
        self.nodes: list[Node] = []
        self.values: dict[str, Array] = dict(graph.constants)
        self.types = {name: TensorType(graph.tensors[name].dtype, value.shape) for name, value in self.values.items()}
        self.types.update({name: TensorType(graph.tensors[name].dtype, shape) for name, shape in shapes.items()})

    def add(self, node: Node) -> None:
        """Type a node's outputs, and compute them where that can be done now."""
        lowering = LOWERINGS.get(node.op)
        if lowering is None or len(node.outputs) != 1 or not node.inputs or not all(node.inputs):
            self._add(node)
            return
        nodes, constants = lowering(node, self.types)
        self.values.update(constants)
        self.types.update({name: TensorType(str(value.dtype), value.shape) for name, value in constants.items()})
        for lowered in nodes:
            self._add(lowered)

    def _add(self, node: Node) -> None:
        found = infer(node, self.types, self.values)
        self.types.update(zip(node.outputs, found, strict=True))
        values = self._values(node, found)
        if values is None:
            self.nodes.append(node)
            return
        self.values.update({name: _frozen(value) for name, value in zip(node.outputs, values, strict=True) if name})

    def _values(self, node: Node, found: Sequence[TensorType]) -> Sequence[Array] | None:
        """Return what the outputs are, or None if that is known only when the network runs."""
        if node.op in ("Shape", "Size"):
            return (self._measure(node),)
        inputs = [self.values.get(name) for name in node.inputs]
        if any(name and value is None for name, value in zip(node.inputs, inputs, strict=True)):
            return None
        if node.op == "ConstantOfShape":
            fill = np.asarray(node.attrs.get("value", np.zeros(1, np.float32)))
            return (np.broadcast_to(fill.reshape(()), found[0].shape),)
        first = inputs[0] if inputs else None
        if node.op in _VIEWS and first is not None:
            return _view(node, first, found[0].shape)
        known = [value for value in inputs if value is not None]
        small = all(value.size <= SMALL for value in known) and all(_elements(output) <= SMALL for output in found)
        if not (node.op in _CUTS or (small and _is_foldable(node, known))) or self.room_bytes < 0:
            return None
        values = self._evaluate(node, inputs)
        self.room_bytes -= sum(value.nbytes for value in values) if small else 0
        return values

    def _measure(self, node: Node) -> Array:
        given = self.types[node.inputs[0]]
        if node.op == "Size":
            return np.array(_elements(given), np.int64)
        return np.array(sizes_between(Call(node.op, node.name, (given,), (None,), node.attrs, 1)), np.int64)

    def _evaluate(self, node: Node, inputs: Sequence[Array | None]) -> Sequence[Array]:
        try:
            with np.errstate(all="ignore"):
                return self.evaluate(node.op, inputs, node.attrs, len(node.outputs))
        except (ArithmeticError, ValueError, IndexError) as error:
            raise ModelFormatError(
                _("Node {node} ({op}) cannot be computed from its constant inputs: {reason}."),
                hint=_("Export the model again, or check how it was edited."),
                node=node.name,
                op=node.op,
                reason=str(error),
            ) from error


def _is_foldable(node: Node, inputs: Sequence[Array]) -> bool:
    """Return whether a node can be computed from its inputs: not where one is a weight that is not there."""
    return node.op in FOLDABLE and not any(map(is_absent, inputs))


def _elements(found: TensorType) -> int:
    return prod(found.shape)


def _frozen(value: Array) -> Array:
    if value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def _view(node: Node, value: Array, shape: tuple[int, ...]) -> Sequence[Array] | None:
    """Return a constant in another shape without reading it, or None where that would copy it."""
    if node.op == "Identity":
        return (value,)
    if node.op == "Transpose":
        order = node.attrs.get("perm")
        return (np.transpose(value, order if isinstance(order, tuple) else None),)  # type: ignore[arg-type] # checked by the shape rule
    if value.flags.c_contiguous or value.size <= SMALL:
        return (value.reshape(shape),)
    if not any(value.strides):
        return (np.broadcast_to(value[(0,) * value.ndim], shape),)
    return None


def bind(
    graph: Graph, input_shapes: Mapping[str, Sequence[int]], evaluate: Evaluate, *, batch: int | None = None
) -> Graph:
    """Return the graph with every dimension a number, every tensor typed, and shape arithmetic done.

    Parameters
    ----------
    input_shapes
        Shapes of inputs by name; see `resolve_input_shapes` for what may be left out.
    evaluate
        Computes an operator: ``(op, inputs, attrs, output_count) -> arrays``.
    batch
        Leading dimension that replaces the model's own (see `rebatch_shapes`), also where the file states a number.

    Raises
    ------
    ShapeError, DtypeError
        If shapes or element types do not fit together.
    UnsupportedOpError
        If an operator is not known, or a shape depends on data.
    ModelFormatError
        If a node is malformed or a tensor absurdly large.
    """
    if batch is None:
        return _bound(graph, resolve_input_shapes(graph, input_shapes), evaluate)
    shapes = rebatch_shapes(graph, input_shapes, batch)
    first = graph.inputs[0]
    stated = graph.tensors[first].shape[0]
    if isinstance(stated, str) or stated == batch:
        return _bound(graph, shapes, evaluate)
    baked = next(_baked_reshapes(graph, int(stated)), None)
    if baked is not None:
        _refuse_batch(int(stated), batch, {"node": baked.name, "op": baked.op})
    try:
        return _bound(graph, shapes, evaluate)
    except ShapeError as error:
        _refuse_batch(int(stated), batch, error.params, error)


def _refuse_batch(stated: int, batch: int, where: Mapping[str, object], cause: ShapeError | None = None) -> NoReturn:
    raise ShapeError(
        _("The model's shapes hold for batch {stated} only: node {node} ({op}) cannot take batch {batch}."),
        hint=_("Export the model with a dynamic batch dimension."),
        stated=stated,
        batch=batch,
        node=where.get("node", "-"),
        op=where.get("op", "-"),
    ) from cause


def _baked_reshapes(graph: Graph, batch: int) -> Iterator[Node]:
    """Yield Reshape nodes whose constant target would fold a larger batch into another dimension."""
    for node in graph.nodes:
        if node.op == "Reshape" and len(node.inputs) == 2 and node.inputs[1] in graph.constants:
            target = graph.constants[node.inputs[1]].ravel()[:64].tolist()
            if target and target[0] == batch and -1 in target[1:] and node.inputs[0] not in graph.constants:
                yield node


def _bound(graph: Graph, shapes: Mapping[str, tuple[int, ...]], evaluate: Evaluate) -> Graph:
    binder = _Binder(graph, shapes, evaluate)
    for node in _needed(graph.nodes, graph.outputs)[0]:
        binder.add(node)
    nodes, used = _needed(binder.nodes, graph.outputs)
    used.update(graph.inputs)
    return Graph(
        graph.name,
        nodes,
        graph.inputs,
        graph.outputs,
        {name: Tensor(name, found.dtype, found.shape) for name, found in binder.types.items() if name in used},
        {name: value for name, value in binder.values.items() if name in used},
        graph.opset,
    )


def _needed(nodes: Sequence[Node], outputs: Sequence[str]) -> tuple[tuple[Node, ...], set[str]]:
    """Return the nodes that the outputs need, and every tensor that they name."""
    used = set(outputs)
    kept = []
    for node in reversed(nodes):
        wanted = [name if name in used else "" for name in node.outputs]
        if not any(wanted):
            continue
        while not wanted[-1] and node.op != "Split":
            wanted.pop()
        kept.append(node if tuple(wanted) == node.outputs else replace(node, outputs=tuple(wanted)))
        used.update(name for name in node.inputs if name)
    return tuple(reversed(kept)), used
