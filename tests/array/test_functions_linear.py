from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.errors import UnsupportedOpError
from tests.array.agreeing import EXACT, agree, arrays, on, recorded

NUMBERS = ("int32", "int64", "float32", "float64")
PAIRS = {
    "dot": np.dot,
    "dot transposed": lambda a, b: np.dot(np.transpose(a), b),
    "vdot": np.vdot,
    "inner": np.inner,
    "outer": np.outer,
    "linalg.outer": np.linalg.outer,
    "tensordot 0": lambda a, b: np.tensordot(a, b, 0),
    "tensordot 1": lambda a, b: np.tensordot(a, b, 1),
    "tensordot": np.tensordot,
    "tensordot axes": lambda a, b: np.tensordot(a, b, axes=([0], [0])),
    "tensordot crossed": lambda a, b: np.tensordot(a, b, axes=([0, 1], [1, 0])),
    "kron": np.kron,
    "linalg.matmul": np.linalg.matmul,
    "linalg.vecdot": np.linalg.vecdot,
    "multi_dot": lambda a, b: np.linalg.multi_dot([a, b]),
    "multi_dot of three": lambda a, b: np.linalg.multi_dot([a, b, np.transpose(b)]),
    "multi_dot of four": lambda a, b: np.linalg.multi_dot([a[0], np.transpose(a), a, b]),
}
ALONE = {
    "trace": np.trace,
    "trace above": lambda a: np.trace(a, 1, dtype=np.float64),
    "linalg.trace": np.linalg.trace,
    "diag": np.diag,
    "diag above": lambda a: np.diag(a, 2),
    "diag below": lambda a: np.diag(a, -1),
    "diagflat": lambda a: np.diagflat(a, 1),
    "triu": np.triu,
    "tril": lambda a: np.tril(a, -1),
    "vander": np.vander,
    "vander increasing": lambda a: np.vander(a, 3, increasing=True),
    "matrix_power 0": lambda a: np.linalg.matrix_power(a, 0),
    "matrix_power 1": lambda a: np.linalg.matrix_power(a, 1),
    "matrix_power 5": lambda a: np.linalg.matrix_power(a, 5),
    "cross": lambda a: np.cross(a, a[..., ::-1]),
    "cross axis": lambda a: np.cross(a, a + 1, axis=0),
    "linalg.cross": lambda a: np.linalg.cross(a, 2 * a),
}
NORMS = [None, 1, 2, 3, 0, -1, -2, 0.5, np.inf, -np.inf, "fro", "nuc", "wrong"]


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
@given(data=st.data(), n=st.integers(0, 3))
@settings(max_examples=25)
def test_products_agree(function, data, n):
    """Products of vectors, matrices and tensors are NumPy's; sides that do not fit are refused."""
    shapes = st.sampled_from([(), (n,), (2, n), (n, n), (n, 2), (2, 3, n), (n, n, n)])
    a = data.draw(arrays(nan=False, dtypes=NUMBERS, shape=data.draw(shapes)))
    b = data.draw(arrays(nan=False, dtypes=NUMBERS, shape=data.draw(shapes)))
    agree(function, a, b)


@pytest.mark.parametrize("function", ALONE.values(), ids=ALONE)
@given(data=st.data(), n=st.integers(0, 3))
@settings(max_examples=25)
def test_matrices_agree(function, data, n):
    """Diagonals, triangles, powers and vector products are NumPy's."""
    shape = data.draw(st.sampled_from([(), (n,), (n, n), (3, n), (n, 3), (2, n, n)]))
    agree(function, data.draw(arrays(nan=False, dtypes=NUMBERS, shape=shape)))


@given(a=arrays(nan=False, least=1), order=st.sampled_from(NORMS), axis=st.sampled_from([None, 0, -1, (0, 1), (-1, 0)]),
       keepdims=st.booleans())  # fmt: skip
@settings(max_examples=150)
def test_norms_agree(a, order, axis, keepdims):
    """Norms are NumPy's along any axes; those of singular values are refused by name."""
    singular = order in (2, -2, "nuc") and (isinstance(axis, tuple) or (axis is None and a.ndim == 2))
    if singular and a.ndim > 1:
        with pytest.raises((UnsupportedOpError, ValueError)):
            np.linalg.norm(on(EXACT, a), order, axis, keepdims)
        return
    agree(lambda x: np.linalg.norm(x, order, axis, keepdims), a)


