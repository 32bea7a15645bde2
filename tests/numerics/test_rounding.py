"""Rounding is that of the formats themselves, for every kind of float32 there is."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from npusdk.numerics import round_to


def to_tf32(x):
    """Round by the definition: eleven significant bits, exponents of float32, ties to even, in exact float64."""
    wide = x.astype(np.float64)
    _, exponent = np.frexp(wide)
    unit = np.ldexp(1.0, np.maximum(exponent, -125) - 11)
    rounded = np.rint(wide / unit) * unit
    rounded = np.where(np.abs(rounded) >= 2.0**128, np.copysign(np.inf, wide), rounded)
    return np.where(np.isfinite(wide), rounded, wide).astype(np.float32)


ORACLES = {
    "bf16": lambda x: x.astype(ml_dtypes.bfloat16).astype(np.float32),
    "fp16": lambda x: x.astype(np.float16).astype(np.float32),
    "tf32": to_tf32,
}

LOW_HALVES = (0x0000, 0x0001, 0x0FFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x5000, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFF)
"""Both sides of, and exactly on, every tie that the three formats have in the low half of a normal float32."""


def assert_same_bits(found, expected):
    """Equal bit for bit; NaNs match any NaN, as payloads are no part of a format."""
    same = (found.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(found) & np.isnan(expected))
    assert found.dtype == np.float32
    assert same.all(), (found[~same][:5], expected[~same][:5])


def rounded_by_oracle(name, x):
    with np.errstate(all="ignore"):
        return ORACLES[name](x)


@pytest.mark.parametrize("low", LOW_HALVES, ids=hex)
@pytest.mark.parametrize("name", ORACLES)
def test_rounding_agrees_with_the_format_on_every_top_half(name, low):
    """All 65,536 upper halves of a float32, each with what may follow it, round as the format's own library rounds."""
    x = (np.arange(1 << 16, dtype=np.uint32) << 16 | low).astype(np.uint32).view(np.float32)
    assert_same_bits(round_to(x, name), rounded_by_oracle(name, x))


@pytest.mark.parametrize("name", ORACLES)
def test_rounding_agrees_with_the_format_on_random_bits(name):
    """A million random bit patterns round as the format's own library rounds."""
    x = np.random.default_rng(7).integers(0, 1 << 32, 1_000_000, np.uint32).view(np.float32)
    assert_same_bits(round_to(x, name), rounded_by_oracle(name, x))


@pytest.mark.parametrize("name", ORACLES)
def test_rounding_agrees_with_float16_ties_below_its_normal_range(name):
    """Halves and quarters of the smallest float16 subnormal, and their neighbours, round to even."""
    steps = np.arange(1, 4097, dtype=np.float32) * np.float32(2**-26)
    x = np.concatenate([steps, np.nextafter(steps, np.float32(0)), np.nextafter(steps, np.float32(1)), -steps])
    assert_same_bits(round_to(x, name), rounded_by_oracle(name, x))


@pytest.mark.parametrize("name", ORACLES)
@given(x=npst.arrays(np.float32, npst.array_shapes(max_dims=4, max_side=5), elements=st.floats(width=32)))
def test_rounding_is_idempotent_and_keeps_its_input(name, x):
    """What is rounded is a number of the format, and the input is left as it was."""
    before = x.copy()
    once = round_to(x, name)
    assert_same_bits(x, before)
    assert_same_bits(round_to(once, name), once)


@pytest.mark.parametrize("name", ORACLES)
def test_rounding_in_place_equals_rounding_into_a_new_array(name):
    """Where the result goes changes nothing: in place, into a slice, or from a transposed view; longer than a block."""
    x = np.random.default_rng(3).normal(size=(300, 250)).astype(np.float32)
    expected = round_to(x, name)
    frame = np.zeros((300, 500), np.float32)
    assert round_to(x.T, name).T.tobytes() == expected.tobytes()
    round_to(x, name, out=frame[:, ::2])
    assert frame[:, ::2].tobytes() == expected.tobytes()
    assert not frame[:, 1::2].any()
    same = round_to(x, name, out=x)
    assert same is x
    assert x.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ORACLES)
def test_rounding_takes_scalars_and_empty_arrays(name):
    """Shapes without axes or without elements are kept."""
    assert round_to(np.float32(1.0) + np.zeros((), np.float32), name).shape == ()
    assert round_to(np.zeros((2, 0), np.float32), name).shape == (2, 0)
