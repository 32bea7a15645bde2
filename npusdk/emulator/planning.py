"""From a plan to units: number formats at the borders of steps, what can be computed beforehand, what nobody reads.

A step on a device whose format is narrower than float32 reads rounded tensors and rounds what leaves it, for its own
nodes too, since a tensor has one value; everything else in it is float32. Weights are rounded once, here; a finite one
stays finite, so that the lowest float32, which masks use for minus infinity, does not become NaN when it is multiplied
by zero. What comes from the host, or into the network, is rounded by a unit of its own when a device step first reads
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from npusdk.compiler import Plan, Step
from npusdk.emulator.integer_recognition import INTEGER_RECOGNISERS
from npusdk.emulator.recognition import recognise
from npusdk.emulator.scope import Scope
from npusdk.emulator.storage import Array
from npusdk.emulator.units import Rounded, Unit
from npusdk.emulator.views import VIEWS
from npusdk.graph import Node, Tensor
from npusdk.kernels import call
from npusdk.numerics import ELEMENT_TYPES, round_to

_OWN: Mapping[str, str | None] = MappingProxyType({"float32": None, "float16": "fp16", "bfloat16": "bf16"})
"""Formats of the element types that a device may round."""

_OF_NODES: Mapping[str, str] = MappingProxyType({"bfloat16": "bf16"})
"""Formats to which every node's result is rounded where the tensors' own types count; NumPy itself keeps float16."""

_LARGEST: Mapping[str, np.float32] = MappingProxyType(
    {
        "bf16": np.float32((2 - 2.0**-7) * 2.0**127),
        "fp16": np.float32(65504),
        "tf32": np.float32((2 - 2.0**-10) * 2.0**127),
    }
)
"""Largest finite number of each format."""

_RESHAPES = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity"})
"""Views that show every element once."""

_NOT_DATA: Mapping[str, frozenset[int]] = MappingProxyType(
    {"Resize": frozenset({1, 2}), "QuantizeLinear": frozenset({1}), "DequantizeLinear": frozenset({1})}
)
"""Inputs that say what an operator does and are not rounded: a size, a scale."""

_MOVES = VIEWS | {"Concat", "GatherElements", "GatherND", "Tile", "MaxPool", "Relu", "DepthToSpace", "SpaceToDepth"}
"""Operators that choose among the numbers that they read: their results need no rounding when those are rounded."""


def format_of(tensor: Tensor, precision: str) -> str | None:
    """Return the format to which a device of some precision rounds a tensor; None for none."""
    if tensor.dtype not in _OWN:
        return None
    if precision in ("bf16", "fp16"):
        return precision
    return _OWN[tensor.dtype] or ("tf32" if precision == "tf32" else None)


class Planner:
    """Turns the steps of a plan into units.

    Parameters
    ----------
    plan
        The plan. Its constants are not written to.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tensors = dict(plan.graph.tensors)
        self.constants: dict[str, Array] = dict(plan.graph.constants)
        self._rounded: set[str] = set()
        self._made: set[str] = set(plan.graph.inputs) | set(self.constants)

    def units(self) -> list[Unit]:
        """Return the units whose results are needed, in an order in which they can run."""
        found = [unit for step in self.plan.steps for unit in self._step(step)]
        needed = set(self.plan.graph.outputs)
        kept = []
        for unit in reversed(found):
            if needed.intersection(unit.writes):
                kept.append(unit)
                needed.update(unit.reads)
        return kept[::-1]

    def _step(self, step: Step) -> list[Unit]:
        nodes = [node for node in step.nodes if not self._made.issuperset(filter(None, node.outputs))]
        self._made.update(name for node in nodes for name in node.outputs)
        before: list[Unit] = []
        rounds = step.arithmetic == "rounded"
        if rounds:
            nodes = self._rounded_nodes(nodes, before)
        borders = frozenset(step.outputs) | frozenset(self.plan.graph.outputs)
        scope_formats = self._formats(nodes, borders, rounds=rounds)
        nodes = self._fold(nodes, scope_formats, keeps_quantised=step.arithmetic == "integer")
        fuses = rounds or not any(self._is_narrow(name) for node in nodes for name in node.outputs if name)
        scope = Scope(nodes, self.tensors, self.constants, borders, scope_formats, fuses, self.plan.graph)
        if step.arithmetic == "integer":
            return recognise(scope, INTEGER_RECOGNISERS)
        return [*before, *recognise(scope)]

    def _is_narrow(self, name: str) -> bool:
        return self.tensors[name].dtype in ("float16", "bfloat16")

    def _formats(self, nodes: Sequence[Node], borders: frozenset[str], *, rounds: bool) -> dict[str, str]:
        """Return the formats to which outputs of nodes are rounded."""
        formats: dict[str, str] = {}
        loose: set[str] = set()
        for node in nodes:
            moves = node.op in _MOVES and loose.isdisjoint(node.inputs)
            for name in filter(None, node.outputs):
                tensor = self.tensors[name]
                wanted = format_of(tensor, self.plan.precision) if rounds else _OF_NODES.get(tensor.dtype)
                if wanted is None or moves:
                    continue
                if rounds and name not in borders:
                    loose.add(name)
                else:
                    formats[name] = wanted
        return _at_sources(nodes, borders, formats)

    def _rounded_nodes(self, nodes: Sequence[Node], before: list[Unit]) -> list[Node]:
        """Return the nodes with every input from outside the step rounded."""
        inside = {name for node in nodes for name in node.outputs}
        found = []
        for node in nodes:
            kept = _NOT_DATA.get(node.op, frozenset())
            inputs = [
                name if not name or name in inside or place in kept else self._round(name, before)
                for place, name in enumerate(node.inputs)
            ]
            found.append(replace(node, inputs=tuple(inputs)))
        self._rounded |= inside
        return found

    def _round(self, name: str, before: list[Unit]) -> str:
        """Return the name of a rounded copy of a tensor, made if there is none yet."""
        wanted = format_of(self.tensors[name], self.plan.precision)
        if wanted is None or name in self._rounded:
            return name
        rounded = f"{name}@{wanted}"
        if rounded in self.tensors:
            return rounded
        self.tensors[rounded] = replace(self.tensors[name], name=rounded)
        if name in self.constants:
            self.constants[rounded] = _round_constant(self.constants[name], wanted)
        else:
            before.append(Rounded((name,), (rounded,), formats={rounded: wanted}))
        return rounded

    def _fold(self, nodes: Sequence[Node], formats: dict[str, str], *, keeps_quantised: bool) -> list[Node]:
        """Compute nodes that read constants alone; return the others."""
        left = []
        for node in nodes:
            reads = [name for name in node.inputs if name]
            quantised = keeps_quantised and node.op in ("QuantizeLinear", "DequantizeLinear")
            if quantised or any(name not in self.constants for name in reads):
                left.append(node)
                continue
            for name, value in zip(node.outputs, self._evaluate(node), strict=False):
                if name:
                    wanted = formats.get(name)
                    self.constants[name] = value if wanted is None else _round_constant(value, wanted)
        return left

    def _evaluate(self, node: Node) -> Sequence[Array]:
        """Compute a node on the tensors' own types."""
        inputs = [self._own(name) if name else None for name in node.inputs]
        return call(node.op, inputs, node.attrs, len(node.outputs))

    def _own(self, name: str) -> Array:
        return self.constants[name].astype(ELEMENT_TYPES[self.tensors[name].dtype].storage, copy=False)


def _at_sources(nodes: Sequence[Node], borders: frozenset[str], formats: dict[str, str]) -> dict[str, str]:
    """Return the formats with those of views moved to the tensors that are viewed, where nobody else reads these.

    They can then be rounded as they are made, block after block.
    """
    readers = Counter(name for node in nodes for name in node.inputs)
    makers = {name for node in nodes for name in node.outputs}
    moved = dict(formats)
    for node in reversed(nodes):
        source, name = (*node.inputs, "")[0], node.outputs[0]
        alone = source in makers and readers[source] == 1 and source not in borders
        if node.op in _RESHAPES and name in moved and alone:
            moved[source] = moved.pop(name)
    return moved


def _round_constant(value: Array, format_name: str) -> Array:
    """Return a constant rounded, as float32, finite where it was; one value everywhere stays one value."""
    if value.size > 1 and not any(value.strides):
        return np.broadcast_to(_round_constant(np.asarray(value[(0,) * value.ndim]), format_name), value.shape)
    rounded = round_to(value.astype(np.float32, copy=False), format_name)
    beyond = np.isinf(rounded) & np.isfinite(value)
    if beyond.any():
        rounded[beyond] = np.copysign(_LARGEST[format_name], rounded[beyond])
    return rounded
