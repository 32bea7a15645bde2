"""A model: a checked network that can be bound to any batch, and what has been worked out about it so far."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from operator import index

from npusdk.compiler import PLAIN, Traits, canonicalize
from npusdk.display import Shown
from npusdk.errors import ShapeError
from npusdk.graph import Graph, Tensor, bind
from npusdk.kernels import call
from npusdk.language import _, plain
from npusdk.numerics import ELEMENT_TYPES
from npusdk.pipeline.planning import Planner

QUANTIZED = frozenset({
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
    "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
})  # fmt: skip
"""Operators that only a quantised model has."""

FLOATS = frozenset(name for name, element in ELEMENT_TYPES.items() if element.kind == "float")


class Model(Shown):
    """A checked network, made by `load`.

    Parameters
    ----------
    opened
        The network as imported; its input sizes may be names.
    input_shapes
        Sizes of inputs, by name; what is left out comes from the file, and a leading name alone becomes 1.
    traits
        What is true of the network beyond its operators.
    batch
        Samples in one call, instead of the network's own.

    Raises
    ------
    ShapeError
        If shapes do not fit together, or there is no sample in a batch.
    """

    def __init__(
        self,
        opened: Graph,
        input_shapes: Mapping[str, tuple[int, ...]],
        traits: Traits = PLAIN,
        *,
        batch: int | None = None,
    ) -> None:
        self._opened = opened
        self.traits = traits
        self._input_shapes = input_shapes
        self.graph = bind(opened, input_shapes, call, batch=batch)
        if self.batch < 1:
            raise ShapeError(
                _("The model cannot run with batch {batch}: its first input {name} has shape {shape}."),
                hint=_("Use a batch of at least 1, and a model whose first input has a leading batch dimension."),
                batch=self.batch,
                name=self.inputs[0].name,
                shape=self.inputs[0].shape,
            )
        self._graphs: dict[int, Graph] = {self.batch: canonicalize(self.graph)}

    @property
    def name(self) -> str:
        """The model's own name."""
        return self.graph.name

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Types of what a caller gives, in order."""
        return tuple(self.graph.tensors[name] for name in self.graph.inputs)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Types of what a caller gets, in order."""
        return tuple(self.graph.tensors[name] for name in self.graph.outputs)

    @property
    def batch(self) -> int:
        """Samples in one call: the leading size of the first input; 1 where it has none."""
        shape = self.inputs[0].sizes if self.inputs else ()
        return shape[0] if shape else 1

    @property
    def takes_batches(self) -> bool:
        """Whether a call may be asked to take more samples or fewer."""
        return True

    def variant(self, *, tp: int | None = None, weights: str = "", cache: str = "") -> Model | None:  # noqa: ARG002 - a network has none
        """Return the network made for `tp` devices or with other formats of weights and cache; None where it has none.

        Raises
        ------
        ConfigError
            If it cannot be made so.
        """
        return None

    @cached_property
    def planner(self) -> Planner:
        """What decides how the model runs on a device; keeps what it has worked out."""
        return Planner(self)

    @cached_property
    def parameters(self) -> int:
        """Number of weights: elements of floating-point or quantised constants, tables of integers left out."""
        types = (self.graph.tensors[name] for name in self.graph.constants)
        return sum(t.elements for t in types if t.shape and (t.dtype in FLOATS or t.dtype in ("int8", "uint8")))

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of the constants in their own element types."""
        return self.graph.weight_bytes()

    @cached_property
    def is_quantized(self) -> bool:
        """Whether the file itself says where values are integers."""
        return any(node.op in QUANTIZED for node in self.graph.nodes)

    def at_batch(self, batch: int | None) -> Graph:
        """Return the network for `batch` samples a call, its composites made single operators.

        Raises
        ------
        TypeError
            If `batch` is not a whole number.
        ShapeError
            If the network fixes its batch, naming the node that does.
        """
        size = self.batch if batch is None else index(batch)
        if size not in self._graphs:
            self._graphs[size] = canonicalize(bind(self._opened, self._input_shapes, call, batch=size))
        return self._graphs[size]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{tensor.name} {tensor.dtype}{list(tensor.shape)}" for tensor in self.inputs)
        counts = f"{len(self.graph.nodes)} nodes, {self.parameters:,} parameters"
        return f"Model({plain(self.name, 80)}: {plain(shapes, 400)}; {counts})"
