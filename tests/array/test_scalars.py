"""Elements and reductions are what NumPy's scalars are: keys, numbers, instances of NumPy's types."""

import json
import math
import numbers
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import DeviceArray, put, stand_in
from npusdk.errors import UsageError
from tests.array.agreeing import EXACT, agree, arrays
from tests.array.programs import make_context

XP = stand_in(EXACT)
NUMBERS = arrays(least=1, most=1, nan=False)


@given(NUMBERS)
def test_elements_are_keys_by_their_value(x):
    """Elements hash as numbers of Python and NumPy do, and are found by them and they by elements."""
    twin = put(EXACT, x)
    assert [hash(one) for one in twin] == [hash(one) for one in x]
    assert Counter(twin) == Counter(x.tolist())
    assert set(twin) == set(x.tolist())
    table = {key: place for place, key in enumerate(x.tolist())}
    assert [table[one] for one in twin] == [table[one] for one in x]
    assert all(one in twin.tolist() for one in twin)


def test_arrays_are_no_keys():
    """An array has no hash, also one without dimensions."""
    for array in (put(EXACT, np.arange(3)), put(EXACT, np.array(3))):
        with pytest.raises(TypeError, match="unhashable"):
            hash(array)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float32", "float64"])
def test_scalars_are_instances_of_numpys_types(dtype):
    """`isinstance` says of an element what it says of NumPy's, and `numpy.ndarray` is not among it."""
    plain, scalar = np.ones(1, dtype)[0], put(EXACT, np.ones(1, dtype))[0]
    for kind in (np.generic, np.number, np.floating, np.integer, np.float64, np.int64, np.bool, int, float, complex,
                 numbers.Number, numbers.Integral, numbers.Real, bool):  # fmt: skip
        assert isinstance(scalar, kind) == isinstance(plain, kind)
    assert isinstance(scalar, DeviceArray)
    assert not isinstance(scalar, XP.ndarray)
    assert isinstance(put(EXACT, np.ones(1, dtype)), XP.ndarray)
    assert isinstance(put(EXACT, np.array(1, dtype)), XP.ndarray)
    assert np.isscalar(scalar)
    assert repr([scalar]) == repr([plain])


@given(x=NUMBERS.filter(len), sequence=st.sampled_from([[0], (0,), "ab", b"a", [], [1, [2]]]))
def test_integers_repeat_sequences(x, sequence):
    """An integer element repeats lists, tuples and texts from both sides; others refuse, and arrays multiply."""
    agree(lambda a: sequence * a[0], x, exactly=True)
    agree(lambda a: a[0] * sequence, x, exactly=True)
    assert (put(EXACT, np.array(3)) * [1, 2]).tolist() == [3, 6]


READ = {
    "round": round,
    "round to digits": lambda one: round(one, 2),
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "is_integer": lambda one: one.is_integer(),
    "ratio": lambda one: one.as_integer_ratio(),
    "bits": lambda one: one.bit_count(),
    "hex": lambda one: one.hex(),
    "numerator": lambda one: (one.numerator, one.denominator),
    "repr": repr,
    "json": lambda one: json.dumps({"a": float(one)}),
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),  # noqa: S301 - its own bytes
    "array": np.asarray,
    "host array": lambda one: np.array([one, one]),
    "float64": np.float64,
    "uint32": lambda one: np.uint32(abs(one)),
    "percent": lambda one: f"{one:.2f}",
}


@pytest.mark.parametrize("name", READ)
@given(x=NUMBERS.filter(len))
def test_numbers_are_read_from_scalars(name, x):
    """What reads one number gives what it gives of NumPy's scalar, or refuses with it."""
    agree(lambda a: READ[name](a[0]), x, exactly=True)
    if x.dtype.kind != "b":
        agree(lambda a: READ[name]((a + a)[0]), x, exactly=True)


def test_whole_arrays_are_not_read_unasked():
    """Only scalars turn into numbers by themselves; the error names the call that asked."""
    array = put(EXACT, np.ones(2))
    with pytest.raises(UsageError, match=r"np\.asarray\(array\)"):
        np.asarray(array)
    with pytest.raises(TypeError):
        round(array)


def test_places_may_be_elements():
    """Lists and tuples of elements are places, also to write to: the row swap of an elimination."""
    for context in (make_context(), make_context("bf16", "rngd")):
        matrix, plain = put(context, np.arange(12.0).reshape(4, 3)), np.arange(12.0).reshape(4, 3)
        pivot = np.argmax(matrix[1:, 0]) + 1
        matrix[[1, pivot]] = matrix[[pivot, 1]]
        plain[[1, 3]] = plain[[3, 1]]
        np.testing.assert_array_equal(matrix.numpy(), plain)
        assert matrix[[pivot, 0], [0, pivot - 1]].tolist() == plain[[3, 0], [0, 2]].tolist()
        assert matrix[[pivot > 2, False, True, False]].shape == (2, 3)
        assert [10, 20, 30, 40][pivot] == 40


CONVERTED = st.sampled_from(["float32", "float64", "int64", "uint8", "int32", "double", "single", "intp"])


@given(x=arrays(most=2, nan=False).filter(lambda x: not (x < 0).any()), name=CONVERTED)
def test_types_convert_arrays_on_the_device_and_read_scalars(x, name):
    """A type of NumPy's called with an array, a list or an element gives what NumPy's gives."""
    kind, own = getattr(np, name), getattr(XP, name)
    found, wanted = own(put(EXACT, x)), kind(x)
    assert isinstance(found, DeviceArray) == isinstance(wanted, np.ndarray)
    assert (found.dtype, found.shape, found.tolist()) == (wanted.dtype, wanted.shape, wanted.tolist())
    if x.size and x.ndim:
        assert own(list(put(EXACT, x))).tolist() == kind(list(x)).tolist()
        assert type(own(put(EXACT, x).ravel()[0])) is kind
    assert (own, hash(own), own(3), np.dtype(own)) == (kind, hash(kind), kind(3), np.dtype(kind))
    assert isinstance(kind(1), own)
    assert issubclass(own, np.generic)
    assert issubclass(kind, own)
    assert np.issubdtype(kind, own)


def test_types_have_one_identity():
    """Names of one type are one type, and classes may be derived from it."""
    assert XP.float64 is XP.double
    assert XP.float32 != XP.float64

    class Own(XP.float64):
        pass

    assert type(Own(2.5)) is Own
    assert not isinstance(np.float64(1), Own)


def test_generators_take_elements_as_seeds_and_parameters():
    """What seeds or shapes a draw may be an element."""
    places = XP.arange(5)
    assert XP.random.default_rng(places[3]).random() == np.random.default_rng(3).random()
    drawn = XP.random.default_rng(0).choice([10, 20, 30], size=4, p=[0.5, 0.25, 0.25])
    assert drawn.tolist() == np.random.default_rng(0).choice([10, 20, 30], size=4, p=[0.5, 0.25, 0.25]).tolist()
    assert XP.random.default_rng(0).multivariate_normal([0, 0], XP.eye(2)).shape == (2,)
    assert XP.zeros((places[2], 2)).shape == (2, 2)
