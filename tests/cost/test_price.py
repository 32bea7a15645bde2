"""Prices: a setting of the reader's own, and nothing without one."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost.price import PriceList, call_cost_krw
from npusdk.errors import ConfigError, UnknownDeviceError

amounts = st.floats(0, 1e6)
prices_of_h100 = st.builds(
    lambda price, pue, tariff: PriceList("test", {"h100": price}, pue, tariff), amounts, st.floats(1, 3), amounts
)


def test_cost_is_the_sum_by_hand():
    """Two devices for 90 s at 1,000 won an hour, and a kilowatt-hour at 150 won with half as much again for cooling."""
    prices = PriceList("test", {"rngd": 1000.0}, pue=1.5, tariff_krw_per_kwh=150.0)
    assert call_cost_krw(prices, "furiosa-rngd", 90.0, 3.6e6, count=2) == pytest.approx(50.0 + 225.0)


@given(prices_of_h100, amounts, amounts, st.integers(1, 64))
def test_cost_is_additive_over_calls(prices, time_s, energy_j, count):
    """Twice the time and energy cost twice as much."""
    once, twice = (call_cost_krw(prices, "nvidia-h100-sxm", n * time_s, n * energy_j, count=count) for n in (1, 2))
    assert twice == pytest.approx(2 * once)


@pytest.mark.parametrize("device", ["nvidia-t4", "nvidia-h100-sxm:1g.10gb"])
def test_device_without_a_price_costs_nothing_that_could_be_said(device):
    """No price is invented, neither for another device nor for a part of one that has a price."""
    assert call_cost_krw(PriceList(), device, 1.0, 1.0) is None
    assert call_cost_krw(PriceList("test", {"h100": 1.0}), device, 1.0, 1.0) is None


def test_unknown_energy_that_has_a_price_makes_the_cost_unknown():
    """Electricity that is charged by the kilowatt-hour must be known; electricity in the hourly price need not be."""
    assert call_cost_krw(PriceList("t", {"ipu": 3600.0}), "graphcore-c600", 1.0, None) == 1.0
    assert call_cost_krw(PriceList("t", {"ipu": 3600.0}, 1.2, 150.0), "graphcore-c600", 1.0, None) is None


def test_aliases_mean_the_device():
    """A price may be given by any name of a device."""
    assert PriceList("test", {"H100": 5}).price_per_hour_krw == {"nvidia-h100-sxm": 5.0}


def test_misspelt_device_is_refused():
    """A price that no device would ever get is a mistake."""
    with pytest.raises(UnknownDeviceError):
        PriceList("test", {"h1000": 5.0})


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ({"price_per_hour_krw": {"t4": -1.0}}, "nvidia-t4"),
        ({"price_per_hour_krw": {"t4": float("nan")}}, "nvidia-t4"),
        ({"pue": 0.9}, "pue"),
        ({"tariff_krw_per_kwh": float("inf")}, "tariff_krw_per_kwh"),
    ],
)
def test_impossible_entry_is_named(entries, word):
    """A negative price, or a centre that draws less than its machines, is refused by name."""
    with pytest.raises(ConfigError, match=word):
        PriceList("test", **entries)


def test_prices_are_a_value():
    """A price list cannot be changed, and is the same after a journey."""
    prices = PriceList("test", {"t4": 5.0}, 1.3, 120.0)
    again = pickle.loads(pickle.dumps(prices))  # noqa: S301 - our own bytes
    assert again == prices
    assert hash(again) == hash(prices)
    with pytest.raises(TypeError):
        prices.price_per_hour_krw["nvidia-t4"] = 0.0
    with pytest.raises(AttributeError):
        prices.pue = 1.0
