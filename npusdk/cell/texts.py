"""Where the text of functions is, and where a function is in the text.

Python keeps the lines of every cell in `linecache`, under the name that stands in tracebacks. A function is found there
again by compiling the text, without running it, and comparing code; where it goes, its code is taken from the same text
the same way. Nested functions, lambdas and methods need no treatment of their own.
"""

from __future__ import annotations
import __future__

import ast
import dis
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType

_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_GLOBAL"})
_FUTURE = 0
for _feature in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _feature).compiler_flag


def register(label: str, text: str) -> None:
    """Let tracebacks show the lines of `text` under `label`."""
    linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)


def free_label(label: str, text: str) -> str:
    """Return `label`, numbered if Python has other lines under it already."""
    candidate, number = label, 1
    while (known := linecache.cache.get(candidate)) and "".join(known[2]) != text:  # type: ignore[misc]
        number += 1
        candidate = f"{label} ({number})"
    return candidate


def compile_text(text: str | ast.Module, label: str, flags: int = 0) -> CodeType:
    """Compile without running.

    Raises
    ------
    SyntaxError
        As Python gives it.
    """
    code: CodeType = compile(text, label, "exec", flags=flags, dont_inherit=True)
    return code


@lru_cache(maxsize=32)
def _codes(text: str, label: str, flags: int) -> tuple[CodeType, ...]:
    """Return every code of a text: compiled as a whole, and statement by statement as a notebook compiles a cell.

    The two differ: Python calls an attribute of a module otherwise where it sees the import in the same text.
    """
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = ast.parse(text, filename=label)
    units = [tree, *(ast.Module([statement], []) for statement in tree.body)]
    return tuple(code for unit in units for code in walk_codes(compile_text(unit, label, flags)))


def walk_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that are inside it, outer ones first."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from walk_codes(constant)


def future_flags(code: CodeType) -> int:
    """Return the future statements under which `code` was compiled, as flags of `compile`."""
    return code.co_flags & _FUTURE


def text_of(code: CodeType) -> str:
    """Return the text that `code` was compiled from; empty where Python does not have it."""
    return "".join(linecache.getlines(code.co_filename))


def locate(code: CodeType, text: str) -> int | None:
    """Return which of the codes of its name and line `code` is in `text`; None where it is not there."""
    try:
        rivals = _rivals(text, code.co_filename, future_flags(code), (code.co_qualname, code.co_firstlineno))
    except (SyntaxError, ValueError):
        return None
    return next((turn for turn, rival in enumerate(rivals) if rival == code), None)


def find_code(text: str, label: str, flags: int, place: tuple[str, int, int]) -> CodeType:
    """Return the code at a place: its qualified name, first line, and turn among those that share both."""
    name, line, turn = place
    return _rivals(text, label, flags, (name, line))[turn]


def _rivals(text: str, label: str, flags: int, place: tuple[str, int]) -> list[CodeType]:
    return [code for code in _codes(text, label, flags) if (code.co_qualname, code.co_firstlineno) == place]


def global_reads(code: CodeType) -> list[str]:
    """Return the global names that `code` and the functions inside it read, in the order of the code."""
    steps = (step for inner in walk_codes(code) for step in dis.get_instructions(inner))
    return list(dict.fromkeys(step.argval for step in steps if step.opname in _READS))
