"""Opening what `load` is given: a file, or a network of the zoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index

from npusdk.errors import DtypeError, ModelFormatError, NpuError, ShapeError, UnsupportedOpError
from npusdk.importers import Source, load_onnx
from npusdk.language import _
from npusdk.pipeline.model import Model
from npusdk.zoo import Size, build

ZOO_PREFIX = "zoo:"
"""How the name of a reference network begins where a file could be named."""

_MOST_SAMPLES = 1 << 20
"""Largest batch that is loaded."""


def read_count(what: str, value: object) -> int | None:
    """Return a size that a caller gave; None where it was left out.

    Raises
    ------
    ShapeError
        If it is not a whole number of at least 1.
    """
    if value is None:
        return None
    try:
        number = index(value)  # type: ignore[arg-type]  # what is no number is refused below
    except TypeError:
        number = 0
    if isinstance(value, bool) or number < 1:
        raise ShapeError(
            _("{what} is {value}: it must be a whole number of at least 1"),
            hint=_("Give a positive whole number, or leave {what}= out."),
            what=what,
            value=repr(value)[:40],
        )
    if what == "batch" and number > _MOST_SAMPLES:
        raise ShapeError(
            _("{what} is {value}: the limit is {most}"),
            hint=_("Give {what}={most} or less."),
            what=what,
            value=repr(value)[:40],
            most=_MOST_SAMPLES,
        )
    return number


def open_zoo(name: str, shapes: Mapping[str, tuple[int, ...]], *, size: Size, batch: int | None) -> Model:
    """Return a reference network.

    Raises
    ------
    ConfigError
        If the zoo has no such network.
    ShapeError
        If it does not take such sizes.
    """
    opened = build(name, size)
    try:
        return Model(opened, shapes, batch=batch)
    except (ShapeError, ModelFormatError) as error:
        if "node" not in error.params and "owner" not in error.params:
            raise
        raise ShapeError(
            _("network {name} does not suit the sizes given: they fail at {node}"),
            hint=_("Choose sizes nearer to the usual ones, or leave them out."),
            name=opened.name,
            node=error.params.get("node", error.params.get("owner")),
        ) from error


def open_file(source: Source, shapes: Mapping[str, tuple[int, ...]], *, batch: int | None) -> Model:
    """Return the model in a file.

    Raises
    ------
    ModelFormatError, UnsupportedOpError
        If the file is broken, or has operators or element types that are not known.
    ShapeError
        If a dimension stays open, or the shapes do not suit the model.
    """
    try:
        opened = load_onnx(source)
    except DtypeError as error:
        raise _blame(error, UnsupportedOpError) from error
    try:
        return Model(opened, shapes, batch=batch)
    except (DtypeError, ShapeError) as error:
        said = shapes or batch is not None
        if "node" not in error.params or (said and isinstance(error, ShapeError)):
            raise
        raise _blame(error, ModelFormatError) from error


def _blame(error: NpuError, kind: type[NpuError]) -> NpuError:
    """Return an error as one of another kind: what a file itself contradicts is not the caller's fault."""
    return kind(error.template, hint=error.hint, **error.params)


def refuse_sizes(model: Model, given: Mapping[str, object]) -> None:
    """Refuse sizes for a model that is loaded already.

    Raises
    ------
    ShapeError
        If a size is given.
    """
    for name, value in given.items():
        if value is not None:
            raise ShapeError(
                _("model {model} is loaded already, its shapes are fixed"),
                hint=_("Give {name} when you load it."),
                model=model.name,
                name=name,
            )


def refuse_zoo_sizes(sizes: Mapping[str, int | None]) -> None:
    """Refuse sizes that only a reference network has.

    Raises
    ------
    ShapeError
        If one is given.
    """
    for name in ("sequence", "resolution"):
        if sizes[name] is not None:
            raise ShapeError(
                _("{name} is for networks of the zoo; a file says itself which inputs it has"),
                hint=_('Give the shapes of its inputs: input_shapes={{"name": (1, 3, 224, 224)}}.'),
                name=name,
            )


def read_shapes(shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Return shapes by input name as tuples of whole numbers.

    Raises
    ------
    ShapeError
        If they are of another form.
    """
    try:
        return {str(name): tuple(index(size) for size in shape) for name, shape in shapes.items()}
    except (TypeError, AttributeError) as error:
        raise ShapeError(
            _("input_shapes is {value}: it must give a tuple of whole numbers for each input name"),
            hint=_('Write it so: input_shapes={{"image": (1, 3, 224, 224)}}.'),
            value=repr(shapes)[:80],
        ) from error
