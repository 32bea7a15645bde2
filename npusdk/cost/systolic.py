"""Matrix products on a plain systolic array of R x C cells, fold by fold: the cycles of SCALE-Sim 3.0.0.

    output-stationary   T = ceil(M/R) ceil(N/C) (K + R + C - 2) / f
    weight-stationary   T = ceil(K/R) ceil(N/C) (M + 2R + C - 2) / f
    input-stationary    T = ceil(K/R) ceil(M/C) (N + 2R + C - 2) / f

A fold fills the cells with a part of what stays, streams the third side through, and drains: R + C - 2 cycles of skew,
and R more where operands are loaded first (Samajdar et al. 2020, a systematic methodology for characterizing
scalability of DNN accelerators using SCALE-Sim). A convolution is the product of its patches with its filters. Several
arrays share the folds of all `cnt` products.

On chip, inputs, weights and outputs move once: operands are passed from cell to cell, sums gathered beside the array.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import GemmSet, Mapped, choose


class Dataflow(NamedTuple):
    """Which sides of a product lie where.

    Parameters
    ----------
    down, across
        Side along the rows of the array, and along its columns.
    streamed
        Side that passes through in time.
    passes
        How often a fold takes as many cycles as the array has rows.
    """

    down: str
    across: str
    streamed: str
    passes: int


DATAFLOWS: Mapping[str, Dataflow] = MappingProxyType(
    {"os": Dataflow("M", "N", "K", 1), "ws": Dataflow("K", "N", "M", 2), "is": Dataflow("K", "M", "N", 2)}
)
"""By what stays in the cells: outputs, weights, inputs."""


def map_systolic(gemms: GemmSet, parameters: CostParameters) -> Mapped:
    """Return the time of every product on the array."""
    flow, rows, columns = DATAFLOWS[parameters.dataflow], parameters.array_rows, parameters.array_columns
    down, across, streamed = (getattr(gemms, side) for side in (flow.down, flow.across, flow.streamed))
    folds = np.ceil(gemms.cnt * np.ceil(down / rows) * np.ceil(across / columns) / parameters.units)
    cycles = folds * (streamed + flow.passes * rows + columns - 2)
    compute_s = cycles / (parameters.clock_hz * parameters.eta_compute)
    shared_bytes = gemms.activation_bytes + (gemms.constant_bytes if parameters.overlap else 0.0)
    return choose(compute_s[:, None], np.zeros((len(gemms), 1)), shared_bytes, parameters)
