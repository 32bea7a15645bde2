"""A part of a device as a device of its own: "rngd:4pe", "a100:1g.10gb".

Each figure shrinks with the fraction that `keys` gives it. A scaled figure is at best derived; power is assumed to
follow the compute units, because no vendor says what a part draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from npusdk.catalogue.keys import MODEL, SPECS, Key, Share
from npusdk.catalogue.records import DeviceSpec, Partition
from npusdk.errors import UnknownDeviceError
from npusdk.language import _
from npusdk.values import KINDS, Kind, Sourced

_ROOM = 1e-9
"""Room for rounding when a whole number is scaled by a fraction."""


def _weaker(*kinds: Kind) -> Kind:
    return max(kinds, key=KINDS.index)


def _fraction(part: Partition, share: Share) -> tuple[float, Kind]:
    """Return the fraction that a figure follows, and the strongest kind that the scaled figure can have."""
    if share == "power":
        return part.units, "assumed"
    if share == "units":
        return part.units, _weaker("derived", part.kind)
    return getattr(part, share), _weaker("derived", part.memory_kind)


def _scaled(figure: Sourced, key: Key, part: Partition) -> Sourced:
    if isinstance(figure.value, tuple) and key.share == "units":
        return _pieces(figure, tuple(int(count) for count in figure.value), part.units)
    if key.share in ("whole", "absent") or isinstance(figure.value, (str, tuple)):
        return figure
    fraction, kind = _fraction(part, key.share)
    if fraction == 1.0 or figure.value == 0:
        return figure
    counts = isinstance(figure.value, int) and key.unit == ""
    value = max(1, math.floor(figure.value * fraction + _ROOM)) if counts else figure.value * fraction
    note = f"{fraction:.4g} of the device's {figure.value:g}"
    return Sourced(
        value=value,
        unit=figure.unit,
        source=figure.source,
        kind=_weaker(figure.kind, kind),
        note=f"{note}; {figure.note}" if figure.note else note,
    )


def _pieces(figure: Sourced, counts: tuple[int, ...], fraction: float) -> Sourced:
    """Return the counts of equal pieces that a part still divides into: none smaller than the device's smallest."""
    most = max(counts) * fraction + _ROOM
    return figure.model_copy(update={"value": tuple(count for count in counts if count <= most)})


def _figures(figures: Mapping[str, Sourced], keys: Mapping[str, Key], part: Partition) -> dict[str, Sourced]:
    whole = part.units == part.memory == 1.0
    kept = {name: figure for name, figure in figures.items() if whole or keys[name].share != "absent"}
    return {name: _scaled(figure, keys[name], part) for name, figure in kept.items()}


def _pools(pools: tuple[int, ...], fraction: float) -> tuple[int, ...]:
    """Return the memories of a part: whole pools where the device has several, else its share of the one."""
    count = len(pools) * fraction
    if len(pools) > 1 and count >= 1 and abs(count - round(count)) < _ROOM:
        return pools[: round(count)]
    return tuple(math.floor(pool * fraction + _ROOM) for pool in pools)


def take_part(device: DeviceSpec, name: str) -> DeviceSpec:
    """Return a documented part of `device`.

    Raises
    ------
    UnknownDeviceError
        If the catalogue documents no such part.
    """
    parts = {part.name: part for part in device.partitions}
    part = parts.get(name.strip().casefold())
    if part is None:
        hint = _("Use one of its parts {parts}.") if parts else _("Use the whole device {device}.")
        raise UnknownDeviceError(
            _("device {device} has no documented part {part}"),
            hint=hint,
            device=device.id,
            part=repr(name[:80]),
            parts=", ".join(parts),
        )
    changes = {
        "id": f"{device.id}:{part.name}",
        "aliases": (),
        "specs": MappingProxyType(_figures(device.specs, SPECS, part)),
        "model": MappingProxyType(_figures(device.model, MODEL, part)),
        "memory_pools": _pools(device.memory_pools, part.memory),
        "partitions": (),
    }
    return device.model_copy(update=changes)
