"""One pass of a language model: what there is to count before a device is known."""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import Protocol

from npusdk.compiler import Traits
from npusdk.cost.causal import causal_parts, halve
from npusdk.cost.work import work_of
from npusdk.importers.language import PassGraph
from npusdk.language import plain
from npusdk.numerics import ELEMENT_TYPES
from npusdk.pipeline.model import FLOATS, Model
from npusdk.units import format_count


class Remake(Protocol):
    """Makes a pass again, as `Pass.variant` is asked to."""

    def __call__(self, *, tp: int | None, weights: str, cache: str) -> Pass:
        """Return the pass."""


class Pass(Model):
    """One pass of a language model on one of the devices that share it; for `profile`, `check` and `compare`.

    Its graph holds one decoder block, of which `traits` says how often it runs. Nothing is computed: there are no
    weights. With pipeline stages it is the pass through one of them.

    Parameters
    ----------
    built
        The graph of the pass.
    batch
        Sequences.
    traits
        What is true of the pass beyond its operators.
    remake
        Makes the same pass in another way, see `variant`.
    """

    def __init__(self, built: PassGraph, batch: int, traits: Traits, remake: Remake) -> None:
        tokens = built.graph.tensors["tokens"].shape[1]
        self._remake = remake
        super().__init__(built.graph, {"tokens": (batch, int(tokens))}, traits)

    def variant(self, *, tp: int | None = None, weights: str = "", cache: str = "") -> Pass:
        """Return the same pass shared by `tp` devices, or with other formats of weights and of keys and values.

        Raises
        ------
        ConfigError
            If there are fewer heads, or a format is not known.
        """
        return self._remake(tp=tp, weights=weights, cache=cache)

    @cached_property
    def parameters(self) -> int:
        """Number of weights of all layers that one device holds."""
        return sum(self.graph.tensors[name].elements * times for name, times in self._weights.items())

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of these weights in `traits.weight_bits`, or else in the graph's own float32."""
        bits = self.traits.weight_bits
        types = ((self.graph.tensors[name], times) for name, times in self._weights.items())
        return sum(ceil(t.elements * (bits or ELEMENT_TYPES[t.dtype].bits) / 8) * times for t, times in types)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one pass through all layers, half of the scores where attention is causal."""
        parts = causal_parts(self.graph, self.traits.causal)
        works = ((node.name, work_of(node, self.graph)) for node in self.graph.nodes)
        return sum(
            (halve(work, parts[name]) if name in parts else work).macs * self.traits.times(name) for name, work in works
        )

    @property
    def _weights(self) -> dict[str, int]:
        """Names of the weights, and how often each is there."""
        floats = (name for name in self.graph.constants if self.graph.tensors[name].dtype in FLOATS)
        return {
            name: max(self.traits.times(self.graph.nodes[index].name) for index in self.graph.consumers[name])
            for name in floats
        }

    def __repr__(self) -> str:
        layers = max(self.traits.repeats.values(), default=1)
        shares = f", 1 of {self.traits.shards} shares" if self.traits.shards > 1 else ""
        return (
            f"Pass({plain(self.name, 120)}, batch {self.batch}: {layers} layers, "
            f"{format_count(self.parameters)} parameters, {format_count(self.macs)} MAC{shares})"
        )
