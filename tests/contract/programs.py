"""Programs of a notebook, and how their files are read.

A file of `programs/` holds many. `=== NAME FLAGS` begins one; `--- cell` begins a cell that always runs on this
computer, `--- npu` one that runs on a target, and `--- check NAMES` ends it with the names whose values count. Two
flags change what is compared where a target rounds: `struct` says that rounding leads the program elsewhere, so that
only kinds and types count (a name with `=` before it counts in full), and `tol=0.1` says how far, relative to the
largest, values may drift on bfloat16.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("programs")
_SECTION = re.compile(r"^--- (cell|npu|check)(.*)\n((?:(?!^--- ).*\n?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """One program: its cells in order, which of them run on the target, and the names that count."""

    name: str
    cells: tuple[tuple[bool, str], ...]
    checks: tuple[str, ...]
    is_structural: bool
    drift: float


def _read(chunk):
    """Return the program of the text from its name on."""
    head, body = chunk.split("\n", 1)
    name, *flags = head.split()
    sections = _SECTION.findall(body)
    return Program(
        name=name,
        cells=tuple((kind == "npu", text.rstrip("\n")) for kind, _, text in sections if kind != "check"),
        checks=tuple(word for kind, words, _ in sections if kind == "check" for word in words.split()),
        is_structural="struct" in flags,
        drift=max((float(flag[4:]) for flag in flags if flag.startswith("tol=")), default=0.0),
    )


def read_programs():
    """Return the programs of all files by name."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))]
    read = [_read(chunk) for text in texts for chunk in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]]
    return {program.name: program for program in read}
