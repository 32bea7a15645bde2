"""Whether a program did on a target what it does in NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from npusdk.errors import NpuError

_NUMBER = re.compile(r"(?<![A-Za-z_\d])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|nan|inf)(?![A-Za-z_])")
_WIDTHS = re.compile(r", dtype=float(?:16|32|64)|(?<=float)(?:16|32)\b")


class DifferenceError(AssertionError):
    """A program does on a target what it does not do in NumPy."""


@dataclass(frozen=True)
class Rule:
    """How equal values must be: `tolerance` is relative to the largest; a structural rule asks for kinds only."""

    is_exact: bool
    tolerance: float
    is_structural: bool = False


def _require(holds, where, plain, there):
    """Tell what became of what, unless it holds."""
    if not holds:
        message = f"{where}: {str(plain)[:300]} became {str(there)[:300]}"
        raise DifferenceError(message)


def _close(plain, there, tolerance):
    """Tell whether all numbers are within a tolerance of the largest, and what is not finite is the same."""
    finite = np.isfinite(plain)
    if not np.array_equal(finite, np.isfinite(there)):
        return False
    if not np.array_equal(plain[~finite], there[~finite], equal_nan=True):
        return False
    a, b = plain[finite].astype(complex), there[finite].astype(complex)
    floor = tolerance if tolerance > 1e-5 else 1e-30
    return a.size == 0 or bool(np.abs(a - b).max() <= tolerance * max(np.abs(a).max(), floor))


def _compare_arrays(plain, there, rule, where):
    """Compare arrays and NumPy's scalars: floats may be of another width where the target rounds."""
    same_type = plain.dtype == there.dtype or (not rule.is_exact and plain.dtype.kind == there.dtype.kind in "fc")
    _require(same_type, f"type of {where}", plain.dtype, there.dtype)
    if rule.is_structural:
        return _require(plain.ndim == there.ndim, f"dimensions of {where}", plain.shape, there.shape)
    _require(plain.shape == there.shape, f"shape of {where}", plain.shape, there.shape)
    is_inexact = plain.dtype.kind in "fc"
    equal = _close(plain, there, rule.tolerance) if is_inexact else np.array_equal(plain, there)
    return _require(equal, f"values of {where}", plain, there)


def _compare_plain(plain, there, rule, where):
    """Compare what Python has of its own."""
    _require(type(plain) is type(there), f"type of {where}", type(plain), type(there))
    if not rule.is_structural:
        inexact = isinstance(plain, float | complex)
        equal = _close(np.asarray(plain), np.asarray(there), rule.tolerance) if inexact else plain == there
        _require(equal, where, plain, there)


def compare(plain, there, rule, where):
    """Compare two frozen values; an array without dimensions counts as a NumPy scalar."""
    (kind, a), (kind_there, b) = (
        ("scalar", value[1]) if value[0] == "array" and value[1].ndim == 0 else value for value in (plain, there)
    )
    _require(kind == kind_there, f"kind of {where}", plain, there)
    if kind in ("array", "scalar"):
        _compare_arrays(a, b, rule, where)
    elif kind == "plain":
        _compare_plain(a, b, rule, where)
    elif kind in ("list", "tuple", "dict"):
        _require(len(a) == len(b) or rule.is_structural, f"length of {where}", len(a), len(b))
        for number, (x, y) in enumerate(zip(a, b, strict=False)):
            compare(x, y, rule, f"{where}[{number}]")
    else:
        _require(a == b, where, a, b)


def compare_output(plain, there, rule, where):
    """Compare what was printed: to the letter, or number by number where the target rounds."""
    plain, there = (re.sub(r"0x[0-9a-f]+", "ADDRESS", text) for text in (plain, there))
    if rule.is_exact or plain == there:
        return _require(plain == there, where, plain, there)
    plain, there = (_WIDTHS.sub(lambda m: "64" if m[0].isdigit() else "", text) for text in (plain, there))
    words, words_there = (re.sub(r"\s+", "", _NUMBER.sub("#", text)) for text in (plain, there))
    _require(words == words_there, where, plain, there)
    for a, b in zip(*(map(float, _NUMBER.findall(text)) for text in (plain, there)), strict=True):
        near = abs(a - b) <= max(2 * rule.tolerance * max(abs(a), 1), 0.011)
        _require(near or a == b or (a != a and b != b) or rule.is_structural, where, a, b)  # noqa: PLR0124
    return None


def compare_errors(plain, there, rule, where, *, moves):
    """Compare two cells that fail: the same exception with the same words at the same line, which the reader sees."""
    a, b = plain.error, there.error
    _require(type(a).__qualname__ == type(b).__qualname__, where, repr(a), repr(b))
    said, said_there = str(a).replace("numpy.ndarray", "DeviceArray"), str(b).replace("numpy.ndarray", "DeviceArray")
    if not rule.is_exact and len(said) > 60:
        said, said_there = (_NUMBER.sub("#", _WIDTHS.sub("", text)).split() for text in (said, said_there))
    free = isinstance(a, SyntaxError | KeyboardInterrupt)
    _require(free or said == said_there, where, said, said_there)
    if isinstance(a, SyntaxError):
        _require(
            b.lineno == a.lineno + (moves and not plain.lines), f"line of the error in {where}", a.lineno, b.lineno
        )
    if plain.lines and not isinstance(a, SystemExit):
        (cell, _, _), (place, number, source) = plain.lines[0], plain.lines[-1]
        _require(there.lines[-1:], f"place of the error in {where}", plain.lines, there.lines)
        after_the_magic = number + (place == cell and moves)
        _require(
            (after_the_magic, source) == there.lines[-1][1:],
            f"line of the error in {where}",
            plain.lines[-1],
            there.lines[-1],
        )
        _require(source in there.shown, f"traceback in {where}", source, there.shown)


def _compare_names(plain, there, lost, where):
    """Compare which names a cell leaves; those in `lost` only a cell had that failed."""
    _require(
        plain.after.keys() - lost == there.after.keys() - lost,
        f"names after {where}",
        sorted(plain.after),
        sorted(there.after),
    )
    kinds = {held[1] for held in there.after.values()}
    _require("of npusdk" not in kinds, f"kinds after {where}", "the notebook's own", kinds)


def judge(program, plain, there, rule):
    """Return the error that refuses the program, or None where it did the same; DifferenceError if it did not."""
    (cells, values), (cells_there, values_there) = plain, there
    lost = set()
    for number, ((moves, text), a, b) in enumerate(zip(program.cells, cells, cells_there, strict=True), 1):
        where = f"cell {number} ({text.splitlines()[0] if text else ''} ...)"
        if moves and b.error:
            _require(b.before == b.after, f"names after the failed {where}", a.before.keys(), b.after.keys())
        if moves and isinstance(b.error, NpuError) and not a.error:
            return b.error
        _require(bool(a.error) == bool(b.error), f"error of {where}", repr(a.error), f"{b.error!r}\n{b.shown}")
        if a.error:
            compare_errors(a, b, rule, where, moves=moves)
            lost |= {name for name, held in a.after.items() if a.before.get(name) != held}
        else:
            _compare_names(a, b, lost, where)
            compare(a.result, b.result, rule, f"result of {where}")
        compare_output(a.out, b.out, rule, f"output of {where}")
    for check in (check for check in program.checks if check not in lost):
        _require(check in values and check in values_there, f"names of {program.name}", check, list(values_there))
        full = replace(rule, is_structural=rule.is_structural and not check.startswith("="))
        compare(values[check], values_there[check], full, check)
    return None
