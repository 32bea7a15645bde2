"""The work of a question: which networks run, at which batch and how often, as tables that no parameter changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType

from npusdk.calibration.models import CHAINS, Stage
from npusdk.calibration.questions import Question
from npusdk.calibration.refusals import Refused, UnansweredError
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.cost import WorkTable
from npusdk.errors import DoesNotFitError, ModelError, NpuError, PrecisionError, UsageError
from npusdk.pipeline import Model
from npusdk.pipeline.language_model import LLM
from npusdk.pipeline.opening import open_zoo
from npusdk.pipeline.serving import MOST_TOKENS, POINTS
from npusdk.pipeline.workload import USABLE, Workload, choose_batch, read_workload
from npusdk.report.parallel import Parallel
from npusdk.report.validation import Reason
from npusdk.units import format_bytes
from npusdk.zoo import Size
from npusdk.zoo.registry import find_entry


@dataclass(frozen=True)
class Work:
    """One network that is called a number of times.

    Parameters
    ----------
    tables
        Its work at a batch; made when it is first asked for.
    batch
        Samples in one call.
    times
        How often it is called.
    """

    tables: Callable[[int], WorkTable]
    batch: int
    times: float = 1.0


@dataclass(frozen=True)
class Prepared:
    """A question, and its work.

    Parameters
    ----------
    question
        With a batch and a number of devices also where the row leaves them open.
    device
        Of the catalogue.
    works
        What runs for one batch.
    """

    question: Question
    device: DeviceSpec
    works: tuple[Work, ...]


@lru_cache(maxsize=1024)
def prepare(question: Question) -> Prepared | Refused:
    """Return the work of a question, or why it has none."""
    device = find_device(question.device)
    try:
        return _PREPARERS[question.kind](question, device)
    except UnansweredError as unanswered:
        return unanswered.refused
    except NpuError as error:
        return refuse(error)


_REASONS: tuple[tuple[type[NpuError], Reason], ...] = (
    (PrecisionError, "precision_not_on_device"),
    (DoesNotFitError, "does_not_fit"),
    (ModelError, "not_modelled"),
    (UsageError, "not_modelled"),
)


def refuse(error: NpuError) -> Refused:
    """Return an error of the pipeline as a refusal; what is no refusal is raised again."""
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)
    if reason is None:
        raise error
    return Refused(reason, error.text("en").partition("\n")[0][:200])


@lru_cache(maxsize=128)
def _network(name: str, resolution: int, sequence: int) -> Model:
    usual = find_entry(name)[1].size
    if usual.resolution and resolution < 0:
        raise UnansweredError("not_modelled", name)
    size = Size(resolution if usual.resolution else 0, sequence if usual.sequence else 0)
    return open_zoo(name, MappingProxyType({}), size=size, batch=None)


def _work(model: Model, question: Question, device: DeviceSpec, *, batch: int, times: float = 1.0) -> Work:
    """Return calls of a model; what a network gives is processed further where it is, and crosses no link."""
    planner = model.planner
    dtype = planner.precision(device, question.precision)

    @cache
    def tables(size: int) -> WorkTable:
        table = planner.table(device, planner.plan(device, dtype, size))
        return table if question.kind == "language" else replace(table, returned_bytes=0)

    return Work(tables, batch, times)


def _prepare_networks(question: Question, device: DeviceSpec) -> Prepared:
    works = []
    for stage in CHAINS.get(question.model, (Stage(question.model),)):
        model = _network(stage.network, question.resolution, question.sequence)
        calls = {"batch": question.batch * stage.samples, "times": question.steps if stage.is_stepped else 1}
        works.append(_work(model, question, device, **calls))
    _check_memory(device, sum(work.tables(1).constant_bytes for work in works))
    return Prepared(question, device, tuple(works))


def _prepare_language(question: Question, device: DeviceSpec) -> Prepared:
    """A prefill and steps of decoding, as `npusdk.pipeline.serving` counts them, but of one batch at once.

    Requests that do not fit at once take turns, in rounds of equal size.
    """
    model = LLM(question.model, weights=question.weights or None)
    settled, asked, rounds = _settle(question, model, device)
    together = -(-settled.batch // rounds)
    batch = -(-together // settled.pp) if settled.mode == "serving" else together
    shared = Parallel(tp=asked.shards)
    works = []
    if settled.mode != "decode":
        together = max(1, min(batch, MOST_TOKENS // settled.input_tokens))
        prompts = model.prefill(tokens=settled.input_tokens, batch=together, parallel=shared)
        works.append(_work(prompts, settled, asked.chip, batch=together, times=rounds * batch / together))
    steps = settled.output_tokens - (settled.mode != "decode")
    for point in POINTS if settled.mode != "prefill" and steps else ():
        context = int(settled.input_tokens + point * settled.output_tokens)
        step = model.decode(context=max(1, context), batch=batch, parallel=shared)
        works.append(_work(step, settled, asked.chip, batch=batch, times=rounds * steps / len(POINTS)))
    return Prepared(settled, asked.chip, tuple(works))


_PREPARERS: Mapping[str, Callable[[Question, DeviceSpec], Prepared]] = MappingProxyType(
    {"network": _prepare_networks, "chain": _prepare_networks, "language": _prepare_language}
)


def _settle(question: Question, model: LLM, device: DeviceSpec) -> tuple[Question, Workload, int]:
    """Return the question with the devices of a copy and the batch where the row leaves them open, and its rounds.

    A copy takes as few devices as the weights fit into, in powers of two; a server as many requests as fit.
    """
    most = max(1, question.n_devices // question.pp)
    sizes = [question.tp] if question.tp else [1 << power for power in range(most.bit_length())]
    asked = [_workload(question, model, device, tp) for tp in sizes]
    fitting = (one for one in asked if not one.memory_bytes or one.weight_bytes <= USABLE * one.memory_bytes)
    work = next(fitting, asked[-1])
    try:
        batch, _basis = choose_batch(work, question.batch or None)
    except DoesNotFitError:
        if question.mode not in ("generation", "serving") or not question.batch or not work.largest_batch:
            raise
        return replace(question, tp=work.parallel.tp), work, -(-question.batch // work.largest_batch)
    return replace(question, tp=work.parallel.tp, batch=batch), work, 1


def _workload(question: Question, model: LLM, device: DeviceSpec, tp: int) -> Workload:
    return read_workload(
        model,
        device,
        (question.input_tokens, max(1, question.output_tokens)),
        precision=question.precision,
        parallel=Parallel(tp=tp, pp=question.pp),
        batching="continuous" if question.mode == "serving" and not question.batch else "static",
        stack="",
    )


def _check_memory(device: DeviceSpec, needed_bytes: float) -> None:
    available = device.pool_bytes
    if available is not None and needed_bytes > available:
        raise UnansweredError("does_not_fit", f"{format_bytes(needed_bytes)} > {format_bytes(available)}")
