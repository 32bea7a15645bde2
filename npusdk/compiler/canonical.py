"""Pass 1: composites that exporters write out become the single operators that ONNX has for them.

==== ==================== ==============================================================
rule operator             written out as
==== ==================== ==============================================================
C1   Gelu                 x 0.5 (1 + erf(x / sqrt 2)), in any order of the products
C2   Gelu (tanh)          x 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
C3   Swish                x sigmoid(x), x sigmoid(alpha x)
C4   HardSwish            x hardsigmoid(x) with slope 1/6 and offset 1/2
C5   HardSwish            x clip(x + 3, 0, 6) / 6
C6   LayerNormalization   (x - mean) / sqrt(mean((x - mean)^2) + epsilon) scale + offset, over the last axis
C7   RMSNormalization     x / sqrt(mean(x^2) + epsilon) scale, over the last axis; also x of
                          sixteen bits widened to float32 first, and narrowed before the scale
C8   (nothing)            a Cast to the element type that a tensor has already
==== ==================== ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import pi, sqrt
from types import MappingProxyType

from npusdk.compiler.patterns import Either, Match, Op, Scalar, Var, find
from npusdk.graph import Attribute, Graph, Node


@dataclass(frozen=True)
class Rule:
    """A pattern and the operator that it is.

    Parameters
    ----------
    code
        Number of the rule in the table above.
    pattern
        What the exporter wrote.
    op, inputs
        The operator, and the patterns whose tensors it reads.
    attributes
        Attributes of the operator for a match.
    """

    code: str
    pattern: Op
    op: str
    inputs: tuple[Var, ...]
    attributes: Callable[[Graph, Match], dict[str, Attribute]] = lambda _graph, _match: {}


def _reduces_last(graph: Graph, node: Node) -> bool:
    """Whether a reduction is over the last axis alone and keeps it."""
    axes = graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else None
    rank = len(graph.tensors[node.inputs[0]].shape)
    return bool(node.attrs.get("keepdims", 1)) and axes is not None and [int(a) % rank for a in axes.flat] == [rank - 1]


def _is_clip_0_6(graph: Graph, node: Node) -> bool:
    limits = [graph.constants.get(name) for name in node.inputs[1:3]]
    return len(limits) == 2 and all(
        limit is not None and limit.size == 1 and limit.item() == value
        for limit, value in zip(limits, (0.0, 6.0), strict=True)
    )


def _widens(graph: Graph, node: Node) -> bool:
    """Whether a cast makes float32 of sixteen bits."""
    before, after = graph.tensors[node.inputs[0]].dtype, graph.tensors[node.outputs[0]].dtype
    return before in ("float16", "bfloat16") and after == "float32"


def _is_hard_swish_gate(_graph: Graph, node: Node) -> bool:
    alpha, beta = node.attrs.get("alpha", 0.2), node.attrs.get("beta", 0.5)
    return isinstance(alpha, float) and isinstance(beta, float) and abs(alpha - 1 / 6) < 1e-6 and beta == 0.5


def _products(x: Var, gate: Op) -> tuple[Op, ...]:
    """Return x 0.5 gate in every association."""
    half = Scalar(0.5)
    return (
        Op("Mul", (Op("Mul", (x, gate)), half)),
        Op("Mul", (Op("Mul", (x, half)), gate)),
        Op("Mul", (Op("Mul", (gate, half)), x)),
    )


def _gelu_rules() -> list[Rule]:
    rules = []
    x = Var("x")
    scaled = Either((Op("Div", (x, Scalar(sqrt(2)))), Op("Mul", (x, Scalar(1 / sqrt(2))))))
    exact = Op("Add", (Op("Erf", (scaled,)), Scalar(1.0)))
    rules += [Rule("C1", pattern, "Gelu", (x,)) for pattern in _products(x, exact)]
    cube = Either((Op("Pow", (x, Scalar(3.0))), Op("Mul", (Op("Mul", (x, x)), x))))
    inner = Op("Add", (x, Op("Mul", (cube, Scalar(0.044715)))))
    gate = Op("Add", (Op("Tanh", (Op("Mul", (inner, Scalar(sqrt(2 / pi)))),)), Scalar(1.0)))
    rules += [Rule("C2", p, "Gelu", (x,), lambda _g, _m: {"approximate": "tanh"}) for p in _products(x, gate)]
    return rules


def _gate_rules() -> list[Rule]:
    x, alpha = Var("x"), Scalar()

    def slope(graph: Graph, match: Match) -> dict[str, Attribute]:
        return {"alpha": float(graph.constants[match[alpha]].reshape(-1)[0])}

    clipped = Op("Clip", (Op("Add", (x, Scalar(3.0))),), _is_clip_0_6)
    return [
        Rule("C3", Op("Mul", (x, Op("Sigmoid", (x,)))), "Swish", (x,)),
        Rule("C3", Op("Mul", (x, Op("Sigmoid", (Op("Mul", (x, alpha)),)))), "Swish", (x,), slope),
        Rule("C4", Op("Mul", (x, Op("HardSigmoid", (x,), _is_hard_swish_gate))), "HardSwish", (x,)),
        Rule("C5", Op("Div", (Op("Mul", (x, clipped)), Scalar(6.0))), "HardSwish", (x,)),
        Rule("C5", Op("Mul", (x, Op("Div", (clipped, Scalar(6.0))))), "HardSwish", (x,)),
    ]


def _norm_rules() -> list[Rule]:
    x, scale, offset, epsilon = Var("x"), Var("scale"), Var("offset"), Scalar()

    def attributes(graph: Graph, match: Match) -> dict[str, Attribute]:
        return {"axis": -1, "epsilon": float(graph.constants[match[epsilon]].reshape(-1)[0])}

    def deviation(value: Var | Op) -> Op:
        square = Either((Op("Pow", (value, Scalar(2.0))), Op("Mul", (value, value))))
        return Op("Sqrt", (Op("Add", (Op("ReduceMean", (square,), _reduces_last), epsilon)),))

    centred = Op("Sub", (x, Op("ReduceMean", (x,), _reduces_last)))
    normal = Op("Div", (centred, deviation(centred)))

    def root_mean(value: Var | Op) -> Either:
        inverse = Op("Reciprocal", (deviation(value),)), Op("Div", (Scalar(1.0), deviation(value)))
        return Either((Op("Div", (value, deviation(value))), Op("Mul", (value, Either(inverse)))))

    narrow = Op("Cast", (root_mean(Op("Cast", (x,), _widens)),))
    return [
        Rule(
            "C6", Op("Add", (Op("Mul", (normal, scale)), offset)), "LayerNormalization", (x, scale, offset), attributes
        ),
        Rule("C7", Op("Mul", (root_mean(x), scale)), "RMSNormalization", (x, scale), attributes),
        Rule("C7", Op("Mul", (narrow, scale)), "RMSNormalization", (x, scale), attributes),
    ]


RULES: tuple[Rule, ...] = (*_gelu_rules(), *_gate_rules(), *_norm_rules())


def _is_legal(graph: Graph, rule: Rule, match: Match) -> bool:
    """Whether scale and offset of a normalisation are constants as long as the last axis, all of one element type."""
    width = graph.tensors[match[rule.inputs[0]]].shape[-1:]
    types = {graph.tensors[name].dtype for name in (match[rule.pattern], *map(match.__getitem__, rule.inputs))}
    return len(types) == 1 and all(
        name in graph.constants and graph.tensors[name].shape == width
        for name in map(match.__getitem__, rule.inputs[1:])
    )


def _without_idle_casts(graph: Graph) -> Graph:
    """Apply rule C8; a cast whose result is an output of the graph stays, for its name."""
    source: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple(source.get(name, name) for name in node.inputs)
        (result, *_) = node.outputs
        same = node.op == "Cast" and graph.tensors[inputs[0]].dtype == graph.tensors[result].dtype
        if same and result not in graph.outputs:
            source[result] = inputs[0]
        else:
            nodes.append(node if inputs == node.inputs else replace(node, inputs=inputs))
    return _without_unread(replace(graph, nodes=tuple(nodes))) if source else graph


def _without_unread(graph: Graph) -> Graph:
    """Drop constants and tensors that no node reads any more."""
    kept = {*graph.inputs, *graph.outputs, *(name for node in graph.nodes for name in (*node.inputs, *node.outputs))}
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name in kept}
    constants = {name: value for name, value in graph.constants.items() if name in kept}
    return replace(graph, tensors=MappingProxyType(tensors), constants=MappingProxyType(constants))


def canonicalize(graph: Graph) -> Graph:
    """Return a bound graph with every composite of the table replaced by its operator.

    The last roots come first, so that the larger of two composites wins; no node is used twice.
    """
    graph = _without_idle_casts(graph)
    roots: dict[str, list[Rule]] = {}
    for rule in RULES:
        roots.setdefault(rule.pattern.op, []).append(rule)
    replaced: dict[int, Node] = {}
    dropped: set[int] = set()
    for index, node in reversed(tuple(enumerate(graph.nodes))):
        for rule in roots.get(node.op, ()):
            match = find(graph, rule.pattern, index)
            if match is None or dropped & match.nodes or not _is_legal(graph, rule, match):
                continue
            inputs = tuple(match[variable] for variable in rule.inputs)
            attrs = MappingProxyType(rule.attributes(graph, match))
            replaced[index] = Node(rule.op, node.name, inputs, node.outputs, attrs)
            dropped |= match.nodes
            break
    if not replaced:
        return graph
    nodes = tuple(replaced.get(i, node) for i, node in enumerate(graph.nodes) if i in replaced or i not in dropped)
    return _without_unread(replace(graph, nodes=nodes))
