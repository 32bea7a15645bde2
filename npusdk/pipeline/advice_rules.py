"""The rules of advice: each yields changes of one kind, costed, or nothing where it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from npusdk.compiler import Legality
from npusdk.cost import Schedule
from npusdk.cost.power import apply_power
from npusdk.errors import NpuError
from npusdk.numerics import MATRIX_FORMATS
from npusdk.pipeline.case import Costed
from npusdk.report import BOUNDS, Note

BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Batches that are tried."""

ENOUGH = 0.9
"""Share of the best that a smaller batch, or fewer devices, must reach to be proposed instead."""

DEVICES = (2, 4, 8)
"""Devices that a pass of a language model is shared among; eight stand in one server."""

WEIGHTS = ("int8", "fp8", "int4")
CACHES = ("int8", "fp8")
"""Formats of weights, and of keys and values, that are tried."""

NAMED = 3
"""Operators that are named."""


class Change(NamedTuple):
    """A change, costed.

    Parameters
    ----------
    condition, cause, action
        What was found, why it costs something, and what to do.
    of
        What gets better.
    after
        The model with the change.
    """

    condition: Note
    cause: Note
    action: Note
    of: Literal["latency", "throughput"]
    after: Costed


Rule: TypeAlias = Callable[[Costed], Iterator[Change]]


def describe(now: Costed) -> Note:
    """Return what takes the largest part of a call: the runtime, the host link, or layers of one bound."""
    timed = now.powered.limited
    layers_s = _bound_s(timed, timed.bound)
    parts = {f"mostly_{timed.bound}": layers_s, "mostly_call": timed.call_s, "mostly_transfer": timed.host_s}
    largest = max(parts, key=lambda code: parts[code])
    return _note(largest, share=_percent(parts[largest] / now.latency_s))


def narrow_precision(now: Costed) -> Iterator[Change]:
    """Yield narrower formats that public software reaches on the device."""
    wide = MATRIX_FORMATS.get(now.case.precision)
    narrower = [p for p in now.case.device.precisions if wide and MATRIX_FORMATS[p.dtype].bits < wide.bits]
    for known in narrower:
        after = _vary(now, precision=known.dtype) if known.reachable == "documented" else None
        if after:
            action = _note("use_precision", precision=known.dtype)
            yield Change(describe(now), _note("wide_format"), action, "latency", after)


def enlarge_batch(now: Costed) -> Iterator[Change]:
    """Yield the smallest batch that comes near the best."""
    found = {batch: after for batch in BATCHES if batch > now.case.batch and (after := _rebatch(now, batch))}
    if not found:
        return
    best = max(after.throughput_per_s for after in found.values())
    batch = next(batch for batch, after in found.items() if after.throughput_per_s >= ENOUGH * best)
    timed, parts = now.powered.limited, found[batch].powered.schedule.partitions
    weights = _share_of_traffic(timed, "constant")
    overheads_s = timed.call_s + float(timed.overhead_s.sum())
    weights_s = weights / 100 * _bound_s(timed, "memory")
    causes = {"overheads_per_batch": overheads_s / now.latency_s, "weights_per_batch": weights_s / now.latency_s}
    code = max(causes, key=lambda cause: causes[cause]) if max(causes.values()) > 1 / 2 else "units_idle"
    cause = _note(code, share=weights) if code == "weights_per_batch" else _note(code)
    action = _note("use_batch_on_parts", batch=batch, parts=parts) if parts > 1 else _note("use_batch", batch=batch)
    yield Change(describe(now), cause, action, "throughput", found[batch])


def shrink_batch(now: Costed) -> Iterator[Change]:
    """Yield smaller batches whose activations stay on chip."""
    here = _activation_bytes(now)
    for batch in BATCHES:
        after = _rebatch(now, batch) if batch < now.case.batch else None
        if after and _activation_bytes(after) < here:
            cause = _note("activations_spill", batch=now.case.batch)
            action = _note("use_batch", batch=batch)
            yield Change(describe(now), cause, action, "throughput", after)


def avoid_host(now: Costed) -> Iterator[Change]:
    """Yield the model as if the device ran every operator."""
    timed = now.powered.limited
    names = [label for label, bound in zip(timed.labels, timed.bounds, strict=True) if bound == "host"]
    if names:
        after = now.planner.cost(now.case, legality=Legality())
        operators = ", ".join(list(dict.fromkeys(names))[:NAMED])
        condition = _note("some_on_host", count=len(names), operators=operators)
        yield Change(condition, _note("host_round_trips"), _note("use_supported_operators"), "latency", after)


