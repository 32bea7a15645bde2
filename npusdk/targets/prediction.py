"""What is said of a cell that ran: what its operators are predicted to take, and what rounding cost."""

from __future__ import annotations

import numpy as np

from npusdk.array import Context, Record, choose_cell_precision
from npusdk.catalogue import cost_parameters
from npusdk.errors import NpuError
from npusdk.language import _
from npusdk.pipeline.recorded import Recording
from npusdk.report import CellReport, ProfileReport, Refusal
from npusdk.targets.hands import EmulatedHands
from npusdk.targets.loss import Loss, measure_loss

ROUNDED = ("bf16", "fp16", "tf32")
"""Formats that lose something against float32."""


def report_of(hands: EmulatedHands, record: Record, elapsed_s: float, *, compare: bool) -> CellReport:
    """Return what is said of a cell; a prediction that fails is a reason in the report, and not an error.

    Parameters
    ----------
    hands
        As the cell left them.
    elapsed_s
        Seconds that the cell ran.
    compare
        Whether to run the operators again without rounding.
    """
    context = hands.context
    profile, refusal, loss = None, None, Loss()
    try:
        if context.device.kind == "reference":
            cost_parameters(context.device, context.precision)  # its refusal is at hand before anything is compiled
        recording = _recording(record, hands)
        if recording is not None:
            loss = _lost(recording, record, hands, compare=compare)
        profile = _predict(recording, context)
    except NpuError as error:
        refusal = Refusal.from_error(context.device.id, context.device.name, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours in the prediction must not lose a cell that ran
        refusal = Refusal.from_error(context.device.id, context.device.name, _fault(error))
    return CellReport(
        device=context.device.id,
        device_name=context.device.name,
        precision=context.precision,
        elapsed_here_s=elapsed_s,
        operations=record.operations,
        in_bytes=record.in_bytes,
        out_bytes=sum(array.nbytes for array, _name in hands.taken.values()),
        narrowed=tuple(dict.fromkeys(hands.narrowed)),
        loss=loss.largest,
        loss_name=loss.name,
        overflowed=loss.overflowed,
        profile=profile,
        refusal=refusal,
    )


def _recording(record: Record, hands: EmulatedHands) -> Recording | None:
    """Return what ran as one graph; None where nothing did.

    Raises
    ------
    DoesNotFitError
        If more ran than a record keeps.
    """
    if not record.operations:
        return None
    return Recording(record.graph("cell", [array for array, _name in hands.taken.values()]))


def _predict(recording: Recording | None, context: Context) -> ProfileReport | None:
    if recording is None:
        return None
    exact = context.precision == "exact"
    return recording.profile(context.device, choose_cell_precision(context.device) if exact else context.precision)


def _fault(error: Exception) -> NpuError:
    return NpuError(
        _("the cell ran, but its prediction failed: {kind}: {problem}"),
        hint=_("Report it with the cell: it is a fault of npusdk."),
        kind=type(error).__name__,
        problem=str(error),
    )


def _lost(recording: Recording, record: Record, hands: EmulatedHands, *, compare: bool) -> Loss:
    """Return what rounding cost.

    Without being asked, only results in fp16 that are not finite are looked into: float32 overflows where the other
    formats do.
    """
    precision, taken = hands.context.precision, [array for array, _name in hands.taken.values()]
    strange = precision == "fp16" and not all(np.isfinite(array.numpy()).all() for array in taken)
    if precision not in ROUNDED or not (compare or strange):
        return Loss()
    found = measure_loss(recording.evaluate(record.feeds), record, hands.taken.values())
    return found if compare else Loss(overflowed=found.overflowed)
