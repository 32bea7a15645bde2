"""A sequence that is made when somebody looks: what costs many predictions is paid by those who read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast, get_args, overload

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Later(Sequence[T], Generic[T]):
    """An immutable sequence, given or made by a function when first looked at.

    Length, items, equality, JSON and pickling look; making one, and making a report of one, does not. Two threads that
    look at once may both make it, and both see the one that was ready first.

    Parameters
    ----------
    items
        What it holds.

    Examples
    --------
    >>> numbers = Later.of(lambda: range(3))
    >>> len(numbers), numbers[-1]
    (3, 2)
    """

    __slots__ = ("_made", "_make")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._make: Callable[[], Iterable[T]] | None = None
        self._made: dict[str, tuple[T, ...]] = {"items": tuple(items)}

    @classmethod
    def of(cls, make: Callable[[], Iterable[T]]) -> Later[T]:
        """Return a sequence of what `make` returns, called when it is first looked at."""
        later = cls()
        later._make, later._made = make, {}
        return later

    @property
    def items(self) -> tuple[T, ...]:
        """What it holds, as a tuple."""
        make = self._make
        if "items" not in self._made and make is not None:
            self._made.setdefault("items", tuple(make()))
            self._make = None
        return self._made["items"]

    @property
    def is_made(self) -> bool:
        """Whether somebody has looked, or it was given."""
        return "items" in self._made

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.items[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Later | tuple) and self.items == tuple(other))

    def __hash__(self) -> int:
        return hash(self.items)

    def __reduce__(self) -> tuple[object, ...]:
        return Later, (self.items,)

    def __repr__(self) -> str:
        return f"Later({list(self.items)!r})" if self.is_made else "Later(not looked at)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        rows = core_schema.tuple_variable_schema(handler(get_args(source)[0]))
        return core_schema.union_schema(
            [
                core_schema.is_instance_schema(cls),
                core_schema.no_info_after_validator_function(cls, rows),
            ],
            serialization=core_schema.plain_serializer_function_ser_schema(_dump),
        )


def _dump(later: Later[object]) -> list[object]:
    """Return the items as JSON has them."""
    return [cast("object", item.model_dump()) if isinstance(item, BaseModel) else item for item in later]
