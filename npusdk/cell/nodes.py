"""What values are made of between the notebook and the place where a cell runs.

A value is a leaf, or a reference to a node in a sequence of nodes; nodes refer to each other by position, so that two
names of one list stay two names of one list, and a list may hold itself. There is nothing to execute in a node but the
source text of functions: an encoder for a wire writes the fields of these records as JSON and the arrays beside it.
The file is over 300 lines because the vocabulary is one, and most lines say what a field holds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Data: TypeAlias = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to the node at a position."""

    index: int


Item: TypeAlias = "bool | int | float | complex | str | bytes | Ref | None"
"""A leaf, or a reference."""

LEAVES = frozenset({bool, int, float, complex, str, bytes, type(None)})
"""Types whose values stand where they are used."""


class Node:
    """A value that is not a leaf; its fields are items, tuples of items, texts and arrays."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """A list, tuple, set, frozenset, deque or bytearray.

    Parameters
    ----------
    kind
        Name of the type.
    limit
        Largest length of a deque.
    """

    kind: str
    items: tuple[Item, ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Mapping(Node):
    """A dict, OrderedDict, defaultdict or Counter, in the order of its keys.

    Parameters
    ----------
    kind
        Name of the type.
    factory
        Of a defaultdict.
    """

    kind: str
    keys: tuple[Item, ...]
    values: tuple[Item, ...]
    factory: Item = None


@dataclass(frozen=True, slots=True)
class Built(Node):
    """A value that a maker of `npusdk.cell.makers` makes of arguments: slices, dates, properties and their like."""

    maker: str
    arguments: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Array(Node):
    """An ndarray with memory of its own.

    Parameters
    ----------
    name
        How the cell reaches it: `x`, `config["net"][0]`.
    data
        Its elements, as the notebook holds them.
    writeable
        False where NumPy would refuse to assign to it.
    stays
        True for what a table holds, which no cell has on a device.
    """

    name: str
    data: Data
    writeable: bool = True
    stays: bool = False


@dataclass(frozen=True, slots=True)
class View(Node):
    """An ndarray in the memory of another.

    Parameters
    ----------
    index
        One entry for each dimension of the base: an integer, or (start, stop, step); applied first.
    axes
        Order of the remaining dimensions; applied next.
    shape
        Shape at last.
    """

    base: Ref
    index: tuple[int | tuple[int | None, int | None, int], ...]
    axes: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Objects(Node):
    """An ndarray of Python objects, in row-major order."""

    shape: tuple[int, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NumpyScalar(Node):
    """A NumPy scalar, as an array without dimensions."""

    data: Data


@dataclass(frozen=True, slots=True)
class Random(Node):
    """A random Generator or RandomState of NumPy.

    Parameters
    ----------
    kind
        Name of the type.
    bits
        Name of the type of its bit generator.
    state
        The state of the bit generator, as that gives it.
    """

    kind: str
    bits: str
    state: Item


@dataclass(frozen=True, slots=True)
class Frame(Node):
    """A DataFrame, Series, Index or column of pandas.

    Parameters
    ----------
    kind
        What it is; `npusdk.cell.frames` has the list.
    parts
        What it consists of, in the order that its kind has.
    """

    kind: str
    parts: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Imported(Node):
    """A module, or what a dotted path leads to from it."""

    module: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Source(Node):
    """The text in which functions are defined.

    Parameters
    ----------
    label
        What stands in tracebacks: the name of a cell.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell(Node):
    """A variable that functions share with the function they were made in; `filled` is False while it has no value."""

    content: Item
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function by its source.

    Parameters
    ----------
    source
        The text; None for a function of an importable module, which has the text itself.
    home
        That module; empty for a function whose globals are the notebook's.
    place, line, turn
        Qualified name and first line of its code in the text, and which of those that share both.
    flags
        Future statements that the compiler had on.
    names
        `__name__`, `__qualname__`, `__module__`, `__doc__`.
    defaults, keyword_defaults, annotations
        As they were evaluated.
    closure
        Its `Cell` nodes, in the order of the code's free variables.
    attributes
        Its `__dict__`.
    """

    source: Ref | None
    home: str
    place: str
    line: int
    turn: int
    flags: int
    names: tuple[Item, ...]
    defaults: Item
    keyword_defaults: Item
    annotations: Item
    closure: tuple[Ref, ...]
    attributes: Item


@dataclass(frozen=True, slots=True)
class Class(Node):
    """A class that the notebook defines.

    Parameters
    ----------
    family
        Empty, "dataclass", "enum" or "namedtuple": what makes it besides its attributes.
    names
        `__name__`, `__qualname__`, `__module__`.
    details
        What its family needs.
    keys, values
        Its attributes.
    """

    family: str
    names: tuple[Item, ...]
    bases: tuple[Item, ...]
    metaclass: Item
    slots: Item
    details: Item
    keys: tuple[str, ...]
    values: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Instance(Node):
    """An instance of a class of the notebook, or an exception.

    Parameters
    ----------
    content
        What it holds as a kind of list, dict, tuple, number or text; of an exception its arguments.
    state
        Its `__dict__`.
    keys, values
        Its slots.
    """

    cls: Item
    content: Item
    state: Item
    keys: tuple[str, ...]
    values: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Original(Node):
    """What the notebook already has: the node at a position of the bundle."""

    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Patch(Node):
    """The elements of an array that a cell changed.

    Parameters
    ----------
    where
        Which, as booleans in the shape of the array.
    values
        Their values, in row-major order.
    """

    where: npt.NDArray[np.bool_]
    values: Data


@dataclass(frozen=True, slots=True)
class Shown(Node):
    """A result that cannot travel: its texts by MIME type."""

    kinds: tuple[str, ...]
    texts: tuple[str, ...]


def references(node: Node) -> tuple[int, ...]:
    """Return the positions that a node refers to, in the order of its fields."""
    found: list[int] = []
    for field in fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        if isinstance(value, Ref):
            found.append(value.index)
        elif isinstance(value, tuple) and Ref in set(map(type, value)):
            found.extend(entry.index for entry in value if isinstance(entry, Ref))
    return tuple(found)
