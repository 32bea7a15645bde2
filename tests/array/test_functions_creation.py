from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from npusdk.array import Context, DeviceArray, Record
from npusdk.array.stand_in import stand_in
from npusdk.catalogue import find_device
from npusdk.errors import DtypeError, OutOfDeviceMemoryError, PrecisionError
from npusdk.numerics import round_to
from npusdk.pipeline.recorded import Recording
from tests.array.agreeing import EXACT, agree, arrays, on, recorded, same

XP = stand_in(EXACT)

MADE = {
    "zeros": lambda xp: xp.zeros((2, 3)),
    "zeros number": lambda xp: xp.zeros(3, dtype=int),
    "ones": lambda xp: xp.ones((0, 2), "float32"),
    "ones truth": lambda xp: xp.ones(2, bool),
    "full": lambda xp: xp.full((2, 2), 7),
    "full fractions": lambda xp: xp.full(3, 0.5, dtype=xp.float32),
    "full rows": lambda xp: xp.full((2, 3), [1, 2, 3]),
    "eye": lambda xp: xp.eye(3, 4, k=1),
    "identity": lambda xp: xp.identity(3, dtype=xp.int8),
    "arange": lambda xp: xp.arange(5),
    "arange step": lambda xp: xp.arange(1.0, 2.0, 0.3),
    "arange dtype": lambda xp: xp.arange(4, dtype=xp.float32),
    "linspace": lambda xp: xp.linspace(0, 1, 7),
    "linspace retstep": lambda xp: xp.linspace(0, 1, 5, endpoint=False, retstep=True),
    "linspace rows": lambda xp: xp.linspace([0, 1], [2, 5], 3, axis=1),
    "logspace": lambda xp: xp.logspace(0, 2, 4),
    "geomspace": lambda xp: xp.geomspace(1, 1000, 4),
    "meshgrid": lambda xp: xp.meshgrid([1, 2, 3], [4.0, 5.0]),
    "meshgrid ij": lambda xp: xp.meshgrid([1, 2, 3], [4, 5], [6, 7], indexing="ij", sparse=True),
    "indices": lambda xp: xp.indices((2, 3)),
    "tri": lambda xp: xp.tri(3, 4, -1),
    "tril_indices": lambda xp: xp.tril_indices(3, -1),
    "triu_indices": lambda xp: xp.triu_indices(3, 1),
    "diag_indices": lambda xp: xp.diag_indices(3),
    "mgrid": lambda xp: xp.mgrid[0:2, 0:3],
    "ogrid": lambda xp: xp.ogrid[0:2, 0:1:3j],
    "r_": lambda xp: xp.r_[1:4, 0, [5, 6]],
    "r_ fractions": lambda xp: xp.r_[0:1:5j, 2.5],
    "c_": lambda xp: xp.c_[[1, 2], [3, 4]],
    "ix_": lambda xp: xp.ix_([0, 1], [True, False, True]),
    "hanning": lambda xp: xp.hanning(5),
    "kaiser": lambda xp: xp.kaiser(5, 3.0),
    "fromfunction": lambda xp: xp.fromfunction(lambda i, j: i * 2 + j, (2, 3)),
    "fromiter": lambda xp: xp.fromiter(range(4), dtype=float),
    "frombuffer": lambda xp: xp.frombuffer(b"\x01\x02", dtype=xp.uint8),
    "array": lambda xp: xp.array([[1, 2], [3, 4]]),
    "array dtype": lambda xp: xp.array([1, 2], dtype=xp.float32),
    "array ndmin": lambda xp: xp.array([1.5, 2], ndmin=3),
    "array number": lambda xp: xp.array(3.5),
    "array truth": lambda xp: xp.array([True, False]),
    "array nested": lambda xp: xp.array([[xp.float64(1), 2], (3, 4)]),
    "array of arrays": lambda xp: xp.array([xp.arange(3), xp.ones(3)]),
    "array of elements": lambda xp: xp.array([xp.arange(3.0)[1], 2, xp.sum(xp.ones(3))]),
    "asarray": lambda xp: xp.asarray([[1, 2.5]]),
    "ascontiguousarray": lambda xp: xp.ascontiguousarray(4),
    "vstack lists": lambda xp: xp.vstack([[1, 2], [3.5, 4]]),
    "repeat number": lambda xp: xp.repeat(0, 3),
    "tile number": lambda xp: xp.tile(0.5, 2),
    "prod of a shape": lambda xp: xp.prod((2, 3, 4)),
    "texts": lambda xp: xp.array(["a", "bc"]).tolist(),
}
REFUSED = {
    "array ragged": lambda xp: xp.array([xp.ones(2), xp.ones(3)]),
    "zeros negative": lambda xp: xp.zeros((-1, 2)),
    "full wrong": lambda xp: xp.full((2, 2), [1, 2, 3]),
    "meshgrid indexing": lambda xp: xp.meshgrid([1], [2], indexing="zz"),
    "chkfinite": lambda xp: xp.asarray_chkfinite([1.0, xp.inf]),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_made_arrays_agree(make):
    """What the stand-in makes has NumPy's elements, shape and type, and arrays lie on the device."""
    wanted, got = make(np), make(XP)
    same(wanted, got)
    leaves = got if isinstance(got, (tuple, list)) else [got]
    assert all(isinstance(leaf, (DeviceArray, float, str)) for leaf in leaves)


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_numpy_does_not_make_is_refused(make):
    """Where NumPy raises, so does the stand-in."""
    for xp in (np, XP):
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever NumPy raises
            make(xp)


LIKE = {
    "zeros_like": np.zeros_like,
    "ones_like": lambda a: np.ones_like(a, dtype=np.int32),
    "full_like": lambda a: np.full_like(a, 2),
    "empty_like": lambda a: np.empty_like(a) * 0,
    "zeros_like shape": lambda a: np.zeros_like(a, shape=(2, 2)),
    "copy": np.copy,
}


@pytest.mark.parametrize("function", LIKE.values(), ids=LIKE)
@given(a=arrays(nan=False, dtypes=("int32", "float32", "float64", "uint8")))
@settings(max_examples=25)
def test_arrays_like_others_agree(function, a):
    """Shapes and types are taken over as NumPy takes them."""
    agree(function, a, exactly=True)


def test_an_array_is_shared_or_copied_as_numpy_does_it():
    """Asarray gives an array that is there itself, array a copy unless it is told not to."""
    x = XP.arange(3.0)
    assert XP.asarray(x) is x
    assert XP.array(x, copy=False) is x
    assert XP.array(x) is not x
    XP.array(x)[0] = 9
    assert float(x[0]) == 0
    assert XP.asarray(x, dtype=XP.float32).dtype == np.float32


def test_what_is_made_of_numbers_does_not_come_from_the_host():
    """Ranges and zeros are part of the program; lists are traffic, in the device's format."""
    context = recorded("bf16", "rngd")
    xp = stand_in(context)
    xp.zeros((64, 64)), xp.arange(64), xp.eye(8), xp.linspace(0, 1, 9)
    assert context.record.in_bytes == 0
    xp.array([1.0, 2.0, 3.0])
    assert context.record.in_bytes == 6


def test_floats_take_the_format_of_the_device():
    """The default type is float32 in the device's format; one that holds integers only refuses floats by name."""
    xp = stand_in(recorded("bf16", "rngd"))
    assert xp.zeros(3).dtype == np.float32
    assert xp.array([1 / 3]).numpy()[0] == np.float32(0.333984375)
    assert xp.linspace(0, 1, 4).dtype == np.float32
    integers = stand_in(recorded("int8", "warboy"))
    assert integers.arange(3).dtype == np.int64
    with pytest.raises(PrecisionError, match="warboy"):
        integers.zeros(3)


def test_complex_numbers_do_not_go_to_a_device():
    """They are refused by their type."""
    with pytest.raises(DtypeError, match="complex128"):
        XP.array([1j])


def test_linspace_between_device_arrays_agrees():
    """Ends on the device are joined by even steps."""
    start, stop = np.array([0.0, 1.0]), np.array([1.0, 5.0])
    same(np.linspace(start, stop, 5), XP.linspace(on(EXACT, start), on(EXACT, stop), 5))
    same(np.linspace(start, stop, 4, endpoint=False, retstep=True),
         XP.linspace(on(EXACT, start), on(EXACT, stop), 4, endpoint=False, retstep=True))  # fmt: skip


@pytest.mark.parametrize("make", [lambda xp: xp.zeros(10**13, dtype="int8"), lambda xp: xp.full((10**7, 10**7), 0.5)])
def test_what_fits_no_device_is_refused_before_it_is_made(make):
    """A shape beyond the device's memory is refused with sizes that a person can read."""
    device = find_device("rngd")
    context = Context(device, "bf16", Record(), device.pool_bytes)
    with pytest.raises(OutOfDeviceMemoryError, match=r"47\.5 GiB .* would take (9\.09|182) TiB"):
        make(stand_in(context))
    assert not context.record.operations


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
def test_filled_arrays_hold_numbers_of_the_format(precision):
    """One value is rounded once, and so is that of the record."""
    context = recorded(precision, "a100")
    found = stand_in(context).full((2, 3), 0.1)
    expected = round_to(np.full((2, 3), 0.1, np.float32), precision)
    np.testing.assert_array_equal(found.numpy(), expected)
    again = Recording(context.record.graph("full", [found])).evaluate({})
    np.testing.assert_array_equal(again[context.record.name_of(found)], expected)
    assert np.signbit(stand_in(context).full(1, -0.0).numpy()).all()
