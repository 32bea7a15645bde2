"""Arrays that share memory: which they are, and how one is had from the other.

Two names of one array are one node already. What is found here are different views of one memory: they travel as that
memory and the way to each view, so that what a cell assigns through one is seen through the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from npusdk.cell.decoder import view_of
from npusdk.cell.nodes import Array, Data, Node, Ref, View

_WORK_LIMIT: Any = 10_000
"""How long NumPy may look for an element that two arrays share before they are taken to share one."""

_BASES = 3
"""How many arrays of the largest size are tried as the base of the others."""
_OWNER_SHARE = 4
"""How much larger than its views together the owner of their memory may be to come along for their sake."""


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


def join(nodes: Sequence[Node], group: Sequence[int]) -> tuple[Array | None, dict[int, View]]:
    """Return how arrays are views of one: of one of the largest, or else of the owner of their memory.

    Returns
    -------
    owner
        The node of the owner, which is to stand behind all others; None if it is not needed.
    views
        By position; an array that is not here, beside the base, is a view of none.
    """
    arrays = {index: node.data for index in group if isinstance(node := nodes[index], Array)}
    largest = max(arrays.values(), key=lambda data: data.size)
    bases = [index for index, data in arrays.items() if data.size == largest.size][:_BASES]
    best: dict[int, View] = {}
    for position in bases:
        others = {index: data for index, data in arrays.items() if index != position}
        views = find_views({position: arrays[position]}, others)
        best = max(best, views, key=len)
        if len(views) == len(others):
            return None, views
    owner = _owner_of(largest)
    if owner.nbytes <= _OWNER_SHARE * sum(data.nbytes for data in arrays.values()):
        views = find_views({len(nodes): owner}, arrays)
        if len(views) == len(arrays):
            first = nodes[bases[0]]
            name = first.name if isinstance(first, Array) else ""
            return Array(name, owner, writeable=owner.flags.writeable), views
    return None, best


def find_views(bases: Mapping[int, Data], parts: Mapping[int, Data]) -> dict[int, View]:
    """Return how parts are had from bases, or from other parts that are, by position."""
    found: dict[int, View] = {}
    known, remaining = dict(bases), dict(parts)
    fresh = known
    while fresh:
        views = {
            index: next(filter(None, (find_view(base, part, place) for place, base in fresh.items())), None)
            for index, part in remaining.items()
        }
        fresh = {index: remaining.pop(index) for index, view in views.items() if view}
        found.update((index, view) for index, view in views.items() if view)
    return found


def _owner_of(data: Data) -> Data:
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
            if not 0 <= stop - step < size:
                return None
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
