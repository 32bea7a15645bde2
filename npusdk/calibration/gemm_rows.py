"""The measured matrix products that the calibration ships: see `data/SOURCES.md`."""

from __future__ import annotations

import csv
import gzip
import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusdk.calibration.gemm_constants import calibration_folder

FILE = "gemm_calibration.csv.gz"


@dataclass(frozen=True, slots=True, eq=False)
class GemmRows:
    """Measured products, one column for each property.

    Parameters
    ----------
    chip, model, operator
        Names as in the file.
    M, N, K
        Sides of each product.
    latency_s
        Median of the repetitions, in steps of 0.5 us.
    sha256
        Of the text of the file; empty for a part of it.
    """

    chip: npt.NDArray[np.str_]
    model: npt.NDArray[np.str_]
    operator: npt.NDArray[np.str_]
    M: npt.NDArray[np.float64]
    N: npt.NDArray[np.float64]
    K: npt.NDArray[np.float64]
    latency_s: npt.NDArray[np.float64]
    sha256: str = ""

    def take(self, rows: npt.NDArray[np.bool_]) -> GemmRows:
        """Return some of the rows."""
        return GemmRows(**{name: getattr(self, name)[rows] for name in self.__slots__ if name != "sha256"})


def read_gemm_rows() -> GemmRows:
    """Return every measured product of the file."""
    text = gzip.decompress((calibration_folder() / FILE).read_bytes())
    _head, *rows = csv.reader(text.decode("utf-8").splitlines())
    chip, model, operator, *numbers = zip(*rows, strict=True)
    names = [np.array(column) for column in (chip, model, operator)]
    M, N, K, latency_s = np.array(numbers, np.float64)
    return GemmRows(names[0], names[1], names[2], M, N, K, latency_s, sha256=hashlib.sha256(text).hexdigest())
