"""What a row says of sizes: of one sample, and of the devices that share it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from npusdk.calibration.metrics import Metric, Mode
from npusdk.calibration.models import CHAINS, Detail, Known, read_detail
from npusdk.calibration.refusals import UnansweredError
from npusdk.calibration.rows import Row, parse_count
from npusdk.calibration.vocabulary import stack_of

AVERAGE_TOKENS: Mapping[str, int] = MappingProxyType({"squad": 177})
"""Data set -> average tokens of a question where padding to 384 is removed (the data's README)."""

MOST_DEVICES = 4096
"""Devices of a row, as many as a report holds."""

_VARIABLE = re.compile(r"<=|\N{LESS-THAN OR EQUAL TO}|variable|packed", re.IGNORECASE)
_COUNT = re.compile(r"(?:(?:isl|osl)[ =:]*)?(\d{1,9})(k?)\s*(?:tokens)?\s*(?:\(.*\))?", re.IGNORECASE)


def read_sizes(row: Row, model: Known, metric: Metric) -> dict[str, int]:
    """Return the sizes of a sample: of an image or a sequence, or lengths of prompt and answer."""
    detail = read_detail(row.model_detail)
    if model.kind == "language":
        return _lengths(row, metric)
    sizes = {"resolution": detail.resolution, "sequence": _sequence(row, detail)}
    steps = model.kind == "chain" and any(stage.is_stepped for stage in CHAINS[model.name])
    if steps and not detail.steps:
        raise UnansweredError("lengths_not_stated", row.model_detail)
    return {**sizes, "steps": detail.steps if steps else 0}


def _sequence(row: Row, detail: Detail) -> int:
    """Return the tokens of an encoder's sequence: without padding a data set's average; 0 where nothing is said."""
    about = f"{row.model_detail} {row.notes}"[:400].casefold()
    if _VARIABLE.search(row.input_len) or "packed" in about:
        average = next((tokens for name, tokens in AVERAGE_TOKENS.items() if name in about), 0)
        if not average:
            raise UnansweredError("variable_size", row.input_len or row.model_detail)
        return average
    return _length(row.input_len) or detail.sequence


def _length(text: str) -> int:
    if not text:
        return 0
    stated = _COUNT.fullmatch(text)
    length = parse_count(stated[1] if stated else text)
    if length is None:
        raise UnansweredError("lengths_not_stated", text)
    return length * (1024 if stated and stated[2] else 1)


_NEEDED: Mapping[Mode, tuple[str, ...]] = MappingProxyType(
    {
        "prefill": ("input_len",),
        "decode": (),
        "generation": ("input_len", "output_len"),
        "serving": ("input_len", "output_len"),
        "power": ("input_len", "output_len"),
    }
)


def _lengths(row: Row, metric: Metric) -> dict[str, int]:
    lengths = {"input_len": _length(row.input_len), "output_len": _length(row.output_len)}
    lacks_all = not any(lengths.values())
    if lacks_all or any(not lengths[name] for name in _NEEDED.get(metric.mode, ())):
        raise UnansweredError("lengths_not_stated", row.model_detail)
    if metric.mode == "decode":
        return {"input_tokens": lengths["input_len"] or 1, "output_tokens": lengths["output_len"] or 1}
    return {"input_tokens": lengths["input_len"], "output_tokens": lengths["output_len"]}


def count_devices(row: Row, model: Known, metric: Metric) -> dict[str, int]:
    """Return how many devices there are, and how many of them share one copy.

    As stated; else over all where one batch is timed, layer by layer in llama.cpp; else over as few as it fits into
    (tp = 0). More than there are, and the detail speaks of elements inside one device.
    """
    detail = read_detail(row.model_detail)
    stated = max(1, detail.tp) * max(1, detail.pp)
    total = row.n_devices or stated
    if max(total, stated) > MOST_DEVICES:
        raise UnansweredError("bad_value", str(max(total, stated)))
    if model.kind != "language":
        return {"n_devices": total}
    if detail.tp or detail.pp:
        return {"n_devices": total, "tp": min(max(1, detail.tp), total), "pp": min(max(1, detail.pp), total)}
    if total > 1 and stack_of(row.software) == "llama.cpp":
        return {"n_devices": total, "tp": 1, "pp": total}
    return {"n_devices": total, "tp": total if total == 1 or metric.mode != "serving" else 0}
