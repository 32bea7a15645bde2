"""What a measured row asks of the cost model, or why it cannot be answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from npusdk.calibration.metrics import SAMPLES_OF_QUERY, Measures, Metric, Mode, metric_of
from npusdk.calibration.models import Known, ModelKind, model_of
from npusdk.calibration.refusals import Refused, UnansweredError
from npusdk.calibration.rows import Row, parse_count
from npusdk.calibration.sizes import count_devices, read_sizes
from npusdk.calibration.vocabulary import SEPARATE_PARTS, Precision, Unit, device_of, precision_of, stack_of, unit_of
from npusdk.catalogue import find_device


@dataclass(frozen=True, slots=True)
class Question:
    """What to predict for a row.

    Parameters
    ----------
    device
        Identifier of the catalogue, perhaps of a part.
    kind, model
        A network of the zoo, a language model, or several networks one after another; its name there.
    precision, weights
        Matrix format; format of the stored weights, where it is another.
    mode, measures
        What happens, and what of it the row tells.
    factor
        SI units in one unit of the row.
    batch
        Samples in one call of one copy; 0 where the scheduler of a server chooses.
    resolution, sequence
        Sizes of a sample; 0 for the network's own.
    input_tokens, output_tokens
        Lengths of a language model's prompt and answer.
    steps
        Denoising steps of an image.
    n_devices, tp, pp
        Devices in all, and of one copy; tp = 0: as few as the model fits into.
    parts
        Parts of the device that work side by side, each with `batch`.
    per_device
        Whether the row counts one device's share of a rate.
    clock
        "call": the host's runtime and transfers are inside the measurement; "device": they are not.
    stack
        Software that ran.
    """

    device: str
    kind: ModelKind
    model: str
    precision: str
    weights: str
    mode: Mode
    measures: Measures
    factor: float
    batch: int
    resolution: int = 0
    sequence: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    steps: int = 0
    n_devices: int = 1
    tp: int = 1
    pp: int = 1
    parts: int = 1
    per_device: bool = False
    clock: Literal["call", "device"] = "call"
    stack: str = "other"

    @property
    def copies(self) -> int:
        """Independent copies whose rates add up."""
        return max(1, self.n_devices // max(1, self.tp * self.pp)) * self.parts

    def to_unit(self, quantity: float) -> float:
        """Return a quantity of one copy in SI units as the row would write it."""
        if self.measures in ("time", "power"):
            return quantity / self.factor
        return quantity * self.copies / (self.n_devices if self.per_device else 1) / self.factor

    def seconds_per_sample(self, value: float) -> float | None:
        """Return what a value in the row's unit means for one image or one sequence on one copy; None for power."""
        quantity = value / self.to_unit(1.0)
        tokens = self.input_tokens if self.mode == "prefill" else self.output_tokens
        if self.measures == "power":
            return None
        if self.measures == "time":
            return quantity * (tokens if self.mode == "decode" else 1) / max(1, self.batch)
        return (1 if self.measures == "samples" else tokens) / quantity


_OTHER: Mapping[str, str] = MappingProxyType({"fp16": "bf16", "bf16": "fp16"})
_DEVICE_CLOCK = re.compile(r"copies not included|without host.{0,20}cop|demo/bert", re.IGNORECASE)
_BATCH = re.compile(r"(\d{1,9})\s*(?:\(.*\)|(?:per|x)\b.*)?")
_BATCH_NAMED = re.compile(
    r"~?\s*(?:\{?['\"]?[\w.-]{0,40}(?:batch(?:[ _-]?size)?|bs|concurrency|resnet50|bert|retinanet)['\"]?\s*[ =:]\s*)?"
    r"(\d{1,9})\s*(?:\}|concurrent(?: requests)?)?",
    re.IGNORECASE,
)
_BATCH_OF_UNET = re.compile(r"\bunet'?\"?\s*:\s*(\d{1,9})")
_UNSTATED = re.compile(r"(?:|-|n/?a|auto|unknown|not stated.*|.*saturated.*)", re.IGNORECASE)
_SCENARIO_BATCH: tuple[tuple[str, int], ...] = (
    (r"single ?stream|\bbatch[ -]?1\b|\bconcurrency[ =:-]?1\b|\b(?:single|1|one) request\b", 1),
    (r"multi ?stream", SAMPLES_OF_QUERY),
)


