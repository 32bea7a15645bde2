"""What a vendor's list says of an operator that nobody writes down."""

import numpy as np
import pytest

import npusdk as npu
from npusdk.compiler import canonicalize, examine_operators
from npusdk.compiler.legality import WRITTEN_OUT
from npusdk.graph import SHAPE_RULES, GraphBuilder, bind
from npusdk.kernels import call


def examine(device, *ops):
    """Return the canonical graph of operators after each other, and what the device does with them."""
    build = GraphBuilder("ops")
    x = build.input("x", (1, 4))
    for op in ops:
        x = build.op("Mul", x, build.op("Sigmoid", x)) if op == "silu" else build.op(op, x)
    graph = canonicalize(bind(build.build([x]), {}, call))
    return graph, examine_operators(graph, npu.device(device), is_quantized=False)


@pytest.mark.parametrize("op", ["silu", "Swish"])
def test_operator_that_is_written_out_runs_where_its_parts_run(op):
    """Warboy's list names Sigmoid and Mul: x sigmoid(x) runs on it, also where it has become one operator."""
    graph, legality = examine("warboy", op)
    assert [node.op for node in graph.nodes] == ["Swish"]
    assert legality.host == frozenset()


def test_operator_falls_back_with_any_of_its_parts():
    """Warboy's list names neither Tanh nor HardSigmoid: what is written out with them falls back."""
    graph, legality = examine("warboy", "Mish", "HardSwish")
    assert legality.host == {node.name for node in graph.nodes}


def test_what_operators_are_written_out_as_is_known():
    """Every operator that the rule names has its rows."""
    assert {*WRITTEN_OUT, *np.concatenate(list(WRITTEN_OUT.values()))} <= set(SHAPE_RULES)
