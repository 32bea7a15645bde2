"""What a notebook cell reads and writes, and its replay somewhere else.

`capture` makes a `Bundle` of a cell: its source and, as plain data, whatever it reads. `replay` runs a bundle in a
clean namespace and gives an `Outcome`, plain data again. `apply` alone changes the notebook, all or nothing.
"""

from __future__ import annotations

from npusdk.cell.analysis import Names, analyze
from npusdk.cell.apply import apply
from npusdk.cell.bundle import Bundle, Outcome
from npusdk.cell.capture import capture
from npusdk.cell.hands import Hands
from npusdk.cell.replay import replay

__all__ = ["Bundle", "Hands", "Names", "Outcome", "analyze", "apply", "capture", "replay"]