def halve_transfers(now: Costed) -> Iterator[Change]:
    """Yield the model with half the bytes on the host link."""
    timed = now.powered.schedule
    if timed.host_s > 0:
        half = replace(timed, host_s=timed.host_s / 2)
        after = replace(now, powered=apply_power(half, now.figures.parameters))
        of: Literal["latency", "throughput"] = "throughput" if timed.host_s >= now.powered.period_s else "latency"
        condition = _note("mostly_transfer", share=_percent(timed.host_s / now.latency_s))
        yield Change(condition, _note("wide_transfers"), _note("halve_transfers"), of, after)


def share_out(now: Costed) -> Iterator[Change]:
    """Yield passes of a language model on more devices: the fewest that come near the best."""
    found = {n: after for n in DEVICES if n > now.case.parallel.tp and (after := _remake(now, tp=n))}
    if found:
        least_s = min(after.latency_s for after in found.values())
        tp = next(n for n, after in found.items() if after.latency_s <= least_s / ENOUGH)
        action = _note("use_tp", tp=tp)
        yield Change(describe(now), _note("one_device_reads_all"), action, "latency", found[tp])


def narrow_weights(now: Costed) -> Iterator[Change]:
    """Yield narrower formats of a language model's weights."""
    cause = _note("wide_weights", share=_share_of_traffic(now.powered.limited, "constant"))
    for name in WEIGHTS:
        if after := _remake(now, weights=name):
            yield Change(describe(now), cause, _note("use_weights", format=name), "latency", after)


def narrow_cache(now: Costed) -> Iterator[Change]:
    """Yield narrower formats of a language model's keys and values."""
    cause = _note("wide_cache", share=_share_of_traffic(now.powered.limited, "cache"))
    for name in CACHES:
        if after := _remake(now, cache=name):
            yield Change(describe(now), cause, _note("use_cache", format=name), "latency", after)


def raise_limit(now: Costed) -> Iterator[Change]:
    """Yield the same device with power enough for its clock."""
    powered, parameters = now.powered, now.figures.parameters
    if powered.stretch > 1:
        after = replace(now, powered=apply_power(powered.schedule, replace(parameters, tdp_w=None)))
        watts = round(parameters.tdp_w or 0.0)
        condition = _note("power_limited", watts=watts, stretch=round(powered.stretch, 2))
        yield Change(condition, _note("power_of_arithmetic"), _note("raise_power_limit"), "latency", after)


RULES: Sequence[Rule] = (
    narrow_precision, enlarge_batch, shrink_batch, avoid_host, halve_transfers, share_out, narrow_weights, narrow_cache,
    raise_limit,
)  # fmt: skip


def _note(code: str, **params: str | float) -> Note:
    return Note(code=code, params=dict(params))


def _vary(now: Costed, **changes: object) -> Costed | None:
    """Return the model run in another way; None where that is refused or does not fit."""
    with suppress(NpuError):
        after = now.planner.cost(replace(now.case, **changes))  # type: ignore[arg-type]  # fields of a case
        return after if after.fits else None
    return None


def _rebatch(now: Costed, batch: int) -> Costed | None:
    return _vary(now, batch=batch) if now.planner.model.takes_batches else None


def _remake(now: Costed, *, tp: int | None = None, weights: str = "", cache: str = "") -> Costed | None:
    """Return a pass of a language model made in another way; None for other networks, and as `_vary`."""
    with suppress(NpuError):
        other = now.planner.model.variant(tp=tp, weights=weights, cache=cache)
        if other is not None:
            case = replace(now.case, parallel=now.case.parallel.model_copy(update={"tp": other.traits.shards}))
            return _vary(replace(now, planner=other.planner), **vars(case))
    return None


def _bound_s(timed: Schedule, bound: str) -> float:
    """Return the seconds of the layers that a bound decides."""
    return float(timed.time_s[timed.bound_codes == BOUNDS.index(bound)].sum())


def _share_of_traffic(timed: Schedule, what: Literal["constant", "cache"]) -> int:
    """Return the percentage of the off-chip bytes that is constants, or keys and values."""
    part = float(getattr(timed, f"{what}_traffic_bytes").sum())
    return _percent(part / max(float(timed.traffic_bytes.sum()), 1.0))


def _activation_bytes(costed: Costed) -> float:
    """Return the off-chip bytes of activations for each sample."""
    timed = costed.powered.schedule
    others = timed.constant_traffic_bytes.sum() + timed.cache_traffic_bytes.sum()
    return float(timed.traffic_bytes.sum() - others) / timed.batch


def _percent(share: float) -> int:
    return round(100 * share)
