"""What a prediction stands on, what would move it, and what would make the model run better."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from npusdk.report.codes import Note
from npusdk.values import Count, Frozen, Kind

Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Provenance(Frozen):
    """Where the two calibrated parameters of a device come from.

    Parameters
    ----------
    chip
        The chip that they belong to; devices with the same chip share them.
    calibrated
        Whether measurements of this chip stand behind them; otherwise they are those of its class.
    units, points
        Networks that were measured on the chip, and published measurements of them.
    eta_compute, op_overhead_s
        The share of the matrix peak that a network reaches, and the seconds of one launched step.
    profile
        "published" for the measurements that npusdk comes with, else the name of the reader's own calibration.
    stack, stack_units
        The software whose factors were applied, empty for none; networks behind them.
    """

    chip: str
    calibrated: bool
    units: Count = 0
    points: Count = 0
    eta_compute: Amount
    op_overhead_s: Amount
    profile: str = "published"
    stack: str = ""
    stack_units: Count = 0


class Sensitivity(Frozen):
    """One parameter that moves the latency by more than a twentieth.

    Parameters
    ----------
    parameter
        Field of `npusdk.catalogue.CostParameters`.
    kind
        What its figure is, see `npusdk.values.KINDS`.
    value
        The figure.
    factor
        It was multiplied and divided by this.
    latency_low_s, latency_high_s
        The shorter and the longer of the two latencies.
    change
        Largest relative change of the latency.
    """

    parameter: str
    kind: Kind
    value: Amount
    factor: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    latency_low_s: Amount
    latency_high_s: Amount
    change: Amount


class Advice(Frozen):
    """Something that would make the model run better on the device, with the gain that the cost model predicts for it.

    Parameters
    ----------
    condition
        What was found.
    cause
        Why that costs something.
    action
        What to do.
    gain
        Factor on what `of` names, above 1.
    of
        What gets better.
    predicted_s
        Latency after the action, in seconds; None where it is not a question of time.
    separable
        Whether the intervals before and after do not overlap.
    """

    condition: Note
    cause: Note
    action: Note
    gain: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    of: Literal["latency", "throughput", "energy"]
    predicted_s: Amount | None = None
    separable: bool = False
