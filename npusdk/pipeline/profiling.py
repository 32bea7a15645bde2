"""A schedule becomes a report: the interval, what was taken for granted, what is left out."""

from __future__ import annotations

import numpy as np

from npusdk.catalogue import CostParameters, DeviceSpec
from npusdk.cost import Schedule
from npusdk.pipeline.calibration import model_version
from npusdk.report import LayerTable, Note, ProfileReport, Reachability

INTERVAL_FACTOR = 2.0
"""Width of class C, multiplied and divided: judgement, because no measurement stands behind the parameters."""

EXCLUDED = (
    "compiler_quality",
    "software_version",
    "clocks_and_heat",
    "pre_and_post_processing",
    "queueing",
    "partitions_and_chunks",
    "energy",
    "price",
    "accuracy",
)
"""Codes of what no prediction of this version contains."""


def make_profile(
    name: str, device: DeviceSpec, schedule: Schedule, parameters: CostParameters, *, assumptions: tuple[Note, ...]
) -> ProfileReport:
    """Return the report of a schedule.

    Parameters
    ----------
    name
        Name of the model.
    assumptions
        What was taken for granted beside the parameters.
    """
    latency_s = schedule.latency_s
    notes = (Note(code=said.how, params={"parameter": said.parameter}) for said in parameters.assumptions)
    return ProfileReport(
        basis="predicted",
        device=device.id,
        device_name=device.name,
        model=name,
        model_version=model_version(),
        precision=parameters.dtype,
        precision_reachable=reachability(device, parameters.dtype),
        batch=schedule.batch,
        latency_s=latency_s,
        latency_low_s=latency_s / INTERVAL_FACTOR,
        latency_high_s=latency_s * INTERVAL_FACTOR,
        interval_basis="judgement_no_measurement",
        validity="C",
        throughput_per_s=schedule.throughput_per_s,
        call_s=schedule.call_s,
        host_s=schedule.host_s,
        weight_bytes=schedule.weight_bytes,
        peak_memory_bytes=schedule.peak_memory_bytes,
        device_memory_bytes=device.pool_bytes,
        macs=int(schedule.macs.sum()),
        peak_ops_per_s=parameters.peak_ops_per_s,
        memory_bandwidth_bytes_per_s=parameters.memory_bandwidth_bytes_per_s,
        bound=schedule.bound,  # type: ignore[arg-type]  # pydantic checks the text against BOUNDS
        layers=_layers(schedule),
        excluded=EXCLUDED + schedule.excluded,
        assumptions=(*assumptions, *notes),
    )


def reachability(device: DeviceSpec, dtype: str) -> Reachability:
    """Return whether public software reaches a format on a device."""
    known = device.precision(dtype)
    if known is None:
        return Reachability(status="undocumented")
    return Reachability(
        status=known.reachable, software=known.software, version=known.version, date=known.date, source=known.source
    )


def _layers(schedule: Schedule) -> LayerTable:
    """Return the steps as layers; views that take no time are left out."""
    rows = [row for row, kind in enumerate(schedule.kinds) if kind != "view" or schedule.time_s[row] > 0]
    kept = np.array(rows, np.intp)
    return LayerTable(
        names=tuple(schedule.names[row] for row in rows),
        ops=tuple(schedule.labels[row] for row in rows),
        groups=tuple(schedule.kinds[row] for row in rows),
        bounds=tuple(schedule.bounds[row] for row in rows),
        macs=schedule.macs[kept],
        traffic_bytes=schedule.traffic_bytes[kept],
        time_s=schedule.time_s[kept],
        utilization=schedule.utilization[kept],
        live_bytes=schedule.live_bytes[kept],
    )
