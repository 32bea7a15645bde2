from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from npusdk.array import DeviceArray
from npusdk.array.functions import FUNCTIONS, ROWS
from npusdk.array.functions.call import numpy_function, numpy_parameters
from npusdk.array.functions.reading import READING
from npusdk.array.refusals import PASSING, REFUSED
from npusdk.array.stand_in import modules, stand_in
from npusdk.errors import UnsupportedOpError
from tests.array.agreeing import EXACT, on, recorded, same

XP = stand_in(EXACT)
SPECIAL = {"ndarray", "ndenumerate", "ufunc", "r_", "c_", "mgrid", "ogrid"}


def public(module: ModuleType, prefix: str = "") -> list[str]:
    """Return the dotted names of what a module of NumPy's offers to be called, types of numbers apart."""
    found = []
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") or not callable(value) or isinstance(value, ModuleType):
            continue
        if not (isinstance(value, type) and issubclass(value, (np.generic, BaseException))):
            found.append(prefix + name)
    return found


CALLABLES = [*public(np), *public(np.linalg, "linalg."), *public(np.lib.stride_tricks, "lib.stride_tricks.")]


@pytest.mark.parametrize("name", CALLABLES)
def test_every_callable_of_numpy_has_one_place(name):
    """A function of NumPy is supported, a ufunc, NumPy's own, or refused by its name: never two, never none."""
    value = numpy_function(name)
    places = [name in ROWS, isinstance(value, np.ufunc), name in PASSING, name in REFUSED, name in SPECIAL]
    assert sum(places) == 1, name


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_is_refused_when_it_is_called(name):
    """A refused function can be looked up, and says its whole name when it is called."""
    if numpy_function(name) is None:
        pytest.skip("this NumPy does not have it")
    found = XP
    for part in name.split("."):
        found = getattr(found, part)
    with pytest.raises(UnsupportedOpError, match=rf"numpy\.{name}"):
        found(XP.ones(2))


@pytest.mark.parametrize("module", ["fft", "polynomial", "ma", "char", "strings", "rec", "emath", "ctypeslib"])
def test_functions_of_other_submodules_are_refused(module):
    """Submodules that no device has can be imported, and each of their functions says its name when it is called."""
    inside = getattr(XP, module)
    name = next(
        name for name in public(getattr(np, module)) if not isinstance(getattr(getattr(np, module), name), type)
    )
    with pytest.raises(UnsupportedOpError, match=rf"numpy\.{module}\.{name}"):
        getattr(inside, name)([1.0, 2.0])


@pytest.mark.parametrize("name", sorted(set(ROWS) & set(CALLABLES)))
def test_rows_know_the_parameters_of_numpy(name):
    """A row names NumPy's own parameters in NumPy's order, so that calls by position and by name mean the same."""
    wanted, ours = numpy_parameters(name), ROWS[name].positions
    if not wanted or "args" in ours or "kwargs" in wanted:
        pytest.skip("NumPy does not say, or hands everything on")
    assert set(ours) <= set(wanted)
    assert [name for name in wanted if name in ours] == list(ours)


def test_names_that_numpy_does_not_have_are_attribute_errors():
    """Somebody who asks for such a name hears what NumPy says, and hasattr is False."""
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        XP.nosuch  # noqa: B018
    assert not hasattr(XP.linalg, "nosuch")
    with pytest.raises(AttributeError):
        XP.float  # noqa: B018 - NumPy took it away


def test_the_stand_in_looks_like_the_module():
    """dir, repr, names, constants, types and version are those of a module."""
    assert dir(XP) == dir(np)
    assert repr(XP) == "<module 'numpy' on reference (exact)>"
    assert (XP.pi, XP.e, XP.newaxis, XP.inf) == (np.pi, np.e, None, np.inf)
    assert XP.__version__ == np.__version__
    assert XP.float32 == np.float32
    assert XP.dtype("f4") == XP.float32(1).dtype
    assert XP.exp is XP.exp
    assert XP.exp.nin == 1
    assert XP.exp.__name__ == "exp"
    assert "on reference" in repr(XP.sum)
    with XP.errstate(all="ignore"), XP.printoptions(precision=2):
        assert XP.issubdtype(XP.float32, XP.floating)


def test_arrays_are_ndarrays_in_a_cell():
    """Isinstance and annotations by ndarray hold for arrays of the device and of the host."""
    assert isinstance(XP.ones(2), XP.ndarray)
    assert isinstance(np.ones(2), XP.ndarray)
    assert not isinstance([1], XP.ndarray)
    assert issubclass(DeviceArray, XP.ndarray)
    assert isinstance(XP.add, XP.ufunc)
    assert XP.ndarray | None
    assert XP.ndarray[int]
    assert not isinstance(XP.ones(2), XP.matrix)
    with pytest.raises(UnsupportedOpError, match=r"numpy\.ndarray"):
        XP.ndarray((2,))


