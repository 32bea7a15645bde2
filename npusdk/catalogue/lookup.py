"""Finding devices by name; a file is read when its device is first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from npusdk.catalogue.files import device_folder, read_device, read_head, refuse
from npusdk.catalogue.parts import take_part
from npusdk.catalogue.records import DeviceSpec
from npusdk.catalogue.selection import DeviceList, select
from npusdk.catalogue.teaching import is_teaching_name, make_systolic
from npusdk.errors import UnknownDeviceError
from npusdk.language import _

_LONGEST_NAME = 80
"""Characters of an unknown name that are compared and shown."""


@cache
def device_ids() -> tuple[str, ...]:
    """Return every canonical identifier, in alphabetical order."""
    names = (entry.name for entry in device_folder().iterdir())
    ids = (name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return tuple(sorted(ids))


@cache
def device_names() -> Mapping[str, str]:
    """Return every identifier and alias with the identifier that it means.

    Raises
    ------
    ConfigError
        If two devices claim one name, or a file is not named by its identifier.
    """
    names: dict[str, str] = {}
    for device in device_ids():
        file = f"{device}.toml"
        head = read_head((device_folder() / file).read_text(encoding="utf-8"))
        if head.get("id") != device:
            raise refuse(file, f"id {head.get('id')!r} is not the name of the file")
        for name in (device, *head.get("aliases", ())):
            if names.setdefault(name, device) != device:
                raise refuse(file, f"the name {name!r} already means {names[name]}")
    return MappingProxyType(names)


@cache
def _load(device: str) -> DeviceSpec:
    file = f"{device}.toml"
    return read_device((device_folder() / file).read_text(encoding="utf-8"), file)


@cache
def load_devices() -> Mapping[str, DeviceSpec]:
    """Return every device of the catalogue by its identifier, in alphabetical order; `reference` is among them."""
    return MappingProxyType({device: _load(device) for device in device_ids()})


def _unknown(name: str) -> UnknownDeviceError:
    shown = name[:_LONGEST_NAME]
    nearest = difflib.get_close_matches(shown.strip().casefold(), device_names(), n=3, cutoff=0.5)
    hint = _("Use one of the nearest names {nearest}, or any of {choices}.") if nearest else _("Use any of {choices}.")
    return UnknownDeviceError(
        _("the catalogue has no device {name}"),
        hint=hint,
        name=repr(shown),
        nearest=", ".join(nearest),
        choices=", ".join(device_ids()),
    )


def is_device_name(name: str) -> bool:
    """Return whether a name is meant as a device or a part of one, without reading its file."""
    key = name.partition(":")[0].strip().casefold()
    return key in device_names() or is_teaching_name(key)


def find_device(name: str) -> DeviceSpec:
    """Return a device by its identifier or alias, in any case, a part of one ("rngd:4pe"), or a teaching device.

    Raises
    ------
    UnknownDeviceError
        If the catalogue has no such device, or documents no such part; it names the nearest and all. If a teaching
        device is larger than the rule allows.

    Examples
    --------
    >>> find_device("RNGD").id, find_device("rngd:4pe").id, find_device("systolic-16x16-ws").id
    ('furiosa-rngd', 'furiosa-rngd:4pe', 'systolic-16x16-ws')
    """
    base, colon, part = name.partition(":")
    key = base.strip().casefold()
    if is_teaching_name(key):
        return take_part(make_systolic(key), part) if colon else make_systolic(key)
    device = key if key in device_ids() else device_names().get(key)
    if device is None:
        raise _unknown(name)
    return take_part(_load(device), part) if colon else _load(device)


def filter_devices(
    vendor: str | None = None,
    kind: str | None = None,
    *,
    dtypes: Iterable[str] | str | None = None,
    min_memory: int | str | None = None,
    availability: str | None = None,
) -> DeviceList:
    """Return the devices that meet every condition that is given; see `select`. `reference` is never among them."""
    return select(
        (device for device in load_devices().values() if device.kind != "reference"),
        vendor=vendor,
        kind=kind,
        dtypes=dtypes,
        min_memory=min_memory,
        availability=availability,
    )
