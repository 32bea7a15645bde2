"""Options that several commands share, and how their texts become values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from npusdk.errors import ShapeError
from npusdk.language import _

ModelPath = Annotated[
    Path, typer.Argument(metavar="MODEL", help=_("ONNX file, or a reference network such as zoo:resnet50."))
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help=_("Device, see: npusdk devices"))]
Devices = Annotated[
    str, typer.Option("--devices", metavar="A,B|all", help=_("Devices; all means those one can get today."))
]
Precision = Annotated[str, typer.Option("--precision", help=_("Number format of matrices: bf16, int8, ..., exact."))]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", min=1, help=_("Samples in one call."))]
InputShapes = Annotated[
    list[str] | None,
    typer.Option("--input-shape", metavar="NAME=1,3,224,224", help=_("Shape of an input; may be repeated.")),
]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help=_("Write the report too (.json, .csv, .html, .trace.json).")),
]


def parse_devices(text: str) -> str | list[str]:
    """Return "all", or the names between the commas."""
    return text if text == "all" else [name.strip() for name in text.split(",") if name.strip()]


def parse_input_shapes(texts: Iterable[str] | None) -> dict[str, tuple[int, ...]]:
    """Return the shapes by input name.

    Raises
    ------
    ShapeError
        If a text is not NAME=1,3,224,224.

    Examples
    --------
    >>> parse_input_shapes(["x=1,3,224,224"])
    {'x': (1, 3, 224, 224)}
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts or ():
        name, equals, sizes = text.rpartition("=")
        numbers = [size.strip() for size in sizes.split(",")] if sizes.strip() else []
        if not equals or not name or not all(number.isdecimal() for number in numbers):
            raise ShapeError(
                _("--input-shape {text} is not a name, an equals sign and sizes"),
                hint=_("Write it as in --input-shape {example}."),
                text=repr(text),
                example="x=1,3,224,224",
            )
        shapes[name] = tuple(map(int, numbers))
    return shapes
