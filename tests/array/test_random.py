from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from npusdk.array import DeviceArray
from npusdk.array.random import generators, hold
from npusdk.array.stand_in import stand_in
from tests.array.agreeing import EXACT, on, recorded, same

XP = stand_in(EXACT)

DRAWS = {
    "random": lambda rng: rng.random((2, 3)),
    "number": lambda rng: rng.random(),
    "normal": lambda rng: rng.normal(1.0, 2.0, size=4),
    "normal of arrays": lambda rng: rng.normal(np.zeros(3), 1),
    "standard_normal": lambda rng: rng.standard_normal((2, 2), dtype=np.float32),
    "uniform": lambda rng: rng.uniform(-1, 1, (3,)),
    "integers": lambda rng: rng.integers(0, 10, size=(2, 2)),
    "integer": lambda rng: rng.integers(5),
    "choice": lambda rng: rng.choice(5, 3, replace=False),
    "choice of a list": lambda rng: rng.choice([1.5, 2.5, 3.5], size=2, p=[0.5, 0.25, 0.25]),
    "permutation": lambda rng: rng.permutation(6),
    "poisson": lambda rng: rng.poisson(3.0, 5),
    "multivariate_normal": lambda rng: rng.multivariate_normal([0, 0], [[1, 0], [0, 1]], 2),
    "exponential": lambda rng: rng.exponential(size=2),
}
OF_ARRAYS = {
    "choice": lambda rng, x: rng.choice(x, 3),
    "choice axis": lambda rng, x: rng.choice(x, 2, axis=1, replace=False),
    "permutation": lambda rng, x: rng.permutation(x),
    "permutation axis": lambda rng, x: rng.permutation(x, axis=1),
    "permuted": lambda rng, x: rng.permuted(x),
    "permuted axis": lambda rng, x: rng.permuted(x, axis=1),
    "permuted other axis": lambda rng, x: rng.permuted(x, axis=0),
}
LEGACY = {
    "rand": lambda r: r.rand(2, 3),
    "randn": lambda r: r.randn(5),
    "randn number": lambda r: r.randn(),
    "randint": lambda r: r.randint(0, 9, (2, 2)),
    "normal": lambda r: r.normal(size=3),
    "uniform": lambda r: r.uniform(0, 1, 3),
    "choice": lambda r: r.choice(4, 2),
    "permutation": lambda r: r.permutation(5),
    "random": lambda r: r.random(3),
    "random_sample": lambda r: r.random_sample((2,)),
    "standard_normal": lambda r: r.standard_normal(2),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_generators_draw_numpys_numbers(draw):
    """From one seed the device gets NumPy's own numbers, and the generators go on alike."""
    plain, device = np.random.default_rng(7), XP.random.default_rng(7)
    wanted, got = draw(plain), draw(device)
    same(wanted, got, exactly=True)
    assert isinstance(got, DeviceArray) is isinstance(wanted, np.ndarray)
    assert plain.random() == device.random()


@pytest.mark.parametrize("draw", OF_ARRAYS.values(), ids=OF_ARRAYS)
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 2)])
def test_generators_choose_elements_of_device_arrays(draw, shape):
    """Elements are chosen and reordered as NumPy does it, and stay on the device."""
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    plain, device = np.random.default_rng(3), XP.random.default_rng(3)
    same(draw(plain, x), draw(device, on(EXACT, x)), exactly=True)
    assert plain.random() == device.random()


@pytest.mark.parametrize("draw", LEGACY.values(), ids=LEGACY)
def test_the_global_state_draws_numpys_numbers(draw):
    """The functions of numpy.random draw from NumPy's own global state, as a notebook without a device would."""
    state = np.random.get_state()  # noqa: NPY002 - the subject
    try:
        np.random.seed(5)  # noqa: NPY002
        wanted = [draw(np.random), draw(np.random)]
        XP.random.seed(5)
        got = [draw(XP.random), draw(XP.random)]
        same(wanted, got, exactly=True)
        same(draw(np.random.RandomState(2)), draw(XP.random.RandomState(2)), exactly=True)
    finally:
        np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("shape", [(6,), (4, 2), (3, 2, 2)])
def test_shuffling_works_in_place(shape):
    """Device arrays and lists are shuffled in place, in NumPy's order."""
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    for seeded in (np.random.default_rng, np.random.RandomState):
        plain, wanted = seeded(1), x.copy()
        plain.shuffle(wanted)
        device = (XP.random.default_rng if seeded is np.random.default_rng else XP.random.RandomState)(1)
        got = on(EXACT, x)
        assert device.shuffle(got) is None
        same(wanted, got, exactly=True)
    rows = [1, 2, 3, 4]
    XP.random.default_rng(1).shuffle(rows)
    wanted_rows = [1, 2, 3, 4]
    np.random.default_rng(1).shuffle(wanted_rows)
    assert rows == wanted_rows


def test_a_generator_is_one_of_numpys_and_its_state_travels():
    """Isinstance holds for NumPy's class and for the stand-in's, and a generator goes on where another one stands."""
    device = XP.random.default_rng(11)
    assert isinstance(device, np.random.Generator)
    assert isinstance(device, XP.random.Generator)
    assert type(device).__name__ == "Generator"
    plain = np.random.default_rng(11)
    assert device.bit_generator.state == plain.bit_generator.state
    plain.random(3)
    held = hold(generators(EXACT), plain)
    same(np.random.Generator(type(plain.bit_generator)(11)).random(4)[3:], held.random(1))
    assert XP.random.default_rng(device) is device
    assert isinstance(XP.random.Generator(np.random.PCG64(1)).random(2), DeviceArray)
    (child,) = device.spawn(1)
    assert isinstance(child.random(2), DeviceArray)


def test_a_copied_generator_draws_the_same_numbers():
    """A deep copy stays on the device, and the two go on alike and apart."""
    for one in (XP.random.default_rng(3), XP.random.RandomState(3)):
        one.normal()
        other = deepcopy(one)
        assert one.normal() == other.normal()
        same(one.normal(size=2).numpy(), other.normal(size=2), exactly=True)


def test_a_legacy_generator_goes_on_with_its_spare_number():
    """The second number of a pair of normal numbers is not lost on the way."""
    plain = np.random.RandomState(4)
    plain.randn()
    held = hold(generators(EXACT), plain)
    other = np.random.RandomState(4)
    other.randn()
    assert held.randn() == other.randn()


def test_drawn_numbers_are_inputs_of_the_record():
    """What is drawn comes from the host, in full precision for the record and rounded on the device."""
    context = recorded("bf16", "rngd")
    x = stand_in(context).random.default_rng(0).normal(size=8)
    (feed,) = context.record.feeds.values()
    same(np.random.default_rng(0).normal(size=8).astype(np.float32), feed)
    assert context.record.in_bytes == 16
    assert x.dtype == np.float32


def test_numbers_are_drawn_into_an_array():
    """`out=` of a device array gets the numbers."""
    out = on(EXACT, np.zeros(3))
    assert XP.random.default_rng(2).random(out=out) is out
    same(np.random.default_rng(2).random(3), out, exactly=True)