@given(a=arrays(nan=False, least=2), order=st.sampled_from([1, np.inf, "fro", 3]), keepdims=st.booleans())
@settings(max_examples=30)
def test_norms_of_the_array_api_agree(a, order, keepdims):
    """The norms of vectors and of matrices by their own names are NumPy's too."""
    agree(lambda x: np.linalg.vector_norm(x, axis=-1, keepdims=keepdims, ord=order), a)
    agree(lambda x: np.linalg.matrix_norm(x, keepdims=keepdims, ord=order), a)
    agree(np.linalg.vector_norm, a)


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("ij->ji", (2, 3)),
    ("ji", (2, 3)),
    ("ij->", (2, 3)),
    ("i,i", (3,), (3,)),
    ("i,j->ij", (3,), (2,)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
    ("...i->...", (2, 3)),
    ("i...->...", (2, 3)),
    ("bhqd,bhkd->bhqk", (1, 2, 3, 4), (1, 2, 5, 4)),
    ("ijj->i", (2, 3, 3)),
    ("ij,ij,ij->j", (2, 3), (2, 3), (2, 3)),
    ("a,ab,b", (2,), (2, 3), (3,)),
    ("...,...", (2, 3), (3,)),
    ("ij , jk -> ik", (2, 3), (3, 1)),
    ("ij,jk->ik", (2, 3), (4, 4)),
    ("ij->k", (2, 3)),
    ("i", (2, 3)),
    ("->", ()),
    (",ij", (), (2, 2)),
    ("...ij,...->...i", (4, 2, 3), (5, 1)),
]


@pytest.mark.parametrize("case", EQUATIONS, ids=str)
@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float32", "float64"])
def test_einsum_agrees(case, dtype):
    """Every form of an equation gives NumPy's contraction, and one that does not suit the arrays is refused."""
    equation, *shapes = case
    operands = [(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5).astype(dtype) for shape in shapes]
    agree(lambda *args: np.einsum(equation, *args), *operands)
    agree(lambda *args: np.einsum(equation, *args, optimize=True), *operands)


@pytest.mark.parametrize("equation", ["ij,jk->ik", "ij,ij,ij->", "ijk,ij", "ij,jk->iq"])
def test_einsum_refuses_what_numpy_refuses(equation):
    """An equation that does not suit the arrays is a ValueError, as in NumPy."""
    arrays = np.ones((2, 3)), np.ones((2, 3))
    for operands in (arrays, [on(EXACT, array) for array in arrays]):
        with pytest.raises(ValueError, match=r"."):
            np.einsum(equation, *operands)


def test_einsum_takes_lists_of_axes():
    """Axes can be numbered instead of lettered, with and without the axes of the result."""
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    agree(lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), a, b)
    agree(lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), a, b)
    agree(lambda x: np.einsum(x, [Ellipsis, 0], [Ellipsis]), a)
    assert np.einsum_path("ij,jk->ik", on(EXACT, a), on(EXACT, b))[0] == ["einsum_path", (0, 1)]


@pytest.mark.parametrize("name", ["inv", "solve", "svd", "qr", "eig", "eigh", "det", "cholesky", "lstsq", "pinv"])
def test_factorisations_are_refused_by_name(name):
    """What no device does is refused with NumPy's name for it, and nothing is computed here instead."""
    a = on(EXACT, np.eye(2))
    arguments = (a, a) if name in ("solve", "lstsq") else (a,)
    with pytest.raises(UnsupportedOpError, match=rf"numpy\.linalg\.{name}"):
        getattr(np.linalg, name)(*arguments)
    with pytest.raises(UnsupportedOpError, match="matrix_power"):
        np.linalg.matrix_power(a, -1)


def test_products_in_bf16_are_those_of_float32_rounded_once():
    """A product of matrices is summed in float32 and rounded to the format."""
    context = recorded("bf16", "rngd")
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(16, 16)).astype(np.float32) for _ in range(2))
    x, y = on(context, a), on(context, b)
    for function in (np.dot, np.inner, np.tensordot, lambda p, q: np.einsum("ij,jk->ik", p, q)):
        wanted = function(x.numpy(), y.numpy())
        np.testing.assert_allclose(function(x, y).numpy(), wanted, rtol=2**-8, atol=1e-6)
