"""A model named in a command line: a file, a reference network, or a pass of a language model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npusdk.cli import rooms
from npusdk.cli.options import parse_input_shapes
from npusdk.errors import UsageError
from npusdk.language import _, render

if TYPE_CHECKING:
    from npusdk.pipeline import LLM, Model

SUFFIXES = (".onnx",)

ZOO_PREFIX = "zoo:"
"""How the name of a reference network begins."""

LLM_PREFIX = "llm:"
"""How the name of a language model begins."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a command line says of the size of a model beside its batch.

    Parameters
    ----------
    input_shapes
        Texts such as "x=1,3,224,224".
    sequence, resolution
        Of a reference network.
    prefill, decode
        Tokens of a pass of a language model, of which one is given.
    tp, pp
        Devices that share a pass.
    """

    input_shapes: Iterable[str] | None = None
    sequence: int | None = None
    resolution: int | None = None
    prefill: int | None = None
    decode: int | None = None
    tp: int = 1
    pp: int = 1


def load_model(path: Path, sizes: Sizes) -> Model:
    """Return the model that is named, showing progress on a terminal while a file is read.

    Raises
    ------
    UsageError
        If there is no such file, its suffix says that it is something else, or the sizes are not those of such a model.
    """
    name = str(path)
    if name.startswith(LLM_PREFIX):
        return _load_pass(name, sizes)
    _refuse("--prefill, --decode", sizes.prefill or sizes.decode, _("a language model, named as llm:llama-3-8b"))
    _refuse("--tp, --pp", max(sizes.tp, sizes.pp) > 1, _("a language model, named as llm:llama-3-8b"))
    shapes = parse_input_shapes(sizes.input_shapes)
    if name.startswith(ZOO_PREFIX):
        return rooms.pipeline.load(name, shapes, sequence=sizes.sequence, resolution=sizes.resolution)
    _refuse("--sequence, --resolution", sizes.sequence or sizes.resolution, _("a reference network"))
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            _("{path}: a file that ends in {suffix} is no model that npusdk reads"),
            hint=_("Export the model to ONNX and give it the suffix {suffixes}."),
            path=name,
            suffix=repr(path.suffix),
            suffixes=", ".join(SUFFIXES),
        )
    if not path.is_file():
        raise UsageError(_("there is no file {path}"), hint=_("Check the path of the model."), path=name)
    with rooms.progress.working(render(_("reading {path}"), path=path.name)):
        return rooms.pipeline.load(path, shapes)


def load_language_model(path: Path, weights: str | None = None, cache: str | None = None) -> LLM:
    """Return the language model that is named.

    Raises
    ------
    UsageError
        If the name is not that of a language model.
    """
    name = str(path)
    if not name.startswith(LLM_PREFIX):
        raise UsageError(
            _("{path} does not name a language model"),
            hint=_("Write llm: and a bundled name such as llama-3-8b, or the path of a config.json."),
            path=name,
        )
    return rooms.pipeline.LLM(name.removeprefix(LLM_PREFIX), weights=weights, cache=cache)


def _load_pass(name: str, sizes: Sizes) -> Model:
    """Return the prefill or the step of decoding that is asked for."""
    for options, given in (
        ("--sequence, --resolution", sizes.sequence or sizes.resolution),
        ("--input-shape", sizes.input_shapes),
    ):
        _refuse(options, given, _("a reference network or a file"))
    if (sizes.prefill is None) == (sizes.decode is None):
        raise UsageError(
            _("{name}: a pass of a language model is either a prefill or a step of decoding"),
            hint=_("Give --prefill N or --decode N, one of the two."),
            name=name,
        )
    model = load_language_model(Path(name))
    shared = rooms.report.Parallel(tp=sizes.tp, pp=sizes.pp)
    if sizes.prefill is not None:
        return model.prefill(tokens=sizes.prefill, parallel=shared)
    return model.decode(context=sizes.decode or 1, parallel=shared)


def _refuse(options: str, given: object, whose: str) -> None:
    """Refuse options that are for another kind of model."""
    if given:
        raise UsageError(
            _("{options}: only for {whose}"),
            hint=_("Leave these options out, or name such a model."),
            options=options,
            whose=render(whose),
        )
