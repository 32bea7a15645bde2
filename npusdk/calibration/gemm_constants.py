"""The fitted constants of single matrix products, as the data file beside this module holds them.

`python -m npusdk.calibration.gemm_fit` writes that file; nobody edits it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal

from npusdk.values import Frozen

CARD_FACTOR = 1.5
"""Interval of validity B: another card of a calibrated chip, or bf16 for fp16. A judgement."""

CLASS_FACTOR = 2.0
"""Interval of validity C: a chip that was never measured, or another width of numbers. A judgement."""

MEASURED_DTYPE = "fp16"

_SAME_WIDTH = frozenset((MEASURED_DTYPE, "bf16"))

MEASURED_DEVICES: Mapping[str, str] = MappingProxyType({"a100": "nvidia-a100-sxm4-80gb", "h100": "nvidia-h100-sxm"})
"""Chip, as the measurements name it -> the card that was measured."""

_CHIPS: Mapping[str, str] = MappingProxyType(
    {
        "nvidia-a100-pcie-40gb": "a100",
        "nvidia-a100-pcie-80gb": "a100",
        "nvidia-a100-sxm4-40gb": "a100",
        "nvidia-a100-sxm4-80gb": "a100",
        "nvidia-h100-pcie": "h100",
        "nvidia-h100-sxm": "h100",
    }
)


class GemmConstants(Frozen):
    """The five constants of a chip.

    Parameters
    ----------
    eta_matrix
        Fraction of the full matrix rate that a tile sustains.
    eta_memory
        Fraction of the memory bandwidth.
    fixed_s
        Seconds of each product, whatever its size.
    lead_elements
        Filling and emptying of a tile, as elements of K.
    on_chip_bytes_per_cycle
        Bytes that reach each unit in a cycle.
    """

    eta_matrix: float
    eta_memory: float
    fixed_s: float
    lead_elements: float
    on_chip_bytes_per_cycle: float


class Errors(Frozen):
    """Mean absolute percentage errors, as fractions: the mean of each model's rows, then of the models.

    Parameters
    ----------
    fitted
        Of the rows that made the constants.
    model_left_out, operator_left_out
        Of the rows of each model, or operator, under constants that were made without it.
    by_model
        `model_left_out` of each model.
    """

    fitted: float
    model_left_out: float
    operator_left_out: float
    by_model: Mapping[str, float]


class ChipFit(Frozen):
    """What the measurements say of one chip.

    Parameters
    ----------
    chip, device
        Name in the measurements, and the card of the catalogue whose data sheet was used.
    rows, shapes
        Measured rows, and different weights (N, K) among them.
    low, high
        Measured over predicted time: 5 % and 95 % quantiles of the models left out.
    other_chip_error
        Error of this chip's rows under the other chips' constants (their geometric mean) on its own data sheet.
    roofline_eta, roofline
        The one constant of the baseline, and its errors.
    """

    chip: str
    device: str
    rows: int
    shapes: int
    constants: GemmConstants
    errors: Errors
    low: float
    high: float
    other_chip_error: float
    roofline_eta: float
    roofline: Errors


class GemmCalibration(Frozen):
    """The data file.

    Parameters
    ----------
    version
        Counts up with every new fit that is published.
    data, data_sha256
        The measurements, and the hash of their text.
    """

    version: int
    data: str
    data_sha256: str
    dtype: str
    chips: tuple[ChipFit, ...]
    class_constants: GemmConstants
    class_roofline_eta: float


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose constants a device uses, and what may be said of them; see `GemmTimes`."""

    constants: GemmConstants
    roofline_eta: float
    low: float
    high: float
    validity: Literal["A", "B", "C"]
    basis: Literal["calibrated", "same_chip", "class"]
    chip: str
    rows: int


def average_constants(several: Iterable[GemmConstants]) -> GemmConstants:
    """Return the geometric mean of each constant."""
    columns = [constants.model_dump() for constants in several]
    return GemmConstants(
        **{name: math.exp(math.fsum(math.log(row[name]) for row in columns) / len(columns)) for name in columns[0]}
    )


def calibration_folder() -> Traversable:
    """Return the folder of the measurements and of the constants."""
    return files("npusdk.calibration") / "data"


@cache
def load_gemm_calibration() -> GemmCalibration:
    """Return the constants that are shipped."""
    return GemmCalibration.model_validate_json((calibration_folder() / "gemm-1.json").read_text(encoding="utf-8"))


@cache
def owner_of(device: str, dtype: str) -> Owner:
    """Return whose constants a GPU uses in a number format; a part of a card counts as another card of its chip."""
    calibration = load_gemm_calibration()
    chip = _CHIPS.get(device.partition(":")[0])
    fit = next((fit for fit in calibration.chips if fit.chip == chip), None)
    if fit is None or dtype not in _SAME_WIDTH:
        rows = sum(fit.rows for fit in calibration.chips)
        constants, eta = calibration.class_constants, calibration.class_roofline_eta
        return Owner(constants, eta, 1 / CLASS_FACTOR, CLASS_FACTOR, "C", "class", "", rows)
    if device == fit.device and dtype == calibration.dtype:
        return Owner(fit.constants, fit.roofline_eta, fit.low, fit.high, "A", "calibrated", fit.chip, fit.rows)
    eta = fit.roofline_eta
    return Owner(fit.constants, eta, 1 / CARD_FACTOR, CARD_FACTOR, "B", "same_chip", fit.chip, fit.rows)
