"""A choice of devices, and the conditions by which it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from npusdk.catalogue.keys import PRECISIONS
from npusdk.catalogue.records import DeviceSpec
from npusdk.display import Shown
from npusdk.errors import ConfigError, DtypeError
from npusdk.language import _
from npusdk.units import format_bytes, format_count, parse_bytes

KINDS_OF_DEVICE: tuple[str, ...] = ("npu", "gpu", "ipu", "lpu")
AVAILABILITIES: tuple[str, ...] = ("current", "end_of_life", "announced")

_HEADINGS = ("device", "name", "kind", "memory", "bandwidth", "peak", "power", "availability")


class DeviceList(Shown, Sequence[DeviceSpec]):
    """An immutable sequence of devices that shows as a table."""

    __slots__ = ("_devices",)

    def __init__(self, devices: Iterable[DeviceSpec]) -> None:
        self._devices = tuple(devices)

    @overload
    def __getitem__(self, index: int) -> DeviceSpec: ...
    @overload
    def __getitem__(self, index: slice) -> DeviceList: ...
    def __getitem__(self, index: int | slice) -> DeviceSpec | DeviceList:
        """Return a device, or a shorter list."""
        return DeviceList(self._devices[index]) if isinstance(index, slice) else self._devices[index]

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[DeviceSpec]:
        return iter(self._devices)

    def __eq__(self, other: object) -> bool:
        return self._devices == other._devices if isinstance(other, DeviceList) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(device.id for device in self._devices))

    def __repr__(self) -> str:
        rows = [_HEADINGS, *(_row(device) for device in self._devices)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )


def _best_peak(device: DeviceSpec) -> str:
    """Return the highest peak that public software is documented to reach, else the highest published."""
    peaks = {dtype: peak for dtype in device.dtypes if (peak := device.peak_ops_per_s(dtype))}
    reached = {known.dtype for known in device.precisions if known.reachable == "documented"} & peaks.keys()
    if not peaks:
        return "-"
    best = max(reached or peaks, key=lambda dtype: (peaks[dtype], dtype))
    unit = "TOPS" if best.startswith("int") else "TFLOPS"
    return f"{peaks[best] / 1e12:g} {unit} {best}"


def _row(device: DeviceSpec) -> tuple[str, ...]:
    """Return the cells of a device; a figure that nobody published is a dash."""

    def show(name: str, unit: str) -> str:
        figure = device.specs.get(name)
        return format_count(figure.number, unit) if figure else "-"

    pools = device.memory_pools
    memory = format_bytes(sum(pools)) if pools else "-"
    return (
        device.id,
        f"{device.vendor} {device.name}",
        device.kind,
        f"{len(pools)} x {format_bytes(pools[0])}" if len(pools) > 1 else memory,
        show("memory_bandwidth_bytes_per_s", "B/s"),
        _best_peak(device),
        show("tdp_w", "W"),
        str(device.availability.value),
    )


def _check_choice(name: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        raise ConfigError(
            _("{name} {value} is none of {choices}"),
            hint=_("Choose one of {choices}."),
            name=name,
            value=repr(value),
            choices=", ".join(choices),
        )


def _check_dtypes(dtypes: Iterable[str] | str | None) -> frozenset[str]:
    wanted = frozenset((dtypes,) if isinstance(dtypes, str) else dtypes or ())
    unknown = sorted(wanted - set(PRECISIONS))
    if unknown:
        raise DtypeError(
            _("{value} is no number format of a device"),
            hint=_("Choose from {choices}."),
            value=repr(unknown[0]),
            choices=", ".join(PRECISIONS),
        )
    return wanted


def _memory_floor(min_memory: int | str | None) -> int:
    try:
        return parse_bytes(min_memory or 0)
    except ValueError as error:
        raise ConfigError(
            _("min_memory {value} is not a size"),
            hint=_("Write bytes as a number, or a size such as '48GiB'."),
            value=repr(min_memory),
        ) from error


def _memory(device: DeviceSpec) -> float:
    """Return the larger of nominal and usable memory: vendors' GB are sometimes binary, and then usable is more."""
    nominal = device.specs.get("memory_bytes")
    return max(nominal.number if nominal else 0.0, float(device.memory_bytes or 0))


def select(
    devices: Iterable[DeviceSpec],
    *,
    vendor: str | None = None,
    kind: str | None = None,
    dtypes: Iterable[str] | str | None = None,
    min_memory: int | str | None = None,
    availability: str | None = None,
) -> DeviceList:
    """Return the devices that meet every condition that is given, in their order.

    Parameters
    ----------
    vendor
        The beginning of a vendor's name, in any case ("furiosa").
    kind
        "npu", "gpu", "ipu" or "lpu".
    dtypes
        Number formats that the device must all have.
    min_memory
        Bytes, or a text such as "48GiB", of the device's whole memory.
    availability
        "current", "end_of_life" or "announced".

    Raises
    ------
    ConfigError
        If a condition is one that no device could meet: an unknown vendor, kind or availability, or no size.
    DtypeError
        If `dtypes` names an unknown number format.
    """
    offered = tuple(devices)
    vendors = dict.fromkeys(device.vendor for device in offered)
    matches = [name for name in vendors if vendor is None or name.casefold().startswith(vendor.strip().casefold())]
    _check_choice("vendor", None if matches else vendor, tuple(vendors))
    _check_choice("kind", kind, KINDS_OF_DEVICE)
    _check_choice("availability", availability, AVAILABILITIES)
    wanted, floor = _check_dtypes(dtypes), _memory_floor(min_memory)
    return DeviceList(
        device
        for device in offered
        if device.vendor in matches
        and (kind is None or device.kind == kind)
        and (availability is None or device.availability.value == availability)
        and wanted <= set(device.dtypes)
        and _memory(device) >= floor
    )
