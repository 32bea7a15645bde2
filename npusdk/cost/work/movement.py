"""Work of operators that move data or only rename it: bytes, hardly any arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.cost.work.operation import Operation, Work, WorkRule

VIEWS = ("Dropout", "Flatten", "Identity", "Reshape", "Shape", "Size", "Squeeze", "Unsqueeze")
"""The same bytes under another shape, or nothing but a shape."""

COPIES = (
    "Concat", "ConstantOfShape", "DepthToSpace", "Expand", "EyeLike", "OneHot", "Pad", "Range", "ReverseSequence",
    "SpaceToDepth", "Split", "Tile", "Transpose", "Trilu",
)  # fmt: skip
"""Everything is read once and written once."""

SELECTIONS = ("CenterCropPad", "Gather", "GatherElements", "GatherND", "Slice")
"""Of the first input only what is taken is read: an embedding reads its rows, not its table."""

SCATTERS = ("ScatterElements", "ScatterND")
"""The first input is copied and partly overwritten."""


def _view(_operation: Operation) -> Work:
    return Work(moves=False)


def _copy(_operation: Operation) -> Work:
    return Work()


def _selection(operation: Operation) -> Work:
    return Work(reads={0: min(operation.elements(), operation.output_elements)})


def _scatter(operation: Operation) -> Work:
    """One operation for each update that is combined with what was there."""
    is_combined = operation.text("reduction", "none") != "none"
    return Work(vector_ops=operation.elements(2) if is_combined else 0)


def _resize(operation: Operation) -> Work:
    """Multiply and add each neighbour: 2 of them along each resized axis when linear, 4 when cubic."""
    neighbours = {"linear": 2, "cubic": 4}.get(operation.text("mode", "nearest"))
    if neighbours is None:
        return Work()
    axes = sum(before != after for before, after in zip(operation.shape(0), operation.output_shape, strict=True))
    return Work(vector_ops=2 * neighbours**axes * operation.output_elements)


def _grid_sample(operation: Operation) -> Work:
    """Multiply and add each neighbour, as a resize does, and work out each place along each axis: 8 operations."""
    axes = len(operation.shape(0)) - 2
    neighbours = {"nearest": 1, "cubic": 4}.get(operation.text("mode", "linear"), 2) ** axes
    blend = 2 * neighbours * operation.output_elements if neighbours > 1 else 0
    reads = min(operation.elements(), neighbours * operation.output_elements)
    return Work(vector_ops=blend + 8 * operation.elements(1), reads={0: reads})


def _col2im(operation: Operation) -> Work:
    """One addition for each element of each column."""
    return Work(vector_ops=operation.elements())


MOVEMENT: Mapping[str, WorkRule] = MappingProxyType(
    dict.fromkeys(VIEWS, _view)
    | dict.fromkeys(COPIES, _copy)
    | dict.fromkeys(SELECTIONS, _selection)
    | dict.fromkeys(SCATTERS, _scatter)
    | {"Col2Im": _col2im, "GridSample": _grid_sample, "Resize": _resize}
)
