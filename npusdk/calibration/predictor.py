"""The cost model's answer to a question.

`prepare` makes the work tables of a question once, `answer` costs them with given parameters: a fit tries many
parameters on the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from npusdk.calibration.preparation import Prepared, Work, prepare, refuse
from npusdk.calibration.questions import Question
from npusdk.calibration.refusals import Refused
from npusdk.catalogue import Assumption, CostParameters, DeviceSpec
from npusdk.cost import WorkTable, best_schedule
from npusdk.cost.power import Powered, apply_power
from npusdk.cost.time import peak_macs_per_s
from npusdk.errors import NpuError
from npusdk.pipeline.calibration import expected_parameters

ParametersOf: TypeAlias = Callable[[DeviceSpec, str, str], CostParameters]
"""Parameters of a device in a precision under a software stack."""


class Prediction(NamedTuple):
    """What the cost model says.

    Parameters
    ----------
    quantity
        Of one copy, in SI units: seconds, samples or tokens a second, watts.
    roofline_s
        Seconds per sample at the data sheet's rates; None for power.
    """

    quantity: float
    roofline_s: float | None


class Run(NamedTuple):
    """A network that is called a number of times, and one call of it."""

    work: Work
    call: Powered


def predict(question: Question, parameters_of: ParametersOf = expected_parameters) -> Prediction | Refused:
    """Return the answer to a question, or why there is none.

    Parameters
    ----------
    parameters_of
        Parameters to predict with.
    """
    prepared = prepare(question)
    if isinstance(prepared, Refused):
        return prepared
    try:
        return answer(prepared, parameters_of(prepared.device, question.precision, question.stack))
    except NpuError as error:
        return refuse(error)


def answer(prepared: Prepared, parameters: CostParameters) -> Prediction | Refused:
    """Return what the cost model says with given parameters."""
    question = prepared.question
    runs = [
        Run(work, apply_power(best_schedule(work.tables, parameters, work.batch), parameters))
        for work in prepared.works
    ]
    quantity = _QUANTITIES[question.mode](question, runs)
    if quantity is None:
        return Refused("power_not_known", parameters.device)
    if question.measures == "power":
        return Prediction(quantity, None)
    sheet_s = sum(work.times * datasheet_s(work.tables(work.batch), parameters) for work in prepared.works)
    return Prediction(quantity, sheet_s / question.batch)


def _total_s(question: Question, runs: Sequence[Run]) -> float:
    """Return the seconds of all calls, one after another."""
    on_device = question.clock == "device"
    return sum(run.work.times * (run.call.device_s if on_device else run.call.latency_s) for run in runs)


def _throughput(question: Question, runs: Sequence[Run]) -> float:
    """Return the samples a second when calls follow each other without a gap."""
    busy_s = sum(run.work.times * run.work.batch / run.call.throughput_per_s for run in runs)
    return question.batch / busy_s


def _prefill(question: Question, runs: Sequence[Run]) -> float:
    total_s = _total_s(question, runs)
    return question.batch * question.input_tokens / total_s if question.measures == "tokens" else total_s


def _decode(question: Question, runs: Sequence[Run]) -> float:
    step_s = _total_s(question, runs) / question.output_tokens
    return question.batch / step_s if question.measures == "tokens" else step_s


def _serving(question: Question, runs: Sequence[Run]) -> float:
    """Return the rate of batches that follow each other; stages of a pipeline work on as many batches at once."""
    answers_per_s = question.batch / _total_s(question, runs)
    return answers_per_s * (question.output_tokens if question.measures == "tokens" else 1)


def _power(question: Question, runs: Sequence[Run]) -> float | None:
    """Return the mean watts: of a generation, or of calls of a network that follow each other without a gap."""
    if question.kind != "language" and len(runs) == 1:
        return runs[0].call.sustained_power_w
    energies = [(run.work.times, run.call.energy_j) for run in runs]
    energy_j = sum(times * joules for times, joules in energies if joules is not None)
    duration_s = sum(run.work.times * run.call.latency_s for run in runs)
    return None if any(joules is None for _, joules in energies) else energy_j / duration_s


_QUANTITIES: Mapping[str, Callable[[Question, Sequence[Run]], float | None]] = MappingProxyType(
    {
        "latency": _total_s,
        "throughput": _throughput,
        "prefill": _prefill,
        "decode": _decode,
        "generation": _total_s,
        "serving": _serving,
        "power": _power,
    }
)
"""Mode of a question -> what its calls amount to."""


def datasheet_s(table: WorkTable, parameters: CostParameters) -> float:
    """Return the seconds of a call at the data sheet's rates: `max(MAC / peak, bytes / bandwidth)`, nothing on chip.

    A device without memory of its own beside its chip has the bandwidth of that.
    """
    moved_bytes = table.activation_bytes + table.weight_bytes + table.row_bytes
    has_memory = Assumption("memory_bandwidth_bytes_per_s", "assumed", "class_default") not in parameters.assumptions
    bytes_per_s = parameters.memory_bandwidth_bytes_per_s if has_memory else parameters.on_chip_bandwidth_bytes_per_s
    return max(
        float((table.macs * table.repeats).sum()) / peak_macs_per_s(parameters),
        float((moved_bytes * table.repeats).sum()) / bytes_per_s,
    )
