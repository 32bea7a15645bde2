"""The layers of a profile: columns that are quick to make, rows that are built when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from npusdk.display import Shown
from npusdk.report.codes import Note
from npusdk.report.later import Later
from npusdk.units import format_count
from npusdk.values import Frozen, Int64

BOUNDS = ("compute", "memory", "on_chip", "vector", "overhead", "host", "link")
"""What can bound a layer."""

Bound: TypeAlias = Literal["compute", "memory", "on_chip", "vector", "overhead", "host", "link"]

TERMS: Mapping[str, str] = {
    "compute": "compute_s",
    "memory": "memory_s",
    "on_chip": "on_chip_s",
    "vector": "vector_s",
    "overhead": "overhead_s",
    "host": "transfer_s",
    "link": "link_s",
}
"""The terms of a layer's time, by the bound that each is."""

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
    repeats
        How often it runs for one chunk of the batch; every figure is over all of that. None in reports before 1.2.
    terms
        Seconds of each term under its name in `TERMS`. On most devices terms overlap and add up to more than `time_s`.
        None as before.
    explanation
        What would make the term that decides smaller, as code and numbers; None where nobody worked it out.
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
    repeats: Int64 | None = None
    terms: dict[str, float] | None = None
    explanation: Note | None = None

    @property
    def margin(self) -> float | None:
        """The largest term over the second largest; None where there is no second one."""
        *_others, second_s, largest_s = sorted([0.0, 0.0, *(self.terms or {}).values()])
        return largest_s / second_s if second_s > 0 else None


@dataclass(frozen=True, eq=False, repr=False)
class LayerTable(Shown, Sequence[LayerCost]):
    """A sequence of `LayerCost` kept as columns.

    Parameters
    ----------
    names, ops, groups, bounds
        One text for each layer.
    macs, traffic_bytes, time_s, utilization
        One number for each layer.
    energy_j, live_bytes, repeats
        One number for each layer, or None.
    terms
        One column for each value of `TERMS`, or None.
    explanations
        One note for each layer, made when somebody looks; or None.
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
    repeats: npt.NDArray[np.int64] | None = None
    terms: Mapping[str, Floats] | None = None
    explanations: Later[Note] | None = None

    def __post_init__(self) -> None:
        if self.terms is not None and set(self.terms) != set(TERMS.values()):
            text = f"terms are {', '.join(sorted(TERMS.values()))}, not {', '.join(sorted(self.terms))}"
            raise ValueError(text)
        texts = (self.names, self.ops, self.groups, self.bounds)
        lengths = {len(column) for column in (*texts, *self.numbers())}
        if len(lengths) > 1:
            text = f"columns of unequal length: {sorted(lengths)}"
            raise ValueError(text)

    def numbers(self) -> list[npt.NDArray[Any]]:
        """Return the columns of numbers that there are."""
        columns = (
            self.macs, self.traffic_bytes, self.time_s, self.utilization, self.energy_j, self.live_bytes, self.repeats,
        )  # fmt: skip
        return [*(column for column in columns if column is not None), *(self.terms or {}).values()]

    @classmethod
    def from_rows(cls, rows: Iterable[LayerCost | dict[str, Any]]) -> LayerTable:
        """Make the table from rows, or from dictionaries with the fields of a row; a column half filled is none."""
        costs = [row if isinstance(row, LayerCost) else LayerCost.model_validate(row) for row in rows]
        terms = _whole([row.terms for row in costs])
        notes = _whole([row.explanation for row in costs])
        return cls(
            names=tuple(row.name for row in costs),
            ops=tuple(row.op for row in costs),
            groups=tuple(row.group for row in costs),
            bounds=tuple(row.bound for row in costs),
            macs=np.array([row.macs for row in costs], np.int64),
            traffic_bytes=np.array([row.traffic_bytes for row in costs], np.float64),
            time_s=np.array([row.time_s for row in costs], np.float64),
            utilization=np.array([row.utilization for row in costs], np.float64),
            energy_j=_array([row.energy_j for row in costs], np.float64),
            live_bytes=_array([row.live_bytes for row in costs], np.int64),
            repeats=_array([row.repeats for row in costs], np.int64),
            terms=None if terms is None else _term_columns(terms),
            explanations=None if notes is None else Later(notes),
        )

    @cached_property
    def margins(self) -> Floats | None:
        """Of each layer the largest term over the second largest; infinite where there is no second one."""
        if self.terms is None:
            return None
        second_s, largest_s = np.sort(np.array(list(self.terms.values())), axis=0)[-2:]
        margins: Floats = np.divide(largest_s, second_s, out=np.full_like(largest_s, np.inf), where=second_s > 0)
        return margins

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
            repeats=None if self.repeats is None else int(self.repeats[index]),
            terms=None if self.terms is None else {name: float(self.terms[name][index]) for name in TERMS.values()},
            explanation=None if self.explanations is None else self.explanations[index],
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


def _whole(cells: Sequence[Any]) -> Sequence[Any] | None:
    """Return the cells of a column, or None if one is missing or there is none."""
    return cells if cells and all(cell is not None for cell in cells) else None


def _array(cells: Sequence[Any], dtype: type[np.generic]) -> npt.NDArray[Any] | None:
    whole = _whole(cells)
    return None if whole is None else np.array(whole, dtype)


def _term_columns(rows: Sequence[Mapping[str, float]]) -> Mapping[str, Floats]:
    """Return the terms of all layers as columns; what a row does not name takes no time."""
    return {name: np.array([row.get(name, 0.0) for row in rows], np.float64) for name in TERMS.values()}
