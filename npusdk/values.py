"""Frozen values: the base of every record that crosses a stage, and figures that know where they come from."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["vendor", "measured", "derived", "secondary", "assumed"]

KINDS: tuple[str, ...] = ("vendor", "measured", "derived", "secondary", "assumed")
"""Kinds of figures, strongest first: read in the vendor's own document; measured and published; arithmetic on cited
values; quoted by somebody else; taken over from a sibling, estimated or from a class default."""

Int64: TypeAlias = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A whole number that arrays and other languages can hold: JSON knows no bounds, and a file may try."""

Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]
"""Such a number that is not negative."""


class Frozen(BaseModel):
    """Base of every record: immutable, and tolerant of fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Sourced(Frozen):
    """A figure with its unit, where it was read, and how far to trust it.

    Parameters
    ----------
    value
        A number in SI units, a text, or a tuple of either.
    unit
        SI unit of `value` ("B/s", "Hz", "W"); empty for texts and counts.
    source
        Where the figure was read, in full.
    kind
        One of `KINDS`.
    note
        What a reader must know before using the figure.
    """

    value: float | int | str | tuple[float | int | str, ...]
    unit: str = ""
    source: str
    kind: Kind
    note: str = ""

    @property
    def number(self) -> float:
        """The value as a float.

        Raises
        ------
        TypeError
            If the value is a text or a tuple.
        """
        if isinstance(self.value, (int, float)):
            return float(self.value)
        text = f"{self.value!r} is not a number"
        raise TypeError(text)
