"""Tables of pandas: taken apart into arrays and texts, and put together again.

pandas is imported only where a table is there already. A column keeps its type: NumPy's as it is, categories as codes,
times with a zone as times and its name, every other kind as its elements and the name of the type.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from npusdk.cell.encoder import Encoder, RefusedError
from npusdk.cell.nodes import Frame, Node
from npusdk.language import _


def pandas() -> Any:
    """Return pandas.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    return importlib.import_module("pandas")


def frame(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a DataFrame, Series or Index, or of a column that such a node asked for."""
    if "pandas" not in sys.modules or type(value).__module__.partition(".")[0] != "pandas":
        return None
    for kind, (name, parts, _make) in _KINDS.items():
        if type(value) is getattr(pandas(), name, None):
            return _node(encoder, kind, parts(value))
    extension = pandas().api.extensions.ExtensionArray
    if isinstance(value, extension):
        return _node(encoder, "column", _column_parts(value))
    return None


def _node(encoder: Encoder, kind: str, parts: tuple[object, ...]) -> Node:
    """Return the node of parts, of which arrays, and lists of arrays, stay on the host: pandas computes there."""
    inner = [entry for part in parts if isinstance(part, list) for entry in part]
    encoder.keep(array for array in (*parts, *inner) if isinstance(array, np.ndarray))
    return Frame(kind, encoder.items(parts, f"<{kind} " + "{}>"))


def build(kind: str, parts: list[Any]) -> object:
    """Return the table, column or index of its parts."""
    return _column(*parts) if kind == "column" else _KINDS[kind][2](*parts)


def _column_parts(value: Any) -> tuple[object, ...]:
    dtype = value.dtype
    if isinstance(dtype, pandas().CategoricalDtype):
        return "category", np.array(value.codes), (value.categories, bool(value.ordered))
    if isinstance(dtype, pandas().DatetimeTZDtype):
        return "zoned", value.tz_convert("UTC").tz_localize(None).to_numpy(), str(dtype.tz)
    elements = np.empty(len(value), dtype=object)
    elements[:] = list(value)
    again = _column(str(dtype), elements, None)
    if getattr(again, "dtype", None) != dtype:
        raise RefusedError(_("{path} cannot travel between the notebook and the cell: a column of type {type}"))
    return str(dtype), elements, None


def _column(name: str, elements: Any, extra: Any) -> Any:
    if name == "category":
        return pandas().Categorical.from_codes(elements, extra[0], ordered=extra[1])
    if name == "zoned":
        return pandas().array(pandas().DatetimeIndex(elements).tz_localize("UTC").tz_convert(extra))
    return pandas().array(list(elements), dtype=name)


def _values(value: Any) -> object:
    """Return the elements of a Series or Index: of NumPy where its type is NumPy's."""
    return np.array(value.to_numpy()) if isinstance(value.dtype, np.dtype) else value.array


def _frame_parts(value: Any) -> tuple[object, ...]:
    columns = [_values(value.iloc[:, place]) for place in range(value.shape[1])]
    return value.index, value.columns, columns, dict(value.attrs)


def _make_frame(index: Any, columns: Any, values: list[Any], attrs: dict[Any, Any]) -> object:
    pd = pandas()
    made = pd.DataFrame(dict(enumerate(_fresh(value) for value in values)), index=index, columns=range(len(values)))
    made.columns = columns
    made.attrs.update(attrs)
    return made


def _fresh(value: Any) -> Any:
    return value.copy()


def _make_series(values: Any, index: Any, name: Any, attrs: dict[Any, Any]) -> object:
    made = pandas().Series(_fresh(values), index=index, name=name, dtype=values.dtype)
    made.attrs.update(attrs)
    return made


def _make_index(values: Any, name: Any) -> object:
    return pandas().Index(values, name=name, dtype=values.dtype)


def _make_times(values: Any, name: Any, frequency: str | None) -> object:
    return pandas().DatetimeIndex(values, name=name, freq=frequency)


def _make_many(levels: list[Any], codes: list[Any], names: list[Any]) -> object:
    return pandas().MultiIndex(levels=levels, codes=codes, names=names)


def _many_parts(value: Any) -> tuple[object, ...]:
    return list(value.levels), [np.array(code) for code in value.codes], list(value.names)


def _stamp(text: str, zone: str | None) -> object:
    made = pandas().Timestamp(text)
    return made if zone is None else made.tz_convert(zone)


_KINDS: dict[str, tuple[str, Callable[[Any], tuple[object, ...]], Callable[..., object]]] = {
    "DataFrame": ("DataFrame", _frame_parts, _make_frame),
    "Series": ("Series", lambda it: (_values(it), it.index, it.name, dict(it.attrs)), _make_series),
    "RangeIndex": (
        "RangeIndex",
        lambda it: (it.start, it.stop, it.step, it.name),
        lambda start, stop, step, name: pandas().RangeIndex(start, stop, step, name=name),
    ),
    "Index": ("Index", lambda it: (_values(it), it.name), _make_index),
    "DatetimeIndex": ("DatetimeIndex", lambda it: (_values(it), it.name, it.freqstr), _make_times),
    "TimedeltaIndex": (
        "TimedeltaIndex",
        lambda it: (_values(it), it.name),
        lambda values, name: pandas().TimedeltaIndex(values, name=name),
    ),
    "CategoricalIndex": (
        "CategoricalIndex",
        lambda it: (it.array, it.name),
        lambda values, name: pandas().CategoricalIndex(values, name=name),
    ),
    "MultiIndex": ("MultiIndex", _many_parts, _make_many),
    "Timestamp": (
        "Timestamp",
        lambda it: (it.isoformat(), None if it.tz is None else str(it.tz)),
        _stamp,
    ),
    "Timedelta": ("Timedelta", lambda it: (it.isoformat(),), lambda text: pandas().Timedelta(text)),
}
"""What there is of pandas: name of the type, what it is taken apart into, and what puts it together."""


def is_equal(one: Any, other: Any) -> bool:
    """Return whether two tables hold the same, types and names included."""
    if type(one) is not type(other) or not one.equals(other):
        return False
    if hasattr(one, "columns") and not (one.columns.equals(other.columns) and one.dtypes.equals(other.dtypes)):
        return False
    if not hasattr(one, "index"):
        return bool(one.names == other.names)
    same_index = one.index.equals(other.index) and one.index.names == other.index.names
    return bool(same_index and getattr(one, "name", None) == getattr(other, "name", None) and one.attrs == other.attrs)


def overwrite(value: Any, other: Any) -> None:
    """Let a DataFrame or Series hold what another holds, staying the object that it is."""
    type(value).__init__(value, other)
    value.attrs.clear()
    value.attrs.update(other.attrs)
    if hasattr(value, "name") and not hasattr(value, "columns"):
        value.name = other.name
