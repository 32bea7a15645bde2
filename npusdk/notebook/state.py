"""What the extension remembers of one notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from npusdk.notebook.place import Place
from npusdk.report import CellReport


@dataclass
class Notebook:
    """One running shell, and what was said in it.

    Parameters
    ----------
    shell
        IPython's shell; its `user_ns` holds the notebook's names, and none of them is ours.
    place
        Where cells run unless they say otherwise.
    last
        Report of the last cell that ran.
    knows_loss
        Whether a cell has already said what rounding cost.
    """

    shell: Any
    place: Place | None = None
    last: CellReport | None = None
    knows_loss: bool = False
