"""Elementwise operators agree with onnxruntime, in every element type, and keep it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from npusdk.kernels import BLOCK, INPLACE, KERNELS, call
from npusdk.kernels.activation import ACTIVATION
from tests.kernels.oracle import assert_agrees

few = settings(max_examples=30, deadline=None)
RNG = np.random.default_rng(11)
WIDE = np.concatenate([RNG.normal(0, 4, 4000), [0.0, -0.0, 88.0, -88.0, 1e-30, 1e30, -1e30]]).astype(np.float32)
UNIT = RNG.uniform(-1, 1, 4000).astype(np.float32)

DOMAINS = {"Acos": UNIT, "Asin": UNIT, "Atanh": UNIT * np.float32(0.99), "Acosh": np.abs(WIDE) + 1, "Log": np.abs(WIDE)}
LIMITED = {"Cos", "Sin", "Tan", "Cosh", "Sinh"}
_FUNCTIONS = (
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Exp", "Floor", "Log", "Neg"),
    *("Reciprocal", "Round", "Sign", "Sin", "Sinh", "Sqrt", "Tan", "Tanh"),
)
FLOAT_UNARY = tuple(sorted({*ACTIVATION, *_FUNCTIONS} - {"Swish"}))


@pytest.mark.parametrize("op", FLOAT_UNARY)
def test_function_of_float32_agrees(op):
    """One float32 in, one float32 out, as onnxruntime's, over the operator's domain."""
    x = DOMAINS.get(op, WIDE)
    x = np.clip(x, -80, 80) if op in LIMITED else x
    x = np.abs(x) if op == "Sqrt" else x
    assert_agrees(op, [x], rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("op", [*FLOAT_UNARY, "Swish"])
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_function_keeps_float16_and_float64(op, dtype):
    """Narrow and wide floats stay what they are, and float32 lies between them in accuracy."""
    x = DOMAINS.get(op, WIDE)
    x = np.clip(x, -8, 8) if op not in DOMAINS else np.clip(x, None, 8)
    x = np.abs(x) if op == "Sqrt" else x
    x = x.astype(np.float16)
    (exact,) = call(op, [x.astype(np.float64)], {})
    (found,) = call(op, [x.astype(dtype)], {})
    assert found.dtype == dtype
    (middle,) = call(op, [x.astype(np.float32)], {})
    assert middle.dtype == np.float32
    np.testing.assert_allclose(middle, exact, rtol=2e-5, atol=2e-6)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(found, exact.astype(dtype), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("Celu", {"alpha": 2.0}),
        ("Elu", {"alpha": 0.5}),
        ("Gelu", {"approximate": "tanh"}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("IsInf", {"detect_negative": 0}),
        ("IsInf", {"detect_positive": 0}),
        ("LeakyRelu", {"alpha": 0.2}),
        ("LeakyRelu", {"alpha": 1.5}),
        ("LeakyRelu", {"alpha": -0.5}),
        ("Selu", {"alpha": 1.1, "gamma": 2.0}),
        ("Shrink", {"bias": 0.3, "lambd": 1.2}),
        ("ThresholdedRelu", {"alpha": 0.3}),
    ],
)
def test_function_agrees_with_its_attributes(op, attrs):
    """Attributes that differ from their defaults mean what onnxruntime means."""
    assert_agrees(op, [WIDE if op != "IsInf" else np.array([np.inf, -np.inf, 1], np.float32)], attrs, atol=2e-6)


@few
@given(data=st.data(), op=st.sampled_from(["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Mod"]))
def test_arithmetic_broadcasts_as_onnxruntime(data, op):
    """Shapes that NumPy broadcasts are broadcast, those without elements too."""
    shapes = data.draw(npst.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
    if op == "PRelu":
        shapes = (np.broadcast_shapes(*shapes), shapes[1])
    left, right = (np.asarray(RNG.uniform(0.5, 3, shape)).astype(np.float32) for shape in shapes)
    assert_agrees(op, [left, right], {"fmod": 1} if op == "Mod" else {}, rtol=1e-5)


INTEGERS = st.integers(-(2**31), 2**31 - 1)


@few
@given(left=st.lists(INTEGERS, min_size=5, max_size=5), right=st.lists(INTEGERS.filter(bool), min_size=5, max_size=5))
def test_integer_division_truncates_and_its_remainders_fit(left, right):
    """Quotients are rounded towards zero; Mod has the divisor's sign, with fmod the dividend's."""
    a, b = np.array(left, np.int64), np.array(right, np.int64)
    pairs = list(zip(left, right, strict=True))
    quotients = [abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) for x, y in pairs]
    np.testing.assert_array_equal(call("Div", [a, b], {})[0], np.array(quotients), strict=True)
    np.testing.assert_array_equal(call("Mod", [a, b], {})[0], np.array([x % y for x, y in pairs]), strict=True)
    rests = [x - q * y for (x, y), q in zip(pairs, quotients, strict=True)]
    np.testing.assert_array_equal(call("Mod", [a, b], {"fmod": 1})[0], np.array(rests), strict=True)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Pow", "Sum", "Mean"])
def test_arithmetic_keeps_integers(op, dtype):
    """Integers of every width stay what they are, and wrap."""
    a = np.array([7, 100, 3, 0], dtype)
    b = np.array([2, 3, 5, 4], dtype)
    (found,) = call(op, [a, b], {})
    assert found.dtype == np.dtype(dtype)
    exact = {
        "Add": a.astype(object) + b, "Sub": a.astype(object) - b, "Mul": a.astype(object) * b,
        "Div": a // b, "Mod": a % b, "Max": np.maximum(a, b), "Min": np.minimum(a, b),
        "Pow": a.astype(object) ** b, "Sum": a.astype(object) + b, "Mean": (a.astype(object) + b) // 2,
    }[op]  # fmt: skip
    modulus = 2 ** (8 * np.dtype(dtype).itemsize)
    assert [int(x) % modulus for x in found] == [int(x) % modulus for x in exact]


@pytest.mark.parametrize(
    ("base", "exponent"),
    [(np.float32, np.int64), (np.int32, np.float32), (np.int64, np.int64), (np.float32, np.float64)],
)
def test_power_has_the_type_of_its_base(base, exponent):
    """Types may differ; the base decides, as onnxruntime has it."""
    for power in (2, 3, 1, 0, 5):
        assert_agrees("Pow", [np.array([1, 2, 3, 7], base), np.array(power, exponent)], rtol=1e-5)
    assert_agrees("Pow", [np.array([1, 2, 3, 7], base), np.array([[1], [2]], exponent)], rtol=1e-5)


@pytest.mark.parametrize("bounds", [(None, None), (-1.0, None), (None, 1.0), (-1.0, 1.0), (2.0, 1.0)])
def test_clip_agrees_with_and_without_bounds(bounds):
    """Either bound may be left out; where they cross, the upper one wins."""
    inputs = [WIDE, *(None if bound is None else np.array(bound, np.float32) for bound in bounds)]
    while inputs[-1] is None:
        inputs.pop()
    assert_agrees("Clip", inputs)


@pytest.mark.parametrize("op", ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
def test_comparison_agrees(op):
    """Truth values of a broadcast pair; NaN is never equal, larger or smaller."""
    assert_agrees(op, [np.array([[1.0], [np.nan]], np.float32), np.array([0, 1, 2], np.float32)])


@pytest.mark.parametrize(
    "op", ["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "And", "Not", "Or", "Xor", "Where"]
)
def test_bits_and_choices_agree(op):
    """Bits shift and combine, conditions choose, as onnxruntime's."""
    a, b = np.array([1, 12, 255], np.uint8), np.array([[3], [1]], np.uint8)
    inputs = [a > 9] if op == "Not" else [a > 9, b > 1] if op in ("And", "Or", "Xor") else [a, b]
    inputs = [a > 9, WIDE[:3], WIDE[:2, None]] if op == "Where" else inputs
    for attrs in ({"direction": "LEFT"}, {"direction": "RIGHT"}) if op == "BitShift" else ({},):
        assert_agrees(op, inputs, attrs)


