"""Profiles as a Chrome trace, which https://ui.perfetto.dev and chrome://tracing open: times in microseconds.

A device is a process, named with the basis of its numbers; the runtime's call, the host link and each bound are its
threads; live memory is a counter. Format: "Trace Event Format", Google, 2016.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from npusdk.language import _, plain, render, translate
from npusdk.report import BOUNDS as BOUND_CODES
from npusdk.report import Comparison, ProfileReport
from npusdk.units import format_seconds
from npusdk.views.text.words import BASIS, BOUNDS, word

Event: TypeAlias = Mapping[str, object]

CALL_THREAD, LINK_THREAD, FIRST_LAYER_THREAD = 1, 2, 3

GRID_PER_US = 1024
"""Times stand on so many steps of a microsecond, a power of two, so that sums are exact; viewers show nanoseconds."""

_NAME_LIMIT = 200


def profile(report: ProfileReport) -> str:
    """Return the trace of one call."""
    return _write(_events(report, 1))


def comparison(report: Comparison) -> str:
    """Return the trace of one call on every device, all beginning at the same time."""
    return _write(event for process, one in enumerate(report.by_latency(), start=1) for event in _events(one, process))


def _write(events: Iterator[Event]) -> str:
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": list(events)}, ensure_ascii=False, indent=1) + "\n"


def _events(report: ProfileReport, process: int) -> Iterator[Event]:
    yield from _names(report, process)
    yield _span(
        report, process, CALL_THREAD, name=translate(_("call of the runtime")), start_s=0.0, time_s=report.call_s
    )
    yield _span(
        report,
        process,
        LINK_THREAD,
        name=translate(_("inputs and outputs, host link")),
        start_s=report.call_s,
        time_s=report.host_s,
    )
    now_s = report.call_s + report.host_s
    for index, layer in enumerate(report.layers):
        event = _span(
            report,
            process,
            _thread(layer.bound),
            name=plain(layer.name, _NAME_LIMIT),
            start_s=now_s,
            time_s=layer.time_s,
        )
        args = {
            "basis": report.basis,
            "index": index,
            "op": plain(layer.op, _NAME_LIMIT),
            "group": plain(layer.group, _NAME_LIMIT),
            "macs": layer.macs,
            "traffic_bytes": layer.traffic_bytes,
            "bound": layer.bound,
            "utilization": layer.utilization,
            "energy_j": layer.energy_j,
            "repeats": layer.repeats,
            **(layer.terms or {}),
            "margin": layer.margin,
            "explanation": layer.explanation and plain(layer.explanation.code, _NAME_LIMIT),
        }
        yield {**event, "args": {name: value for name, value in args.items() if value is not None}}
        if layer.live_bytes is not None:
            yield _memory(report, process, now_s, layer.live_bytes)
        now_s += layer.time_s
    if report.layers.live_bytes is not None:
        yield _memory(report, process, now_s, 0)


def _names(report: ProfileReport, process: int) -> Iterator[Event]:
    """Yield what names the process and its threads, and says in which order they stand."""
    title = f"{plain(report.device_name, _NAME_LIMIT)} ({word(BASIS, report.basis)})"
    names = (report.model, report.precision, f"batch {report.batch}", report.stack)
    interval = f"{format_seconds(report.latency_low_s)} - {format_seconds(report.latency_high_s)}"
    devices = f"{report.devices} x" if report.devices > 1 else ""
    about = ", ".join(filter(None, (devices, *(plain(name, _NAME_LIMIT) for name in names), interval)))
    about += f", {render(_('validity class {validity}'), validity=report.validity)}"
    yield {"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": title}}
    yield {"ph": "M", "name": "process_labels", "pid": process, "tid": 0, "args": {"labels": about}}
    yield {"ph": "M", "name": "process_sort_index", "pid": process, "tid": 0, "args": {"sort_index": process}}
    threads = {
        CALL_THREAD: translate(_("call of the runtime")),
        LINK_THREAD: translate(_("inputs and outputs, host link")),
        **{_thread(bound): word(BOUNDS, bound) for bound in BOUND_CODES if bound in report.layers.bounds},
    }
    for thread, name in threads.items():
        yield {"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": {"name": name}}
        yield {"ph": "M", "name": "thread_sort_index", "pid": process, "tid": thread, "args": {"sort_index": thread}}


def _thread(bound: str) -> int:
    return FIRST_LAYER_THREAD + BOUND_CODES.index(bound)


def _span(
    report: ProfileReport, process: int, thread: int, *, name: str, start_s: float, time_s: float
) -> dict[str, object]:
    """Return a part of the time as an event that has a beginning and a length."""
    return {
        "ph": "X",
        "name": name,
        "cat": report.basis,
        "pid": process,
        "tid": thread,
        "ts": _microseconds(start_s),
        "dur": _microseconds(start_s + time_s) - _microseconds(start_s),
        "args": {"basis": report.basis},
    }


def _microseconds(time_s: float) -> float:
    """Return a time on the trace's grid: there an end is the next beginning to the last bit, whoever adds them up."""
    return round(time_s * 1e6 * GRID_PER_US) / GRID_PER_US


def _memory(report: ProfileReport, process: int, at_s: float, live_bytes: int) -> Event:
    return {
        "ph": "C",
        "name": translate(_("memory, bytes")),
        "cat": report.basis,
        "pid": process,
        "tid": 0,
        "ts": _microseconds(at_s),
        "args": {"weights": report.weight_bytes, "live_activations": live_bytes},
    }
