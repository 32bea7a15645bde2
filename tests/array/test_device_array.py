"""What an array says of itself, how it meets others, and what it refuses."""

import copy
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

import npusdk as npu
from npusdk.array import Context, put
from npusdk.array.record import RECORD_LIMIT
from npusdk.catalogue import find_device
from npusdk.errors import (
    DoesNotFitError,
    DtypeError,
    OutOfDeviceMemoryError,
    PrecisionError,
    UnsupportedOpError,
    UsageError,
)
from tests.array.programs import make_context


@pytest.fixture
def vector():
    return npu.asarray([1.0, 2.0, 3.0], device="rngd")


def test_asarray_takes_a_device_that_is_not_in_the_catalogue():
    """A person's own device is itself, also where it is a changed one of the catalogue; equal ones share a place."""
    rngd = find_device("rngd")
    own, changed = (rngd.model_copy(update=update) for update in ({"id": "own-card"}, {"name": "Changed"}))
    assert npu.asarray([1.0], device=own).device == "own-card"
    assert npu.asarray([1.0], device=changed).context.device.name == "Changed"
    assert npu.asarray([1.0], device=rngd).context.device is rngd
    part, same = (npu.asarray([1.0], device="rngd:4pe") for _time in range(2))
    assert (part + same).numpy().tolist() == [2.0]


def test_array_says_what_it_is(vector):
    """An array knows its shape, its storage here, its format and bytes there, and its device."""
    assert (vector.shape, vector.ndim, vector.size, len(vector)) == ((3,), 1, 3, 3)
    assert (vector.dtype, vector.format, vector.itemsize, vector.nbytes) == (np.float32, "bf16", 2, 6)
    assert vector.device == "furiosa-rngd"
    assert repr(vector) == "DeviceArray([1., 2., 3.], device='furiosa-rngd', format='bf16')"
    assert str(vector) == "[1. 2. 3.]"
    assert f"{vector[1]:.2f}" == "2.00"


def test_repr_of_a_large_array_is_short():
    """What is shown of an array does not grow with it."""
    assert len(repr(npu.asarray(np.zeros((1000, 1000)), device="rngd"))) < 800


@pytest.mark.parametrize(
    ("device", "precision"), [("rngd", "bf16"), ("atom", "fp16"), ("a100", "tf32"), ("t4", "fp16"), ("ipu", "fp32")]
)
def test_default_format_is_the_widest_for_matrix_work(device, precision):
    """Without a format an array has that of a cell on its device."""
    assert npu.asarray([0.5], device=device).format == precision


def test_formats_and_types_can_be_named():
    """`dtype` is a format of the device, or a type of NumPy's."""
    assert npu.asarray([1, 2], device="h200", dtype="bf16").dtype == np.int64
    assert npu.asarray([0.1], device="h200", dtype="bf16").format == "bf16"
    assert npu.asarray([0.1], device="rngd", dtype="exact").dtype == np.float64
    assert npu.asarray([1.7], device="rngd", dtype=np.int8).dtype == np.int8
    with pytest.raises(PrecisionError, match="furiosa-rngd has no precision fp16"):
        npu.asarray([0.1], device="rngd", dtype="fp16")


def test_values_become_python_numbers(vector):
    """Reading functions bring a value to the host."""
    one = vector[0]
    assert (float(one), int(one), bool(one), one.item(), vector.tolist()) == (1.0, 1, True, 1.0, [1.0, 2.0, 3.0])
    assert list(range(5))[npu.asarray(2, device="rngd")] == 2
    assert 2.0 in vector
    assert 7.0 not in vector
    assert [float(value) for value in vector] == [1, 2, 3]
    with pytest.raises(ValueError, match="ambiguous"):
        bool(vector)
    with pytest.raises(TypeError):
        len(one)
    with pytest.raises(TypeError):
        iter(one).__next__()


def test_host_copy_is_the_callers_own(vector):
    """Writing to what numpy() gives changes nothing on the device."""
    vector.numpy()[0] = 9
    assert float(vector[0]) == 1


def test_array_does_not_turn_into_a_host_array_unasked(vector):
    """`__array__` names the way out instead of copying."""
    with pytest.raises(UsageError, match=r"numpy\(\)"):
        np.asarray(vector)
    with pytest.raises(UsageError):
        pickle.dumps(vector)


