"""Pass 2b: the number format in which a device multiplies a model's matrices."""

from __future__ import annotations

from npusdk.catalogue import DeviceSpec
from npusdk.errors import PrecisionError
from npusdk.language import _
from npusdk.numerics import MATRIX_FORMATS

FLOAT_ORDER = ("bf16", "fp16", "tf32", "fp32", "fp64")
"""Formats that "auto" tries for a model with floating-point weights: those that public software is documented to reach
before the others, sixteen bits before more, a wide range before a fine step."""

EMULATED = ("exact", "bf16", "fp16", "tf32", "fp32", "int8")
"""Precisions that the emulator computes in; the others are costed only."""


def choose_precision(device: DeviceSpec, asked: str, *, is_quantized: bool) -> str:
    """Return the precision for a model on a device.

    Parameters
    ----------
    asked
        "auto", "exact" (the model's own types, no device rounding) or a key of `MATRIX_FORMATS`.
    is_quantized
        Whether the model itself holds integers with scales.

    Raises
    ------
    PrecisionError
        If the device does not have the format asked for.

    Notes
    -----
    "auto" takes int8 for a quantised model where the device has it, else the first of `FLOAT_ORDER` that the device
    has, else int8 (a device of integers only: the model would have to be quantised first, and every result says so).
    """
    if asked == "exact" or (device.kind == "reference" and asked == "auto"):
        return "exact"
    if asked != "auto":
        if asked not in MATRIX_FORMATS or asked not in device.dtypes:
            raise PrecisionError(
                _("{device} has no precision {precision}; it has {available}"),
                hint=_("Choose one of {available}, or auto."),
                device=device.id,
                precision=asked,
                available=", ".join(device.dtypes),
            )
        return asked
    if is_quantized and "int8" in device.dtypes:
        return "int8"
    reached = [p.dtype for p in device.precisions if p.reachable == "documented"]
    candidates = [dtype for known in (reached, device.dtypes) for dtype in FLOAT_ORDER if dtype in known]
    return next(iter([*candidates, *(d for d in ("int8", *device.dtypes) if d in device.dtypes)]))


def precision_assumptions(device: DeviceSpec, precision: str, *, is_quantized: bool) -> tuple[str, ...]:
    """Return the codes of what a precision takes for granted."""
    codes = []
    if precision not in ("exact", *FLOAT_ORDER) and not is_quantized:
        codes.append("model_is_quantized")
    reach = device.precision(precision)
    if reach is not None and reach.reachable != "documented":
        codes.append("precision_planned" if reach.reachable == "planned" else "precision_undocumented")
    return tuple(codes)
