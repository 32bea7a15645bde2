"""Words for the values that reports hold as codes; a value from a newer writer is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.language import _, translate
from npusdk.units import format_count, format_number

BASIS: Mapping[str, str] = MappingProxyType(
    {"predicted": _("predicted"), "simulated": _("simulated"), "measured": _("measured")}
)

BOUNDS: Mapping[str, str] = MappingProxyType(
    {
        "compute": _("compute"),
        "memory": _("memory"),
        "on_chip": _("on-chip memory"),
        "vector": _("vector"),
        "overhead": _("overhead"),
        "host": _("host"),
        "link": _("link"),
    }
)

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "runs": _("runs"),
        "falls_back": _("falls back"),
        "undocumented": _("undocumented"),
        "blocked": _("blocked"),
    }
)

EVIDENCE: Mapping[str, str] = MappingProxyType(
    {
        "vendor_list": _("vendor's list of operators"),
        "same_family": _("list of a sibling product"),
        "device_rule": _("documented property of the device"),
        "assumed": _("assumed"),
    }
)

FIGURE_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "vendor": _("vendor"),
        "measured": _("measured"),
        "derived": _("derived"),
        "secondary": _("secondary"),
        "assumed": _("assumed"),
    }
)

AVAILABILITY: Mapping[str, str] = MappingProxyType(
    {"current": _("current"), "end_of_life": _("end of life"), "announced": _("announced")}
)

REACHABLE: Mapping[str, str] = MappingProxyType(
    {
        "documented": _("documented in the vendor's public software"),
        "planned": _("planned by the vendor, not released"),
        "undocumented": _("not documented in public software"),
    }
)

VALIDITY: Mapping[str, str] = MappingProxyType(
    {
        "A": _("calibrated on four or more networks of this chip"),
        "B": _("calibrated on one to three networks of this chip"),
        "C": _("not calibrated on this chip"),
    }
)

BOUNDARIES: Mapping[str, str] = MappingProxyType(
    {"chip": _("of the chip alone"), "card": _("of the card"), "system": _("of the whole system")}
)
"""What watts and joules cover."""

FIGURES: Mapping[str, str] = MappingProxyType(
    {"latency": _("latency"), "throughput": _("throughput"), "energy": _("energy"), "price": _("price")}
)
"""What profiles are ranked by."""

PRIORS: Mapping[str, str] = MappingProxyType(
    {
        "term_omitted": _("left out"),
        "assumed_parameter": _("assumed"),
        "class_default": _("default of its class"),
        "secondary_parameter": _("quoted by others"),
        "derived_parameter": _("derived"),
        "calibrated_parameter": _("fitted to this chip"),
    }
)
"""How a parameter was come by that no vendor says, weakest first."""

ITEM_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "array": _("array"),
        "scalar": _("scalar"),
        "container": _("container"),
        "function": _("function"),
        "class": _("class of objects"),
        "module": _("module"),
        "frame": _("data frame"),
        "generator": _("random generator"),
        "instance": _("object"),
    }
)

STYLES: Mapping[str, str] = MappingProxyType(
    {"runs": "green", "falls_back": "yellow", "undocumented": "yellow", "blocked": "red"}
)
"""Colour of a status, on pages that have colours."""


def word(table: Mapping[str, str], code: str) -> str:
    """Return the word for `code` in the reader's language, an unknown code as it is."""
    return translate(table.get(code, "")) or code


def percent(share: float) -> str:
    """Return a share of one as percent with one digit after the point."""
    return f"{100 * share:.1f} %"


def joules(energy_j: float) -> str:
    """Return an energy in joules or thousandths of it."""
    return f"{format_number(energy_j * 1000)} mJ" if energy_j < 1 else format_count(energy_j, "J")


def watts(power_w: float) -> str:
    """Return a power in watts."""
    return f"{format_number(power_w)} W"


def join(*parts: str, separator: str = ", ") -> str:
    """Return the parts that are not empty, joined."""
    return separator.join(part for part in parts if part)
