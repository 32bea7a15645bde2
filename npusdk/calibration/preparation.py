"""The work of a question: which networks run, at which batch and how often, as tables that no parameter changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from npusdk.calibration.models import CHAINS, Stage
from npusdk.calibration.questions import Question, Refused, UnansweredError
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.cost import WorkTable
from npusdk.errors import DoesNotFitError, ModelError, NpuError, PrecisionError, UsageError
from npusdk.pipeline import Model
from npusdk.pipeline.language_model import LLM
from npusdk.pipeline.opening import open_zoo
from npusdk.report.parallel import Parallel
from npusdk.report.validation import Reason
from npusdk.units import format_bytes
from npusdk.zoo import Size
from npusdk.zoo.registry import find_entry

USABLE_MEMORY = 0.9
"""Share of the devices' memory that weights, keys and values may take together."""

LARGEST_SERVED = 2048
"""Most sequences that a server runs at once."""

POINTS = 4
"""Contexts at which a step of decoding is costed; between them its time is nearly linear."""


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
    planner = model.planner
    dtype = planner.precision(device, question.precision)
    return Work(lambda size: planner.table(device, planner.plan(device, dtype, size)), batch, times)


def _prepare_networks(question: Question, device: DeviceSpec) -> Prepared:
    works = []
    for stage in CHAINS.get(question.model, (Stage(question.model),)):
        model = _network(stage.network, question.resolution, question.sequence)
        calls = {"batch": question.batch * stage.samples, "times": question.steps if stage.is_stepped else 1}
        works.append(_work(model, question, device, **calls))
    _check_memory(device, sum(work.tables(1).constant_bytes for work in works))
    return Prepared(question, device, tuple(works))


def _prepare_language(question: Question, device: DeviceSpec) -> Prepared:
    """A prefill and steps of decoding, each through all stages of a pipeline."""
    model = LLM(question.model, weights=question.weights or None)
    settled = _settle(question, model, device)
    shared = Parallel(tp=settled.tp, pp=settled.pp)
    batch = -(-settled.batch // settled.pp) if settled.mode == "serving" else settled.batch
    works = []
    if settled.mode != "decode":
        prompt = model.prefill(tokens=settled.input_tokens, batch=batch, parallel=shared)
        works.append(_work(prompt, settled, device, batch=batch, times=settled.pp))
    if settled.mode != "prefill":
        for context, steps in _contexts(settled):
            step = model.decode(context=context, batch=batch, parallel=shared)
            works.append(_work(step, settled, device, batch=batch, times=steps * settled.pp))
    return Prepared(settled, device, tuple(works))


_PREPARERS: Mapping[str, Callable[[Question, DeviceSpec], Prepared]] = MappingProxyType(
    {"network": _prepare_networks, "chain": _prepare_networks, "language": _prepare_language}
)


def _contexts(question: Question) -> list[tuple[int, int]]:
    """Return contexts and the steps that each stands for: the midpoints of equal spans of the answer.

    The first token comes out of the prefill, unless there is none.
    """
    steps = question.output_tokens - (question.mode != "decode")
    spans = min(steps, POINTS)
    shares = [(steps * place // spans, steps * (place + 1) // spans) for place in range(spans)]
    return [(question.input_tokens + 1 + (first + last) // 2, last - first) for first, last in shares]


def _settle(question: Question, model: LLM, device: DeviceSpec) -> Question:
    """Return the question with the devices of a copy and the batch, where the row leaves them open.

    As few devices as the weights fit into, in powers of two; `B = min(2048, (0.9 memory - weights) / bytes of keys and
    values of (input + output / 2) tokens)`.
    """
    pool_bytes = device.pool_bytes or 0
    weight_bytes = model.weight_bytes(question.precision)
    token_bytes = model.kv_bytes_per_token(question.precision)
    most = max(1, question.n_devices // question.pp)
    sizes = [1 << power for power in range(most.bit_length())]
    needed = weight_bytes / USABLE_MEMORY / question.pp
    tp = question.tp or next((size for size in sizes if needed <= pool_bytes * size), most)
    room_bytes = USABLE_MEMORY * pool_bytes * tp * question.pp - weight_bytes
    mean_tokens = question.input_tokens + question.output_tokens / 2
    batch = question.batch or min(LARGEST_SERVED, int(room_bytes / (mean_tokens * token_bytes)))
    cache_bytes = batch * (question.input_tokens + question.output_tokens) * token_bytes if question.batch else 0
    _check_memory(device, (weight_bytes + cache_bytes) / (tp * question.pp))
    if batch < 1:
        raise UnansweredError("does_not_fit", format_bytes(weight_bytes))
    return replace(question, tp=tp, batch=batch)


def _check_memory(device: DeviceSpec, needed_bytes: float) -> None:
    available = device.pool_bytes
    if available is not None and needed_bytes > available:
        raise UnansweredError("does_not_fit", f"{format_bytes(needed_bytes)} > {format_bytes(available)}")
