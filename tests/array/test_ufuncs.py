"""Every ufunc equals NumPy's, in the device's format, and so does what the record says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.array import put
from npusdk.array.recipes import RECIPES
from npusdk.errors import UnsupportedOpError
from npusdk.numerics import round_to
from npusdk.pipeline.recorded import Recording
from tests.array.programs import drawn_array, make_context

ELEMENTWISE = sorted(ufunc.__name__ for ufunc in RECIPES if ufunc.signature is None)
PRODUCTS = sorted(ufunc.__name__ for ufunc in RECIPES if ufunc.signature is not None)
KINDS = ("float32", "float64", "float16", "int8", "int32", "int64", "uint8", "uint32", "bool")


def results(value):
    return value if isinstance(value, tuple) else (value,)


def close(found, expected):
    """Compare what compositions give: within the rounding of float32, or of a narrower type of NumPy's own."""
    bits = np.finfo(expected.dtype).nmant if expected.dtype.kind == "f" else 52
    tolerance = max(2.0 ** (4 - bits), 2e-5)
    np.testing.assert_allclose(found, expected, tolerance, tolerance)


@pytest.mark.parametrize("name", ELEMENTWISE)
@settings(max_examples=12)
@given(st.data())
def test_ufunc_equals_numpy_on_the_reference(name, data):
    """Results have NumPy's values and types, or NumPy's error; the recorded operators give the same."""
    ufunc = getattr(np, name)
    kinds = [data.draw(st.sampled_from(KINDS)) for _operand in range(ufunc.nin)]
    values = [drawn_array(data.draw, (3, 2), kind) for kind in kinds]
    if name == "reciprocal" and kinds[0] != "bool":
        values[0][values[0] == 0] = 1  # one over zero is nothing that NumPy defines for integers
    context = make_context()
    twins = [put(context, value) for value in values]
    try:
        with np.errstate(all="ignore"):
            expected = results(ufunc(*values))
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            ufunc(*twins)
        return
    with np.errstate(all="ignore"):
        found = results(ufunc(*twins))
    for one, wanted in zip(found, expected, strict=True):
        assert one.dtype == wanted.dtype
        np.testing.assert_array_equal(one.numpy(), wanted)
    record = context.record
    again = Recording(record.graph("ufunc", found)).evaluate(record.feeds)
    for one, wanted in zip(found, expected, strict=True):
        close(again[record.name_of(one)], wanted)


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_ufunc_rounds_float32_once(name, precision):
    """In a narrow format a ufunc is NumPy's in float32, rounded once to the nearest number of the format."""
    ufunc = getattr(np, name)
    rng = np.random.default_rng(7)
    context = make_context(precision, "a100")
    twins = [put(context, rng.standard_normal(300).astype(np.float32) * 3) for _operand in range(ufunc.nin)]
    values = [twin.numpy() for twin in twins]
    try:
        with np.errstate(all="ignore"):
            expected = results(ufunc(*values))
    except TypeError:
        with pytest.raises(TypeError):
            ufunc(*twins)
        return
    with np.errstate(all="ignore"):
        found = results(ufunc(*twins))
    for one, wanted in zip(found, expected, strict=True):
        rounded = round_to(wanted.astype(np.float32), precision) if wanted.dtype.kind == "f" else wanted
        np.testing.assert_array_equal(one.numpy(), rounded)


@pytest.mark.parametrize("kind", ["float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_product_equals_numpy(name, kind):
    """Products of stacks of matrices and vectors have NumPy's shapes and values, recorded as well as computed."""
    matrix, vector = (2, 3, 4), (4,)
    shapes = {"matmul": (matrix, (4, 5)), "matvec": (matrix, vector), "vecmat": (vector, (4, 3))}
    rng = np.random.default_rng(3)
    values = [rng.integers(0, 3, shape).astype(kind) for shape in shapes.get(name, (matrix, vector))]
    context = make_context()
    twins = [put(context, value) for value in values]
    expected = getattr(np, name)(*values)
    found = getattr(np, name)(*twins)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected)
    record = context.record
    again = Recording(record.graph("product", [found])).evaluate(record.feeds)
    np.testing.assert_array_equal(again[record.name_of(found)], expected)


@pytest.mark.parametrize("size", [3, 70_000])
@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], lambda x: x[::-1]])
def test_large_arrays_are_computed_in_blocks_as_small_ones(size, layout):
    """Blocks change neither values nor the order in memory, in place or not."""
    context = make_context("bf16", "rngd")
    host = np.random.default_rng(1).standard_normal((size, 6)).astype(np.float32)
    twin = layout(put(context, host))
    value = twin.numpy()
    expected = round_to(np.ascontiguousarray(value + np.float32(0.1)), "bf16")
    found = twin + 0.1
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found._value.strides == (twin._value + np.float32(0.1)).strides
    twin += 0.1
    np.testing.assert_array_equal(twin.numpy(), expected)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum", "bitwise_or", "logical_and", "logical_or"])