def ask(row: Row) -> Question | Refused:
    """Return what a row asks, or why it cannot be answered; whether the zoo has the model is the predictor's matter."""
    try:
        return _question(row)
    except UnansweredError as unanswered:
        return unanswered.refused


def _question(row: Row) -> Question:
    if not row.is_whole:
        raise UnansweredError("malformed_row")
    if row.value is None or row.n_devices == 0:
        raise UnansweredError("bad_value")
    device = device_of(row.device_key, row.device)
    if not device:
        raise UnansweredError("unknown_device", row.device_key or row.device)
    model, precision, unit = _model(row), _precision(row), _unit(row)
    metric = _metric(row, model, unit)
    batch = _batch(row, metric)
    part, parts = _parts(row, device, metric, batch)
    return Question(
        device=part,
        kind=model.kind,
        model=model.name,
        precision=_sixteen_bits(precision.dtype, part),
        weights=precision.weights,
        mode=metric.mode,
        measures=unit.measures,
        factor=unit.factor * (batch if metric.per == "sample" else 1),
        batch=batch,
        parts=parts,
        per_device=metric.per_device,
        clock="device" if _DEVICE_CLOCK.search(row.notes + row.source) else metric.clock,
        stack=stack_of(row.software),
        **read_sizes(row, model, metric),
        **count_devices(row, model, metric),
    )


def _model(row: Row) -> Known:
    known = model_of(row.model, row.model_detail)
    if known is None:
        raise UnansweredError("unknown_model", row.model)
    if known.variable:
        raise UnansweredError("variable_size", row.model)
    return known


def _precision(row: Row) -> Precision:
    known = precision_of(row.precision)
    if known is None:
        raise UnansweredError("unknown_precision", row.precision)
    return known


def _sixteen_bits(dtype: str, device: str) -> str:
    """Return the format in which a device runs a model: models of one 16-bit format run in the other where it is alone.

    RNGD's own rule is that float16 models run in bf16; the rates are equal.
    """
    other = _OTHER.get(dtype, dtype)
    dtypes = find_device(device).dtypes
    return other if dtype not in dtypes and other in dtypes else dtype


def _unit(row: Row) -> Unit:
    known = unit_of(row.unit)
    if known is None:
        raise UnansweredError("unknown_unit", row.unit)
    return known


def _metric(row: Row, model: Known, unit: Unit) -> Metric:
    meaning = metric_of(row.metric, unit.measures, model.kind)
    if isinstance(meaning, Metric):
        return meaning
    raise UnansweredError(meaning, f"{row.metric} [{row.unit}], {row.model}")


def _batch(row: Row, metric: Metric) -> int:
    """Return the batch; where none is stated, what scenario or metric mean, and 0 for a server's own choice."""
    text = row.batch.strip()
    stated = _BATCH.fullmatch(text) or _BATCH_NAMED.fullmatch(text[:80]) or _BATCH_OF_UNET.search(text[:200])
    if stated:
        batch = parse_count(stated[1])
        if batch is None:
            raise UnansweredError("bad_value", text)
        return batch
    if parse_count(text):
        return parse_count(text) or 0
    if not _UNSTATED.fullmatch(text):
        raise UnansweredError("bad_value", text)
    words = f"{row.scenario} {row.metric}"[:400].casefold()
    if metric.per == "query":
        return SAMPLES_OF_QUERY
    meant = next((size for pattern, size in _SCENARIO_BATCH if re.search(pattern, words)), 0)
    if not meant and metric.mode != "serving":
        raise UnansweredError("batch_not_stated", row.scenario)
    return meant


def _parts(row: Row, device: str, metric: Metric, batch: int) -> tuple[str, int]:
    """Return the part that runs a copy and how many there are: Warboy's two PEs work apart in Offline runs."""
    apart = metric.mode == "throughput" and batch > 1 and "fused" not in f"{row.batch} {row.scenario}".casefold()
    return SEPARATE_PARTS.get(device, (device, 1)) if apart else (device, 1)
