"""Arrays that share memory: which they are, and how one is had from the other.

Two names of one array are one node already. What is found here are different views of one memory: they travel as that
memory and the way to each view, so that what a cell assigns through one is seen through the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from npusdk.cell.decoder import view_of
from npusdk.cell.nodes import Array, Data, Node, Ref, View

_WORK_LIMIT: Any = 10_000
"""How long NumPy may look for an element that two arrays share before they are taken to share one."""


def groups(nodes: Sequence[Node]) -> Iterator[list[int]]:
    """Yield the positions of arrays that share memory, those that do so together."""
    bounds = sorted(
        (*np.lib.array_utils.byte_bounds(node.data), index)
        for index, node in enumerate(nodes)
        if isinstance(node, Array) and node.data.size
    )
    group: list[int] = []
    end = 0
    for low, high, index in bounds:
        if group and low >= end:
            yield from _sharing(nodes, group)
            group = []
        group.append(index)
        end = max(end, high)
    yield from _sharing(nodes, group)


def _sharing(nodes: Sequence[Node], group: list[int]) -> Iterator[list[int]]:
    remaining = list(group)
    while remaining:
        found = [remaining.pop(0)]
        for index in found:
            joined = [other for other in remaining if _share(nodes[index], nodes[other])]
            found.extend(joined)
            remaining = [other for other in remaining if other not in joined]
        if len(found) > 1:
            yield found


def _share(one: Node, other: Node) -> bool:
    if not (isinstance(one, Array) and isinstance(other, Array)):
        return False
    try:
        return bool(np.shares_memory(one.data, other.data, max_work=_WORK_LIMIT))
    except np.exceptions.TooHardError:
        return True


def owner_of(data: Data) -> Data:
    """Return the array that owns the memory of `data`, as far as arrays go."""
    while isinstance(data.base, np.ndarray):
        data = data.base
    return data


def find_view(base: Data, part: Data, position: int) -> View | None:
    """Return how `part` is had from `base`, the node at `position`; None if no index, turn and new shape gives it."""
    if base.dtype != part.dtype or not part.size:
        return None
    for view in (_sliced(base, part), _reshaped(base, part)):
        if view is not None:
            made = view_of(base, view)
            if _place(made) == _place(part):
                return View(Ref(position), view.index, view.axes, view.shape)
    return None


def _place(data: Data) -> tuple[object, ...]:
    strides = tuple(stride for stride, size in zip(data.strides, data.shape, strict=True) if size > 1)
    return data.__array_interface__["data"][0], data.shape, strides


def _reshaped(base: Data, part: Data) -> View | None:
    """Return the view of a whole contiguous base in another shape."""
    if not (base.flags.c_contiguous and base.size == part.size):
        return None
    return View(Ref(0), (), tuple(range(base.ndim)), part.shape)


def _sliced(base: Data, part: Data) -> View | None:
    """Return the view that takes a slice or an element of each dimension of the base, and turns what is left."""
    offset = part.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    order = sorted(range(base.ndim), key=lambda axis: -abs(base.strides[axis]))
    taken: dict[int, int] = {}
    starts: dict[int, int] = {}
    index: list[int | tuple[int | None, int | None, int]] = [0] * base.ndim
    for axis in order:
        stride, size = base.strides[axis], base.shape[axis]
        if stride <= 0:
            return None
        start = min(offset // stride, size - 1) if offset >= 0 else 0
        offset -= start * stride
        starts[axis] = start
        own = _axis_for(part, stride, size, taken)
        index[axis] = (start, start + 1, 1)
        if own is not None:
            taken[own] = axis
            step, count = part.strides[own] // stride, part.shape[own]
            stop = start + step * count
            index[axis] = (start, stop if stop >= 0 else None, step)
    if offset or len(taken) != sum(size > 1 for size in part.shape):
        return None
    kept = [axis for axis in range(base.ndim) if axis in taken.values()] or list(range(base.ndim))
    if taken:  # elements are taken by number, so that what is left has the dimensions of the part
        index = [entry if axis in kept else starts[axis] for axis, entry in enumerate(index)]
    axes = tuple(kept.index(taken[own]) for own in sorted(taken)) or tuple(range(base.ndim))
    return View(Ref(0), tuple(index), axes, part.shape)


def _axis_for(part: Data, stride: int, size: int, taken: dict[int, int]) -> int | None:
    """Return the dimension of `part` that runs along a dimension of the base with this stride and size."""
    for own, (step, count) in enumerate(zip(part.strides, part.shape, strict=True)):
        steps = abs(step) // stride
        if own not in taken and count > 1 and steps and step % stride == 0 and steps * (count - 1) < size:
            return own
    return None
