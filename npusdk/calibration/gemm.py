"""Times of single matrix products on a GPU, M x K by K x N, each with the error that such predictions have had.

This is a calibration of its own, of isolated products that are launched one by one, with five constants for each chip.
The cost model of networks (`npusdk.cost`) has other constants, and neither may be used for the other: `eta_matrix` is
what a tile sustains inside one product, not what a network does.

Over the tiles (Tm, Tn) and the splits s of K that `npusdk.cost.waves` has, U units of `mac` multiply-accumulates a
cycle at clock f, and b bytes for each element, of inputs, weights and outputs alike:

- matrix:   `t_m = ceil(tiles / U) Tm Tn (ceil(K / s) + lead) / (mac f eta_matrix)`, `tiles = ceil(M/Tm) ceil(N/Tn) s`;
- on chip:  `t_c = (tiles (Tm + Tn) K/s b + partial sums) / (on_chip_bytes_per_cycle U f)`;
- off chip: `t_o = (in + weights + out) / (eta_memory BW)`;
- `t = fixed + sqrt(min(max(t_m, t_c) + [s > 1] t_split)^2 + t_o^2)`, the least over tiles and splits.

Tile and wave quantisation: NVIDIA, Matrix Multiplication Background User's Guide, sections 3.1 and 3.2. `lead` is the
filling and emptying of a tile, counted in elements of K. Matrix time is dealt out in whole waves while on-chip traffic
is not, so a chip may be quicker in its last wave than it can sustain. The root of squares is a half-way house between
arithmetic and memory that overlap perfectly and not at all. The form and `SPLIT_S` are judgement, the same for every
chip, chosen by the leave-one-model-out errors of the rows that also fit the constants: those errors flatter a little.
What a library chooses badly is not foreseen: the least of all candidates is what a good one would take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.calibration.gemm_constants import GemmConstants, owner_of
from npusdk.catalogue import CostParameters, DeviceSpec, cost_parameters
from npusdk.cost.waves import LEAST_SPLIT_BYTES, PIECE_BYTES, SPLITS, TILES
from npusdk.errors import ConfigError, ShapeError
from npusdk.language import _
from npusdk.numerics import MATRIX_FORMATS

Floats: TypeAlias = npt.NDArray[np.float64]
Basis: TypeAlias = Literal["calibrated", "same_chip", "class"]

SPLIT_S = 3e-6
"""Adding the partial sums of a split K up: one more short kernel, about the time of an empty one. A judgement."""

_CANDIDATES = np.array([(m, n, s) for s in SPLITS for m, n in TILES], np.float64).T


@dataclass(frozen=True, slots=True, eq=False)
class GemmWork:
    """What products ask of one device: rows are products, columns are tiles and splits.

    Parameters
    ----------
    element_s
        Matrix time at full rate of one element of K, all waves; infinite where a candidate does not apply.
    depth
        Elements of K that a tile works through.
    on_chip_cycles
        Bytes that move on chip, for each unit and Hz of clock: over bytes per cycle it is a time.
    split_s
        Time of adding partial sums up.
    memory_s, matrix_s
        Time of each product at the full memory bandwidth and at the full matrix rate, without any padding.
    """

    element_s: Floats
    depth: Floats
    on_chip_cycles: Floats
    split_s: Floats
    memory_s: Floats
    matrix_s: Floats

    def take(self, rows: npt.NDArray[np.bool_]) -> GemmWork:
        """Return the work of some rows."""
        names = (name for name in self.__slots__ if name != "split_s")
        return GemmWork(split_s=self.split_s, **{name: getattr(self, name)[rows] for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class GemmTimes:
    """Predicted times of products.

    Parameters
    ----------
    latency_s, low_s, high_s
        Seconds of each product, and its interval; in the shape to which M, N and K broadcast.
    validity
        "A": the interval holds 90 % of the measured products of models that the fit had not seen. "B" and "C": it is a
        judgement.
    basis
        "calibrated": constants of this card and format (A); "same_chip": of another card of the chip, or another format
        of 16 bits (B); "class": the geometric mean of the calibrated chips (C).
    chip
        Whose constants they are; empty for the class.
    rows
        Measured rows behind them.
    """

    latency_s: Floats
    low_s: Floats
    high_s: Floats
    validity: Literal["A", "B", "C"]
    basis: Basis
    chip: str
    rows: int


def count_work(parameters: CostParameters, M: Floats, N: Floats, K: Floats) -> GemmWork:
    """Return what products ask of a device with these parameters; M, N and K have one element for each product."""
    element_bytes = MATRIX_FORMATS[parameters.dtype].bits / 8
    Tm, Tn, s = _CANDIDATES
    m, n, k = M[:, None], N[:, None], K[:, None]
    piece = PIECE_BYTES / element_bytes
    depth = np.ceil(np.ceil(k / s) / piece) * piece
    tiles = np.ceil(m / Tm) * np.ceil(n / Tn) * s
    rate = parameters.macs_per_unit_per_cycle * parameters.clock_hz
    element_s = np.ceil(tiles / parameters.units) * Tm * Tn / rate
    partial_bytes = np.where(s > 1, 8 * m * n * s, 0.0)
    traffic_bytes = tiles * (Tm + Tn) * depth * element_bytes + partial_bytes
    is_possible = (s == 1) | (s * LEAST_SPLIT_BYTES <= k * element_bytes)
    memory_bytes = (M * K + K * N + M * N) * element_bytes
    return GemmWork(
        element_s=np.where(is_possible, element_s, np.inf),
        depth=depth,
        on_chip_cycles=traffic_bytes / (parameters.units * parameters.clock_hz),
        split_s=np.where(s > 1, SPLIT_S, 0.0),
        memory_s=memory_bytes / parameters.memory_bandwidth_bytes_per_s,
        matrix_s=M * N * K / (rate * parameters.units),
    )


def time_gemms(work: GemmWork, constants: GemmConstants) -> Floats:
    """Return the seconds of each product."""
    matrix_s = work.element_s * ((work.depth + constants.lead_elements) / constants.eta_matrix)
    on_chip_s = work.on_chip_cycles / constants.on_chip_bytes_per_cycle
    chip_s = (np.maximum(matrix_s, on_chip_s) + work.split_s).min(axis=1)
    times: Floats = np.hypot(chip_s, work.memory_s / constants.eta_memory) + constants.fixed_s
    return times


def time_roofline(work: GemmWork, eta: float) -> Floats:
    """Return the seconds of each product by the larger of its two full rates, over one constant."""
    times: Floats = np.maximum(work.matrix_s, work.memory_s) / eta
    return times


def _sides(M: npt.ArrayLike, N: npt.ArrayLike, K: npt.ArrayLike) -> tuple[tuple[int, ...], Floats, Floats, Floats]:
    """Return the common shape of M, N and K, and each as a column."""
    sides = [np.asarray(side, np.float64) for side in (M, N, K)]
    for name, side in zip("MNK", sides, strict=True):
        wrong = side[~((side >= 1) & (side == np.floor(side)) & np.isfinite(side))]
        if wrong.size:
            raise ShapeError(
                _("a matrix product with {side} = {value} has no time: a side is a whole number from 1"),
                hint=_("Give M, N and K as whole numbers of at least 1."),
                side=name,
                value=float(wrong.flat[0]),
            )
    try:
        m, n, k = np.broadcast_arrays(*sides)
    except ValueError:
        raise ShapeError(
            _("M, N and K of {shapes} do not belong together, one of each for a product"),
            hint=_("Give three arrays of one shape, or numbers."),
            shapes=", ".join(str(side.shape) for side in sides),
        ) from None
    return m.shape, m.ravel(), n.ravel(), k.ravel()


def _parameters(device: DeviceSpec, dtype: str) -> CostParameters:
    parameters = cost_parameters(device, dtype)
    if parameters.style != "waves":
        raise ConfigError(
            _("single matrix products are calibrated on GPUs only; device {device} is not one"),
            hint=_("Profile a model on {device}, or ask for the products of a GPU."),
            device=device.id,
        )
    return parameters


def predict_gemm(device: DeviceSpec, dtype: str, *, M: npt.ArrayLike, N: npt.ArrayLike, K: npt.ArrayLike) -> GemmTimes:
    """Return the times of matrix products, M x K by K x N, launched one by one on a GPU.

    Only fp16 was measured, on two cards. For bf16, and for other cards of these chips, the same constants are used; for
    any other format or chip those of the class: the validity says so.

    Parameters
    ----------
    device, dtype
        A GPU of the catalogue or a part of one, and a number format that it has.
    M, N, K
        Rows of the input, columns of the weights, and the common side: whole numbers from 1, or arrays of them.

    Raises
    ------
    ConfigError
        If the device is no GPU.
    PrecisionError
        If it does not have the format, or has no public rate for it.
    ShapeError
        If a side is not a whole number from 1, or the arrays do not belong together.

    Examples
    --------
    >>> from npusdk.catalogue import find_device
    >>> times = predict_gemm(find_device("a100"), "fp16", M=[1, 4096], N=8192, K=8192)
    >>> times.validity, bool(times.low_s[0] < times.latency_s[0] < times.latency_s[1])
    ('A', True)
    """
    parameters = _parameters(device, dtype)
    shape, *sides = _sides(M, N, K)
    owner = owner_of(device.id, dtype)
    latency_s = time_gemms(count_work(parameters, *sides), owner.constants).reshape(shape)
    return GemmTimes(
        latency_s,
        latency_s * owner.low,
        latency_s * owner.high,
        validity=owner.validity,
        basis=owner.basis,
        chip=owner.chip,
        rows=owner.rows,
    )


def roofline_gemm(device: DeviceSpec, dtype: str, *, M: npt.ArrayLike, N: npt.ArrayLike, K: npt.ArrayLike) -> Floats:
    """Return the times by a roofline with one constant, fitted on the same rows: the baseline beside `predict_gemm`."""
    shape, *sides = _sides(M, N, K)
    work = count_work(_parameters(device, dtype), *sides)
    return time_roofline(work, owner_of(device.id, dtype).roofline_eta).reshape(shape)