def test_copies_are_arrays_of_their_own(vector):
    """copy.copy and deepcopy give memory of their own on the device."""
    for one in (copy.copy(vector), copy.deepcopy(vector), vector.copy()):
        np.add(one, 1, out=one)
        assert vector.tolist() == [1, 2, 3]


def test_missing_method_is_named_and_hasattr_says_no(vector):
    """A method of ndarray that no device array has is an error by name, and no attribute."""
    assert not hasattr(vector, "setfield")
    assert not hasattr(vector, "anything")
    with pytest.raises(UnsupportedOpError, match=r"ndarray\.setfield"):
        vector.setfield(1, int)


def test_missing_function_is_named(vector):
    """A function of NumPy that no device array has is an error by name."""
    with pytest.raises(UnsupportedOpError, match=r"numpy\.linalg\.svd"):
        np.linalg.svd(vector)


def test_arrays_of_two_places_do_not_meet(vector):
    """Mixing devices or formats is an error that names both."""
    for other in (npu.asarray([1.0], device="atom"), npu.asarray([1.0], device="rngd", dtype="exact")):
        with pytest.raises(UsageError, match="furiosa-rngd in bf16"):
            vector + other
        with pytest.raises(UsageError, match="furiosa-rngd in bf16"):
            vector[:1] = other
    assert (vector + npu.asarray([1.0], device="rngd")).tolist() == [2, 3, 4]


@pytest.mark.parametrize("value", [1j, [1j], "a", [None], np.datetime64("2026-01-01")])
def test_what_no_device_holds_is_refused(value):
    """Complex numbers, texts and objects do not go to a device."""
    with pytest.raises(DtypeError):
        npu.asarray(value, device="rngd")


def test_device_of_integers_refuses_floats():
    """On a device without floating point, floats are refused where they come up, with the way out."""
    whole = npu.asarray([1, 2, 3], device="warboy")
    assert (whole * 2 // 3).tolist() == [0, 1, 2]
    with pytest.raises(PrecisionError, match=r"int8 holds integers only.* furiosa-warboy"):
        npu.asarray([0.5], device="warboy")
    with pytest.raises(PrecisionError, match="furiosa-warboy"):
        whole / 2


@pytest.mark.parametrize("operand", [2, 0.5, True, np.float64(0.1), np.int8(3), np.arange(3.0), [1, 2, 3]])
def test_host_operands_mix_from_both_sides(operand):
    """Scalars and arrays of the host take part on either side, with NumPy's types."""
    host = np.array([1, 5, 9], np.int32)
    twin = put(make_context(), host)
    for found, expected in ((twin - operand, host - operand), (operand - twin, operand - host)):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected)


def test_integers_in_place_take_no_floats():
    """An array of integers plus a float in place is NumPy's own error."""
    twin = put(make_context(), np.arange(3))
    with pytest.raises(TypeError, match="same_kind"):
        twin += 0.5
    with pytest.raises(ValueError, match="Integers to negative"):
        twin**-1
    with pytest.raises(OverflowError):
        put(make_context(), np.zeros(3, np.uint8)) + 300


def test_scalars_do_not_change():
    """What NumPy gives as a scalar is not changed by `+=` under another name."""
    twin = put(make_context(), np.arange(3.0))
    for make in (lambda: twin[1], twin.sum, lambda: twin[0] + 1):
        first = best = make()
        before = float(best)
        first += 1
        assert (float(first), float(best)) == (before + 1, before)
    with pytest.raises(TypeError):
        twin[1][...] = 2


def test_memory_is_counted_by_what_is_alive():
    """Views take nothing, and what is deleted is free again; a partition holds its part only."""
    context = make_context("bf16", "rngd")
    array = put(context, np.zeros((8, 8)))
    view = array.T[1:]
    assert context.live_bytes == 128
    del array
    assert context.live_bytes == 128
    del view
    assert context.live_bytes == 0


@pytest.mark.parametrize("make", [lambda a: a + 1, lambda a: a @ a, lambda a: np.tile(a, 2), lambda a: a[[0, 1] * 32]])
def test_memory_limit_is_kept_before_computing(make):
    """An array for which the device has no room is refused with what is alive, and nothing changes."""
    context = make_context("bf16", "rngd", limit=12_000)
    array = put(context, np.zeros((64, 64)))
    with pytest.raises(OutOfDeviceMemoryError) as caught:
        make(array)
    assert caught.value.params["live"] == "8.00 KiB"
    assert context.live_bytes == 8192


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_signals_are_heard_within_a_long_product():
    """Python gets its turn many times during one matrix product, so that Ctrl-C ends it."""
    array = put(make_context("fp32", "ipu"), np.ones((2600, 2600), np.float32))
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_given: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        array @ array
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(heard) > 3


