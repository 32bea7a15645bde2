"""Pass 3: nodes become steps, the fused operators that a device runs.

Nodes are taken in order; each joins the step that made its latest input, or opens a new one. Every step depends on
earlier steps only, so joining the latest producer can never close a circle.

==== ============================================================================================================
rule a node joins a step when
==== ============================================================================================================
F1   it is elementwise, as large as the result of the step's matrix product, and the only reader of that result
     (convolution + normalisation + activation, + residual, GEMM + bias + GELU)
F2   it is elementwise and the step is an elementwise or normalising step of the same size whose result it alone reads
F3   it is a normalisation and the step is an addition of two computed tensors: such an addition opens a step of its own
F4   it belongs to a softmax between two matrix products that run in one place: one attention step with its scale, mask
     and transpositions
F5   GEMMs of one input with constant right operands (query, key and value) are one step, also where one of them is
     multiplied by what another gives (the gate of SwiGLU)
F6   on a GPU a Swish does not join a convolution (two operators under TensorRT); on an NPU it does
F7   it moves no bytes (Reshape and its kin) and it alone reads what a growing step gives; else it is a view of its own
F8   DequantizeLinear of a constant joins each of its readers; in an integer plan so does every other DequantizeLinear,
     and QuantizeLinear joins the step that it quantises and ends it
F9   it belongs to a rotary position embedding: x cos + rotate(x) sin is one vector step
==== ============================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field

from npusdk.compiler.attention import find_attention
from npusdk.compiler.plan import Placement, StepKind
from npusdk.compiler.rotation import find_rotations
from npusdk.graph import Graph, Node

MATRIX = frozenset({
    "Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul",
})  # fmt: skip
VIEWS = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"})
NORMS = frozenset({"LayerNormalization", "RMSNormalization"})
IMAGE_NORMS = frozenset({"GroupNormalization", "InstanceNormalization"})
QUANTIZERS = frozenset({"QuantizeLinear", "DequantizeLinear"})
ELEMENTWISE = frozenset({
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "BitShift",
    "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Cos", "Cosh",
    "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish",
    "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg",
    "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
    "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor",
}) | QUANTIZERS  # fmt: skip
UNFUSED_ON_GPU = frozenset({"Swish"})
CONVOLUTIONS = frozenset({"Conv", "ConvTranspose", "ConvInteger", "QLinearConv"})


@dataclass
class Group:
    """A step while it grows: its nodes by index, and what may still join."""

    kind: StepKind
    placement: Placement
    elements: int
    nodes: list[int] = field(default_factory=list)
    grows: bool = False
    takes_norm: bool = False


@dataclass
class Fuser:
    """Assigns every node of a bound graph to a group.

    Parameters
    ----------
    host
        Names of the nodes that run on the host.
    fusion
        The device's fusion class, "gpu" or "npu".
    integer
        Whether quantised steps are multiplied as integers.
    """

    graph: Graph
    host: frozenset[str]
    fusion: str
    integer: bool
    groups: list[Group] = field(default_factory=list)
    home: dict[str, int] = field(default_factory=dict)

    def run(self) -> list[Group]:
        """Return the groups in an order in which they can run."""
        whole = self._find_whole()
        for index, node in enumerate(self.graph.nodes):
            if index in whole:
                kind, indices = whole[index]
                if index == indices[-1]:
                    self._open_whole(kind, indices)
            elif self._is_inlined(node):
                self.home[node.outputs[0]] = self.home.get(node.inputs[0], -1)
            else:
                place = self._find_place(node)
                self._put(index, place if place is not None else self._open(node))
        return self.groups

    def _find_whole(self) -> dict[int, tuple[StepKind, tuple[int, ...]]]:
        """Return kind and nodes of each pattern that is one step, by node (F4, F9); all of it runs in one place."""
        patterns: tuple[tuple[StepKind, tuple[tuple[int, ...], ...]], ...] = (
            ("attention", find_attention(self.graph)),
            ("vector", find_rotations(self.graph)),
        )
        whole: dict[int, tuple[StepKind, tuple[int, ...]]] = {}
        for kind, found in patterns:
            for indices in found:
                places = {self._placement(self.graph.nodes[index]) for index in indices}
                if len(places) == 1 and whole.keys().isdisjoint(indices):
                    whole.update((index, (kind, indices)) for index in indices)
        return whole

    def _put(self, index: int, place: int) -> None:
        """Add a node to a group, after the DequantizeLinear nodes that it reads through (F8)."""
        node, group = self.graph.nodes[index], self.groups[place]
        for name in node.inputs:
            producer = self.graph.producers.get(name)
            if producer is not None and self._is_inlined(self.graph.nodes[producer]) and producer not in group.nodes:
                group.nodes.append(producer)
        group.nodes.append(index)
        self.home.update((name, place) for name in node.outputs if name)

    def _is_inlined(self, node: Node) -> bool:
        """Rule F8: a DequantizeLinear that every reader repeats for itself."""
        if node.op != "DequantizeLinear" or node.outputs[0] in self.graph.outputs:
            return False
        return node.inputs[0] in self.graph.constants or self.integer

    def _find_place(self, node: Node) -> int | None:
        """Return the group that a node joins: that of its latest input, if a rule says so."""
        latest = max((self.home.get(name, -1) for name in node.inputs), default=-1)
        if latest < 0:
            return None
        group = self.groups[latest]
        if group.placement != self._placement(node):
            return None
        if node.op in NORMS and group.takes_norm:
            group.takes_norm, group.grows = False, True
            return latest
        if not group.grows or node.op not in ELEMENTWISE | VIEWS or not self._reads_alone(node, latest):
            return None
        return latest if self._accepts(group, node) else None

    def _accepts(self, group: Group, node: Node) -> bool:
        """Rules F1, F2, F3, F6 and F8 for an elementwise node that alone reads the group's result."""
        if node.op == "QuantizeLinear" and self.integer:
            group.grows = False
            return True
        if self.graph.tensors[node.outputs[0]].elements != group.elements or self._feeds_norm(node):
            return False
        if self.fusion != "gpu" or node.op not in UNFUSED_ON_GPU:
            return True
        return not any(self.graph.nodes[index].op in CONVOLUTIONS for index in group.nodes)

    def _reads_alone(self, node: Node, place: int) -> bool:
        """Whether nothing else reads what the node takes from the group."""
        names = {name for name in node.inputs if name and self.home.get(name, -1) == place}
        return all(name not in self.graph.outputs and len(self.graph.consumers[name]) == 1 for name in names)

    def _feeds_norm(self, node: Node) -> bool:
        """Rule F3: an addition of two computed tensors that a normalisation reads."""
        if node.op != "Add" or any(name in self.graph.constants for name in node.inputs):
            return False
        return any(self.graph.nodes[i].op in NORMS for i in self.graph.consumers.get(node.outputs[0], ()))

    def _open(self, node: Node) -> int:
        quantized = self.integer and any(self._is_dequantized(name) for name in node.inputs)
        kind = "vector" if quantized and node.op in VIEWS else self._kind(node)
        result = next(name for name in node.outputs if name)  # TopK may be asked for its indices alone
        group = Group(kind, self._placement(node), self.graph.tensors[result].elements)
        group.takes_norm = self._feeds_norm(node)
        group.grows = kind != "view" and (kind != "vector" or node.op in ELEMENTWISE | NORMS | IMAGE_NORMS or quantized)
        group.grows = group.grows and not group.takes_norm and node.op != "QuantizeLinear"
        self.groups.append(group)
        return len(self.groups) - 1

    def _open_whole(self, kind: StepKind, indices: tuple[int, ...]) -> None:
        """Open the step of a pattern (F4, F9); nothing joins it."""
        place = len(self.groups)
        last = self.graph.nodes[indices[-1]]
        self.groups.append(Group(kind, self._placement(last), 0))
        for index in indices:
            self._put(index, place)

    def _is_dequantized(self, name: str) -> bool:
        producer = self.graph.producers.get(name)
        return producer is not None and self.graph.nodes[producer].op == "DequantizeLinear"

    def _placement(self, node: Node) -> Placement:
        return "host" if node.name in self.host else "device"

    def _kind(self, node: Node) -> StepKind:
        if node.op in VIEWS:
            return "view"
        if node.op not in MATRIX:
            return "vector"
        weight = self.graph.tensors[node.inputs[3 if node.op == "QLinearConv" else 1]] if len(node.inputs) > 1 else None
        groups = node.attrs.get("group", 1)
        is_depthwise = groups != 1 and weight is not None and weight.shape[1:2] == (1,)
        return "depthwise" if is_depthwise else "matrix"


