"""How many bytes a tensor takes on the device: constants and caches may have widths of their own."""

from __future__ import annotations

from dataclasses import dataclass

from npusdk.compiler.plan import Plan
from npusdk.numerics import ELEMENT_TYPES


@dataclass(frozen=True, slots=True)
class Storage:
    """Sizes of a plan's tensors, its traits considered.

    Parameters
    ----------
    plan
        The plan.
    """

    plan: Plan

    def bits(self, name: str) -> float:
        """Bits of one element: `weight_bits` of a floating-point constant, `cache_bits` of what is resident."""
        graph, traits = self.plan.graph, self.plan.traits
        tensor = graph.tensors[name]
        own = None
        if name in traits.resident:
            own = traits.cache_bits
        elif traits.weight_bits is not None and name in graph.constants and ELEMENT_TYPES[tensor.dtype].kind == "float":
            own = traits.weight_bits
        return self.plan.device_bits(tensor) if own is None else own

    def bytes(self, name: str, elements: int | None = None) -> int:
        """Bytes of a tensor, or of some of its elements, rounded up."""
        count = self.plan.graph.tensors[name].elements if elements is None else elements
        return int(-(-count * self.bits(name) // 8))
