"""Measured matrix products of a file, beside what the calibration of single products says of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from npusdk.calibration.gemm import count_work, predict_gemm
from npusdk.calibration.preparation import refuse
from npusdk.calibration.refusals import Refused
from npusdk.calibration.rows import Line, parse_count, parse_number
from npusdk.calibration.scores import Judged
from npusdk.calibration.vocabulary import device_of, precision_of
from npusdk.catalogue import cost_parameters, find_device
from npusdk.errors import NpuError

SIDES = ("m", "n", "k")
"""Columns of a product's sides, in lower case as `read_table` has them."""

_SECONDS = re.compile(r"seconds_([a-z0-9]+)(?:_.*)?")


def time_columns(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns with seconds, and the number format that each names.

    Examples
    --------
    >>> time_columns(["device", "m", "n", "k", "seconds_fp16_median"])
    {'seconds_fp16_median': 'fp16'}
    """
    found = {name: match[1] for name in columns if (match := _SECONDS.fullmatch(name))}
    known = {name: precision_of(word) for name, word in found.items()}
    return {name: precision.dtype for name, precision in known.items() if precision and not precision.weights}


def judge_products(lines: Sequence[Line]) -> tuple[Judged, ...]:
    """Return the products with their predictions, in the order of the file; one for each column with a time."""
    columns = time_columns(list(lines[0].cells))
    judged = [_known(line, name, len(columns)) for line in lines for name in columns if line.cells.get(name)]
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    sides = []
    places = iter(range(len(judged)))
    for line in lines:
        for name, dtype in columns.items():
            if line.cells.get(name):
                place = next(places)
                sides.append([parse_count(line.cells.get(side, "")) for side in SIDES])
                judged[place] = _check(judged[place], sides[place], line)
                if judged[place].reason is None:
                    groups[judged[place].device, dtype].append(place)
    for (device, dtype), members in groups.items():
        answers = _predict(device, dtype, np.array([sides[place] for place in members], np.float64))
        for place, answer in zip(members, answers, strict=True):
            judged[place] = _with(judged[place], answer)
    return tuple(judged)


def _known(line: Line, column: str, columns: int) -> Judged:
    """Return what is known of a product without a prediction."""
    named = line.cells.get("device", "") or line.cells.get("device_key", "")
    device = device_of(named)
    model = line.cells.get("model", "") or "-"
    name = line.cells.get("id", "") or f"line {line.number}"
    value = parse_number(line.cells[column])
    return Judged(
        id=f"{name}, {column}" if columns > 1 else name,
        line=line.number,
        use=line.cells.get("use", "").casefold() or "primary",
        unit=line.cells.get("split_unit", "") or f"{named}|{model}",
        device=device or named,
        chip=device,
        vendor=find_device(device).vendor if device else "",
        stack="other",
        model=model,
        measured=value if value and value > 0 else None,
        measured_in="s",
    )


def _check(judged: Judged, sides: Sequence[int | None], line: Line) -> Judged:
    """Return a product with the reason why nobody could predict it, if there is one."""
    if not line.is_whole:
        return replace(judged, reason="malformed_row")
    if judged.measured is None or None in sides:
        return replace(judged, reason="bad_value")
    if not judged.chip:
        return replace(judged, reason="unknown_device", detail=judged.device[:200])
    return judged


def _predict(device: str, dtype: str, sides: np.typing.NDArray[np.float64]) -> Iterator[tuple[float, float] | Refused]:
    """Yield predicted and data-sheet seconds of each product, or why there are none."""
    spec = find_device(device)
    M, N, K = sides.T
    try:
        times = predict_gemm(spec, dtype, M=M, N=N, K=K).latency_s
        work = count_work(cost_parameters(spec, dtype), M, N, K)
    except NpuError as error:
        yield from [refuse(error)] * len(sides)
        return
    yield from zip(times.tolist(), np.maximum(work.matrix_s, work.memory_s).tolist(), strict=True)


def _with(judged: Judged, answer: tuple[float, float] | Refused) -> Judged:
    if isinstance(answer, Refused):
        return replace(judged, reason=answer.reason, detail=answer.detail)
    predicted, sheet_s = answer
    return replace(judged, predicted=predicted, measured_s=judged.measured, predicted_s=predicted, roofline_s=sheet_s)
