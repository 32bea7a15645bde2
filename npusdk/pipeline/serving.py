"""Serving a language model in closed form: every slot spends one prefill and its steps on each request, for ever.

With requests of `isl` input and `osl` output tokens and `B` of them at once, in `pp` streams of `b = ceil(B / pp)`:

    t_prefill(b) = b / n t_pass(n prompts),  n = min(b, max(1, 8192 / isl)) prompts in one pass
    t_steps(b)   = (osl - 1) x mean of t_step(b, isl + x osl) over x = 1/8, 3/8, 5/8, 7/8
    latency      = t_prefill(b) + t_steps(b)
    tokens/s     = B osl / latency

Each time is that of a pass through all layers on `tp` devices; a stream passes its activations on to the next of `pp`
stages, while the others compute for the other streams. Weights and keys and values take at most nine tenths of the
memory of all tp pp devices, W being the weights and kv the bytes of a token:

    capacity = (0.9 memory - W) / kv tokens,   largest batch = min(2048, capacity / (isl + osl / 2))

A static batch reaches its full length at once: there osl counts in full. A batch that a caller gives may take all of
the memory.

**Devices of several memories** (a card of four chips) hold no model in one piece: it is divided among the chips as
among devices, and `tp` counts cards. With n chips a pass is that of one of n tp shares on one chip.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, get_args

from npusdk.catalogue import DeviceSpec, cost_parameters, find_device
from npusdk.cost import send_s
from npusdk.errors import ConfigError, DoesNotFitError, UnknownDeviceError
from npusdk.importers.language import Share
from npusdk.language import _, plain
from npusdk.pipeline.opening import read_count
from npusdk.report import Note, Parallel, ProfileReport, ServingReport
from npusdk.report.serving import Batching, Span
from npusdk.units import format_bytes

if TYPE_CHECKING:
    from npusdk.pipeline.language_model import LLM, Pass

MOST_TOKENS = 8192
"""Tokens of all prompts in one prefill."""

MOST_REQUESTS = 2048
"""Largest batch that is proposed."""

USABLE = 0.9
"""Share of the memory for weights, keys and values; the rest is for activations and the runtime."""

POINTS = (0.125, 0.375, 0.625, 0.875)
"""Shares of the output at which a step is timed."""

MOST_TP = 8
"""Largest tensor parallelism that an error proposes: the devices of one server."""

ACTIVATION_BYTES = 2
"""Bytes of an element that one stage passes to the next."""


@dataclass(frozen=True)
class Workload:
    """What is asked for, checked.

    Parameters
    ----------
    model
        What is served.
    device, chip, chips
        The device, the part of it that has one memory (the device itself, mostly), and how many of those it has.
    precision
        Of the matrix products.
    parallel, batching, stack
        As `LLM.serve` takes them.
    input_tokens, output_tokens
        Of a request.
    """

    model: LLM
    device: DeviceSpec
    chip: DeviceSpec
    chips: int
    precision: str
    parallel: Parallel
    batching: Batching
    stack: str
    input_tokens: int
    output_tokens: int

    @property
    def shards(self) -> int:
        """Chips that share every layer."""
        return self.parallel.tp * self.chips

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights of one replica."""
        return self.model.weight_bytes(self.precision)

    @property
    def kv_bytes(self) -> float:
        """Bytes of a token's keys and values on all devices of a replica; more devices than key heads hold copies."""
        copies = Share(self.model.config, self.shards).kv_heads * self.shards / self.model.config.kv_heads
        return self.model.kv_bytes_per_token(self.precision) * copies

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of one replica's memory."""
        pool = self.chip.pool_bytes
        return pool * self.shards * self.parallel.pp if pool else None

    @property
    def request_tokens(self) -> float:
        """Tokens of a request that count at once: the mean, or all where all requests are equally far."""
        return self.input_tokens + self.output_tokens * (0.5 if self.batching == "continuous" else 1.0)

    @property
    def capacity_tokens(self) -> int | None:
        """Tokens for which there is room beside the weights."""
        if self.memory_bytes is None:
            return None
        return max(0, int((USABLE * self.memory_bytes - self.weight_bytes) // self.kv_bytes))

    @property
    def largest_batch(self) -> int | None:
        """Requests for which there is room, at most `MOST_REQUESTS`."""
        capacity = self.capacity_tokens
        return None if capacity is None else min(MOST_REQUESTS, int(capacity // self.request_tokens))


@dataclass(frozen=True)
class Timed:
    """Seconds of a part of the work with their interval, and the joules of one device.

    Parameters
    ----------
    value, low, high
        Seconds.
    energy_j
        None where energy is not predicted.
    """

    value: float
    low: float
    high: float
    energy_j: float | None

    def times(self, factor: float) -> Timed:
        """Return `factor` times the work."""
        energy = None if self.energy_j is None else self.energy_j * factor
        return Timed(self.value * factor, self.low * factor, self.high * factor, energy)

    def __add__(self, other: Timed) -> Timed:
        """Return one after the other."""
        known = self.energy_j is not None and other.energy_j is not None
        energy = (self.energy_j or 0.0) + (other.energy_j or 0.0) if known else None
        return Timed(self.value + other.value, self.low + other.low, self.high + other.high, energy)

    @property
    def span(self) -> Span:
        """The seconds as a report has them."""
        return Span(value=self.value, low=self.low, high=self.high)


def cost_pass(made: Pass, device: DeviceSpec, precision: str) -> ProfileReport:
    """Return the report of one pass; the one place where serving asks the cost model."""
    return made.planner.profile(device, precision, made.batch)


def serve(work: Workload, batch: int | None) -> ServingReport:
    """Return what serving is predicted to take; `batch` is as many as the memory holds if it is None.

    Raises
    ------
    DoesNotFitError
        If the weights, or the batch, do not fit.
    ConfigError
        If no batch is given and the device's memory is not documented.
    """
    requests, basis = _choose_batch(work, batch)
    streams = min(work.parallel.pp, requests)
    clock = _Clock(work, ceil(requests / streams))
    ttft, prefill, step = clock.first_token(), clock.prefills(), clock.step()
    steps = work.output_tokens - 1
    latency = prefill + step.times(steps) if step else prefill
    tokens = work.parallel.replicas * requests * work.output_tokens
    rate = Span(value=tokens / latency.value, low=tokens / latency.high, high=tokens / latency.low)
    joules = latency.energy_j
    return ServingReport(
        basis="predicted",
        device=work.device.id,
        device_name=work.device.name,
        model=work.model.name,
        parameters=work.model.parameters,
        max_context=work.model.config.max_context,
        model_version=clock.reports[0].model_version,
        precision=work.precision,
        weights=work.model.weights or work.precision,
        cache=work.model.cache or work.precision,
        parallel=work.parallel,
        stack=work.stack,
        batching=work.batching,
        input_tokens=work.input_tokens,
        output_tokens=work.output_tokens,
        batch=requests,
        batch_basis=basis,  # type: ignore[arg-type]  # pydantic checks the text
        steps=steps,
        ttft=ttft.span,
        prefill=prefill.span,
        tpot=step.span if step else None,
        tpot_loaded=latency.times(1 / work.output_tokens).span,
        latency=latency.span,
        tokens_per_s=rate,
        tokens_per_s_per_device=rate.value / work.parallel.devices,
        energy_j_per_token=None if joules is None else joules * work.shards * streams / (requests * work.output_tokens),
        kv_bytes_per_token=work.model.kv_bytes_per_token(work.precision),
        kv_capacity_tokens=work.capacity_tokens,
        largest_batch=work.largest_batch,
        weight_bytes=work.weight_bytes,
        memory_bytes=work.memory_bytes,
        validity=max(report.validity for report in clock.reports),
        interval_basis=max(clock.reports, key=lambda report: report.validity).interval_basis,
        excluded=tuple(dict.fromkeys(code for report in clock.reports for code in report.excluded)),
        assumptions=_notes(clock.reports),
    )


def _notes(reports: Iterable[ProfileReport]) -> tuple[Note, ...]:
    """Return what any pass took for granted, each once."""
    return tuple({(n.code, str(n.params)): n for report in reports for n in report.assumptions}.values())


def _choose_batch(work: Workload, batch: int | None) -> tuple[int, str]:
    """Return the requests at once, and what decided them."""
    memory_bytes, largest = work.memory_bytes, work.largest_batch
    if memory_bytes is None or largest is None:
        if batch is None:
            raise ConfigError(
                _("the memory of {device} is not documented, so that its largest batch is not known"),
                hint=_("Give batch=."),
                device=work.device.id,
            )
        return batch, "given"
    needed = work.weight_bytes + (batch or 1) * work.request_tokens * work.kv_bytes
    limit = memory_bytes if batch else USABLE * memory_bytes
    if needed > limit or not largest:
        raise _does_not_fit(work, max(needed, work.weight_bytes + work.request_tokens * work.kv_bytes), limit, batch)
    if batch is not None:
        return batch, "given"
    return largest, "cap" if largest == MOST_REQUESTS else "memory"


def _does_not_fit(work: Workload, needed: float, limit: float, batch: int | None) -> DoesNotFitError:
    share = (work.memory_bytes or 1) / (work.parallel.tp * work.parallel.pp)
    devices = max(ceil(needed / (USABLE * share)), work.parallel.tp * work.parallel.pp + 1)
    tp = min(MOST_TP, 1 << (devices - 1).bit_length(), work.model.config.heads)
    return DoesNotFitError(
        _("{model} with {batch} requests takes {needed} in {precision}: {device} ({parallel}) has {available}"),
        hint=_("Use parallel=Parallel(tp={tp}, pp={pp}), a smaller batch, or narrower weights= and cache=."),
        model=work.model.name,
        batch=batch or 1,
        needed=format_bytes(needed),
        precision=work.precision,
        device=work.device.id,
        parallel=str(work.parallel),
        available=format_bytes(limit),
        tp=tp,
        pp=ceil(devices / tp),
    )


class _Clock:
    """Times the passes of one stream of `batch` requests, and keeps their reports."""

    def __init__(self, work: Workload, batch: int) -> None:
        self.work = work
        self.batch = batch
        self.reports: list[ProfileReport] = []
        self._shared = Parallel(tp=work.shards)

    def first_token(self) -> Timed:
        """Return the prefill of one request."""
        return self._time(self.work.model.prefill(tokens=self.work.input_tokens, parallel=self._shared))

    def prefills(self) -> Timed:
        """Return the prefills of all requests of the stream."""
        together = max(1, min(self.batch, MOST_TOKENS // self.work.input_tokens))
        made = self.work.model.prefill(tokens=self.work.input_tokens, batch=together, parallel=self._shared)
        return self._time(made).times(self.batch / together)

    def step(self) -> Timed | None:
        """Return the mean step over the growing context; None where the first token is the last."""
        if self.work.output_tokens == 1:
            return None
        total: Timed | None = None
        for point in POINTS:
            context = int(self.work.input_tokens + point * self.work.output_tokens)
            made = self.work.model.decode(context=context, batch=self.batch, parallel=self._shared)
            timed = self._time(made)
            total = timed if total is None else total + timed
        return total.times(1 / len(POINTS)) if total else None

    def _time(self, made: Pass) -> Timed:
        """Return the pass through all stages, with what they pass on."""
        work = self.work
        report = cost_pass(made, work.chip, work.precision)
        self.reports.append(report)
        new = made.inputs[0].elements * work.model.config.hidden * ACTIVATION_BYTES
        parameters = cost_parameters(work.chip, work.precision)
        passed_s = (work.parallel.pp - 1) * send_s(new, parameters) if work.parallel.pp > 1 else 0.0
        return Timed(
            report.latency_s + passed_s,
            report.latency_low_s + passed_s,
            report.latency_high_s + passed_s,
            report.energy_j,
        )


def read_workload(
    model: LLM,
    device: str | DeviceSpec,
    tokens: tuple[int, int],
    *,
    precision: str,
    parallel: Parallel | None,
    batching: str,
    stack: str,
) -> Workload:
    """Return what was asked for; `tokens` are those of a request's input and output.

    Raises
    ------
    UnknownDeviceError, ShapeError, ConfigError, PrecisionError
        If one of the arguments is wrong.
    """
    found = _find(device)
    if batching not in get_args(Batching):
        raise ConfigError(
            _("batching {value} is not known; known are {known}"),
            hint=_("Give one of these."),
            value=plain(repr(batching), 40),
            known=", ".join(get_args(Batching)),
        )
    if stack:
        raise ConfigError(
            _("stack {stack} is not known: no factors of any software are applied to serving"),
            hint=_("Leave stack= out."),
            stack=plain(repr(stack), 40),
        )
    chip, chips = _chip(found)
    isl, osl = (read_count(what, n) or 1 for what, n in zip(("input_tokens", "output_tokens"), tokens, strict=True))
    return Workload(
        model=model,
        device=found,
        chip=chip,
        chips=chips,
        precision=model.decode(context=1).planner.precision(found, precision),
        parallel=parallel or Parallel(),
        batching=batching,  # type: ignore[arg-type]  # one of them, as just checked
        stack=stack,
        input_tokens=isl,
        output_tokens=osl,
    )


def _find(device: str | DeviceSpec) -> DeviceSpec:
    if isinstance(device, DeviceSpec):
        return device
    if not isinstance(device, str):
        raise UnknownDeviceError(
            _("a device is named by a text, not by {value}"),
            hint=_("Name it as npusdk.devices() does."),
            value=repr(device)[:80],
        )
    return find_device(device)


def _chip(device: DeviceSpec) -> tuple[DeviceSpec, int]:
    """Return the part of a device that has one memory, and how many of them it has."""
    count = len(device.memory_pools)
    if count <= 1:
        return device, 1
    whole = find_device(device.id.partition(":")[0])
    for part in whole.partitions:
        if abs(part.memory * len(whole.memory_pools) - 1) < 1e-6 and abs(part.units - part.memory) < 1e-6:
            return find_device(f"{whole.id}:{part.name}"), count
    return device, 1
