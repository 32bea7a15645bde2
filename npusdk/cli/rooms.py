"""The rooms that commands call, imported when a command first needs one: `npusdk --help` needs none of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npusdk import examination, pipeline, report
    from npusdk.calibration import own as fitting
    from npusdk.calibration import validation as calibration
    from npusdk.cli import arrays
    from npusdk.views import page, progress

    __all__ = ["arrays", "calibration", "examination", "fitting", "page", "pipeline", "progress", "report"]

_HOMES = {
    "arrays": "npusdk.cli.arrays",
    "calibration": "npusdk.calibration.validation",
    "examination": "npusdk.examination",
    "fitting": "npusdk.calibration.own",
    "page": "npusdk.views.page",
    "pipeline": "npusdk.pipeline",
    "progress": "npusdk.views.progress",
    "report": "npusdk.report",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text)
    return import_module(_HOMES[name])
