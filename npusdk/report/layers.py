"""The layers of a profile: columns that are quick to make, rows that are built when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from npusdk.display import Shown
from npusdk.units import format_count
from npusdk.values import Frozen, Int64

BOUNDS = ("compute", "memory", "on_chip", "vector", "overhead", "host", "link")
"""What can bound a layer."""

Bound: TypeAlias = Literal["compute", "memory", "on_chip", "vector", "overhead", "host", "link"]
Floats: TypeAlias = npt.NDArray[np.float64]


class LayerCost(Frozen):
    """What one fused operator costs.

    Parameters
    ----------
    name
        Node that gives the layer its work.
    op
        Operators that run fused ("Conv+Relu").
    group
        Kind of work: matrix, depthwise, attention, vector or view.
    macs
        Multiply-accumulates.
    traffic_bytes
        Bytes to and from off-chip memory.
    time_s
        Seconds, overhead included.
    bound
        The term that decides the time.
    utilization
        Achieved share of the device's peak matrix rate, 0 to 1.
    energy_j
        Joules; None where energy is not predicted.
    live_bytes
        Bytes of activations that are alive on the device meanwhile; None in reports of schema 1.0.
    """

    name: str
    op: str
    group: str
    macs: Int64
    traffic_bytes: float
    time_s: float
    bound: Bound
    utilization: float
    energy_j: float | None = None
    live_bytes: Int64 | None = None


@dataclass(frozen=True, eq=False, repr=False)
class LayerTable(Shown, Sequence[LayerCost]):
    """A sequence of `LayerCost` kept as columns.

    Parameters
    ----------
    names, ops, groups, bounds
        One text for each layer.
    macs, traffic_bytes, time_s, utilization
        One number for each layer.
    energy_j, live_bytes
        One number for each layer, or None.
    """

    names: tuple[str, ...]
    ops: tuple[str, ...]
    groups: tuple[str, ...]
    bounds: tuple[str, ...]
    macs: npt.NDArray[np.int64]
    traffic_bytes: Floats
    time_s: Floats
    utilization: Floats
    energy_j: Floats | None = None
    live_bytes: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        lengths = {len(column) for column in vars(self).values() if column is not None}
        if len(lengths) > 1:
            text = f"columns of unequal length: {sorted(lengths)}"
            raise ValueError(text)

    @classmethod
    def from_rows(cls, rows: Iterable[LayerCost | dict[str, Any]]) -> LayerTable:
        """Make the table from rows, or from dictionaries with the fields of a row."""
        costs = [row if isinstance(row, LayerCost) else LayerCost.model_validate(row) for row in rows]
        energies = [row.energy_j for row in costs if row.energy_j is not None]
        alive = [row.live_bytes for row in costs if row.live_bytes is not None]
        return cls(
            names=tuple(row.name for row in costs),
            ops=tuple(row.op for row in costs),
            groups=tuple(row.group for row in costs),
            bounds=tuple(row.bound for row in costs),
            macs=np.array([row.macs for row in costs], np.int64),
            traffic_bytes=np.array([row.traffic_bytes for row in costs], np.float64),
            time_s=np.array([row.time_s for row in costs], np.float64),
            utilization=np.array([row.utilization for row in costs], np.float64),
            energy_j=np.array(energies, np.float64) if costs and len(energies) == len(costs) else None,
            live_bytes=np.array(alive, np.int64) if costs and len(alive) == len(costs) else None,
        )

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> LayerCost: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerCost, ...]: ...
    def __getitem__(self, index: int | slice) -> LayerCost | tuple[LayerCost, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        return LayerCost(
            name=self.names[index],
            op=self.ops[index],
            group=self.groups[index],
            macs=int(self.macs[index]),
            traffic_bytes=float(self.traffic_bytes[index]),
            time_s=float(self.time_s[index]),
            bound=self.bounds[index],  # type: ignore[arg-type]  # pydantic checks the text against BOUNDS
            utilization=float(self.utilization[index]),
            energy_j=None if self.energy_j is None else float(self.energy_j[index]),
            live_bytes=None if self.live_bytes is None else int(self.live_bytes[index]),
        )

    def __iter__(self) -> Iterator[LayerCost]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LayerTable) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        return f"LayerTable({len(self)} layers, {format_count(sum(self.macs.tolist()), 'MAC')})"

    __hash__ = None  # type: ignore[assignment]  # columns are arrays

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.union_schema(
            [
                core_schema.is_instance_schema(cls),
                core_schema.no_info_after_validator_function(
                    cls.from_rows, core_schema.list_schema(core_schema.any_schema())
                ),
            ],
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda table: [row.model_dump() for row in table]
            ),
        )
