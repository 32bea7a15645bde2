"""The general contraction, einsum: every form of NumPy's becomes one Einsum of one equation."""

from __future__ import annotations

from string import ascii_letters
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import apply
from npusdk.array.context import Context
from npusdk.array.functions.call import Rows
from npusdk.array.functions.operand import Values, cast, common_dtype, on_device, phantom
from npusdk.array.functions.shaping import reshape, transpose
from npusdk.errors import ShapeError


def einsum(context: Context, *, operands: tuple[Any, ...], dtype: Any = None) -> Values:
    """Multiply and add up as an equation says, or as lists of axes say."""
    equation, given = _equation(operands)
    arrays = [on_device(context, item) for item in given]
    kind = np.dtype(dtype) if dtype is not None else common_dtype(*arrays)
    if len(arrays) == 1 and (order := _order_alone(equation, arrays[0].ndim)) is not None:
        return transpose(cast(arrays[0], kind), axes=order)
    logical = kind == np.bool_
    arrays = [cast(array, np.int32 if logical else kind) for array in arrays]
    terms = equation.partition("->")[0].split(",")
    if len(terms) == len(arrays):
        arrays = _level(terms, arrays)
    try:
        result = apply("Einsum", arrays, {"equation": equation})
    except ShapeError:
        np.einsum_path(equation, *(phantom(array.shape) for array in arrays))  # NumPy's own words, where it has some
        raise
    return result != 0 if logical else result


def einsum_path(context: Context, *, operands: tuple[Any, ...], optimize: Any = "greedy") -> Any:
    """Return the order of contractions that NumPy would choose; nothing is computed."""
    equation, given = _equation(operands)
    shapes = [phantom(on_device(context, item).shape) for item in given]
    return np.einsum_path(equation, *shapes, optimize=optimize)


def _equation(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Return the equation as text, and the arrays."""
    if operands and isinstance(operands[0], str):
        return operands[0].replace(" ", ""), list(operands[1:])
    pairs, rest = divmod(len(operands), 2)
    terms = ",".join(_letters(operands[2 * pair + 1]) for pair in range(pairs))
    arrow = "->" + _letters(operands[-1]) if rest else ""
    return terms + arrow, list(operands[: 2 * pairs : 2])


def _letters(axes: Any) -> str:
    return "".join("..." if axis is Ellipsis else ascii_letters[int(axis)] for axis in axes)


def _level(terms: list[str], arrays: list[Values]) -> list[Values]:
    """Return arrays whose ellipses all stand for as many axes, so that they broadcast from the back."""
    free = [
        array.ndim - len(term.replace("...", "")) if "..." in term else 0
        for term, array in zip(terms, arrays, strict=True)
    ]
    most = max(free, default=0)
    return [
        array if "..." not in term or count == most or count < 0 else _widened(array, term.index("..."), most - count)
        for term, array, count in zip(terms, arrays, free, strict=True)
    ]


def _widened(array: Values, place: int, count: int) -> Values:
    return reshape(array, shape=(*array.shape[:place], *(1,) * count, *array.shape[place:]))


def _order_alone(equation: str, rank: int) -> tuple[int, ...] | None:
    """Return the order of axes that an equation of one array asks for where it does nothing else."""
    term, _arrow, result = equation.partition("->")
    if "." in equation or len(set(term)) != len(term) or sorted(term) != sorted(result) or len(term) != rank:
        return None
    return tuple(term.index(letter) for letter in result)


CONTRACTION: Rows = MappingProxyType(
    {
        "einsum": (einsum, "context *operands out dtype ~order ~casting ~optimize"),
        "einsum_path": (einsum_path, "context *operands optimize"),
    }
)
"""The general contraction."""
