"""How device arrays are compared with NumPy's: one function called with both, everything compared."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npusdk.array import Context, DeviceArray, Record, put
from npusdk.array.functions.reading import read
from npusdk.catalogue import find_device

EXACT = Context(find_device("reference"), "exact")
"""Where results have to be NumPy's own."""

TOLERANCES = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-11}
"""Relative differences that another order of summation explains."""

DTYPES = ("bool", "int8", "uint8", "int16", "int32", "int64", "float32", "float64")


def recorded(precision: str = "exact", device: str = "reference") -> Context:
    """Return a context with a record."""
    return Context(find_device(device), precision, Record())


def elements(dtype: np.dtype[Any], *, nan: bool = True) -> st.SearchStrategy[Any]:
    """Return small numbers, so that sums of different order agree, and now and then what is no number."""
    if dtype.kind == "f":
        plain = st.integers(-40, 40).map(lambda number: number / 4)
        return st.one_of(plain, st.sampled_from([np.nan, np.inf, -np.inf])) if nan else plain
    if dtype.kind == "b":
        return st.booleans()
    return st.integers(0 if dtype.kind == "u" else -9, 9)


@st.composite
def arrays(
    draw: st.DrawFn, *, least: int = 0, most: int = 3, dtypes: tuple[str, ...] = DTYPES, nan: bool = True,
    shape: Any = None, side: int = 4,
) -> Any:  # fmt: skip
    """Draw an array of `least` to `most` axes, some of them empty."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    sizes = draw(hnp.array_shapes(min_dims=least, max_dims=most, min_side=0, max_side=side)) if shape is None else shape
    return draw(hnp.arrays(dtype, sizes, elements=elements(dtype, nan=nan)))


def on(context: Context, value: Any) -> Any:
    """Return a value with its arrays on a device."""
    if isinstance(value, np.ndarray):
        return put(context, value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(on(context, item) for item in value)
    return value


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """Return what a call gives, or how it fails."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return function(*args), None
        except Exception as error:  # noqa: BLE001 - every refusal of NumPy's is compared
            return None, error


def agree(function: Callable[..., Any], *args: Any, context: Context = EXACT, exactly: bool = False) -> None:
    """Check that a function gives on a device what it gives in NumPy, and fails where it fails there."""
    wanted, problem = outcome(function, args)
    got, refusal = outcome(function, on(context, args))
    if problem is not None:
        assert refusal is not None, f"NumPy refuses: {problem!r}; the device gives {got!r}"
        return
    if refusal is not None:
        raise AssertionError(f"NumPy gives {wanted!r}") from refusal
    same(wanted, got, exactly=exactly)


def same(wanted: Any, got: Any, *, exactly: bool = False) -> None:
    """Check that a result is NumPy's: values, shapes, types, also in tuples and lists."""
    if isinstance(wanted, (tuple, list)):
        assert isinstance(got, (type(wanted), tuple))
        assert len(wanted) == len(got)
        for one, other in zip(wanted, got, strict=True):
            same(one, other, exactly=exactly)
        return
    if isinstance(wanted, (np.ndarray, np.generic)) or isinstance(got, DeviceArray):
        expected, found = np.asarray(wanted), np.asarray(read(got))
        assert found.dtype == expected.dtype, (wanted, got)
        assert found.shape == expected.shape, (wanted, got)
        tolerance = 0 if exactly else TOLERANCES.get(str(expected.dtype), 0)
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        return
    assert type(wanted) is type(got)
    assert wanted == got
