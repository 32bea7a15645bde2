"""What the cost model is told about a device in one number format, and the rule for a figure that nobody published.

A parameter is looked up in `[model]` of the device's file, then in `[specs]`. Where neither has it, `MISSING` decides:

- *omit*: the term that needs it is left out (its value then makes the term zero);
- *default*: the class of the device gives a value, of kind "assumed", or another parameter stands in for it;
- *refuse*: no cost can be predicted, and a `PrecisionError` says which figure is missing;
- *unused*: only devices of another style have it, and nothing is assumed.

Nothing is invented silently: every parameter that is not a vendor's figure or a measurement stands in `assumptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from npusdk.catalogue.keys import BY_FORMAT, MACS
from npusdk.catalogue.missing import MISSING, Value
from npusdk.catalogue.records import DeviceSpec
from npusdk.errors import ConfigError, PrecisionError
from npusdk.language import _
from npusdk.values import Kind, Sourced

How: TypeAlias = Literal[
    "assumed_parameter",
    "derived_parameter",
    "secondary_parameter",
    "class_default",
    "term_omitted",
    "calibrated_parameter",
]


class Assumption(NamedTuple):
    """A parameter that is neither a vendor's figure nor a measurement.

    Parameters
    ----------
    parameter
        Field of `CostParameters`.
    kind
        One of `npusdk.values.KINDS`.
    how
        Code of where the value comes from.
    """

    parameter: str
    kind: Kind
    how: How


@dataclass(frozen=True, slots=True)
class CostParameters:
    """What the cost model needs to know of a device in one number format.

    Parameters
    ----------
    device, dtype
        Identifier with its part, and number format.
    style
        "waves" (output tiles dealt to the units in waves), "grid" (one product split over all units) or "systolic" (one
        array, fold by fold).
    units, clock_hz, macs_per_unit_per_cycle, lanes
        Matrix units, their clock, their rate in `dtype`, and the outputs that a unit makes side by side.
    vector_ops_per_s
        Rate of element-wise operations.
    usable_on_chip_bytes
        On-chip memory that can keep activations and weights; 0 where no size is published.
    on_chip_bandwidth_bytes_per_s
        Between on-chip memory and the units; infinite where the term is left out.
    memory_bandwidth_bytes_per_s, host_bandwidth_bytes_per_s
        Of the device's own memory, and of the host link in one direction; both before efficiency.
    overlap
        Whether transfers and arithmetic overlap.
    pins_weights
        Whether weights that fit stay on chip between calls.
    eta_compute, eta_memory
        Sustained fractions of the matrix rate and of the memory bandwidth.
    op_overhead_s, call_overhead_s
        Seconds for each fused operator, and for each call.
    assumptions
        The parameters that are not a vendor's figure or a measurement, in the order of the fields.
    partitions
        Numbers of equal independent parts that the device can be split into, 1 first; a part of p has 1/p of the units,
        the on-chip memory, the bandwidths and the vector rate.
    chunks_batch
        Whether its compiler may run a batch in chunks.
    link_bandwidth_bytes_per_s, link_latency_s
        From device to device in one direction, 0 where they talk over the host link; of one hop of a collective.
    query_block
        Queries of one block of fused attention, where style is "waves".
    launch_overhead_s
        Added to each step when operators are launched one by one.
    eta_vector
        Sustained fraction of the rate of element-wise operations.
    longest_fused_keys
        Keys beyond which the software does not fuse attention; 0 where it always does.
    tdp_w, idle_w
        Highest and idle power; None where unknown, and then no power is predicted.
    active_share
        Share of `tdp_w - idle_w` that is drawn whenever a kernel runs.
    mac_energy_j, memory_energy_j_per_byte
        Of a multiply-accumulate in `dtype`; of a byte to or from off-chip memory; None where nothing is assumed.
    power_boundary
        What `tdp_w` covers: "chip", "card" or "system" (a share of a machine).
    array_rows, array_columns, dataflow
        Of a systolic array; "os", "ws" or "is" (what stays in the cells: outputs, weights or inputs).
    """

    device: str
    dtype: str
    style: Literal["waves", "grid", "systolic"]
    units: int
    clock_hz: float
    macs_per_unit_per_cycle: int
    lanes: int
    vector_ops_per_s: float
    usable_on_chip_bytes: float
    on_chip_bandwidth_bytes_per_s: float
    memory_bandwidth_bytes_per_s: float
    host_bandwidth_bytes_per_s: float
    overlap: bool
    pins_weights: bool
    eta_compute: float
    eta_memory: float
    op_overhead_s: float
    call_overhead_s: float
    assumptions: tuple[Assumption, ...]
    partitions: tuple[int, ...] = (1,)
    chunks_batch: bool = False
    link_bandwidth_bytes_per_s: float = 0.0
    link_latency_s: float = 5e-6
    query_block: int = 384
    launch_overhead_s: float = 0.0
    eta_vector: float = 1.0
    longest_fused_keys: int = 0
    tdp_w: float | None = None
    idle_w: float | None = None
    active_share: float = 0.27
    mac_energy_j: float | None = None
    memory_energy_j_per_byte: float | None = None
    power_boundary: str = "card"
    array_rows: int = 0
    array_columns: int = 0
    dataflow: str = ""

    @property
    def peak_ops_per_s(self) -> float:
        """Operations a second with every unit busy, two for a multiply-accumulate."""
        return 2.0 * self.units * self.macs_per_unit_per_cycle * self.clock_hz


_TYPES: Mapping[str, Callable[[Any], Value]] = MappingProxyType(
    {
        **dict.fromkeys(("style", "power_boundary", "dataflow"), str),
        **dict.fromkeys(
            ("units", MACS, "lanes", "query_block", "longest_fused_keys", "array_rows", "array_columns"), int
        ),
        **dict.fromkeys(("overlap", "pins_weights", "chunks_batch"), bool),
        "partitions": tuple,
    }
)
"""What a parameter is; a float where it is not here."""

_SPEC_NAMES: Mapping[str, str] = MappingProxyType({"idle_w": "idle_power_w"})
"""Parameters that the files call by another name."""

_HOW: Mapping[Kind, How] = MappingProxyType(
    {"assumed": "assumed_parameter", "derived": "derived_parameter", "secondary": "secondary_parameter"}
)


def _documented(device: DeviceSpec, name: str, dtype: str) -> Sourced | None:
    key = f"{name}.{dtype}" if name in BY_FORMAT else _SPEC_NAMES.get(name, name)
    return device.model.get(key) or device.specs.get(key)


def _refuse(device: DeviceSpec, name: str, dtype: str) -> PrecisionError:
    rated = [other for other in device.dtypes if f"{MACS}.{other}" in device.model]
    return PrecisionError(
        _("device {device} has no public figure for {parameter} in {precision}; it has rates for {available}"),
        hint=_("Choose one of the precisions {available}, or another device."),
        device=device.id,
        parameter=name,
        precision=dtype,
        available=", ".join(rated) or "-",
    )


def _parameter(device: DeviceSpec, name: str, dtype: str) -> tuple[Value, Assumption | None]:
    """Return a parameter's value, and what must be said about it."""
    figure = _documented(device, name, dtype)
    if figure is not None:
        how = _HOW.get(figure.kind)
        return figure.value, Assumption(name, figure.kind, how) if how else None  # type: ignore[return-value]  # counts
    rule = MISSING[name]
    if rule.action == "refuse":
        raise _refuse(device, name, dtype)
    if rule.parameter:
        value, _assumption = _parameter(device, rule.parameter, dtype)
        return value, Assumption(name, "assumed", "class_default")
    if rule.action == "unused":
        return rule.values[device.kind], None
    omitted: How = "term_omitted" if rule.action == "omit" else "class_default"
    return rule.values[device.kind], Assumption(name, "assumed", omitted)


