"""Blocks cover an array once, stay within their limit, and lie together."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels.blocks import cut, is_matrix, packed, phantom, reshaped, row_blocks

many = settings(max_examples=100, deadline=None)


@many
@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 60))
def test_blocks_cover_an_array_once(shape, limit):
    """Every element is in one block, which lies together and holds at most `limit` elements."""
    array = np.zeros(shape, np.int64)
    sizes = []
    for index in cut(shape, limit):
        block = array[index]
        assert block.flags.c_contiguous
        assert 1 <= block.size <= limit
        block += 1
        sizes.append(block.size)
    assert (array == 1).all()
    assert max(sizes) <= limit


@many
@given(st.integers(1, 5000), st.integers(1, 4096), st.integers(0, 5000))
def test_products_are_never_cut_into_slivers(rows, filters, depth):
    """A product has at least 192 rows, or all there are."""
    count = row_blocks(rows, filters, depth)
    smallest = rows if count >= rows else rows % count or count
    assert count >= min(rows, 192)
    assert smallest >= min(rows, 96)


def test_phantom_has_strides_and_no_memory():
    """A petabyte that is never touched reshapes and transposes like any array."""
    huge = phantom((1 << 10, 1 << 20, 1 << 18), np.dtype(np.float32))
    assert huge.nbytes == 1 << 50
    assert reshaped(huge, (1 << 30, 1 << 18)) is not None
    assert reshaped(huge.transpose(1, 0, 2), (1 << 30, 1 << 18)) is None


@many
@given(st.permutations([0, 1, 2]), st.integers(1, 3))
def test_is_matrix_tells_what_blas_reads(order, step):
    """Rows or columns contiguous, the other axis a whole number of elements apart."""
    array = np.empty((4, 5, 6), np.float32).transpose(order)[..., ::step]
    last = array.strides[-2:]
    assert is_matrix(array) == (4 in last and min(array.shape[-2:]) > 1)


def test_packed_is_aligned_and_contiguous():
    """What BLAS is given needs no copy."""
    odd = np.frombuffer(b"\0" * 41, np.float32, offset=1).reshape(2, 5)
    for array in (odd, np.ones((3, 4), np.float32).T):
        flags = packed(array).flags
        assert flags.aligned
        assert flags.c_contiguous
