"""What a metric means: which process is asked for, and how its figure counts."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from npusdk.calibration.models import ModelKind
from npusdk.report.validation import Reason

Mode: TypeAlias = Literal["latency", "throughput", "prefill", "decode", "generation", "serving", "power"]
"""What happens: one call; calls that follow each other; the first token of a batch; one token after another; prompt and
tokens of one batch; batches that follow each other, for ever; the power drawn meanwhile."""

Measures: TypeAlias = Literal["time", "samples", "tokens", "power"]
"""Seconds, samples a second, tokens a second, watts."""


class Metric(NamedTuple):
    """What a metric means for one kind of model.

    Parameters
    ----------
    per
        Whether a time is that of the whole batch, of a query (8 samples unless the row says), or of one sample.
    """

    mode: Mode
    per: Literal["batch", "query", "sample"] = "batch"
    per_device: bool = False
    clock: Literal["call", "device"] = "call"


SAMPLES_OF_QUERY = 8
"""Samples of a MultiStream query."""

_WORK: tuple[ModelKind, ...] = ("network", "chain")
_ANY: tuple[ModelKind, ...] = ("network", "chain", "language")
_TEXT: tuple[ModelKind, ...] = ("language",)

METRICS: tuple[tuple[str, Measures, tuple[ModelKind, ...], Metric], ...] = (
    (r"latency.*per query", "time", _WORK, Metric("latency", "query")),
    (r"npu latency per (?:image|sample)", "time", _WORK, Metric("latency", "sample", clock="device")),
    (r"(?:npu|device|gpu|kernel) latency.*", "time", _WORK, Metric("latency", clock="device")),
    (r".*latency.* per (?:image|sample)", "time", _WORK, Metric("latency", "sample")),
    (r"(?:p\d+|tail|99th|90th)\b.*|.*percentile.*", "time", (), Metric("latency")),
    (r"(?:unet time|.*latency|inference time).*", "time", _WORK, Metric("latency")),
    (r"(?:vllm |mean |median |average )?(?:ttft|time to first token).*|first[- ]token.*|prefill (?:latency|time).*",
     "time", _TEXT, Metric("prefill")),
    (r"(?:mean |median |average )?(?:tpot|itl|inter-token|next-token|time per output|decode (?:latency|time) per).*",
     "time", _TEXT, Metric("decode")),
    (r"(?:end-to-end|e2e|total|mean|average|request|generation)? ?(?:latency|generation time).*", "time", _TEXT,
     Metric("generation")),
    (r"throughput.*per (?:gpu|device|card|npu|chip)", "samples", _WORK, Metric("throughput", per_device=True)),
    (r"(?:average |server |offline )?throughput.*|(?:\w+ )?(?:samples|images|frames) per second.*|fps|qps", "samples",
     _WORK, Metric("throughput")),
    (r"throughput.*per (?:gpu|device|card|npu|chip)", "samples", _TEXT, Metric("serving", per_device=True)),
    (r"throughput.*|(?:requests|samples) per second.*", "samples", _TEXT, Metric("serving")),
    (r"prefill (?:speed|throughput).*|prompt (?:processing|eval).*|pp ?\d*", "tokens", _TEXT, Metric("prefill")),
    (r"decode (?:speed|throughput).*|(?:text )?generation speed.*|tg ?\d*", "tokens", _TEXT, Metric("decode")),
    (r"total token throughput.*|.*input ?\+ ?output.*", "tokens", (), Metric("serving")),
    (r"(?:total |average )?(?:output )?(?:tokens? )?throughput.*per (?:gpu|device|card|npu|chip)", "tokens", _TEXT,
     Metric("serving", per_device=True)),
    (r"(?:total |average )?(?:output |generation )?(?:tokens? )?throughput.*|output tokens(?: per second|/s).*",
     "tokens", _TEXT, Metric("serving")),
    (r"(?:average |mean )?(?:board |card |device |gpu |chip )?power(?! efficiency).*", "power", _ANY, Metric("power")),
)  # fmt: skip
"""Metric, what its unit measures, models that have it, meaning; the first row that suits. One without models is
understood and not predicted: tails of latency, and tokens that are not only the answer's."""


def metric_of(text: str, measures: str, kind: ModelKind) -> Metric | Reason:
    """Return what a metric means in a unit that measures something, for one kind of model; else why it means nothing.

    Examples
    --------
    >>> metric_of("latency_mean per query", "time", "network").per, metric_of("TTFT", "time", "language").mode
    ('query', 'prefill')
    >>> metric_of("p99 latency", "time", "network"), metric_of("latency", "power", "network")
    ('not_modelled', 'unknown_unit')
    """
    words = text[:200].strip().casefold()
    fitting = [entry for entry in METRICS if re.fullmatch(entry[0], words)]
    of_unit = [(kinds, metric) for _pattern, unit, kinds, metric in fitting if unit == measures]
    if not of_unit:
        return "unknown_unit" if fitting else "unknown_metric"
    for kinds, metric in of_unit:
        if not kinds:
            return "not_modelled"
        if kind in kinds:
            return metric
    return "unknown_metric"
