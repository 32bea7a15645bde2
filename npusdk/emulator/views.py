"""Operators that are views of their first input: shape and strides change, bytes stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import numpy as np

from npusdk.emulator.storage import Array
from npusdk.graph import Node
from npusdk.kernels import call
from npusdk.kernels.blocks import reshaped

Look: TypeAlias = Callable[[Array], "Array | None"]
"""Gives the view of an array, which may be a phantom, or None where it takes a copy."""

_RESHAPING = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"})
_CUTTING = frozenset({"Transpose", "Slice", "Split", "Expand"})
"""Operators whose kernels give views and read no element."""

VIEWS = _RESHAPING | _CUTTING | {"Gather"}


def looks_of(node: Node, shapes: Sequence[tuple[int, ...]], known: Sequence[Array | None]) -> list[Look] | None:
    """Return how each output of a node is a view of its first input, or None where they are not.

    Parameters
    ----------
    shapes
        Shapes of the outputs.
    known
        Values of the inputs that are known beforehand.
    """
    if node.op in _RESHAPING and not any(node.outputs[1:]):
        shape = shapes[0]
        return [lambda x: reshaped(x, shape)]
    if any(name and value is None for name, value in zip(node.inputs[1:], known[1:], strict=True)):
        return None
    if node.op in _CUTTING:
        return [_output(node, known, place) for place in range(len(node.outputs))]
    if node.op == "Gather" and cast("Array", known[1]).size == 1:
        return [_entry(node, cast("Array", known[1]))]
    return None


def _output(node: Node, known: Sequence[Array | None], place: int) -> Look:
    return lambda x: call(node.op, [x, *known[1:]], node.attrs, len(node.outputs))[place]


def _entry(node: Node, index: Array) -> Look:
    """Return the view that takes one index of an axis, which stays where the index has axes."""
    place = int(index.reshape(()))
    axis = int(cast("int", node.attrs.get("axis", 0)))

    def look(x: Array) -> Array:
        moved = np.moveaxis(x, axis, 0)[place, ...]
        whole = moved.reshape((1,) * index.ndim + moved.shape)
        return np.moveaxis(whole, range(index.ndim), range(axis % x.ndim, axis % x.ndim + index.ndim))

    return look