OTHERS = {
    "Clip": (np.array(-1, np.float32), np.array(1, np.float32)), "PRelu": (UNIT[:100],),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Max", "Min"), (np.abs(UNIT[:100]) + 1,)),
    "Sum": (UNIT[:100], UNIT[100:200]),
}  # fmt: skip


@pytest.mark.parametrize("op", INPLACE)
def test_operator_in_place_equals_its_kernel(op):
    """What a fused epilogue does to a block is bit for bit what the operator does, also along a broadcast vector."""
    x = np.abs(WIDE[:2000]).reshape(20, 100) + np.float32(0.5)
    x = x if op in ("Log", "Sqrt", "Reciprocal") else x - 3
    others = OTHERS.get(op, ())
    (expected,) = call(op, [x, *others], {})
    block = x.copy()
    with np.errstate(all="ignore"):
        INPLACE[op](block, others, {})
    np.testing.assert_array_equal(block, expected, strict=True)


@pytest.mark.parametrize("op", ACTIVATION)
def test_activation_of_many_blocks_equals_that_of_its_parts(op):
    """Where blocks begin and end does not show, whatever the layout of the input."""
    x = RNG.normal(size=(3, BLOCK // 2 + 7)).astype(np.float32)
    (whole,) = call(op, [x], {})
    np.testing.assert_array_equal(whole[1], call(op, [np.ascontiguousarray(x[1])], {})[0])
    np.testing.assert_array_equal(call(op, [x.T], {})[0].T, whole)
    assert call(op, [x[:, :0]], {})[0].shape == (3, 0)
    assert call(op, [np.float32(1) + np.zeros((), np.float32)], {})[0].shape == ()


def test_kernels_leave_nothing_but_arrays():
    """A result without axes is an array too, not a NumPy scalar."""
    one = np.array(0.5, np.float32)
    for op in (*FLOAT_UNARY, "Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow", "PRelu", "Equal", "Less"):
        inputs = [one] if op in FLOAT_UNARY else [one, one]
        (found,) = KERNELS[op](inputs, {}, 1) if op != "Acosh" else call(op, inputs, {})
        assert isinstance(found, np.ndarray), op
        assert found.shape == ()
