"""What a program did in a shell: per cell what it printed, showed, raised and left behind."""

from __future__ import annotations

import pickle
import random
import sys
import traceback
import warnings
from dataclasses import dataclass
from io import StringIO

import numpy as np

_SHELLS_OWN = ("In", "Out", "exit", "quit", "get_ipython", "open")
_PLAIN = (type(None), int, float, bool, complex, str, bytes)
_FACTS = {"DataFrame": lambda frame: frame.to_csv(), "Generator": lambda made: repr(made.bit_generator.state)}


@dataclass(frozen=True)
class CellRun:
    """One cell: `lines` are the notebook's frames of its error, as (place, line number, source)."""

    out: str
    result: tuple
    error: BaseException | None
    shown: str
    lines: tuple[tuple[str, int, str], ...]
    before: dict[str, tuple]
    after: dict[str, tuple]


def freeze(value, depth=0):
    """Return a value as (kind, content), which what happens to the value later does not change."""
    kind = type(value)
    if depth > 6:
        return "deep", repr(kind)
    if isinstance(value, np.ndarray):
        plain = value if value.dtype != object else np.array([repr(element) for element in value.flat])
        return "array", plain.copy()
    if isinstance(value, np.generic):
        return "scalar", value
    if kind in _PLAIN:
        return "plain", value
    return _freeze_object(value, depth)


def _freeze_object(value, depth):
    """Return anything that is no array and no number."""
    kind = type(value)
    if kind.__module__.partition(".")[0] == "npusdk":
        return "of npusdk", repr(kind)
    if isinstance(value, dict):
        return "dict", [freeze(item, depth + 1) for item in value.items()]
    if kind in (list, tuple):
        return kind.__name__, [freeze(held, depth + 1) for held in value]
    if isinstance(value, set | frozenset):
        return "set", sorted(map(repr, value))
    facts = _FACTS.get(kind.__name__)
    if facts:
        return kind.__name__, facts(value)
    return "object", (kind.__name__, getattr(value, "__name__", ""))


def _state(names):
    """Return for each name of the reader's which object it is and what is in it; also what all random numbers need."""
    mine = {name: value for name, value in names.items() if name not in _SHELLS_OWN and not name.startswith("_")}
    frozen = {name: freeze(value) for name, value in mine.items()}
    dice = {"<numpy.random>": np.random.get_state(), "<random>": random.getstate()}  # noqa: NPY002
    states = {name: (0, "state", pickle.dumps(state)) for name, state in dice.items()}
    return states | {name: (id(mine[name]), held[0], pickle.dumps(held)) for name, held in frozen.items()}


def _run_cell(shell, text):
    """Run one cell with its output caught."""
    shown, out, before = [], StringIO(), _state(shell.user_ns)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, StringIO()
    shell._showtraceback = lambda _kind, _error, lines: shown.append(
        lines if isinstance(lines, str) else "\n".join(lines)
    )
    try:
        done = shell.run_cell(text, store_history=True)
    finally:
        sys.stdout, sys.stderr = streams
        del shell._showtraceback
    error = done.error_before_exec or done.error_in_exec
    frames = traceback.extract_tb(error.__traceback__) if error else ()
    lines = tuple((f.filename, f.lineno, f.line) for f in frames if f.filename.startswith("<"))
    return CellRun(out.getvalue(), freeze(done.result), error, "\n".join(shown), lines, before, _state(shell.user_ns))


def run_program(shell, program, target=None):
    """Run a program and return its cells and the values of the names that count; without a target all runs here."""
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    magic = f"%%npu {target} --quiet\n"
    with warnings.catch_warnings(), np.errstate(), np.printoptions():
        warnings.simplefilter("ignore")
        cells = [_run_cell(shell, magic + text if moves and target else text) for moves, text in program.cells]
    names = {check: check.lstrip("=") for check in program.checks}
    values = {check: freeze(shell.user_ns[name]) for check, name in names.items() if name in shell.user_ns}
    return cells, values
