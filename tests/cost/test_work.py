"""Work of single operators, against counts made by hand and against arithmetic that is really done."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost.work import WORK_RULES, Gemm, Operation, work_of
from npusdk.cost.work.elementwise import OPS_PER_ELEMENT
from npusdk.cost.work.movement import VIEWS
from npusdk.errors import UnsupportedOpError
from npusdk.graph import Graph, Node, Tensor


def work(op, inputs, output, **attrs):
    """Return the work of `op` on tensors of these shapes."""
    return WORK_RULES[op](Operation(op, tuple(inputs), output, attrs))


@pytest.mark.parametrize(
    ("op", "inputs", "output", "attrs", "gemm", "vector_ops"),
    [
        ("Conv", [(2, 3, 224, 224), (64, 3, 7, 7)], (2, 64, 112, 112), {}, (1, 2 * 112 * 112, 64, 147), 0),
        ("Conv", [(1, 8, 5, 5), (6, 4, 3, 3), (6,)], (1, 6, 5, 5), {"group": 2}, (2, 25, 3, 36), 150),
        ("Conv", [(1, 8, 9), (8, 1, 3)], (1, 8, 9), {"group": 8}, (8, 9, 1, 3), 0),
        ("ConvInteger", [(1, 3, 8, 8), (4, 3, 3, 3), (), ()], (1, 4, 6, 6), {}, (1, 36, 4, 27), 0),
        (
            "QLinearConv",
            [(1, 3, 8, 8), (), (), (4, 3, 3, 3), (), (), (), (), (4,)],
            (1, 4, 6, 6),
            {},
            (1, 36, 4, 27),
            3 * 144,
        ),
        ("ConvTranspose", [(1, 6, 5, 5), (6, 2, 2, 2)], (1, 4, 10, 10), {"group": 2}, (2, 25, 8, 3), 0),
        ("MatMul", [(8, 384, 768), (768, 3072)], (8, 384, 3072), {}, (1, 8 * 384, 3072, 768), 0),
        ("MatMul", [(2, 12, 7, 64), (2, 12, 64, 9)], (2, 12, 7, 9), {}, (24, 7, 9, 64), 0),
        ("MatMul", [(2, 1, 7, 64), (1, 12, 64, 9)], (2, 12, 7, 9), {}, (1, 14, 108, 64), 0),
        ("MatMul", [(5,), (5, 4)], (4,), {}, (1, 1, 4, 5), 0),
        ("MatMul", [(3, 5), (5,)], (3,), {}, (1, 3, 1, 5), 0),
        ("MatMul", [(5,), (5,)], (), {}, (1, 1, 1, 5), 0),
        ("MatMulInteger", [(4, 5), (5, 6)], (4, 6), {}, (1, 4, 6, 5), 0),
        ("QLinearMatMul", [(4, 5), (), (), (5, 6), (), (), (), ()], (4, 6), {}, (1, 4, 6, 5), 48),
        ("Gemm", [(5, 4), (6, 5), (6,)], (4, 6), {"transA": 1, "transB": 1}, (1, 4, 6, 5), 24),
        ("Gemm", [(4, 5), (5, 6)], (4, 6), {}, (1, 4, 6, 5), 0),
        ("Einsum", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), {"equation": "bij,bjk->bik"}, (2, 3, 5, 4), 0),
        ("Einsum", [(2, 7, 3, 4), (2, 7, 5, 4)], (2, 7, 3, 5), {"equation": "...id, ...jd -> ...ij"}, (14, 3, 5, 4), 0),
        ("Einsum", [(3, 4), (4, 5)], (3, 5), {"equation": "ij,jk"}, (1, 3, 5, 4), 0),
    ],
)
def test_matrix_operator_is_the_product_that_a_person_writes_down(op, inputs, output, *, attrs, gemm, vector_ops):
    """Sides and bias of products and convolutions, with the batch inside."""
    found = work(op, inputs, output, **attrs)
    assert found.gemms == (Gemm(*gemm),)
    assert found.vector_ops == vector_ops


sides = st.integers(1, 6)


@given(st.tuples(sides, sides, sides, sides, sides), st.booleans())
def test_einsum_of_three_operands_multiplies_as_often_as_pairs_do(sizes, elementwise):
    """Contracting a, b and c from left to right costs each pair's own product; a pair without a sum is elementwise."""
    i, j, k, l, b = sizes
    if elementwise:
        found = work("Einsum", [(b, i), (b, i)], (b, i), equation="bi,bi->bi")
        assert (found.macs, found.vector_ops) == (0, b * i)
        return
    found = work("Einsum", [(i, j), (j, k), (k, l)], (i, l), equation="ij,jk,kl->il")
    assert found.macs + found.vector_ops == i * j * k + i * k * l


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.tuples(sides, sides))
def test_convolution_multiplies_each_output_with_a_whole_filter(groups, depth, kernel, size):
    """Multiply-accumulates are outputs x weights of one filter, for any groups."""
    filters = 2 * groups
    output = (2, filters, *size)
    found = work("Conv", [(2, groups * depth, 9, 9), (filters, depth, kernel, kernel)], output, group=groups)
    assert found.macs == np.prod(output) * depth * kernel * kernel


