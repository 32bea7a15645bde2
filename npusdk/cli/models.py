"""A model file named in a command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from npusdk.cli import rooms
from npusdk.cli.options import parse_input_shapes
from npusdk.errors import UsageError
from npusdk.language import _, render

if TYPE_CHECKING:
    from npusdk.pipeline import Model

SUFFIXES = (".onnx",)

ZOO_PREFIX = "zoo:"
"""How the name of a reference network begins."""


def load_model(path: Path, input_shapes: Iterable[str] | None) -> Model:
    """Return the model in a file, or a reference network ("zoo:resnet50"), showing progress on a terminal.

    Raises
    ------
    UsageError
        If there is no such file, or its suffix says that it is something else.
    """
    shapes = parse_input_shapes(input_shapes)
    if str(path).startswith(ZOO_PREFIX):
        return rooms.pipeline.load(str(path), shapes)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            _("{path}: a file that ends in {suffix} is no model that npusdk reads"),
            hint=_("Export the model to ONNX and give it the suffix {suffixes}."),
            path=str(path),
            suffix=repr(path.suffix),
            suffixes=", ".join(SUFFIXES),
        )
    if not path.is_file():
        raise UsageError(_("there is no file {path}"), hint=_("Check the path of the model."), path=str(path))
    with rooms.progress.working(render(_("reading {path}"), path=path.name)):
        return rooms.pipeline.load(path, shapes)
