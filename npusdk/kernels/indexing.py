"""Operators that read or write where another tensor says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, integer, needed, text

_REDUCTIONS: Mapping[str, np.ufunc] = MappingProxyType(
    {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
)


def gather(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Take whole slices along `axis`."""
    x, indices = needed(inputs, 2)
    return (np.asarray(np.take(x, indices, integer(attrs, "axis", 0))),)


def _element_index(indices: Array, axis: int) -> tuple[Any, ...]:
    """Return an index of every element of `indices`, which replaces its place along `axis`."""
    grid: list[Any] = list(np.ogrid[tuple(slice(size) for size in indices.shape)])
    grid[axis] = indices
    return tuple(grid)


def gather_elements(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Take single elements, each at its own place along `axis`."""
    x, indices = needed(inputs, 2)
    return (x[_element_index(indices, integer(attrs, "axis", 0))],)


def gather_nd(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Take slices whose leading indices are the last axis of `indices`."""
    x, indices = needed(inputs, 2)
    batch = integer(attrs, "batch_dims", 0)
    places = tuple(np.moveaxis(indices, -1, 0))
    outer = np.ogrid[tuple(slice(size) for size in indices.shape[:batch])] if batch else ()
    lead = [axis.reshape(axis.shape + (1,) * (indices.ndim - 1 - batch)) for axis in outer]
    return (np.asarray(x[(*lead, *places)]),)


def _write(target: Array, place: tuple[Any, ...], values: Array, reduction: str) -> None:
    if reduction == "none":
        target[place] = values
    else:
        _REDUCTIONS[reduction].at(target, place, values)


def scatter_elements(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Write single elements, each at its own place along `axis`, or combine them by `reduction`."""
    x, indices, updates = needed(inputs, 3)
    out = x.copy()
    axis = integer(attrs, "axis", 0)
    _write(out, _element_index(indices, axis), updates, text(attrs, "reduction", "none"))
    return (out,)


def scatter_nd(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Write slices whose leading indices are the last axis of `indices`, or combine them by `reduction`."""
    x, indices, updates = needed(inputs, 3)
    out = x.copy()
    _write(out, tuple(np.moveaxis(indices, -1, 0)), updates, text(attrs, "reduction", "none"))
    return (out,)


def one_hot(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Put the second value where an index points along the new `axis`, the first elsewhere."""
    indices, depth, values = needed(inputs, 3)
    classes = int(depth.reshape(-1)[0])
    axis = integer(attrs, "axis", -1)
    axis = axis + indices.ndim + 1 if axis < 0 else axis
    places = np.arange(classes, dtype=np.float64 if indices.dtype.kind == "f" else np.int64)
    hot = np.expand_dims(indices, axis)
    places = places.reshape((classes,) + (1,) * (indices.ndim - axis))
    here = (hot == places) | (hot + classes == places)
    return (np.where(here, values[1], values[0]).astype(values.dtype),)


def reverse_sequence(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Reverse the first `sequence_lens[b]` steps of every batch entry b."""
    x, lengths = needed(inputs, 2)
    batch, time = integer(attrs, "batch_axis", 1), integer(attrs, "time_axis", 0)
    steps = np.arange(x.shape[time])
    places = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    data = np.moveaxis(x, (batch, time), (0, 1))
    taken = data[np.arange(len(lengths))[:, None], places]
    return (np.moveaxis(taken, (0, 1), (batch, time)),)


def non_zero(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return the indices of the elements that are not zero, one column each, in row-major order."""
    (x,) = needed(inputs, 1)
    if not x.ndim:
        return (np.zeros((0, int(bool(x))), np.int64),)
    return (np.stack(np.nonzero(x)).astype(np.int64),)


INDEXING: Mapping[str, Kernel] = MappingProxyType(
    {
        "Gather": gather, "GatherElements": gather_elements, "GatherND": gather_nd, "NonZero": non_zero,
        "OneHot": one_hot, "ReverseSequence": reverse_sequence, "ScatterElements": scatter_elements,
        "ScatterND": scatter_nd,
    }
)  # fmt: skip
"""Kernels of the operators that index."""
