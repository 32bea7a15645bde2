"""Parameters of a device and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from npusdk.catalogue import CostParameters, DeviceSpec, cost_parameters
from npusdk.errors import ConfigError
from npusdk.language import _, plain
from npusdk.report.grounds import Provenance


@dataclass(frozen=True)
class Calibrated:
    """Parameters of a device in one precision, and the interval around what they predict.

    Parameters
    ----------
    parameters
        Of the cost model.
    validity, low, high, basis
        Class, factors on a time, and the code of what they rest on.
    provenance
        Where the calibrated parameters come from.
    """

    parameters: CostParameters
    validity: Literal["A", "B", "C"]
    low: float
    high: float
    basis: str
    provenance: Provenance


@lru_cache(maxsize=512)
def calibrate(device: DeviceSpec, dtype: str, stack: str = "") -> Calibrated:
    """Return the parameters of a device."""
    check_stack(stack)
    found = cost_parameters(device, dtype)
    chip = Provenance(
        chip=device.id, calibrated=False, eta_compute=found.eta_compute, op_overhead_s=found.op_overhead_s, stack=stack
    )
    return Calibrated(found, "C", 0.5, 2.0, "judgement_no_measurement", chip)


def stacks() -> tuple[str, ...]:
    """Return the stacks that factors are known of."""
    return ()


def check_stack(stack: str) -> None:
    """Refuse a stack that no factors are known of.

    Raises
    ------
    ConfigError
        If there is no such stack.
    """
    if stack and stack not in stacks():
        raise ConfigError(
            _("stack {stack} is not known: no factors of any software are applied to serving"),
            hint=_("Leave stack= out."),
            stack=plain(repr(stack), 40),
        )
