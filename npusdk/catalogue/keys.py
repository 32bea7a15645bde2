"""What a figure of a device file may be called, its SI unit, and how it shrinks with a part of the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Share: TypeAlias = Literal["units", "on_chip", "memory", "bandwidth", "power", "whole", "absent"]
"""Which fraction of a `Partition` a figure follows: that of the compute units, of the on-chip memory, of the device's
memory, of its bandwidth; "power" follows the units and becomes an assumption; "whole" stays as it is; "absent" means
nothing for a part. Counts of equal pieces that follow the units lose those that the part is too small for."""


@dataclass(frozen=True, slots=True)
class Key:
    """One name of a figure.

    Parameters
    ----------
    unit
        SI unit of the value; empty for texts and counts.
    share
        What happens to the figure when only a part of the device is meant.
    """

    unit: str = ""
    share: Share = "whole"


PRECISIONS: tuple[str, ...] = ("fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4")
"""Matrix formats by the names that vendors use, widest first."""

SPECS: Mapping[str, Key] = MappingProxyType(
    {
        "vendor": Key(),
        "name": Key(),
        "role": Key(),
        "release_year": Key("year"),
        "process": Key(),
        "die_area_mm2": Key("mm2"),
        "transistors": Key(),
        "dtypes": Key(),
        "unsupported_dtypes": Key(),
        **{f"peak_{name}_ops_per_s": Key("op/s", "units") for name in PRECISIONS},
        "clock_hz": Key("Hz"),
        "units": Key("", "units"),
        "unit_peak_int8_ops_per_s": Key("op/s"),
        "unit_peak_fp16_ops_per_s": Key("op/s"),
        "matrix_unit_macs_per_cycle": Key("MAC/cycle"),
        "sram_total_bytes": Key("B", "on_chip"),
        "sram_per_unit_bytes": Key("B"),
        "sram_shared_bytes": Key("B", "on_chip"),
        "on_chip_bandwidth_bytes_per_s": Key("B/s", "units"),
        "fetch_bandwidth_bytes_per_s": Key("B/s", "units"),
        "l2_bandwidth_bytes_per_s": Key("B/s", "on_chip"),
        "memory_type": Key(),
        "memory_bytes": Key("B", "memory"),
        "memory_usable_bytes": Key("B", "memory"),
        "memory_bandwidth_bytes_per_s": Key("B/s", "bandwidth"),
        "host_interface": Key(),
        "host_bandwidth_bytes_per_s": Key("B/s"),
        "card_link": Key(),
        "tdp_w": Key("W", "power"),
        "idle_power_w": Key("W", "power"),
        "partitioning": Key(),
        "list_price": Key("", "absent"),
        "list_price_usd": Key("USD", "absent"),
        "rental_usd_per_h": Key("USD/h", "absent"),
    }
)
"""Every name that `[specs]` of a device file may hold."""

MACS = "macs_per_unit_per_cycle"
"""Prefix of the matrix rates in `[model]`, one for each number format."""

ENERGY = "mac_energy_j"
"""Prefix of the energies of a multiply-accumulate in `[model]`, one for each number format."""

BY_FORMAT: tuple[str, ...] = (MACS, ENERGY)
"""Parameters of `[model]` that have one figure for each number format."""

MODEL: Mapping[str, Key] = MappingProxyType(
    {
        "style": Key(),
        "units": Key("", "units"),
        "clock_hz": Key("Hz"),
        **{f"{MACS}.{name}": Key("MAC/cycle") for name in PRECISIONS},
        "lanes": Key(),
        "vector_ops_per_s": Key("op/s", "units"),
        "usable_on_chip_bytes": Key("B", "on_chip"),
        "on_chip_bandwidth_bytes_per_s": Key("B/s", "units"),
        "memory_bandwidth_bytes_per_s": Key("B/s", "bandwidth"),
        "host_bandwidth_bytes_per_s": Key("B/s"),
        "overlap": Key(),
        "pins_weights": Key(),
        "eta_compute": Key(),
        "eta_memory": Key(),
        "op_overhead_s": Key("s"),
        "call_overhead_s": Key("s"),
        "partitions": Key("", "units"),
        "chunks_batch": Key(),
        "link_bandwidth_bytes_per_s": Key("B/s"),
        "link_latency_s": Key("s"),
        "query_block": Key(),
        "launch_overhead_s": Key("s"),
        "idle_power_w": Key("W", "power"),
        "active_share": Key(),
        **{f"{ENERGY}.{name}": Key("J/MAC") for name in PRECISIONS},
        "memory_energy_j_per_byte": Key("J/B"),
        "power_boundary": Key(),
        "array_rows": Key(),
        "array_columns": Key(),
        "dataflow": Key(),
    }
)
"""Every name that `[model]` of a device file may hold."""