def test_long_products_are_computed_in_blocks(monkeypatch):
    """Blocks of rows and of a batch give the product."""
    monkeypatch.setattr("npusdk.array.blocking.BLOCK_MACS", 500)
    monkeypatch.setattr("npusdk.array.blocking.SLOW_BLOCK_MACS", 500)
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 9, (2, 1, 7, 8)).astype(np.float32), rng.integers(0, 9, (3, 8, 9)).astype(np.float32)
    context = make_context()
    a, b = put(context, left), put(context, right)
    np.testing.assert_array_equal((a @ b).numpy(), left @ right)
    found, expected = (np.einsum("xaij,ajk->aik", *pair) for pair in ((a, b[:1]), (left, right[:1])))
    np.testing.assert_array_equal(found.numpy(), expected)


def test_record_stops_at_its_limit():
    """Beyond the limit the record says that it is incomplete, forgets what it held, and computing goes on."""
    context = make_context()
    value = put(context, np.zeros(1))
    for _step in range(RECORD_LIMIT + 5):
        value = value + 1
    assert float(value[0]) == RECORD_LIMIT + 5
    assert not context.record.is_complete
    for place in range(200):
        value[0] = value[-1] + place / 7
    assert context.record.operations >= RECORD_LIMIT + 5 + 4 * 200
    assert not context.record._constants
    assert not context.record._scalars
    assert not context.record.feeds


def test_record_names_inputs_as_they_were_put():
    """Feeds are the host's values before rounding, each by a name of its own; bytes are the device's."""
    context = make_context("bf16", "rngd")
    first, second = put(context, np.array([0.1]), "x"), put(context, np.array([1, 2], np.int8), "x")
    assert list(context.record.feeds) == ["x", "x_"]
    assert context.record.feeds["x"].tolist() == [np.float32(0.1)]
    assert context.record.in_bytes == 4
    first += 1
    assert context.record.feeds["x"].tolist() == [np.float32(0.1)]
    assert (first.was_written, second.was_written) == (True, False)


def test_recorded_graph_keeps_results_that_nobody_read():
    """What ran is in the graph even if nobody wanted it, and an input can be an output."""
    context = make_context()
    x = put(context, np.arange(3.0), "x")
    x * 2
    graph = context.record.graph("cell", [x])
    assert [node.op for node in graph.nodes] == ["Mul", "Identity"]
    assert graph.outputs == ("x/out", "Mul_0")
    assert context.record.name_of(x) == "x/out"


def test_arrays_import_nothing_heavy():
    """The package needs NumPy and the catalogue's reader, no more."""
    code = "import sys, npusdk.array; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    heavy = {"onnx", "onnxruntime", "pandas", "IPython", "scipy", "rich", "httpx", "typer", "torch", "matplotlib"}
    assert not heavy & set(found.stdout.split())


def test_context_refuses_an_unknown_format():
    """A context has one of the formats that arrays can have."""
    with pytest.raises(PrecisionError, match="fp8"):
        Context(find_device("h200"), "fp8")


def test_array_shows_itself_as_text():
    """A notebook shows an array as it is written, and needs nothing else for it."""
    array = npu.asarray([1.0, 2.0], device="rngd")
    assert array._repr_mimebundle_() == {"text/plain": repr(array)}


def test_conjugate_of_an_array_is_the_array():
    """No device holds complex numbers, and NumPy gives a real array itself."""
    array = npu.asarray([1.0, 2.0], device="rngd")
    assert array.conj() is array
    assert array.conjugate() is array


def test_array_that_exceeds_this_computer_is_refused_before_it_is_taken(monkeypatch):
    """What the device has room for, and this computer has not, is refused with both sizes; what fits goes on."""
    context = Context(find_device("rngd"), "bf16", None, 48 << 30)
    monkeypatch.setattr(context, "host_limit_bytes", 4096)  # of bf16, which this computer holds in float32
    kept = put(context, np.zeros(1024, np.float32))
    assert (kept + 1).shape == (1024,)
    other = kept + 1
    with pytest.raises(DoesNotFitError, match=r"alive take 8\.00 KiB of it, and the next one would take 4\.00 KiB"):
        other + 1