@pytest.mark.parametrize(
    ("op", "inputs", "output", "attrs", "vector_ops"),
    [
        ("Relu", [(4, 5)], (4, 5), {}, 20),
        ("Add", [(4, 5), (5,)], (4, 5), {}, 20),
        ("Sum", [(4, 5), (4, 5), (5,)], (4, 5), {}, 40),
        ("Max", [(4, 5)], (4, 5), {}, 20),
        ("Gelu", [(4, 5)], (4, 5), {}, 160),
        ("Swish", [(4, 5)], (4, 5), {}, 160),
        ("LayerNormalization", [(4, 5), (5,), (5,)], (4, 5), {}, 160),
        ("Softmax", [(4, 5)], (4, 5), {}, 120),
        ("ReduceMean", [(4, 5), (1,)], (4,), {}, 20),
        ("GlobalAveragePool", [(1, 3, 4, 4)], (1, 3, 1, 1), {}, 48),
        ("MaxPool", [(1, 3, 8, 8)], (1, 3, 4, 4), {"kernel_shape": (3, 2)}, 48 * 6),
        ("LRN", [(1, 4, 2, 2)], (1, 4, 2, 2), {"size": 5}, 16 * 18),
        ("TopK", [(3, 100), (1,)], (3, 5), {}, 300 * 7),
        ("TopK", [(100, 3), (1,)], (5, 3), {"axis": 0}, 300 * 7),
        ("Resize", [(1, 3, 4, 4), None, None, (4,)], (1, 3, 8, 8), {"mode": "linear"}, 192 * 2 * 4),
        ("Resize", [(1, 3, 4, 4), None, None, (4,)], (1, 3, 4, 8), {"mode": "cubic"}, 96 * 2 * 4),
        ("Resize", [(1, 3, 4, 4), None, None, (4,)], (1, 3, 8, 8), {}, 0),
        ("ScatterND", [(9, 4), (2, 1), (2, 4)], (9, 4), {}, 0),
        ("ScatterElements", [(9, 4), (2, 4), (2, 4)], (9, 4), {"reduction": "add"}, 8),
        ("Transpose", [(4, 5)], (5, 4), {}, 0),
        ("GridSample", [(1, 3, 4, 4), (1, 5, 5, 2)], (1, 3, 5, 5), {}, 75 * 2 * 4 + 50 * 8),
        ("GridSample", [(1, 3, 4, 4), (1, 5, 5, 2)], (1, 3, 5, 5), {"mode": "cubic"}, 75 * 2 * 16 + 50 * 8),
        ("GridSample", [(1, 3, 4, 4), (1, 5, 5, 2)], (1, 3, 5, 5), {"mode": "nearest"}, 50 * 8),
        ("Col2Im", [(1, 12, 9), (2,), (2,)], (1, 3, 4, 4), {}, 108),
    ],
)
def test_vector_operator_has_its_agreed_operations(op, inputs, output, *, attrs, vector_ops):
    """Elementwise operations follow the written classes."""
    found = work(op, inputs, output, **attrs)
    assert (found.vector_ops, found.macs, found.moves) == (vector_ops, 0, True)


def test_composites_cost_what_their_parts_cost():
    """Silu written as a sigmoid and a product costs the same as Swish."""
    cost = {op: count for count, ops in OPS_PER_ELEMENT.items() for op in ops}
    assert cost["Swish"] == cost["Sigmoid"] + cost["Mul"]


@pytest.mark.parametrize(
    ("op", "inputs", "output", "read"),
    [
        ("Gather", [(30522, 768), (2, 384)], (2, 384, 768), 2 * 384 * 768),
        ("Gather", [(4, 8), (100,)], (100, 8), 32),
        ("Slice", [(1, 100, 8), (1,), (1,)], (1, 10, 8), 80),
        ("GatherND", [(5, 6, 7), (2, 1)], (2, 6, 7), 84),
        ("GatherElements", [(5, 6), (2, 6)], (2, 6), 12),
        ("Softmax", [(4, 5)], (4, 5), 40),
        ("DynamicQuantizeLinear", [(4, 5)], (4, 5), 40),
    ],
)
def test_operator_reads_what_it_needs(op, inputs, output, read):
    """A selection reads what it takes, at most everything; a softmax reads twice."""
    assert work(op, inputs, output).reads == {0: read}


@pytest.mark.parametrize("op", VIEWS)
def test_view_does_nothing(op):
    """The same bytes under another shape cost nothing."""
    found = work(op, [(4, 5), (2,)], (20,))
    assert (found.moves, found.vector_ops, found.macs) == (False, 0, 0)


def test_unknown_operator_is_named():
    """An operator without a rule is an error that says where."""
    graph = Graph("g", (), (), (), {"x": Tensor("x", "float32", (1,))}, {})
    with pytest.raises(UnsupportedOpError, match=r"node7.*NonMaxSuppression"):
        work_of(Node("NonMaxSuppression", "node7", ("x",), ("x",)), graph)
