"""The matrix products of a plan: equal ones are mapped once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import CostParameters
from npusdk.cost.work import Gemm

Floats = npt.NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class GemmSet:
    """Matrix products, each distinct one once.

    Parameters
    ----------
    step, index
        For each product of the plan: its step, and its place among the distinct ones.
    cnt, M, N, K
        Sides of the distinct ones, as floats (exact below 2^53).
    activation_bytes, constant_bytes
        What each reads and writes on chip: its share of its step's activations, and of its constants.
    bare
        Whether a step has no product at all.
    """

    step: npt.NDArray[np.intp]
    index: npt.NDArray[np.intp]
    cnt: Floats
    M: Floats
    N: Floats
    K: Floats
    activation_bytes: Floats
    constant_bytes: Floats
    bare: npt.NDArray[np.bool_]
    _tables: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.cnt)

    def table(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gave when `key` was first asked for: candidates that many devices share."""
        if key not in self._tables:
            self._tables[key] = make()
        made: T = self._tables[key]
        return made

    def per_step(self, values: Floats) -> Floats:
        """Return the sums over each step of a value that every distinct product has."""
        sums: Floats = np.bincount(self.step, weights=values[self.index], minlength=len(self.bare)).astype(
            np.float64, copy=False
        )
        return sums


def collect_gemms(products: Sequence[tuple[int, Gemm]], activation_bytes: Floats, constant_bytes: Floats) -> GemmSet:
    """Return the set of `products`, each given with its step; a step's bytes are shared evenly among its products."""
    steps = np.array([step for step, _ in products], np.intp)
    sides = np.array([gemm for _, gemm in products], np.float64).reshape(-1, 4)
    share = np.bincount(steps, minlength=len(activation_bytes))
    columns = np.column_stack([sides, (activation_bytes[steps] / share[steps]), (constant_bytes[steps] / share[steps])])
    distinct, index = np.unique(columns, axis=0, return_inverse=True)
    cnt, M, N, K, activations, constants = np.ascontiguousarray(distinct.T)
    return GemmSet(steps, index.reshape(-1), cnt, M, N, K, activations, constants, share == 0)


@dataclass(frozen=True)
class Mapped:
    """How products run on a device, each by its best candidate.

    Parameters
    ----------
    compute_s
        Matrix time, sustained.
    on_chip_s
        Time between on-chip memory and the units.
    busy_s
        Both together: the longer one where they overlap, else their sum.
    """

    compute_s: Floats
    on_chip_s: Floats
    busy_s: Floats

    def take(self, places: npt.NDArray[np.intp]) -> Mapped:
        """Return the products at `places`."""
        return Mapped(self.compute_s[places], self.on_chip_s[places], self.busy_s[places])


def choose(compute_s: Floats, on_chip_bytes: Floats, shared_bytes: Floats, parameters: CostParameters) -> Mapped:
    """Return the best candidate (column) of each row.

    `shared_bytes` move on chip whichever candidate is chosen. They take part in the choice: the time that is compared
    is then the time that counts, so that a faster device cannot choose a candidate that is slower in the end.
    """
    on_chip_s = (on_chip_bytes + shared_bytes[:, None]) / parameters.on_chip_bandwidth_bytes_per_s
    busy_s = np.maximum(compute_s, on_chip_s) if parameters.overlap else compute_s + on_chip_s
    best = busy_s.argmin(axis=1)
    rows = np.arange(len(best))
    return Mapped(compute_s[rows, best], on_chip_s[rows, best], busy_s[rows, best])
