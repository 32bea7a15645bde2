"""What a call costs in won, at the prices of a centre.

    KRW = price_per_hour t / 3600 count + J / 3.6e6 PUE tariff

Prices are a setting of the reader's own centre: the package knows none, and without one no cost is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from npusdk.catalogue import find_device
from npusdk.errors import ConfigError
from npusdk.language import _

_SECONDS_PER_HOUR = 3600.0
_JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of a centre, all of one basis.

    Parameters
    ----------
    price_basis
        What the prices are: whose, of when, with or without electricity. Costs of different bases are not compared.
    price_per_hour_krw
        Won for an hour of one device, by identifier or alias; read-only, by identifier.
    pue
        Electricity of the whole centre for each unit that its machines draw, at least 1.
    tariff_krw_per_kwh
        Won for a kilowatt-hour; 0 where the hourly prices contain it.

    Raises
    ------
    UnknownDeviceError
        If the catalogue has no device of a name.
    ConfigError
        If a number is negative or no number, or `pue` is below 1.

    Examples
    --------
    A centre that rents an H100 for 100,000 won a month of 730 hours, electricity included:

    >>> prices = PriceList("centre, monthly", {"h100": 100_000 / 730})
    >>> round(call_cost_krw(prices, "nvidia-h100-sxm", 3600.0, None), 2)
    136.99
    """

    price_basis: str = ""
    price_per_hour_krw: Mapping[str, float] = field(default_factory=dict)
    pue: float = 1.0
    tariff_krw_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        prices = {find_device(name).id: float(price) for name, price in self.price_per_hour_krw.items()}
        for name, value in (*prices.items(), ("tariff_krw_per_kwh", self.tariff_krw_per_kwh)):
            _check(name, value, 0)
        _check("pue", self.pue, 1)
        object.__setattr__(self, "price_per_hour_krw", MappingProxyType(prices))

    def __hash__(self) -> int:
        prices = tuple(sorted(self.price_per_hour_krw.items()))
        return hash((self.price_basis, prices, self.pue, self.tariff_krw_per_kwh))

    def __reduce__(self) -> tuple[object, ...]:
        prices = dict(self.price_per_hour_krw)
        return type(self), (self.price_basis, prices, self.pue, self.tariff_krw_per_kwh)


def _check(name: str, value: float, least: float) -> None:
    if not (math.isfinite(value) and value >= least):
        raise ConfigError(
            _("price list: {name} is {value} and must be a number of at least {least}"),
            hint=_("Correct that entry of the price list."),
            name=name,
            value=value,
            least=least,
        )


def call_cost_krw(
    prices: PriceList, device: str, time_s: float, energy_j: float | None, *, count: int = 1
) -> float | None:
    """Return the won for the time and the energy of a call; None where a price, or an energy that has one, is missing.

    Parameters
    ----------
    device
        Identifier; a part of a device has the price that the list gives the part, and none otherwise.
    time_s
        Seconds for which the devices are taken.
    energy_j
        Joules of all devices together.
    count
        Devices that are taken together.
    """
    price = prices.price_per_hour_krw.get(device)
    if price is None or (energy_j is None and prices.tariff_krw_per_kwh):
        return None
    electricity = (energy_j or 0.0) / _JOULES_PER_KWH * prices.pue * prices.tariff_krw_per_kwh
    return price * time_s / _SECONDS_PER_HOUR * count + electricity
