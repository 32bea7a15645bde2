"""Serving a language model in closed form: every slot spends one prefill and its steps on each request, for ever.

With requests of `isl` input and `osl` output tokens and `B` of them at once, in `pp` streams of `b = ceil(B / pp)`:

    t_prefill(b) = b min(t_pass(1 prompt), 1 / n t_pass(n prompts)),  n = min(b, max(1, 8192 / isl)) in one pass
    t_steps(b)   = (osl - 1) x mean of t_step(b, isl + x osl) over x = 1/8, 3/8, 5/8, 7/8
    latency      = t_prefill(b) + t_steps(b)
    tokens/s     = B osl / latency

Each time is that of a pass through all layers on `tp` devices; a stream passes its activations on to the next of `pp`
stages, while the others compute for the other streams. How many requests there are at once stands in `workload`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from npusdk.catalogue import DeviceSpec
from npusdk.cost import send_s
from npusdk.cost.price import PriceList, call_cost_krw
from npusdk.pipeline.calibration import calibrate
from npusdk.pipeline.workload import Workload, choose_batch
from npusdk.report import Note, Parallel, ProfileReport, ServingReport
from npusdk.report.serving import Span

if TYPE_CHECKING:
    from npusdk.pipeline.language_pass import Pass

MOST_TOKENS = 8192
"""Tokens of all prompts in one prefill."""

POINTS = (0.125, 0.375, 0.625, 0.875)
"""Shares of the output at which a step is timed."""

MILLION = 1_000_000
"""Tokens of which the price is said."""

ACTIVATION_BYTES = 2
"""Bytes of an element that one stage passes to the next."""


@dataclass(frozen=True)
class Timed:
    """Seconds and joules of a part of the work, with their interval.

    Parameters
    ----------
    value, low, high
        Seconds.
    energy_j
        Joules of all devices that share a pass with their interval; None where energy is not predicted.
    """

    value: float
    low: float
    high: float
    energy_j: Span | None

    def times(self, factor: float) -> Timed:
        """Return `factor` times the work."""
        energy_j = None if self.energy_j is None else _scale(self.energy_j, factor)
        return Timed(self.value * factor, self.low * factor, self.high * factor, energy_j)

    def __add__(self, other: Timed) -> Timed:
        """Return one after the other."""
        first, second = self.energy_j, other.energy_j
        energy_j = None if first is None or second is None else _add(first, second)
        return Timed(self.value + other.value, self.low + other.low, self.high + other.high, energy_j)

    @property
    def span(self) -> Span:
        """The seconds as a report has them."""
        return Span(value=self.value, low=self.low, high=self.high)


def _scale(span: Span, factor: float) -> Span:
    return Span(value=span.value * factor, low=span.low * factor, high=span.high * factor)


def _add(first: Span, second: Span) -> Span:
    return Span(value=first.value + second.value, low=first.low + second.low, high=first.high + second.high)


def cost_pass(made: Pass, device: DeviceSpec, precision: str, stack: str) -> ProfileReport:
    """Return the report of one pass; the one place where serving asks the cost model."""
    return made.planner.profile(device, precision, made.batch, stack=stack)


def serve(work: Workload, batch: int | None, prices: PriceList | None = None) -> ServingReport:
    """Return what serving is predicted to take; `batch` is as many as the memory holds if it is None.

    Raises
    ------
    DoesNotFitError
        If the weights, or the batch, do not fit.
    ConfigError
        If no batch is given and the device's memory is not documented.
    """
    requests, basis = choose_batch(work, batch)
    streams = min(work.parallel.pp, requests)
    clock = _Clock(work, ceil(requests / streams))
    ttft, prefill, step = clock.first_token, clock.prefills(), clock.step()
    steps = work.output_tokens - 1
    latency = prefill + step.times(steps) if step else prefill
    tokens = work.parallel.replicas * requests * work.output_tokens
    rate = Span(value=tokens / latency.value, low=tokens / latency.high, high=tokens / latency.low)
    joules = None if latency.energy_j is None else _scale(latency.energy_j, streams / (requests * work.output_tokens))
    paid = _price(work, rate.value, joules.value if joules else None, prices)
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
        **_spend(joules, clock.reports[0].energy_basis),
        power_boundary=clock.reports[0].power_boundary,
        kv_bytes_per_token=work.model.kv_bytes_per_token(work.precision),
        kv_capacity_tokens=work.capacity_tokens,
        largest_batch=work.largest_batch,
        weight_bytes=work.weight_bytes,
        memory_bytes=work.memory_bytes,
        validity=max(report.validity for report in clock.reports),
        interval_basis=max(clock.reports, key=lambda report: report.validity).interval_basis,
        excluded=_excluded(clock.reports, paid),
        assumptions=_notes(clock.reports),
        provenance=clock.reports[0].provenance,
        **paid,
    )


def _spend(joules: Span | None, basis: str) -> dict[str, Any]:
    """Return the joules of a token by field, where there are any."""
    if joules is None:
        return {}
    return {
        "energy_j_per_token": joules.value,
        "energy_low_j_per_token": joules.low,
        "energy_high_j_per_token": joules.high,
        "energy_basis": basis,
    }


def _price(work: Workload, tokens_per_s: float, energy_j: float | None, prices: PriceList | None) -> dict[str, Any]:
    """Return what a million output tokens cost by field, where there are prices."""
    if prices is None:
        return {}
    joules = None if energy_j is None else MILLION * energy_j
    won = call_cost_krw(prices, work.device.id, MILLION / tokens_per_s, joules, count=work.parallel.devices)
    return {} if won is None else {"krw_per_million_tokens": won, "price_basis": prices.price_basis}


def _excluded(reports: Iterable[ProfileReport], paid: Mapping[str, object]) -> tuple[str, ...]:
    """Return what the numbers leave out, each once; the price is not left out where there is one."""
    codes = dict.fromkeys(code for report in reports for code in report.excluded)
    return tuple(code for code in codes if not (code == "price" and paid))


def _notes(reports: Iterable[ProfileReport]) -> tuple[Note, ...]:
    """Return what any pass took for granted, each once."""
    return tuple({(n.code, str(n.params)): n for report in reports for n in report.assumptions}.values())


class _Clock:
    """Times the passes of one stream of `batch` requests, and keeps their reports."""

    def __init__(self, work: Workload, batch: int) -> None:
        self.work = work
        self.batch = batch
        self.reports: list[ProfileReport] = []
        self._shared = Parallel(tp=work.shards)

    @cached_property
    def first_token(self) -> Timed:
        """The prefill of one request."""
        return self._time(self.work.model.prefill(tokens=self.work.input_tokens, parallel=self._shared))

    def prefills(self) -> Timed:
        """Return the prefills of all requests of the stream: together, or alone where that keeps more on chip."""
        together = max(1, min(self.batch, MOST_TOKENS // self.work.input_tokens))
        made = self.work.model.prefill(tokens=self.work.input_tokens, batch=together, parallel=self._shared)
        shared = self._time(made).times(1 / together)
        return min(shared, self.first_token, key=lambda timed: timed.value).times(self.batch)

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
        report = cost_pass(made, work.chip, work.precision, work.stack)
        self.reports.append(report)
        new = made.inputs[0].elements * work.model.config.hidden * ACTIVATION_BYTES
        parameters = calibrate(work.chip, work.precision, work.stack).parameters
        passed_s = (work.parallel.pp - 1) * send_s(new, parameters) if work.parallel.pp > 1 else 0.0
        return Timed(
            report.latency_s + passed_s,
            report.latency_low_s + passed_s,
            report.latency_high_s + passed_s,
            _energy_of(report),
        )


def _energy_of(report: ProfileReport) -> Span | None:
    """Return the joules of a pass with their interval; None where energy is not predicted."""
    value, low, high = report.energy_j, report.energy_low_j, report.energy_high_j
    return None if value is None or low is None or high is None else Span(value=value, low=low, high=high)
