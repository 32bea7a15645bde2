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
AnyModel = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help=_("ONNX file, zoo:resnet50 for a reference network, or llm:llama-3-8b or llm:config.json."),
    ),
]
LanguageModel = Annotated[
    Path, typer.Argument(metavar="MODEL", help=_("Language model: llm:llama-3-8b, or llm: and a config.json."))
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help=_("Device, see: npusdk devices"))]
Devices = Annotated[
    str, typer.Option("--devices", metavar="A,B|all", help=_("Devices; all means those one can get today."))
]
Precision = Annotated[str, typer.Option("--precision", help=_("Number format of matrices: bf16, int8, ..., exact."))]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", min=1, help=_("Samples in one call."))]
Precisions = Annotated[
    str, typer.Option("--precision", metavar="A,B", help=_("Number formats of matrices: bf16, int8, ..., exact."))
]
Batches = Annotated[
    str | None, typer.Option("--batch", metavar="N,M", help=_("Samples in one call; several with commas."))
]
Sequence = Annotated[
    int | None, typer.Option("--sequence", metavar="N", min=1, help=_("Tokens of a sample of a reference network."))
]
Resolution = Annotated[
    int | None,
    typer.Option("--resolution", metavar="N", min=1, help=_("Side of an image of a reference network, in pixels.")),
]
Prefill = Annotated[
    int | None, typer.Option("--prefill", metavar="N", min=1, help=_("Tokens of a prompt that a language model reads."))
]
Decode = Annotated[
    int | None,
    typer.Option("--decode", metavar="N", min=1, help=_("Tokens that a language model sees when it makes the next.")),
]
TensorParallel = Annotated[int, typer.Option("--tp", metavar="N", min=1, help=_("Devices that share every layer."))]
PipelineParallel = Annotated[int, typer.Option("--pp", metavar="N", min=1, help=_("Stages of consecutive layers."))]
Replicas = Annotated[
    int, typer.Option("--replicas", metavar="N", min=1, help=_("Copies that take requests independently."))
]
Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help=_("Software whose measured factors are applied."))]
InputShapes = Annotated[
    list[str] | None,
    typer.Option("--input-shape", metavar="NAME=1,3,224,224", help=_("Shape of an input; may be repeated.")),
]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help=_("Write the report too (.json, .csv, .html).")),
]
SaveTimed = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help=_("Write the report too (.json, .csv, .html, .trace.json).")),
]
"""Where a report has a timeline."""


def parse_devices(text: str) -> str | list[str]:
    """Return "all", or the names between the commas."""
    return text if text == "all" else [name.strip() for name in text.split(",") if name.strip()]


def parse_names(text: str) -> str | list[str]:
    """Return one name, or those between the commas."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return names[0] if len(names) == 1 else names


def parse_counts(text: str | None) -> int | list[int] | None:
    """Return one count, or those between the commas; None where none was given.

    Raises
    ------
    ShapeError
        If one of them is not a whole number of at least 1.

    Examples
    --------
    >>> parse_counts("1,8"), parse_counts("4"), parse_counts(None)
    ([1, 8], 4, None)
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdecimal() and 0 < len(word) < 19 and int(word) for word in words):
        raise ShapeError(
            _("--batch {text} is not a whole number of at least 1, or several with commas"),
            hint=_("Write it as in --batch {example}."),
            text=repr(text),
            example="1,8,32",
        )
    counts = [int(word) for word in words]
    return counts[0] if len(counts) == 1 else counts


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
