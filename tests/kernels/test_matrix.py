"""Matrix products agree with onnxruntime; prepared ones with plain ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from npusdk.kernels.blocks import allocate, run
from npusdk.kernels.epilogue import fuse
from npusdk.kernels.prepared_matrix import Product, Projection
from tests.kernels.oracle import assert_agrees

many = settings(max_examples=40, deadline=None)


def normal(*shape):
    return np.random.default_rng([7, *shape]).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("left", "right"),
    [((5,), (5,)), ((5,), (5, 3)), ((4, 5), (5,)), ((4, 5), (5, 3)), ((2, 1, 4, 5), (3, 5, 2)), ((7, 4, 5), (5, 2))],
)
def test_matmul_agrees(left, right):
    """Vectors, matrices and broadcast batches multiply as in onnxruntime."""
    assert_agrees("MatMul", [normal(*left), normal(*right)], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("turned", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("addend", [None, (3,), (1, 3), (4, 1), (4, 3), ()])
def test_gemm_agrees(turned, addend):
    """Transpositions, factors and every broadcast of the addend."""
    left, right = normal(*((5, 4) if turned[0] else (4, 5))), normal(*((3, 5) if turned[1] else (5, 3)))
    inputs = [left, right, *([] if addend is None else [normal(*addend)])]
    attrs = {"transA": turned[0], "transB": turned[1], "alpha": 0.5, "beta": 1.25}
    assert_agrees("Gemm", inputs, attrs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.int64])
def test_products_keep_their_element_type(dtype):
    """float16 is summed in float32; integers multiply as integers."""
    left, right = (np.random.default_rng(i).integers(-8, 8, (6, 6)).astype(dtype) for i in (0, 1))
    for op in ("MatMul", "Gemm"):
        (found,) = call(op, [left, right], {})
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, left.astype(np.int64) @ right.astype(np.int64))


@st.composite
def orders(draw, rank):
    """Draw a memory order."""
    return draw(st.permutations(range(rank)))


def in_order(x, order):
    """Return the same values in another memory order."""
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


@many
@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(1, 9), st.data())
def test_projection_does_not_depend_on_memory(shape, width, data):
    """Rows in any memory order times a constant matrix in any, then a bias and an activation."""
    x = in_order(normal(*shape), data.draw(orders(len(shape))))
    weight = in_order(normal(shape[-1], width), data.draw(orders(2)))
    out = np.full((*shape[:-1], width), np.nan, np.float32)
    projection = Projection(weight, x)
    bias = normal(width)
    fused = [*fuse("Add", (bias,), {}, fixed=True), *fuse("Relu", (), {}, fixed=True)]
    run(projection.bind(x, out, allocate(projection.scratch), fused))
    np.testing.assert_allclose(out, np.maximum(x @ weight + bias, 0), rtol=1e-5, atol=1e-5)


def test_projection_of_many_rows_is_cut_where_rows_end():
    """Blocks of a large product cover every row once."""
    x, weight, residual = normal(3, 700, 8), normal(8, 300), normal(3, 700, 300)
    out = np.full((3, 700, 300), np.nan, np.float32)
    projection = Projection(weight, x)
    run(projection.bind(x, out, allocate(projection.scratch), fuse("Add", (residual,), {}, fixed=False)))
    np.testing.assert_allclose(out, x @ weight + residual, rtol=1e-5, atol=1e-4)


@many
@given(st.sampled_from([((2, 3, 4, 5), (2, 3, 5, 6)), ((3, 4, 5), (5, 6)), ((1, 2, 4, 5), (3, 1, 5, 2))]), st.data())
def test_product_does_not_depend_on_memory(shapes, data):
    """Operands and result in any memory order, with and without what follows."""
    operands = [in_order(normal(*shape), data.draw(orders(len(shape)))) for shape in shapes]
    expected = operands[0] @ operands[1]
    for follows in (False, True):
        product = Product(*operands)
        order = data.draw(orders(expected.ndim)) if not follows else range(expected.ndim)
        out = in_order(np.full(expected.shape, np.nan, np.float32), order)
        fused = fuse("Mul", (np.float32(0.5).reshape(1),), {}, fixed=True) if follows else []
        run(product.bind((operands[0], operands[1]), out, allocate(product.scratch), fused))
        np.testing.assert_allclose(out, expected * (0.5 if follows else 1), rtol=1e-5, atol=1e-5)


def test_weights_of_a_file_need_not_be_aligned():
    """A matrix that starts at an odd address multiplies like any other."""
    weight = normal(8, 6)
    odd = np.frombuffer(b"\0" + weight.tobytes(), np.float32, offset=1).reshape(8, 6)
    x, out = normal(1, 8), np.empty((1, 6), np.float32)
    projection = Projection(odd, x)
    (multiply,) = projection.bind(x, out, [], [])
    assert multiply.args[1].flags.aligned
    multiply()
    np.testing.assert_array_equal(out, x @ weight)
