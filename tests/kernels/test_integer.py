"""Products of integers are exact, and requantised as onnxruntime does it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from npusdk.kernels.integer import EXACT, integer_product
from npusdk.kernels.prepared_integer import split_sum
from tests.kernels.oracle import assert_agrees

many = settings(max_examples=40, deadline=None)


def integers(rng, shape, dtype):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def scalar(rng, dtype):
    return np.array(integers(rng, (), dtype))


TYPES = st.sampled_from([(np.uint8, np.int8), (np.uint8, np.uint8), (np.int8, np.int8)])


@many
@given(TYPES, st.sampled_from([(3, 8, 1), (40, 6, 1), (8, 8, 8), (8, 4, 2), (600, 4, 1)]), st.integers(0, 999))
def test_quantised_convolution_is_identical(types, channels, seed):
    """QLinearConv gives onnxruntime's integers, every one, over random grids and full ranges."""
    rng = np.random.default_rng(seed)
    inner, outer, groups = channels
    x, weight = integers(rng, (2, inner, 6, 7), types[0]), integers(rng, (outer, inner // groups, 3, 3), types[1])
    per_channel = seed % 2 == 0 and types[1] == np.int8
    scales = rng.uniform(0.001, 0.1, outer if per_channel else ()).astype(np.float32)
    zeros = np.zeros(outer, np.int8) if per_channel else scalar(rng, types[1])
    step = np.float32(rng.uniform(1, 5) * 40 * np.sqrt(inner / groups))
    inputs = [
        *(x, np.array(np.float32(0.02)), scalar(rng, types[0])),
        *(weight, np.array(scales), zeros, np.array(step), scalar(rng, types[0])),
        rng.integers(-(10**6), 10**6, outer).astype(np.int32),
    ]
    assert_agrees("QLinearConv", inputs, {"pads": [1, 0, 1, 1], "group": groups, "strides": [2, 1]})


@many
@given(st.sampled_from([np.int8, np.uint8]), st.sampled_from([3, 64, 700]), st.integers(0, 999))
def test_integer_convolution_is_identical(dtype, channels, seed):
    """ConvInteger gives onnxruntime's totals, also beyond 2^24."""
    rng = np.random.default_rng(seed)
    x, weight = integers(rng, (1, channels, 5, 5), np.uint8), integers(rng, (3, channels, 3, 3), dtype)
    assert_agrees("ConvInteger", [x, weight, scalar(rng, np.uint8), scalar(rng, dtype)], {"pads": [1] * 4})


@many
@given(TYPES, st.sampled_from([7, 64, 3000]), st.booleans(), st.integers(0, 999))
def test_quantised_products_are_identical(types, depth, per_column, seed):
    """QLinearMatMul and MatMulInteger give onnxruntime's integers, with one grid or one for each column."""
    rng = np.random.default_rng(seed)
    left, right = integers(rng, (2, 5, depth), types[0]), integers(rng, (depth, 6), types[1])
    zeros = [scalar(rng, types[0]), integers(rng, (6,), types[1]) if per_column else scalar(rng, types[1])]
    scales = rng.uniform(0.001, 0.1, 6 if per_column else ()).astype(np.float32)
    step = np.array(np.float32(np.sqrt(depth)))
    inputs = [
        left,
        np.array(np.float32(0.02)),
        zeros[0],
        right,
        np.array(scales),
        zeros[1],
        step,
        scalar(rng, types[0]),
    ]
    assert_agrees("QLinearMatMul", inputs)
    assert_agrees("MatMulInteger", [left, right, *zeros])


def test_zero_points_of_rows_are_taken_per_row():
    """MatMulInteger may have one zero point for each row of its left operand."""
    rng = np.random.default_rng(3)
    left, right, zeros = integers(rng, (4, 9), np.uint8), integers(rng, (9, 5), np.int8), integers(rng, (4,), np.uint8)
    (found,) = call("MatMulInteger", [left, right, zeros], {})
    expected = (left.astype(np.int64) - zeros[:, None]) @ right.astype(np.int64)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("depth", [1, 66_000 // 255, 1000, 9000])
def test_integer_product_never_rounds(depth):
    """The worst operands there are, all at one end of their range, still give exact totals."""
    left = np.full((2, depth), 255, np.float32)
    right = np.full((depth, 3), -255, np.float32)
    right[:, 1] += np.arange(depth) % 2
    expected = left.astype(np.int64) @ right.astype(np.int64)
    np.testing.assert_array_equal(integer_product(left, right), expected)


@many
@given(st.integers(1, 3000), st.integers(1, 255), st.integers(0, 99))
def test_split_sums_are_exact_and_whole(depth, largest, seed):
    """Slices follow each other, cover the sum, and keep each partial sum under 2^24."""
    weight = np.random.default_rng(seed).integers(-127, 128, (4, depth, 3)).astype(np.float32)
    bias = np.array([5, -(1 << 23), 0, 7])
    slices = split_sum(weight, largest, bias)
    assert [part.start for part in slices] == [0, *(part.stop for part in slices[:-1])]
    assert slices[-1].stop == depth
    totals = [np.abs(weight[:, part]).sum(axis=(1, 2)).max() * largest for part in slices]
    assert all(total < EXACT or part.stop - part.start == 1 for total, part in zip(totals, slices, strict=True))
    if len(slices) == 1:
        assert totals[0] + (1 << 23) < 2 * EXACT