LISTS = {
    "exp": lambda xp: xp.exp([0.0, 1.0]),
    "add": lambda xp: xp.add([1, 2], [3, 4.5]),
    "add.reduce": lambda xp: xp.add.reduce([1, 2, 3]),
    "maximum.accumulate": lambda xp: xp.maximum.accumulate([1, 3, 2]),
    "multiply.outer": lambda xp: xp.multiply.outer([1, 2], [3, 4]),
    "matmul": lambda xp: xp.matmul([[1, 2]], [[3], [4]]),
    "sum": lambda xp: xp.sum([[1, 2], [3, 4]], axis=0),
    "mean": lambda xp: xp.mean([1, 2]),
    "concatenate": lambda xp: xp.concatenate([[1, 2], [3.5]]),
    "where": lambda xp: xp.where([True, False], [1, 2], 0),
    "dot": lambda xp: xp.dot([1, 2], [3, 4]),
    "norm": lambda xp: xp.linalg.norm([3, 4]),
    "sort": lambda xp: xp.sort([3, 1, 2]),
    "einsum": lambda xp: xp.einsum("i,i", [1, 2], [3, 4]),
    "array of the host": lambda xp: xp.tanh(np.array([0.5, 1.0])),
    "lexsort": lambda xp: xp.lexsort([[1, 2, 1], [2, 1, 1]]),
    "windows": lambda xp: xp.lib.stride_tricks.sliding_window_view([1, 2, 3], 2),
}


@pytest.mark.parametrize("call", LISTS.values(), ids=LISTS)
def test_lists_and_host_arrays_compute_on_the_device(call):
    """Functions and ufuncs bring lists to the device, and the result stays there."""
    got = call(XP)
    assert isinstance(got, DeviceArray)
    same(call(np), got)


NUMBERS = {
    "sqrt": lambda xp: xp.sqrt(2),
    "exp": lambda xp: xp.exp(np.float32(1)),
    "round": lambda xp: xp.round(3.14159, 2),
    "clip": lambda xp: xp.clip(5, 0, 3),
    "isclose": lambda xp: xp.isclose(0.1 + 0.2, 0.3),
    "allclose": lambda xp: xp.allclose(1.0, 1.0),
    "maximum": lambda xp: xp.maximum(1, 2.5),
    "isnan": lambda xp: xp.isnan(float("nan")),
    "ndim": lambda xp: xp.ndim(3),
    "deg2rad": lambda xp: xp.deg2rad(90),
}


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS)
def test_single_numbers_stay_ordinary_arithmetic(call):
    """Functions of numbers alone give what NumPy gives, at full precision, on every device."""
    for precision, device in (("exact", "reference"), ("bf16", "rngd"), ("int8", "warboy")):
        got = call(stand_in(recorded(precision, device)))
        assert not isinstance(got, DeviceArray)
        assert got == call(np)
        assert type(got) is type(call(np))


def test_a_result_without_dimensions_serves_as_a_number():
    """What NumPy gives as a scalar can be rounded, formatted, compared, and used as an index, as a scalar can."""
    x = XP.arange(4.0)
    assert round(XP.mean(x), 1) == 1.5
    assert f"{XP.mean(x):.2f} {XP.sum(x)}" == "1.50 6.0"
    assert [7, 8, 9, 10][XP.argmax(x)] == 10
    assert list(range(XP.max(XP.arange(3)))) == [0, 1]
    assert XP.mean(x) > 1
    assert max(x) == 3.0


def test_imports_of_every_form_find_the_stand_in():
    """A cell may import numpy and its submodules in all of Python's ways."""
    offered = modules(EXACT)
    assert offered["numpy"].linalg is offered["numpy.linalg"]
    assert offered["numpy"].random is offered["numpy.random"]
    assert offered["numpy"].lib.stride_tricks is offered["numpy.lib.stride_tricks"]
    namespace: dict[str, object] = {}
    code = (
        "from numpy import *\nfrom numpy.linalg import norm\nimport numpy.linalg as la\nresult = norm(exp(zeros(4)))\n"
    )
    plain = __import__

    def find(name, _globals=None, _locals=None, fromlist=(), level=0):
        if name not in offered:
            return plain(name, _globals, _locals, fromlist, level)
        return offered[name] if fromlist else offered["numpy"]

    exec(code, {"__builtins__": {"__import__": find}}, namespace)  # noqa: S102 - the statement is the subject
    assert isinstance(namespace["result"], DeviceArray)
    assert float(namespace["result"]) == 2.0
    assert namespace["la"] is offered["numpy.linalg"]


@pytest.mark.filterwarnings("ignore::EncodingWarning")
def test_texts_files_and_tests_read_arrays_back(tmp_path):
    """What writes arrays down copies them to the host, because that is what it is for."""
    x = XP.arange(3.0)
    assert XP.array2string(x) == "[0. 1. 2.]"
    XP.save(tmp_path / "x.npy", x)
    XP.savez(tmp_path / "x.npz", x=x)
    XP.savetxt(tmp_path / "x.txt", x)
    same(np.arange(3.0), XP.load(tmp_path / "x.npy"))
    same(np.arange(3.0), XP.loadtxt(tmp_path / "x.txt"))
    XP.testing.assert_allclose(x, [0, 1, 2])
    XP.testing.assert_array_equal([x, x], [x, x])
    with pytest.raises(AssertionError):
        XP.testing.assert_array_equal(x, x + 1)
    assert list(XP.ndenumerate(x))[1] == ((1,), 1.0)
    assert set(READING) <= set(ROWS)


def test_functions_of_numpy_reach_the_same_rows():
    """NumPy's own functions on a device array, and the stand-in's, are one implementation."""
    x = on(EXACT, np.arange(4.0))
    assert isinstance(np.sum(x), DeviceArray)
    assert FUNCTIONS[np.sum] is ROWS["sum"]
    same(np.cumsum(x).numpy(), XP.cumsum(x))


def test_importing_the_package_does_not_import_the_stand_ins_heavy_parts():
    """`import npusdk` stays without NumPy."""
    code = "import sys, npusdk; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
