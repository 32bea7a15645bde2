"""What is said of a notebook cell: what it would take along, and what it would have taken on the device."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from npusdk.report.base import Report
from npusdk.report.comparison import Refusal
from npusdk.report.profile import ProfileReport
from npusdk.values import Count, Frozen

ItemKind: TypeAlias = Literal[
    "array", "scalar", "container", "function", "class", "module", "frame", "generator", "instance"
]

Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ManifestItem(Frozen):
    """One name that a cell takes along.

    Parameters
    ----------
    dtype, shape
        Of an array; empty for anything else.
    size_bytes
        Bytes as the notebook holds them, those of everything inside included.
    """

    name: str
    kind: ItemKind
    dtype: str = ""
    shape: tuple[int, ...] = ()
    size_bytes: Count = 0


class Manifest(Report):
    """Everything that a cell takes along, and the names that it gives back.

    Parameters
    ----------
    items
        In the order of their names.
    writes
        Names that the cell may assign.
    """

    media: ClassVar[tuple[str, ...]] = ("json",)

    items: tuple[ManifestItem, ...]
    writes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of all items."""
        return sum(item.size_bytes for item in self.items)


class CellReport(Report):
    """A cell that ran on the emulator, and what the device is predicted to take for it.

    Parameters
    ----------
    device, device_name
        Catalogue identifier and the name that people use.
    precision
        Format in which the cell computed here, "exact" for NumPy's own.
    elapsed_here_s
        Seconds that the emulator took on this machine: a measurement, of this machine alone.
    operations
        Operators that ran.
    in_bytes, out_bytes
        Bytes that crossed to the device and back, in the device's format.
    narrowed
        Names of float64 arrays that were narrowed.
    loss
        Largest relative difference from the same operators in float32: over the arrays that came back, the largest
        difference divided by the largest magnitude. None where it was not asked for, or nothing is rounded.
    loss_name
        Of the array that lost most.
    overflowed
        Names of arrays with elements that are infinite or no number here, and are numbers in float32.
    profile
        What the device is predicted to take; None where there is no prediction.
    refusal
        Why there is none.
    """

    media: ClassVar[tuple[str, ...]] = ("json",)

    device: str
    device_name: str
    precision: str
    elapsed_here_s: Amount
    operations: Count
    in_bytes: Count
    out_bytes: Count
    narrowed: tuple[str, ...] = ()
    loss: Amount | None = None
    loss_name: str = ""
    overflowed: tuple[str, ...] = ()
    profile: ProfileReport | None = None
    refusal: Refusal | None = None

    @model_validator(mode="after")
    def _check_answer(self) -> Self:
        if self.profile is not None and self.refusal is not None:
            text = "a cell has a profile or a reason why not, never both"
            raise ValueError(text)
        return self
