"""A device's parameters under the calibration that predicts, and how far to trust them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from npusdk.catalogue import Assumption, CostParameters, DeviceSpec, cost_parameters
from npusdk.errors import ConfigError
from npusdk.language import _, plain
from npusdk.numerics import MATRIX_FORMATS
from npusdk.pipeline.constants import Calibration, ChipConstants, Prior, Shared, StackConstants
from npusdk.pipeline.versions import VERSIONS, current
from npusdk.report import Provenance

REFERENCE_STACK = "tensorrt"
"""The stack that the constants of the chips are for; asking for it changes nothing."""

Validity: TypeAlias = Literal["A", "B", "C"]
WIDTHS: dict[Validity, tuple[float, float]] = {"A": (1 / 1.25, 1.25), "B": (1 / 1.5, 1.5), "C": (0.5, 2.0)}
"""Factors on a predicted time where the calibration has none of its own: judgement."""


_MOST_CACHED = 4096


@dataclass(frozen=True)
class Calibrated:
    """Parameters of a device, and how far to trust them.

    Parameters
    ----------
    parameters
        For the cost model.
    validity
        "A": four measured networks or more behind the chip's constants; "B": one to three; "C": none.
    low, high
        Factors on a predicted time that make its interval.
    basis
        Code of what the interval rests on.
    provenance
        Where the constants come from.
    """

    parameters: CostParameters
    validity: Validity
    low: float
    high: float
    basis: str
    provenance: Provenance


_CACHE: dict[tuple[int, DeviceSpec, str, str], tuple[Calibration | None, Calibrated]] = {}
"""What was calibrated, beside the calibration, which so keeps its identity as long as it is part of a key."""


def stacks() -> tuple[str, ...]:
    """Return the names of the software stacks that predictions can be made for."""
    calibration = current()
    known = calibration.stacks if calibration else {}
    return tuple(_supported(known))


def _supported(known: dict[str, StackConstants]) -> Iterator[str]:
    yield REFERENCE_STACK
    yield from (name for name, stack in sorted(known.items()) if stack.supported and name != REFERENCE_STACK)


def check_stack(stack: str) -> None:
    """Refuse a software stack that predictions cannot be made for; none, an empty name, is the reference.

    Raises
    ------
    ConfigError
        If it is not one of `stacks()`.
    """
    if stack and stack not in stacks():
        raise ConfigError(
            _("stack {stack} is not known to the calibration; known are {known}"),
            hint=_("Choose one of {known}, or leave the stack out."),
            stack=plain(repr(stack), 40),
            known=", ".join(stacks()),
        )


def calibrate(device: DeviceSpec, dtype: str, stack: str = "") -> Calibrated:
    """Return the parameters of a device in a precision, calibrated as far as anybody measured it.

    Parameters
    ----------
    stack
        One of `stacks()`; empty for the reference.

    Raises
    ------
    ConfigError
        If the stack is not known, or the device is `reference`, which has no cost.
    PrecisionError
        If the device does not have the precision, or the public figures do not allow a prediction in it.
    """
    check_stack(stack)
    calibration = current()
    key = (id(calibration), device, dtype, stack)
    found = _CACHE.get(key)
    if found is None:
        if len(_CACHE) >= _MOST_CACHED:
            _CACHE.clear()
        found = _CACHE[key] = calibration, _make(calibration, device, cost_parameters(device, dtype), stack)
    return found[1]


def expected_parameters(device: DeviceSpec, dtype: str, stack: str) -> CostParameters:
    """Return the parameters that measurements under any stack are predicted with.

    A stack whose factors rest on too little keeps what is known of it and has no factors; an unknown one is taken as
    the reference.

    Raises
    ------
    PrecisionError, ConfigError
        As `calibrate`.
    """
    base = cost_parameters(device, dtype)
    calibration = current()
    return base if calibration is None else set_constants(base, calibration, device, _stack(calibration, stack))


def _stack(calibration: Calibration, name: str) -> StackConstants:
    known = StackConstants() if name == REFERENCE_STACK else calibration.stacks.get(name, StackConstants())
    return known if known.supported else known.model_copy(update={"compute": 1.0, "memory": 1.0, "overhead": 1.0})


def _make(calibration: Calibration | None, device: DeviceSpec, base: CostParameters, stack: str) -> Calibrated:
    chip = calibration.chip_of(device.id) if calibration and base.style != "systolic" else ""
    constants = calibration.chips[chip] if calibration and chip else None
    factors = _stack(calibration, stack) if calibration else StackConstants()
    parameters = base if calibration is None else set_constants(base, calibration, device, factors)
    validity: Validity = "C" if constants is None else "A" if constants.units >= 4 else "B"
    interval = calibration.intervals.get(validity) if calibration else None
    low, high = (interval.low, interval.high) if interval else WIDTHS[validity]
    measured = interval is not None and interval.coverage is not None
    basis = "left_out_measurements" if measured else "judgement_no_measurement" if validity == "C" else "judgement_few"
    return Calibrated(parameters, validity, low, high, basis, _provenance(calibration, chip, parameters, stack))


def _provenance(calibration: Calibration | None, chip: str, parameters: CostParameters, stack: str) -> Provenance:
    constants = calibration.chips[chip] if calibration and chip else None
    factors = calibration.stacks.get(stack) if calibration else None
    return Provenance(
        chip=chip,
        calibrated=constants is not None,
        units=constants.units if constants else 0,
        points=constants.points if constants else 0,
        eta_compute=parameters.eta_compute,
        op_overhead_s=parameters.op_overhead_s,
        profile="published" if calibration is None or calibration.name in VERSIONS else calibration.name,
        stack=stack,
        stack_units=factors.units if factors else 0,
    )


FITTED = ("eta_compute", "op_overhead_s")
"""Parameters that a calibration of the chip replaces by what was measured."""


def set_constants(
    base: CostParameters, calibration: Calibration, device: DeviceSpec, stack: StackConstants
) -> CostParameters:
    """Return the catalogue's parameters with the constants of a calibration in place of its class defaults."""
    if base.style == "systolic":
        return base
    chip = calibration.chips.get(calibration.chip_of(device.id))
    own = chip or _unmeasured(calibration.priors.get(device.kind, base))
    return apply_constants(base, own, calibration.shared, stack)


