"""Values for weights that are not there, so that a reference network can run.

A value depends on the seed, the network's name, the constant's name and its shape, and on nothing else: two runs and
two processes draw the same. How large it is, its reader says, so that activations neither vanish nor overflow: matrices
after He et al. (2015), arXiv:1502.01852, divided by what they sum over; scales of normalisations one; biases zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import prod, sqrt
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.graph import Array, Graph, Node, is_absent

SEED = 0

_GAINS: Mapping[str, float] = MappingProxyType(
    {"Relu": 2.0, "LeakyRelu": 2.0, "Clip": 2.0, "Gelu": 2.35, "Swish": 2.8, "HardSwish": 2.8, "Mish": 2.4}
)
"""Mean square of standard normal numbers over that of an activation of them."""

_RESIDUAL = 0.25
"""Share of a branch's variance that is added to what goes around it, so that a hundred sums stay finite: judgement."""

_EMBEDDING = 0.02
"""Deviation of tables that are looked up, added or joined, as BERT's are drawn (arXiv:1810.04805)."""

_LONGEST_CHAIN = 4
"""Nodes behind a matrix that say what becomes of its result."""

_VIEWS = frozenset({"Cast", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose",
                    "Unsqueeze"})  # fmt: skip
"""Operators that pass weights on to their reader."""


@dataclass(frozen=True)
class _Use:
    """Who reads a weight.

    Parameters
    ----------
    graph
        The network.
    node, position
        The reader, and which of its inputs the weight is; None for a weight that only leaves the network.
    sizes
        Shape in which the reader finds it.
    """

    graph: Graph
    node: Node
    position: int
    sizes: tuple[int, ...]

    @property
    def is_vector(self) -> bool:
        """Whether at most one size differs from one."""
        return prod(self.sizes) == max(self.sizes, default=1)


Spread: TypeAlias = tuple[float, float]
"""Mean and standard deviation."""

_ONE: Spread = (1.0, 0.0)
_ZERO: Spread = (0.0, 0.0)
_TABLE: Spread = (0.0, _EMBEDDING)


def draw_weights(graph: Graph, seed: int = SEED) -> dict[str, Array]:
    """Return a value for each absent constant of a bound graph, by name; float32.

    Examples
    --------
    >>> from npusdk.graph import GraphBuilder, absent_weight
    >>> build = GraphBuilder("line")
    >>> w = build.constant(absent_weight((256, 64)), "w")
    >>> graph = build.build([build.op("MatMul", build.input("x", (1, 256)), w)])
    >>> round(float(draw_weights(graph)["w"].std()), 2)
    0.06
    """
    absent = (name for name, value in graph.constants.items() if is_absent(value))
    return {name: _draw(graph, name, seed) for name in absent}


def _draw(graph: Graph, name: str, seed: int) -> Array:
    shape = graph.constants[name].shape
    use = _find_use(graph, name)
    rule = _RULES.get(use.node.op, _table) if use else _table
    mean, deviation = rule(use) if use else _TABLE
    if not deviation:
        return np.full(shape, mean, np.float32)
    key = sha256(repr((seed, graph.name, name, shape)).encode()).digest()
    drawn = np.random.Generator(np.random.PCG64(int.from_bytes(key, "big"))).standard_normal(shape, np.float32)
    drawn *= np.float32(deviation)
    return drawn


def _find_use(graph: Graph, name: str) -> _Use | None:
    """Return the first reader that is no view."""
    for index in graph.consumers.get(name, ()):
        node = graph.nodes[index]
        if node.op not in _VIEWS:
            return _Use(graph, node, node.inputs.index(name), graph.tensors[name].sizes)
        found = next((use for output in node.outputs if (use := _find_use(graph, output))), None)
        if found:
            return found
    return None


def _matrix(use: _Use, summed: float) -> Spread:
    """Return the spread of a matrix each of whose results sums over `summed` products."""
    return 0.0, sqrt(_gain(use) / max(summed, 1.0))


def _gain(use: _Use) -> float:
    """Return the variance that the sums of a matrix should have, by what becomes of them."""
    gain, graph, name = 1.0, use.graph, use.node.outputs[0]
    for _step in range(_LONGEST_CHAIN):
        reader = next(iter(graph.consumers.get(name, ())), None)
        if reader is None:
            break
        node = graph.nodes[reader]
        if node.op in _GAINS and gain == 1.0:
            gain = _GAINS[node.op]
        elif node.op == "Add" and not any(other in graph.constants for other in node.inputs):
            return gain * _RESIDUAL
        elif node.op != "Add":
            break
        name = node.outputs[0]
    return gain


def _convolution(use: _Use) -> Spread:
    return _matrix(use, prod(use.sizes[1:])) if use.position == 1 else _ZERO


def _transposed(use: _Use) -> Spread:
    """Return the spread of a transposed convolution, where a stride leaves out a part of the kernel."""
    strides, groups = use.node.attrs.get("strides", (1,)), use.node.attrs.get("group", 1)
    skipped = prod(strides) if isinstance(strides, tuple) else 1
    summed = use.sizes[0] * prod(use.sizes[2:]) / (skipped * groups)  # type: ignore[operator]  # likewise
    return _matrix(use, summed) if use.position == 1 else _ZERO


def _product(use: _Use) -> Spread:
    return _matrix(use, use.sizes[-1] if use.position == 0 or len(use.sizes) < 2 else use.sizes[-2])


def _gemm(use: _Use) -> Spread:
    if use.position == 2:
        return _ZERO
    across = bool(use.node.attrs.get("transB" if use.position else "transA", 0)) == bool(use.position)
    return _matrix(use, use.sizes[1 if across else 0])


def _normalisation(use: _Use) -> Spread:
    """Return one for scale and variance, zero for offset and mean."""
    return _ONE if use.position in (1, 4) else _ZERO


def _sum(use: _Use) -> Spread:
    return _ZERO if use.is_vector else _TABLE


def _scale(_use: _Use) -> Spread:
    return _ONE


def _slope(_use: _Use) -> Spread:
    return 0.25, 0.0


def _table(_use: _Use) -> Spread:
    return _TABLE


_RULES: Mapping[str, Callable[[_Use], Spread]] = MappingProxyType(
    {
        "Conv": _convolution,
        "ConvTranspose": _transposed,
        "MatMul": _product,
        "Gemm": _gemm,
        "BatchNormalization": _normalisation,
        "GroupNormalization": _normalisation,
        "InstanceNormalization": _normalisation,
        "LayerNormalization": _normalisation,
        "RMSNormalization": _normalisation,
        "Add": _sum,
        "Sub": _sum,
        "Mul": _scale,
        "Div": _scale,
        "Pow": _scale,
        "PRelu": _slope,
    }
)
"""How a weight is drawn, by the operator that reads it; all others read tables."""
