"""What happens to a parameter of the cost model that no file has a figure for: one rule for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from npusdk.catalogue.keys import ENERGY, MACS
from npusdk.catalogue.records import DeviceKind

Value: TypeAlias = float | int | str | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens when a parameter is missing.

    Parameters
    ----------
    action
        "omit", "default", "refuse", or "unused": nothing of this device asks for it, and nothing is assumed.
    values
        By kind of device: the default, or the value that makes an omitted term vanish.
    parameter
        The parameter that stands in, if a default is not a number of its own.
    """

    action: Literal["omit", "default", "refuse", "unused"]
    values: Mapping[DeviceKind, Value] = field(default_factory=dict)
    parameter: str = ""


def _every(value: Value, **others: Value) -> Mapping[DeviceKind, Value]:
    kinds: tuple[DeviceKind, ...] = ("npu", "gpu", "ipu", "lpu")
    return MappingProxyType({kind: others.get(kind, value) for kind in kinds})


MISSING: Mapping[str, Rule] = MappingProxyType(
    {
        "style": Rule("default", _every("grid", gpu="waves")),
        "units": Rule("refuse"),
        "clock_hz": Rule("refuse"),
        MACS: Rule("refuse"),
        "lanes": Rule("default", _every(64, gpu=8, ipu=16, lpu=16)),
        "vector_ops_per_s": Rule("default", _every(2e12, gpu=8e12, ipu=8e12, lpu=1e11)),
        "usable_on_chip_bytes": Rule("omit", _every(0.0)),
        "on_chip_bandwidth_bytes_per_s": Rule("omit", _every(math.inf)),
        "memory_bandwidth_bytes_per_s": Rule("default", parameter="host_bandwidth_bytes_per_s"),
        "host_bandwidth_bytes_per_s": Rule("default", _every(12e9)),
        "overlap": Rule("default", _every(1, ipu=0)),
        "pins_weights": Rule("default", _every(1)),
        "eta_compute": Rule("default", _every(0.60, lpu=0.95)),
        "eta_memory": Rule("default", _every(0.80, lpu=0.90)),
        "op_overhead_s": Rule("default", _every(1.5e-6, gpu=4e-6)),
        "call_overhead_s": Rule("default", _every(30e-6)),
        "partitions": Rule("default", _every((1,))),
        "chunks_batch": Rule("default", _every(0)),
        "link_bandwidth_bytes_per_s": Rule("default", _every(0.0)),
        "link_latency_s": Rule("default", _every(5e-6)),
        "query_block": Rule("default", _every(384)),
        "launch_overhead_s": Rule("default", _every(0.0, gpu=12e-6)),
        "eta_vector": Rule("default", _every(1.0)),
        "longest_fused_keys": Rule("unused", _every(0)),
        "tdp_w": Rule("omit", _every(None)),
        "idle_w": Rule("omit", _every(None)),
        "active_share": Rule("default", _every(0.27)),
        ENERGY: Rule("omit", _every(None)),
        "memory_energy_j_per_byte": Rule("omit", _every(None)),
        "power_boundary": Rule("default", _every("card")),
        "array_rows": Rule("unused", _every(0)),
        "array_columns": Rule("unused", _every(0)),
        "dataflow": Rule("unused", _every("")),
    }
)
"""Parameter -> rule, in the order of the fields of `CostParameters`.

Efficiencies and overheads are the priors of the cost model's classes, before any calibration; the other defaults are
judgement, of the size of the devices of their class that the catalogue has. A device is whole and runs a batch whole
unless its file says that software divides either; without a link of its own it reaches others over the host's.
"""