@pytest.mark.parametrize("kind", ["float32", "int32", "int8", "bool"])
@pytest.mark.parametrize("axis", [0, 1, (0, 2), None])
def test_reduction_equals_numpy(name, kind, axis):
    """A reduction has NumPy's type and values, recorded as well as computed."""
    ufunc = getattr(np, name)
    value = np.random.default_rng(5).integers(0, 4, (3, 5, 2)).astype(kind)
    context = make_context()
    twin = put(context, value)
    try:
        expected = np.asarray(ufunc.reduce(value, axis))
    except TypeError:
        with pytest.raises(TypeError):
            ufunc.reduce(twin, axis)
        return
    found = ufunc.reduce(twin, axis)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected)
    record = context.record
    again = Recording(record.graph("reduction", [found])).evaluate(record.feeds)
    np.testing.assert_allclose(again[record.name_of(found)], expected, 1e-6)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "bitwise_xor"])
@pytest.mark.parametrize("kind", ["float32", "int8", "bool"])
def test_accumulation_equals_numpy(name, kind):
    """A running total has NumPy's type and values, recorded as well as computed."""
    ufunc = getattr(np, name)
    value = np.random.default_rng(5).integers(0, 3, (5, 2)).astype(kind)
    context = make_context()
    twin = put(context, value)
    try:
        expected = ufunc.accumulate(value)
    except TypeError:
        with pytest.raises(TypeError):
            ufunc.accumulate(twin)
        return
    found = ufunc.accumulate(twin)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected)
    record = context.record
    again = Recording(record.graph("total", [found])).evaluate(record.feeds)
    np.testing.assert_allclose(again[record.name_of(found)], expected, 1e-6)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum"])
def test_at_combines_as_often_as_an_index_occurs(name):
    """``ufunc.at`` is NumPy's, recorded as a scatter that combines."""
    context = make_context()
    value = np.arange(12, dtype=np.float32).reshape(4, 3)
    twin = put(context, value)
    getattr(np, name).at(value, [0, 0, 3], 2.5)
    getattr(np, name).at(twin, [0, 0, 3], 2.5)
    np.testing.assert_array_equal(twin.numpy(), value)
    record = context.record
    again = Recording(record.graph("at", [twin])).evaluate(record.feeds)
    np.testing.assert_allclose(again[record.name_of(twin)], value)


def test_outer_pairs_every_element():
    """``ufunc.outer`` is NumPy's."""
    value = np.arange(3, dtype=np.float32)
    twin = put(make_context(), value)
    np.testing.assert_array_equal(np.subtract.outer(twin, twin).numpy(), np.subtract.outer(value, value))


@pytest.mark.parametrize("call", [np.nextafter, np.add.reduceat])
def test_ufunc_that_no_device_has_is_refused_by_name(call):
    """What has no operators is an error that names it, not a detour over the host."""
    twin = put(make_context(), np.ones(3))
    with pytest.raises(UnsupportedOpError, match=r"numpy\.(nextafter|add\.reduceat)"):
        call(twin, twin)


@pytest.mark.parametrize(
    "name",
    [
        "arctan2", "cbrt", "deg2rad", "exp2", "expm1", "hypot", "log10", "log1p", "log2", "logaddexp", "logaddexp2",
        "rad2deg",
    ],
)  # fmt: skip
def test_float16_is_rounded_once_in_the_record_too(name):
    """What is written down as several operators is as exact in float16 as NumPy, and overflows no earlier."""
    ufunc, context = getattr(np, name), make_context()
    x = np.array([0.1, 3.25, 200.0], np.float16)
    with np.errstate(over="ignore"):
        made, expected = ufunc(*[put(context, x)] * ufunc.nin), ufunc(*[x] * ufunc.nin)
    found = Recording(context.record.graph("half", [made])).evaluate(context.record.feeds)
    np.testing.assert_array_max_ulp(found[context.record.name_of(made)], expected)