def _unmeasured(expected: Prior | CostParameters) -> ChipConstants:
    """Return the constants of a chip that nobody measured: those of its class, or else the catalogue's."""
    eta, overhead_s = expected.eta_compute, expected.op_overhead_s
    return ChipConstants(devices=(), eta_compute=eta, op_overhead_s=overhead_s, units=0, points=0)


def apply_constants(base: CostParameters, chip: ChipConstants, shared: Shared, stack: StackConstants) -> CostParameters:
    """Return parameters with the constants of a chip, of all chips and of a software stack; the fit calls it too.

    The equations are those of `StackConstants` and `Shared`. A stack whose kernels take only so many bytes on a unit in
    a cycle has no more bandwidth than that.
    """
    eta_memory = min(base.eta_memory * stack.memory, 0.98)
    bandwidth = base.memory_bandwidth_bytes_per_s
    if stack.unit_bytes_per_cycle and base.style == "waves":
        bandwidth = min(bandwidth, stack.unit_bytes_per_cycle * base.units * base.clock_hz / eta_memory)
    is_narrow = base.style == "waves" and base.mac_energy_j is not None and MATRIX_FORMATS[base.dtype].bits <= 8
    launch_s = base.launch_overhead_s if stack.launches else 0.0
    measured = chip.points > 0
    return replace(
        base,
        eta_compute=min(chip.eta_compute * stack.compute, 1.0),
        eta_memory=eta_memory,
        eta_vector=chip.eta_vector or shared.eta_vector,
        op_overhead_s=chip.op_overhead_s * stack.overhead + launch_s,
        link_latency_s=shared.link_latency_s * stack.overhead,
        longest_fused_keys=stack.longest_fused_keys if base.style == "waves" else 0,
        memory_bandwidth_bytes_per_s=bandwidth,
        mac_energy_j=(base.mac_energy_j or 0.0) * shared.narrow_energy if is_narrow else base.mac_energy_j,
        assumptions=tuple(_assumption(said, measured=measured) for said in base.assumptions),
    )


def _assumption(said: Assumption, *, measured: bool) -> Assumption:
    """Return what is said of a parameter once its chip was measured."""
    is_fitted = measured and said.parameter in FITTED
    return Assumption(said.parameter, "derived", "calibrated_parameter") if is_fitted else said
