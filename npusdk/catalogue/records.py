"""What a device file says, once it is read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, ConfigDict, PlainSerializer

from npusdk.display import Shown
from npusdk.language import current_language
from npusdk.values import Frozen, Kind, Sourced

T = TypeVar("T")

DeviceKind: TypeAlias = Literal["npu", "gpu", "ipu", "lpu", "reference"]
Evidence: TypeAlias = Literal["vendor_list", "same_family", "assumed"]


def read_only(mapping: Mapping[str, T]) -> Mapping[str, T]:
    """Return a copy of `mapping` that cannot be changed."""
    return MappingProxyType(dict(mapping))


Figures = Annotated[
    Mapping[str, Sourced], AfterValidator(read_only), PlainSerializer(dict, return_type=dict[str, Sourced])
]
"""Sourced figures by name; read-only."""

Names = Annotated[Mapping[str, str], AfterValidator(read_only), PlainSerializer(dict, return_type=dict[str, str])]
"""Texts by name; read-only."""


class Record(Frozen):
    """Base of what stands in our own files: a field that nobody knows is a mistake, not an addition."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Precision(Record):
    """Whether public software reaches a number format on a device.

    Parameters
    ----------
    dtype
        One of `PRECISIONS`.
    reachable
        "documented": the vendor's software is documented, or published to have run, in it. "planned": the vendor says
        so. "undocumented": the hardware has it and no source says that software reaches it.
    software, version, date
        What reaches it; empty where the source does not say.
    """

    dtype: str
    reachable: Literal["documented", "planned", "undocumented"]
    software: str = ""
    version: str = ""
    date: str = ""
    source: str
    kind: Kind


class DeviceRule(Record):
    """A constraint of a device or of its software.

    Parameters
    ----------
    code
        Name for programs ("int8_only", "opset_max"), unique in a device.
    text, text_ko
        What it means, in English and in Korean.
    limit
        The number in the rule, where it has one.
    """

    code: str
    text: str
    text_ko: str
    source: str
    kind: Kind
    limit: int | None = None

    def sentence(self, language: str | None = None) -> str:
        """Return the text in `language`, the reader's own by default."""
        return self.text_ko if (language or current_language()) == "ko" else self.text


class Partition(Record):
    """A part of a device that a program can have to itself.

    Parameters
    ----------
    name
        What follows the colon in "rngd:4pe".
    units, on_chip, memory, bandwidth
        Fractions of the device that the part has.
    kind
        How far the part and its share of the units are documented.
    memory_kind
        How far its shares of memory and bandwidth are.
    """

    name: str
    units: float
    on_chip: float
    memory: float
    bandwidth: float
    source: str
    kind: Kind
    memory_kind: Kind
    note: str = ""


class DeviceSpec(Shown, Record):
    """A device, or a part of one, with the source of every figure.

    Parameters
    ----------
    id
        Canonical identifier ("furiosa-rngd"; a part: "furiosa-rngd:4pe").
    availability
        "current", "end_of_life" or "announced".
    specs
        Figures by name, in SI units; a figure that nobody published is absent.
    dtypes
        Number formats in which the device multiplies matrices.
    precisions
        Which of them public software reaches.
    memory_pools
        Bytes of each separate memory, usable bytes where they are known; empty where no limit is known.
    fusion
        Which operators its compiler joins: "gpu" or "npu".
    resource_names
        What platforms call it: "backend.ai", "kubernetes".
    operators, operators_evidence
        The list of operators, see `load_operators`, and what connects the device with it.
    model
        Parameters of the cost model that differ from `specs` or are not in it.
    """

    id: str
    aliases: tuple[str, ...]
    vendor: str
    name: str
    kind: DeviceKind
    availability: Sourced
    specs: Figures
    dtypes: tuple[str, ...]
    precisions: tuple[Precision, ...]
    rules: tuple[DeviceRule, ...]
    partitions: tuple[Partition, ...]
    memory_pools: tuple[int, ...]
    fusion: Literal["gpu", "npu"]
    resource_names: Names
    operators: str
    operators_evidence: Evidence
    model: Figures

    @property
    def operators_documented(self) -> bool:
        """Whether the vendor publishes a list of operators, for this device or its family."""
        return self.operators_evidence != "assumed"

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of all memory pools, usable ones where they are known; None where no limit is known."""
        return sum(self.memory_pools) if self.memory_pools else None

    @property
    def pool_bytes(self) -> int | None:
        """Bytes of the largest single memory, which a model must fit in; None where no limit is known."""
        return max(self.memory_pools, default=None)

    def peak_ops_per_s(self, dtype: str) -> float | None:
        """Return the published dense peak, two operations for a multiply-accumulate; None where none is published."""
        figure = self.specs.get(f"peak_{dtype}_ops_per_s")
        return figure.number if figure else None

    def precision(self, dtype: str) -> Precision | None:
        """Return what is known of a number format, None for one that the device lacks."""
        return next((precision for precision in self.precisions if precision.dtype == dtype), None)

    def rule(self, code: str) -> DeviceRule | None:
        """Return the rule of that code, None where the device has none."""
        return next((rule for rule in self.rules if rule.code == code), None)

    def __hash__(self) -> int:
        return hash(self.id)

    def __deepcopy__(self, memo: dict[int, object] | None = None) -> DeviceSpec:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).model_validate, (self.model_dump(),)

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return f"DeviceSpec({self.id}: {self.vendor} {self.name}, {self.kind}, {', '.join(self.dtypes)})"
