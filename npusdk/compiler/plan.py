"""What the compiler hands on: a frozen plan of fused steps for one device, precision and batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeAlias

from npusdk.graph import Graph, Node, Tensor
from npusdk.numerics import ELEMENT_TYPES, MATRIX_FORMATS

Placement: TypeAlias = Literal["device", "host"]
StepKind: TypeAlias = Literal["matrix", "depthwise", "attention", "vector", "view"]
Arithmetic: TypeAlias = Literal["exact", "rounded", "integer"]


@dataclass(frozen=True, slots=True)
class Step:
    """One fused operator: nodes that run without their intermediate values leaving the compute units.

    Parameters
    ----------
    name
        Name of the node that gives the step its work; unique in the plan.
    kind
        "matrix" (one or more GEMM-like nodes that share their input), "depthwise" (one input channel for each filter),
        "attention" (two matrix products around a softmax), "vector" (elementwise, pooling, normalisation, movement of
        data) or "view" (no bytes move).
    nodes
        The nodes in an order in which they can run.
    inputs, outputs
        Tensors that cross the border of the step; inputs contain the constants that its nodes read.
    placement
        Where it runs.
    arithmetic
        "exact": in the tensors' own types. "rounded": sums in float32, every output rounded to the plan's format.
        "integer": a quantised step, operands between DequantizeLinear and QuantizeLinear multiplied as integers.
    """

    name: str
    kind: StepKind
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    placement: Placement
    arithmetic: Arithmetic

    @property
    def label(self) -> str:
        """Operators of the step, as a person reads them: "Conv+Relu"."""
        return "+".join(dict.fromkeys(node.op for node in self.nodes))


@dataclass(frozen=True)
class Traits:
    """What is true of a network beyond its operators: said by whoever builds it, read by the cost model.

    Parameters
    ----------
    repeats
        How often a part runs in one call, each time with weights and cache of its own, by the beginning of the names of
        its nodes ({"block/": 80}): the graph holds one block of a language model, the call runs all.
    causal
        Names of the attention's products of which half is computed, because a query sees earlier keys only.
    reduced
        Names of nodes whose result is the sum of what all tensor-parallel devices computed: one all-reduce each.
    resident
        Inputs and outputs of the graph that stay in the device's memory between calls (keys and values).
    weight_bits, cache_bits
        Bits of one weight and of one element of `resident`, where they differ from the plan's precision.
    shards
        Devices that each hold one such graph's share of the network and run it together.
    """

    repeats: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    causal: frozenset[str] = frozenset()
    reduced: frozenset[str] = frozenset()
    resident: frozenset[str] = frozenset()
    weight_bits: float | None = None
    cache_bits: float | None = None
    shards: int = 1

    def times(self, node: str) -> int:
        """Return how often the node of that name runs in one call."""
        return next((count for start, count in self.repeats.items() if node.startswith(start)), 1)


PLAIN = Traits()
"""A network that is what its graph says."""


@dataclass(frozen=True)
class Plan:
    """A graph made ready for one device.

    Parameters
    ----------
    graph
        Bound graph whose composites are single operators.
    device
        Identifier of the device, with its part ("furiosa-rngd:4pe").
    precision
        Key of `MATRIX_FORMATS` in which matrices are multiplied, or "exact" for the model's own types.
    batch
        Samples in one call.
    steps
        Fused operators in an order in which they can run.
    assumptions
        Codes of what the plan takes for granted ("model_is_quantized").
    traits
        What is true of the network beyond its operators.
    """

    graph: Graph
    device: str
    precision: str
    batch: int
    steps: tuple[Step, ...]
    assumptions: tuple[str, ...] = ()
    traits: Traits = PLAIN

    def device_bits(self, tensor: Tensor) -> int:
        """Bits of one element of `tensor` on the device: floats in the plan's format, everything else in its own."""
        element = ELEMENT_TYPES[tensor.dtype]
        if self.precision == "exact" or element.kind != "float":
            return element.bits
        return min(element.bits, MATRIX_FORMATS[self.precision].bits)

    def device_bytes(self, name: str) -> int:
        """Bytes of a tensor on the device."""
        tensor = self.graph.tensors[name]
        return (tensor.elements * self.device_bits(tensor) + 7) // 8

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of the constants that steps on the device read, in the plan's format."""
        names = {name for step in self.steps if step.placement == "device" for name in step.inputs}
        return sum(self.device_bytes(name) for name in names if name in self.graph.constants)
