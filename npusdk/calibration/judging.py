"""Measured rows beside what the cost model says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from typing import TypeAlias

from npusdk.calibration.predictor import Prediction, predict
from npusdk.calibration.questions import Question, ask
from npusdk.calibration.refusals import Refused
from npusdk.calibration.rows import Row
from npusdk.calibration.scores import Judged
from npusdk.calibration.vocabulary import device_of, stack_of
from npusdk.catalogue import find_device

Predictor: TypeAlias = Callable[[Question], Prediction | Refused]


def judge(row: Row, predictor: Predictor = predict) -> Judged:
    """Return a row with its prediction, or with the reason why it has none."""
    question = ask(row)
    found = question if isinstance(question, Refused) else predictor(question)
    if isinstance(found, Prediction) and not (isfinite(found.quantity) and found.quantity > 0):
        found = Refused("not_modelled", str(found.quantity))
    known = _known(row)
    if isinstance(found, Refused) or isinstance(question, Refused) or row.value is None:
        refused = found if isinstance(found, Refused) else Refused("bad_value")
        return replace(known, reason=refused.reason, detail=refused.detail)
    predicted = question.to_unit(found.quantity)
    return replace(
        known,
        workload="" if question.measures == "power" else workload_of(question),
        predicted=predicted,
        is_rate=question.measures in ("samples", "tokens"),
        measured_s=question.seconds_per_sample(row.value),
        predicted_s=question.seconds_per_sample(predicted),
        roofline_s=found.roofline_s,
    )


def _known(row: Row) -> Judged:
    """Return what is known of a row without a prediction; a unit is a chip and a model, also where none is named."""
    device = device_of(row.device_key, row.device)
    chip = row.split_unit.partition("|")[0].strip() if "|" in row.split_unit else device.partition(":")[0]
    return Judged(
        id=row.id,
        line=row.line,
        use=row.use,
        unit=row.split_unit or f"{device or row.device_key or row.device}|{row.model}",
        device=device or row.device_key or row.device,
        chip=chip,
        vendor=find_device(device).vendor if device else "",
        stack=stack_of(row.software),
        model=row.model,
        measured=row.value,
        measured_in=row.unit[:40],
    )


def workload_of(question: Question) -> str:
    """Return a workload in words, equal for questions that differ in device, software and unit alone.

    The batch of a rate is the submitter's choice and no part of it; the batch of a call that is timed is.
    """
    lengths = f"{question.input_tokens}+{question.output_tokens}" if question.kind == "language" else ""
    is_free = question.mode in ("throughput", "serving")
    sizes = {
        "size": question.resolution or question.sequence,
        "tokens": lengths,
        "steps": question.steps,
        "weights": question.weights,
        "tp": question.tp if question.tp > 1 else 0,
        "batch": 0 if is_free else question.batch,
    }
    said = [f"{name} {value}" for name, value in sizes.items() if value]
    return ", ".join((question.model, question.precision, question.mode, *said))
