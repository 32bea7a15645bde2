"""What the cost model is told about a device in one number format, and the rule for a figure that nobody published.

A parameter is looked up in `[model]` of the device's file, then in `[specs]`. Where neither has it, `MISSING` decides:

- *omit*: the term that needs it is left out (its value then makes the term zero);
- *default*: the class of the device gives a value, of kind "assumed", or another parameter stands in for it;
- *refuse*: no cost can be predicted, and a `PrecisionError` says which figure is missing.

Nothing is invented silently: every parameter that is not a vendor's figure or a measurement stands in `assumptions`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from npusdk.catalogue.keys import MACS
from npusdk.catalogue.records import DeviceKind, DeviceSpec
from npusdk.errors import ConfigError, PrecisionError
from npusdk.language import _
from npusdk.values import Kind, Sourced

Value: TypeAlias = float | int | str
How: TypeAlias = Literal[
    "assumed_parameter", "derived_parameter", "secondary_parameter", "class_default", "term_omitted"
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
class Rule:
    """What happens when a parameter is missing.

    Parameters
    ----------
    action
        "omit", "default" or "refuse".
    values
        By kind of device: the default, or the value that makes an omitted term vanish.
    parameter
        The parameter that stands in, if a default is not a number of its own.
    """

    action: Literal["omit", "default", "refuse"]
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
    }
)
"""Parameter -> rule. Efficiencies and overheads are the priors of the cost model's classes, before any calibration; the
other defaults are judgement, of the size of the devices of their class that the catalogue has."""


@dataclass(frozen=True, slots=True)
class CostParameters:
    """What the cost model needs to know of a device in one number format.

    Parameters
    ----------
    device, dtype
        Identifier with its part, and number format.
    style
        "waves" (output tiles dealt to the units in waves) or "grid" (one product split over all units).
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
    """

    device: str
    dtype: str
    style: Literal["waves", "grid"]
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

    @property
    def peak_ops_per_s(self) -> float:
        """Operations a second with every unit busy, two for a multiply-accumulate."""
        return 2.0 * self.units * self.macs_per_unit_per_cycle * self.clock_hz


_TYPES: Mapping[str, type[float | int | str | bool]] = MappingProxyType(
    {"style": str, "units": int, MACS: int, "lanes": int, "overlap": bool, "pins_weights": bool}
)
_HOW: Mapping[Kind, How] = MappingProxyType(
    {"assumed": "assumed_parameter", "derived": "derived_parameter", "secondary": "secondary_parameter"}
)


def _documented(device: DeviceSpec, name: str, dtype: str) -> Sourced | None:
    key = f"{MACS}.{dtype}" if name == MACS else name
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
    if figure is not None and isinstance(figure.value, (int, float, str)):
        how = _HOW.get(figure.kind)
        return figure.value, Assumption(name, figure.kind, how) if how else None
    rule = MISSING[name]
    if rule.action == "refuse":
        raise _refuse(device, name, dtype)
    if rule.parameter:
        value, _assumption = _parameter(device, rule.parameter, dtype)
        return value, Assumption(name, "assumed", "class_default")
    how = "term_omitted" if rule.action == "omit" else "class_default"
    return rule.values[device.kind], Assumption(name, "assumed", how)


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
    values = {name: _TYPES.get(name, float)(value) for name, (value, _said) in found.items()}
    assumptions = tuple(said for _value, said in found.values() if said is not None)
    return CostParameters(device=device.id, dtype=dtype, assumptions=assumptions, **values)  # type: ignore[arg-type]  # the table of types says which
