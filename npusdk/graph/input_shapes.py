"""How the dimensions of a model's inputs get their numbers.

A caller may give shapes; names of dimensions bind to one number wherever they occur; a leading dimension that nobody
gave is the batch, which is that of the first input, or 1. Anything else that is left open is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusdk.errors import ShapeError
from npusdk.graph.inference import check_size
from npusdk.graph.ir import Graph
from npusdk.language import _

ANY_RANK = "..."
"""The shape ``("...",)`` is that of an input of which not even the number of dimensions is known."""


def resolve_input_shapes(graph: Graph, given: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every input, all numbers.

    Parameters
    ----------
    given
        Shapes by input name; may leave inputs out.

    Raises
    ------
    ShapeError
        If a given shape contradicts the model or another one, or a dimension stays open.
    """
    unknown = [name for name in given if name not in graph.inputs]
    if unknown:
        raise ShapeError(
            _("The model has no input {name}; its inputs are: {inputs}."),
            hint=_("Use these names in input_shapes=."),
            name=unknown[0],
            inputs=", ".join(graph.inputs),
        )
    bound: dict[str, int] = {}
    for name, shape in given.items():
        _match(name, graph.tensors[name].shape, shape, bound)
    open_shapes = {name: tuple(given.get(name, graph.tensors[name].shape)) for name in graph.inputs}
    _bind_batch(graph, open_shapes, bound)
    shapes = {name: _numbers(name, shape, bound) for name, shape in open_shapes.items()}
    for name, sizes in shapes.items():
        check_size(name, sizes)
    return shapes


def _match(name: str, stated: Sequence[int | str], given: Sequence[int], bound: dict[str, int]) -> None:
    """Check a given shape against the model's, and bind the names that it gives a number to."""
    fits = tuple(stated) == (ANY_RANK,) or len(stated) == len(given)
    if not fits or not all(size >= 0 for size in given):
        _contradict(name, stated, given)
    if tuple(stated) == (ANY_RANK,):
        return
    for wanted, size in zip(stated, given, strict=True):
        expected = bound.setdefault(wanted, size) if isinstance(wanted, str) else wanted
        if expected != size:
            _contradict(name, tuple(bound.get(item, item) if isinstance(item, str) else item for item in stated), given)


def _contradict(name: str, stated: Sequence[int | str], given: Sequence[int]) -> None:
    raise ShapeError(
        _("Input {name} has shape {stated} in the model; {given} was given."),
        hint=_("Give a shape that agrees in every number, or export the model with a dynamic dimension."),
        name=name,
        stated=tuple(stated),
        given=tuple(given),
    )


def _bind_batch(graph: Graph, shapes: Mapping[str, Sequence[int | str]], bound: dict[str, int]) -> None:
    """Bind leading names that are still open to the batch."""
    leading = [shape[0] for shape in shapes.values() if shape]
    stated = graph.tensors[graph.inputs[0]].shape[:1] if graph.inputs else ()
    first = leading[0] if leading and stated and isinstance(stated[0], str) else 1
    batch = bound.get(first, 1) if isinstance(first, str) else first
    for dimension in leading:
        if isinstance(dimension, str) and dimension != ANY_RANK:
            bound.setdefault(dimension, batch)


def _numbers(name: str, shape: Sequence[int | str], bound: Mapping[str, int]) -> tuple[int, ...]:
    sizes = tuple(bound.get(size, size) if isinstance(size, str) else size for size in shape)
    missing = [size for size in sizes if isinstance(size, str)]
    if missing:
        example = ", ".join("N" if isinstance(size, str) else str(size) for size in sizes)
        raise ShapeError(
            _("Input {name} has shape {shape}: dimension {dimension} is not bound to a number."),
            hint=_('Give numbers: input_shapes={{"{name}": ({example})}}, with a number for each N.'),
            name=name,
            shape=tuple(shape),
            dimension=missing[0],
            example=example + ("," if len(sizes) == 1 else ""),
        )
    return tuple(int(size) for size in sizes)


def rebatch_shapes(graph: Graph, shapes: Mapping[str, Sequence[int]], batch: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every input with another batch.

    The batch is the leading dimension of the first input; inputs whose leading dimension has the same name, or the same
    number, follow.

    Parameters
    ----------
    shapes
        Shapes at the model's own batch, as for `resolve_input_shapes`.

    Raises
    ------
    ShapeError
        If the first input has no dimension, or `batch` is not positive.
    """
    found = resolve_input_shapes(graph, shapes)
    first = graph.inputs[0] if graph.inputs else ""
    if not found.get(first) or batch < 1:
        raise ShapeError(
            _("The model cannot run with batch {batch}: its first input {name} has shape {shape}."),
            hint=_("Use a batch of at least 1, and a model whose first input has a leading batch dimension."),
            batch=batch,
            name=first,
            shape=found.get(first, ()),
        )
    symbol, old = graph.tensors[first].shape[0], found[first][0]
    rescaled = {}
    for name, sizes in found.items():
        stated = graph.tensors[name].shape
        named = [isinstance(symbol, str) and stated[axis : axis + 1] == (symbol,) for axis in range(len(sizes))]
        rescaled[name] = tuple(
            batch if named[axis] or (axis == 0 and size == old) else size for axis, size in enumerate(sizes)
        )
    return rescaled
