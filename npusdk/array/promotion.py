"""Which element types a ufunc computes in: NumPy's own rules, and then what the context holds.

NumPy resolves a loop for the operands' types, Python's scalars being weak (NEP 50); its floats are then brought to the
context's: float64 and float16 to float32 where numbers are rounded. Answers are kept by context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from npusdk.array.context import Context
from npusdk.array.dispatch import refuse
from npusdk.array.recipes import RECIPES, Recording

DType: TypeAlias = np.dtype[Any]
Kind: TypeAlias = "DType | type"
"""Type of an operand: of its elements, or of a scalar of Python."""


_COMPARISONS = frozenset({np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal})


class Loop(NamedTuple):
    """How a ufunc runs on operands of certain types.

    Parameters
    ----------
    inputs
        Type of each operand in which it is computed.
    outputs
        Types of the results.
    recording
        What is written down: an operator, or a recipe, and what it has to know.
    is_direct
        Whether the operands need no conversion, except scalars of Python.
    compares
        Whether floats of the context's format are compared, so that scalars have to be numbers of it.
    """

    inputs: tuple[DType, ...]
    outputs: tuple[DType, ...]
    recording: Recording
    is_direct: bool
    compares: bool


def find_loop(context: Context, ufunc: np.ufunc, kinds: Sequence[Kind], dtype: DType | None = None) -> Loop:
    """Return the loop of a ufunc for operands of these types.

    Parameters
    ----------
    dtype
        What the caller asked for (``dtype=``); NumPy's choice by default.

    Raises
    ------
    TypeError
        If NumPy has no such loop.
    UnsupportedOpError
        If the ufunc is not known here.
    PrecisionError
        If the device has integers only and the result is not.
    """
    key = (ufunc, *kinds, dtype)
    found = context.loops.get(key)
    if found is None:
        found = context.loops[key] = _resolve(context, ufunc, kinds, dtype)
    return found


def _resolve(context: Context, ufunc: np.ufunc, kinds: Sequence[Kind], dtype: DType | None) -> Loop:
    if ufunc not in RECIPES:
        refuse(f"numpy.{ufunc.__name__}")
    slots = tuple(np.dtype(bool) if kind is bool else kind for kind in kinds)
    asked = {} if dtype is None else {"signature": (None,) * ufunc.nin + (dtype,) * ufunc.nout}
    found = ufunc.resolve_dtypes((*slots, *(None,) * ufunc.nout), **asked)  # type: ignore[arg-type]  # weak scalars are types
    inputs = tuple(context.storage(one) for one in found[: ufunc.nin])
    outputs = tuple(context.storage(one) for one in found[ufunc.nin :])
    is_direct = all(isinstance(kind, type) or kind == one for kind, one in zip(kinds, inputs, strict=True))
    of_floats = all(kind is float or (not isinstance(kind, type) and kind.kind == "f") for kind in kinds)
    compares = context.rounds and ufunc in _COMPARISONS and of_floats
    return Loop(inputs, outputs, RECIPES[ufunc](inputs, outputs), is_direct, compares)