def merge_siblings(graph: Graph, groups: list[Group]) -> list[Group]:
    """Rule F5: return the groups with GEMMs of one input and constant right operands joined into the first of them."""
    first: dict[tuple[str, Placement], Group] = {}
    merged: list[Group] = []
    for group in groups:
        source, others = _sources(graph, group)
        earlier = first.get((source, group.placement)) if source else None
        if earlier and others <= {name for index in earlier.nodes for name in graph.nodes[index].outputs}:
            earlier.nodes += [index for index in group.nodes if index not in earlier.nodes]
            continue
        if source and not others and not earlier:
            first[source, group.placement] = group
        merged.append(group)
    return merged


def _sources(graph: Graph, group: Group) -> tuple[str, set[str]]:
    """Return the computed tensor that a step of a single MatMul with constant weights multiplies, else "", and others.

    The others are computed tensors that the step reads beside it.
    """
    products = [graph.nodes[i] for i in group.nodes if graph.nodes[i].op in MATRIX]
    if group.kind != "matrix" or len(products) != 1 or products[0].op not in ("MatMul", "Gemm"):
        return "", set()
    inner = {name for i in group.nodes for name in graph.nodes[i].outputs}
    outer = {name for i in group.nodes for name in graph.nodes[i].inputs if name and name not in inner}
    computed = outer - graph.constants.keys()
    left, right, *_ = products[0].inputs
    return (left, computed - {left}) if left in computed and right not in computed else ("", set())
