"""A comparison is the product of what is asked for: each way once, answered or refused."""

from itertools import product

import pytest

import npusdk as npu
from npusdk.report import Parallel

DEVICES = ("rngd", "a100", "warboy", "ipu")
PRECISIONS = ("bf16", "int8", "fp16")
BATCHES = (1, 4, 16)
COPIES = (Parallel(), Parallel(replicas=4))


@pytest.fixture(scope="module")
def network():
    return npu.load("zoo:resnet18")


def way(profile):
    """Return how a profile was asked for."""
    return profile.device, profile.precision, profile.batch, profile.parallel


def test_comparison_is_the_product_of_what_is_asked_for(network):
    """Every device is profiled in every precision that it has, batch and number of copies, as `profile` would."""
    found = npu.compare(network, DEVICES, PRECISIONS, BATCHES, parallel=COPIES)
    expected = []
    for name, precision, batch, parallel in product(DEVICES, PRECISIONS, BATCHES, COPIES):
        if precision in npu.device(name).dtypes:
            expected.append(npu.profile(network, name, precision, batch, parallel=parallel))
    assert [way(profile) for profile in found.profiles] == [way(profile) for profile in expected]
    assert list(found.profiles) == expected
    assert found.batch is None


def test_precision_that_a_device_lacks_is_refused_once(network):
    """A refusal says device and precision, once for all batches and copies, as the error of a profile does."""
    found = npu.compare(network, DEVICES, PRECISIONS, BATCHES, parallel=COPIES)
    lacking = [(npu.device(name).id, p) for name in DEVICES for p in PRECISIONS if p not in npu.device(name).dtypes]
    assert [(refusal.device, refusal.precision) for refusal in found.refusals] == lacking
    assert all(refusal.batch is None and refusal.parallel is None and refusal.hint for refusal in found.refusals)


def test_device_without_figures_is_refused_once(network):
    """A device of which a rate is missing refuses all batches with one reason."""
    found = npu.compare(network, ["hyperaccel-bertha-100"], ["bf16", "fp8"], BATCHES)
    assert [(refusal.precision, refusal.batch) for refusal in found.refusals] == [("bf16", None)]
    assert [profile.batch for profile in found.profiles] == list(BATCHES)


def test_two_words_for_one_way_give_one_profile(network):
    """What "auto" chooses and its name, a batch given twice, no division and one device: each is one profile."""
    found = npu.compare(network, ["rngd"], ["auto", "bf16"], [2, 2], parallel=[Parallel(), Parallel(replicas=1)])
    assert [way(profile) for profile in found.profiles] == [("furiosa-rngd", "bf16", 2, None)]
    twice = npu.compare(network, ["warboy", "rngd"], ["int8", "auto"])
    assert [profile.precision for profile in twice.profiles] == ["int8", "int8", "bf16"]


def test_one_value_and_a_list_of_one_are_the_same(network):
    """A single precision, batch or division may stand without a list."""
    single = npu.compare(network, "a100", "fp16", 8, parallel=Parallel(replicas=2))
    assert single == npu.compare(network, ["a100"], ["fp16"], [8], parallel=[Parallel(replicas=2)])
    assert single.batch == 8


@pytest.mark.parametrize("asked", [{"precision": []}, {"batch": ()}, {"parallel": []}], ids=str)
def test_comparison_of_nothing_is_refused(network, asked):
    """An empty list is a ConfigError that names it."""
    with pytest.raises(npu.ConfigError, match=next(iter(asked))):
        npu.compare(network, ["a100"], **asked)


def test_network_that_cannot_be_divided_is_refused_before_any_device(network):
    """Tensor parallelism of a network is the caller's error, and no refusal of every device."""
    with pytest.raises(npu.ConfigError, match="parallel is tp=2"):
        npu.compare(network, DEVICES, parallel=[Parallel(), Parallel(tp=2)])


def test_passes_of_a_language_model_are_compared(network):
    """A pass is compared over devices, precisions and batches as a network is, with the devices that share it."""
    made = npu.LLM("qwen3-0.6b").decode(context=128, parallel=Parallel(tp=2))
    found = npu.compare(made, ["a100", "rngd"], ["bf16", "int8"], [1, 8], parallel=[Parallel(), Parallel(replicas=2)])
    assert len(found.profiles) == 16
    assert {profile.parallel for profile in found.profiles} == {Parallel(tp=2), Parallel(tp=2, replicas=2)}
    assert found.model == made.name


def test_comparison_of_prices_has_them_where_the_list_has(network):
    """Prices reach every profile, and those without keep their time."""
    prices = npu.PriceList("test", {"a100": 1000.0})
    found = npu.compare(network, ["a100", "rngd"], prices=prices)
    assert [profile.krw is not None for profile in found.profiles] == [True, False]


def test_comparison_over_several_ways_survives_json(network):
    """A comparison of many ways is the same after JSON, with its refusals."""
    found = npu.compare(network, DEVICES, PRECISIONS, (1, 4), parallel=COPIES)
    assert npu.Comparison.from_json(found.to_json()) == found
