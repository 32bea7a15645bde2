"""Reading and writing by index agree with onnxruntime, wherever indices, axes and bounds lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from tests.kernels.oracle import assert_agrees

few = settings(max_examples=40, deadline=None)


def values(shape, seed=0):
    return np.random.default_rng(seed).integers(-50, 50, shape).astype(np.float32)


@few
@given(data=st.data())
def test_slice_agrees_for_all_bounds_and_steps(data):
    """Bounds beyond either end, negative bounds, negative steps and negative axes mean what onnxruntime says."""
    rank = data.draw(st.integers(1, 3))
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=rank, max_size=rank)))
    axes = data.draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=1))
    bound = st.one_of(st.integers(-8, 8), st.sampled_from([2**62, -(2**62)]))
    starts, ends = (np.array([data.draw(bound) for _ in axes], np.int64) for _ in range(2))
    steps = np.array([data.draw(st.sampled_from([-3, -2, -1, 1, 2, 3])) for _ in axes], np.int64)
    signed = np.array([axis - rank * data.draw(st.booleans()) for axis in axes], np.int64)
    assert_agrees("Slice", [values(shape), starts, ends, signed, steps])


@few
@given(axis=st.integers(-3, 2), rank=st.integers(0, 2), seed=st.integers(0, 99))
def test_gather_agrees_on_every_axis(axis, rank, seed):
    """Indices of any rank, negative ones too, pick slices on any axis."""
    size = (2, 3, 4)[axis]
    indices = np.random.default_rng(seed).integers(-size, size, (2, 3)[:rank])
    assert_agrees("Gather", [values((2, 3, 4)), np.asarray(indices)], {"axis": axis})


@few
@given(axis=st.integers(-3, 2), seed=st.integers(0, 99))
def test_gather_elements_agrees_on_every_axis(axis, seed):
    """Single elements are picked along one axis, each at its own place on the others, of which some may be unused."""
    size = (2, 3, 4)[axis]
    indices = np.random.default_rng(seed).integers(-size, size, (2, 2, 3))
    assert_agrees("GatherElements", [values((2, 3, 4)), indices], {"axis": axis})


@few
@given(batch=st.integers(0, 2), depth=st.integers(1, 2), seed=st.integers(0, 99))
def test_gather_nd_agrees_with_and_without_batch(batch, depth, seed):
    """Index tuples pick slices, for each batch entry its own."""
    shape = (2, 3, 4, 5)
    lead = (*shape[:batch], 3, 2)[: max(batch + 1, 2)]
    rng = np.random.default_rng(seed)
    columns = [rng.integers(-shape[batch + axis], shape[batch + axis], lead) for axis in range(depth)]
    assert_agrees("GatherND", [values(shape), np.stack(columns, -1)], {"batch_dims": batch})


@few
@given(
    axis=st.integers(-2, 1), reduction=st.sampled_from(["none", "add", "mul", "max", "min"]), seed=st.integers(0, 99)
)
def test_scatter_elements_agrees_for_every_reduction(axis, reduction, seed):
    """Elements are written or combined; with a reduction the same place may be met twice."""
    rng = np.random.default_rng(seed)
    size = (4, 5)[axis]
    if reduction == "none":
        indices = rng.permuted(np.broadcast_to(np.arange(size), (3, size)), axis=1)[:, :3]
        indices = indices if axis in (1, -1) else indices.T
    else:
        indices = rng.integers(-size, size, (3, 3))
    inputs = [values((4, 5)), indices, values(indices.shape, 1)]
    assert_agrees("ScatterElements", inputs, {"axis": axis, "reduction": reduction})


@few
@given(
    reduction=st.sampled_from(["none", "add", "mul", "max", "min"]), depth=st.integers(1, 2), seed=st.integers(0, 99)
)
def test_scatter_nd_agrees_for_every_reduction(reduction, depth, seed):
    """Slices are written or combined; with a reduction the same place may be met twice."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(4)[:3] if reduction == "none" else rng.integers(-4, 4, 3)
    indices = np.stack([rows, rng.integers(0, 3, 3)][:depth], -1)
    updates = values((3, *(4, 3, 2)[depth:]), 1)
    assert_agrees("ScatterND", [values((4, 3, 2)), indices, updates], {"reduction": reduction})


@few
@given(axis=st.integers(-3, 2), seed=st.integers(0, 99))
def test_one_hot_agrees_on_every_axis(axis, seed):
    """The new axis goes anywhere; negative indices count from the back and those out of range light nothing."""
    indices = np.random.default_rng(seed).integers(-9, 9, (2, 3))
    assert_agrees("OneHot", [indices, np.array(5, np.int64), np.array([-1, 2], np.float32)], {"axis": axis})


@few
@given(batch_first=st.booleans(), lengths=st.lists(st.integers(1, 4), min_size=3, max_size=3))
def test_reverse_sequence_agrees_for_both_layouts(batch_first, lengths):
    """The first steps of every sequence are reversed, the others stay."""
    shape = (3, 4, 2) if batch_first else (4, 3, 2)
    attrs = {"batch_axis": int(not batch_first), "time_axis": int(batch_first)}
    assert_agrees("ReverseSequence", [values(shape), np.array(lengths, np.int64)], attrs)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 0, 3), ()])
def test_non_zero_agrees_for_every_rank(shape):
    """Places come in row-major order; a scalar and an empty tensor have theirs too."""
    x = np.asarray(np.random.default_rng(2).integers(0, 2, shape)).astype(np.float32)
    if shape == ():
        assert call("NonZero", [x + 1], {})[0].shape == (0, 1)
        assert call("NonZero", [x * 0], {})[0].shape == (0, 0)
        return
    assert_agrees("NonZero", [x])