def _check_dtype(device: DeviceSpec, dtype: str) -> None:
    if device.kind == "reference":
        raise ConfigError(
            _("device {device} defines numbers and has no time"),
            hint=_("Profile on a device of the catalogue; use {device} to run and to check."),
            device=device.id,
        )
    if dtype not in device.dtypes:
        raise PrecisionError(
            _("device {device} does not multiply in {precision}; it has {available}"),
            hint=_("Choose one of the precisions {available}, or another device."),
            device=device.id,
            precision=dtype,
            available=", ".join(device.dtypes),
        )


@lru_cache(maxsize=512)
def cost_parameters(device: DeviceSpec, dtype: str) -> CostParameters:
    """Return the complete parameters of a device in one number format, with everything that was assumed.

    Raises
    ------
    PrecisionError
        If the device does not have the format, or a figure is missing that cannot be replaced.
    ConfigError
        If the device is `reference`, which has no cost.
    """
    _check_dtype(device, dtype)
    found = {name: _parameter(device, name, dtype) for name in MISSING}
    values = {
        name: value if value is None else _TYPES.get(name, float)(value) for name, (value, _said) in found.items()
    }
    assumptions = tuple(said for _value, said in found.values() if said is not None)
    return CostParameters(device=device.id, dtype=dtype, assumptions=assumptions, **values)  # type: ignore[arg-type]  # the table of types says which
