"""What a call costs becomes a report: the interval, what was taken for granted, what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.catalogue import Assumption, DeviceSpec
from npusdk.cost import explain_step
from npusdk.cost.price import call_cost_krw
from npusdk.pipeline.advice import advise
from npusdk.pipeline.case import Costed
from npusdk.pipeline.sensitivity import measure_sensitivity
from npusdk.pipeline.versions import model_version
from npusdk.report import LayerTable, Note, ProfileReport, Reachability
from npusdk.report.later import Later
from npusdk.report.layers import TERMS

EXCLUDED = (
    "compiler_quality",
    "software_version",
    "clocks_and_heat",
    "pre_and_post_processing",
    "queueing",
    "accuracy",
)
"""Codes of what no prediction contains; "energy" and "price" follow where figures for them are missing."""


def make_profile(costed: Costed, assumptions: tuple[Note, ...]) -> ProfileReport:
    """Return the report of what a call costs.

    Parameters
    ----------
    assumptions
        What was taken for granted beside the parameters.
    """
    case, figures, powered = costed.case, costed.figures, costed.powered
    parameters, timed, device = figures.parameters, powered.limited, case.device
    latency_s = powered.latency_s
    spent = _spend(costed)
    kept = np.flatnonzero(np.array([kind != "view" for kind in timed.kinds]) | (timed.time_s > 0))
    missing = tuple(code for code, name in (("energy", "energy_j"), ("price", "krw")) if spent.get(name) is None)
    return ProfileReport(
        basis="predicted",
        device=device.id,
        device_name=device.name,
        model=costed.planner.model.name,
        model_version=model_version(),
        precision=parameters.dtype,
        precision_reachable=reachability(device, parameters.dtype),
        batch=timed.batch,
        latency_s=latency_s,
        latency_low_s=latency_s * figures.low,
        latency_high_s=latency_s * figures.high,
        interval_basis=figures.basis,
        validity=figures.validity,
        throughput_per_s=costed.throughput_per_s,
        call_s=timed.call_s,
        host_s=timed.host_s,
        weight_bytes=timed.weight_bytes,
        peak_memory_bytes=timed.peak_memory_bytes,
        device_memory_bytes=device.pool_bytes,
        macs=int(timed.macs.sum()),
        peak_ops_per_s=parameters.peak_ops_per_s,
        memory_bandwidth_bytes_per_s=parameters.memory_bandwidth_bytes_per_s,
        bound=timed.bound,  # type: ignore[arg-type]  # pydantic checks the text against BOUNDS
        layers=_layers(costed, kept),
        excluded=EXCLUDED + missing + timed.excluded,
        assumptions=assumptions + _notes(parameters.assumptions),
        parallel=case.parallel if case.parallel.devices > 1 else None,
        stack=case.stack,
        chunk=timed.chunk,
        partitions=timed.partitions,
        provenance=figures.provenance,
        sensitivity=Later.of(partial(measure_sensitivity, costed)),
        advice=Later.of(partial(advise, costed)),
        **spent,
    )


@lru_cache(maxsize=512)
def _notes(assumptions: tuple[Assumption, ...]) -> tuple[Note, ...]:
    """Return what was taken for granted of the parameters; a device has the same in each profile."""
    return tuple(Note(code=said.how, params={"parameter": said.parameter}) for said in assumptions)


@lru_cache(maxsize=512)
def reachability(device: DeviceSpec, dtype: str) -> Reachability:
    """Return whether public software reaches a format on a device."""
    known = device.precision(dtype)
    if known is None:
        return Reachability(status="undocumented")
    return Reachability(
        status=known.reachable, software=known.software, version=known.version, date=known.date, source=known.source
    )


def _spend(costed: Costed) -> dict[str, Any]:
    """Return energies, powers and price by field: of the devices that a call occupies, and of all when calls follow."""
    case, powered = costed.case, costed.powered
    shared = case.parallel.tp
    spent: dict[str, Any] = {}
    if powered.energy_j is not None:
        spent["energy_basis"] = powered.basis
        names = ("energy_j", "energy_low_j", "energy_high_j", "power_w")
        spent |= {name: getattr(powered, name) * shared for name in names}
        spent["sustained_power_w"] = (powered.sustained_power_w or 0.0) * case.parallel.devices
        spent["power_boundary"] = powered.parameters.power_boundary
    if case.prices is not None:
        price = call_cost_krw(case.prices, case.device.id, costed.latency_s, spent.get("energy_j"), count=shared)
        if price is not None:
            spent |= {"krw": price, "price_basis": case.prices.price_basis}
    return spent


def _layers(costed: Costed, kept: np.ndarray[Any, np.dtype[np.intp]]) -> LayerTable:
    """Return the steps as layers; views that take no time are left out."""
    timed, rows = costed.powered.limited, kept.tolist()
    energy_j = costed.powered.layer_energy_j
    return LayerTable(
        names=tuple(timed.names[row] for row in rows),
        ops=tuple(timed.labels[row] for row in rows),
        groups=tuple(timed.kinds[row] for row in rows),
        bounds=tuple(timed.bounds[row] for row in rows),
        macs=timed.macs[kept],
        traffic_bytes=timed.traffic_bytes[kept],
        time_s=timed.time_s[kept],
        utilization=timed.utilization[kept],
        energy_j=None if energy_j is None else energy_j[kept] * costed.case.parallel.tp,
        live_bytes=timed.live_bytes[kept],
        repeats=timed.repeats[kept],
        terms=MappingProxyType({name: getattr(timed, name)[kept] for name in TERMS.values()}),
        explanations=Later.of(partial(_explain, costed, rows)),
    )


def _explain(costed: Costed, rows: list[int]) -> Iterator[Note]:
    """Yield what would make each layer's largest term smaller, and by how much halving it shortens the layer."""
    for row in rows:
        said = explain_step(costed.powered.limited, row, costed.figures.parameters)
        margin = {"margin": said.margin} if isfinite(said.margin) else {}
        yield Note(code=f"change_{said.change}", params={"bound": said.bound, "gain": said.gain, **margin})
