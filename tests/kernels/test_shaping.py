"""Moving elements agrees with onnxruntime, and copies nothing that can be viewed."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from npusdk.kernels import call
from tests.kernels.oracle import assert_agrees

few = settings(max_examples=40, deadline=None)


def values(*shape):
    return np.random.default_rng(0).integers(-50, 50, shape).astype(np.float32)


def numbers(*sizes):
    return np.array(sizes, np.int64)


@pytest.mark.parametrize(
    ("shape", "target", "allowzero"),
    [
        ((2, 3, 4), (4, 6), 0),
        ((2, 3, 4), (0, -1), 0),
        ((2, 3, 4), (-1,), 0),
        ((2, 3, 4), (2, 0, -1), 0),
        ((0, 3), (3, 0), 1),
        ((2, 0), (0, 0), 0),
        ((1,), (), 0),
    ],
)
def test_reshape_agrees_with_copied_and_inferred_sizes(shape, target, allowzero):
    """Zero copies a size, -1 takes what is left, and allowzero means what it says."""
    assert_agrees("Reshape", [values(*shape), numbers(*target)], {"allowzero": allowzero})


@few
@given(axis=st.integers(-3, 3), shape=st.sampled_from([(2, 3, 4), (2, 0, 4), (0, 3, 1)]))
def test_flatten_agrees_on_every_axis(axis, shape):
    """Two axes come out, also of a tensor without elements."""
    assert_agrees("Flatten", [values(*shape)], {"axis": axis})


@few
@given(axis=st.integers(-2, 1), parts=st.integers(1, 4), size=st.integers(4, 9))
def test_split_into_equal_parts_agrees(axis, parts, size):
    """The last part is smaller where the size does not divide."""
    step = -(-size // parts)
    assume(step * (parts - 1) < size)
    shape = (size, 2) if axis in (0, -2) else (2, size)
    assert_agrees("Split", [values(*shape)], {"axis": axis, "num_outputs": parts}, outputs=parts)


def test_split_into_given_sizes_agrees():
    """Sizes are taken as they are, zero among them."""
    assert_agrees("Split", [values(2, 7), numbers(3, 0, 4)], {"axis": -1}, outputs=3)


@pytest.mark.parametrize(
    ("op", "inputs", "attrs"),
    [
        ("Squeeze", [values(1, 3, 1)], {}),
        ("Squeeze", [values(1, 3, 1), numbers(-1)], {}),
        ("Unsqueeze", [values(3, 4), numbers(0, -1)], {}),
        ("Transpose", [values(2, 3, 4)], {}),
        ("Transpose", [values(2, 3, 4)], {"perm": (1, 2, 0)}),
        ("Expand", [values(3, 1), numbers(2, 1, 4)], {}),
        ("Expand", [values(3, 4), numbers(1)], {}),
        ("Tile", [values(2, 3), numbers(2, 0)], {}),
        ("Tile", [values(2, 3), numbers(2, 3)], {}),
        ("Concat", [values(2, 3), values(2, 0), values(2, 1)], {"axis": -1}),
        ("DepthToSpace", [values(2, 8, 2, 3)], {"blocksize": 2}),
        ("DepthToSpace", [values(2, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}),
        ("SpaceToDepth", [values(2, 2, 4, 6)], {"blocksize": 2}),
        ("Shape", [values(2, 3, 4)], {"start": -2}),
        ("Shape", [values(2, 3, 4)], {"start": 0, "end": -1}),
        ("Size", [values(2, 0)], {}),
        ("Identity", [values()], {}),
        ("Trilu", [values(2, 3, 4), np.array(1, np.int64)], {"upper": 0}),
        ("Trilu", [values(3, 4), np.array(-1, np.int64)], {}),
        ("EyeLike", [values(3, 4)], {"k": 1, "dtype": "int64"}),
        ("EyeLike", [values(3, 4)], {}),
        ("ConstantOfShape", [numbers(2, 3)], {}),
        ("Range", [np.array(1.5, np.float32), np.array(7, np.float32), np.array(2, np.float32)], {}),
        ("Range", [np.array(5), np.array(-4), np.array(-3)], {}),
        ("Range", [np.array(5), np.array(9), np.array(-3)], {}),
        ("CenterCropPad", [values(5, 4), numbers(2, 7)], {}),
        ("CenterCropPad", [values(4, 5, 3), numbers(7)], {"axes": (-2,)}),
    ],
)
def test_movement_agrees(op, inputs, attrs):
    """Every form of the operator gives the same shape and elements."""
    assert_agrees(op, inputs, attrs)


@pytest.mark.parametrize(
    ("op", "inputs", "attrs"),
    [
        ("Reshape", [values(2, 3), numbers(6)], {}),
        ("Transpose", [values(2, 3)], {}),
        ("Expand", [values(1, 3), numbers(5, 3)], {}),
        ("Slice", [values(4, 4), numbers(1), numbers(3)], {}),
        ("Split", [values(4, 4), numbers(1, 3)], {}),
        ("Identity", [values(4)], {}),
    ],
)
def test_movement_gives_views(op, inputs, attrs):
    """What NumPy can view is not copied."""
    outputs = call(op, inputs, attrs, 2 if op == "Split" else 1)
    assert all(np.shares_memory(output, inputs[0]) for output in outputs)


@few
@given(
    mode=st.sampled_from(["constant", "edge", "reflect", "wrap"]),
    widths=st.lists(st.integers(-1, 2), min_size=4, max_size=4),
    last=st.booleans(),
)
def test_pad_agrees_in_every_mode(mode, widths, last):
    """All modes, on all axes or some; negative widths cut."""
    x = values(4, 5)
    if mode != "constant":
        widths = [max(0, width) for width in widths]
    pads, axes = (numbers(*widths[:2]), numbers(-1)) if last else (numbers(*widths), None)
    assert_agrees("Pad", [x, pads, np.array(7, np.float32) if mode == "constant" else None, axes], {"mode": mode})


@pytest.mark.parametrize("element", ["float16", "float64", "int8", "int32", "int64", "uint8", "bool"])
def test_cast_agrees_between_numbers(element):
    """Floats lose their fraction towards zero; anything but zero is true."""
    x = np.array([-3.7, -0.5, 0.0, 0.5, 1.0, 100.9], np.float32)
    if element.startswith("uint"):
        x = np.abs(x)
    assert_agrees("Cast", [x], {"to": element})
    assert_agrees("CastLike", [x, np.zeros(1, element)])


def test_cast_to_bfloat16_rounds_to_even():
    """bfloat16 lives in float32 with the low half clear."""
    x = np.array([1 + 2**-8, 1 + 3 * 2**-8, 3.4e38], np.float32)
    (found,) = call("Cast", [x], {"to": "bfloat16"})
    np.testing.assert_array_equal(found, np.array([1, 1 + 2**-6, np.inf], np.float32), strict=True)
