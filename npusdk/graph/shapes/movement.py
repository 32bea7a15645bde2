"""Shape rules of operators that move elements without changing them: views, joins, cuts, repeats, padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.elementwise import broadcast, same
from npusdk.graph.shapes.reading import (
    integer,
    integers,
    known_integers,
    malformed,
    need_rank,
    normal_axes,
    normal_axis,
    optional,
    refuse,
    source,
    text,
)  # fmt: skip
from npusdk.language import _


def _shaped(call: Call, shape: tuple[int, ...]) -> Sequence[TensorType]:
    return (TensorType(source(call).dtype, shape),)


def reshape(call: Call) -> Sequence[TensorType]:
    """Give the target: 0 copies a size (unless `allowzero`), one -1 is what is left."""
    shape, target = source(call).shape, known_integers(call, 1)
    zero_copies = not integer(call, "allowzero", 0)
    template = _("Node {node} ({op}): shape {shape} cannot become {target}.")
    if target.count(-1) > 1 or min(target, default=0) < -1:
        refuse(call, template, shape=shape, target=target)
    if zero_copies and any(not size and axis >= len(shape) for axis, size in enumerate(target)):
        refuse(call, template, shape=shape, target=target)
    sizes = [shape[axis] if not size and zero_copies else size for axis, size in enumerate(target)]
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        if not rest or prod(shape) % rest:
            refuse(call, template, shape=shape, target=target)
        sizes[sizes.index(-1)] = prod(shape) // rest
    if prod(sizes) != prod(shape):
        refuse(call, template, shape=shape, target=target)
    return _shaped(call, tuple(sizes))


def flatten(call: Call) -> Sequence[TensorType]:
    """Give a matrix: sizes before `axis`, sizes from `axis` on."""
    shape = source(call).shape
    axis = integer(call, "axis", 1)
    if axis != len(shape):
        axis = normal_axis(call, axis, len(shape))
    return _shaped(call, (prod(shape[:axis]), prod(shape[axis:])))


def squeeze(call: Call) -> Sequence[TensorType]:
    """Give the input without the named axes of size 1, or without all of them."""
    shape = source(call).shape
    if optional(call, 1) is None:
        return _shaped(call, tuple(size for size in shape if size != 1))
    axes = normal_axes(call, known_integers(call, 1), len(shape))
    if any(shape[axis] != 1 for axis in axes):
        refuse(
            call, _("Node {node} ({op}): axes {axes} of shape {shape} are not all of size 1."), axes=axes, shape=shape
        )
    return _shaped(call, tuple(size for axis, size in enumerate(shape) if axis not in axes))


def unsqueeze(call: Call) -> Sequence[TensorType]:
    """Give the input with an axis of size 1 at each named place of the output."""
    shape = source(call).shape
    wanted = known_integers(call, 1)
    rank = len(shape) + len(wanted)
    axes = normal_axes(call, wanted, rank)
    sizes = iter(shape)
    return _shaped(call, tuple(1 if axis in axes else next(sizes) for axis in range(rank)))


def transpose(call: Call) -> Sequence[TensorType]:
    """Give the axes in the order of `perm`, reversed by default."""
    shape = source(call).shape
    order = integers(call, "perm")
    if order is None:
        return _shaped(call, shape[::-1])
    if sorted(order) != list(range(len(shape))):
        refuse(
            call, _("Node {node} ({op}): perm {order} is no order of the axes of {shape}."), order=order, shape=shape
        )
    return _shaped(call, tuple(shape[axis] for axis in order))


def expand(call: Call) -> Sequence[TensorType]:
    """Give what input and target broadcast to."""
    return _shaped(call, broadcast(call, [source(call).shape, _sizes(call, 1)]))


def _sizes(call: Call, index: int) -> tuple[int, ...]:
    """Return an input that holds sizes."""
    sizes = known_integers(call, index)
    if min(sizes, default=0) < 0:
        malformed(
            call, _("Node {node} ({op}): input {index} holds a negative size: {sizes}."), index=index, sizes=sizes
        )
    return sizes


def tile(call: Call) -> Sequence[TensorType]:
    """Give the input repeated along each axis."""
    shape, repeats = source(call).shape, _sizes(call, 1)
    if len(repeats) != len(shape):
        refuse(
            call, _("Node {node} ({op}): repeats {repeats} do not suit shape {shape}."), repeats=repeats, shape=shape
        )
    return _shaped(call, tuple(size * times for size, times in zip(shape, repeats, strict=True)))


def concat(call: Call) -> Sequence[TensorType]:
    """Give the inputs joined along `axis`; other sizes agree."""
    shapes = [given.shape for given in call.types if given]
    axis = normal_axis(call, integer(call, "axis"), len(shapes[0]))
    first = (*shapes[0][:axis], *shapes[0][axis + 1 :])
    if any(len(shape) <= axis or (*shape[:axis], *shape[axis + 1 :]) != first for shape in shapes):
        refuse(call, _("Node {node} ({op}): shapes {shapes} do not join along axis {axis}."), shapes=shapes, axis=axis)
    return _shaped(call, (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :]))


def split(call: Call) -> Sequence[TensorType]:
    """Give parts of the stated sizes, or equal parts of which the last may be smaller."""
    x = source(call)
    axis = normal_axis(call, integer(call, "axis", 0), len(x.shape))
    size = x.shape[axis]
    if optional(call, 1) is not None:
        parts = _sizes(call, 1)
    else:
        count = integer(call, "num_outputs", call.output_count)
        if count != call.output_count:
            template = _("Node {node} ({op}): num_outputs is {value}, yet the node has {count} outputs.")
            malformed(call, template, value=count, count=call.output_count)
        step = -(-size // count)
        parts = (*(step,) * (count - 1), size - step * (count - 1))
    if sum(parts) != size or min(parts, default=0) < 0 or len(parts) != call.output_count:
        template = _("Node {node} ({op}): size {size} of axis {axis} does not split into {parts} for {count} outputs.")
        refuse(call, template, size=size, axis=axis, parts=parts, count=call.output_count)
    return tuple(TensorType(x.dtype, (*x.shape[:axis], part, *x.shape[axis + 1 :])) for part in parts)


def slice_(call: Call) -> Sequence[TensorType]:
    """Give every `step`-th element between `start` and `end` along the named axes."""
    shape = source(call).shape
    starts, ends = known_integers(call, 1), known_integers(call, 2)
    axes = range(len(starts)) if optional(call, 3) is None else known_integers(call, 3)
    steps = (1,) * len(starts) if optional(call, 4) is None else known_integers(call, 4)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        template = _(
            "Node {node} ({op}): starts {starts}, ends {ends}, axes {axes} and steps {steps} do not suit each other."
        )
        malformed(call, template, starts=starts, ends=ends, axes=tuple(axes), steps=steps)
    sizes = list(shape)
    for axis, start, end, step in zip(normal_axes(call, axes, len(shape)), starts, ends, steps, strict=True):
        sizes[axis] = len(range(*slice(*_bounds(shape[axis], start, end, step), step).indices(shape[axis])))
    return _shaped(call, tuple(sizes))


def _bounds(size: int, start: int, end: int, step: int) -> tuple[int, int | None]:
    """Return ONNX's bounds as Python's: both count from the end when negative, neither leaves the axis."""
    first = start + size if start < 0 else start
    last = end + size if end < 0 else end
    if step > 0:
        return max(first, 0), max(last, 0)
    return min(max(first, 0), max(size - 1, 0)), None if last < 0 else last


def pad(call: Call) -> Sequence[TensorType]:
    """Give the input with `pads` more elements at the begins, then the ends; negative ones cut."""
    shape = source(call).shape
    pads = known_integers(call, 1)
    mode = text(call, "mode", ("constant", "reflect", "edge", "wrap"))
    axes = (
        tuple(range(len(shape)))
        if optional(call, 3) is None
        else normal_axes(call, known_integers(call, 3), len(shape))
    )
    sizes = list(shape)
    template = _("Node {node} ({op}): pads {pads} ({mode}) do not suit axes {axes} of shape {shape}.")
    if len(pads) != 2 * len(axes):
        refuse(call, template, pads=pads, mode=mode, axes=axes, shape=shape)
    for axis, begin, end in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        sizes[axis] += begin + end
        kept = shape[axis] + min(begin, 0) + min(end, 0)
        if sizes[axis] < 0 or kept < 0 or (mode != "constant" and not kept and sizes[axis]):
            refuse(call, template, pads=pads, mode=mode, axes=axes, shape=shape)
    return _shaped(call, tuple(sizes))


def _blocks(call: Call) -> tuple[tuple[int, ...], int]:
    shape, block = need_rank(call, 0, 4, 4), integer(call, "blocksize")
    if block < 1:
        malformed(
            call, _("Node {node} ({op}): {attribute} {value} has to be positive."), attribute="blocksize", value=block
        )
    return shape, block


def depth_to_space(call: Call) -> Sequence[TensorType]:
    """Give (N, C / block**2, H block, W block)."""
    (batch, channels, height, width), block = _blocks(call)
    if channels % (block * block):
        template = _("Node {node} ({op}): shape {shape} does not divide into blocks of {block}.")
        refuse(call, template, shape=source(call).shape, block=block)
    return _shaped(call, (batch, channels // (block * block), height * block, width * block))


def space_to_depth(call: Call) -> Sequence[TensorType]:
    """Give (N, C block**2, H / block, W / block)."""
    (batch, channels, height, width), block = _blocks(call)
    if height % block or width % block:
        template = _("Node {node} ({op}): shape {shape} does not divide into blocks of {block}.")
        refuse(call, template, shape=source(call).shape, block=block)
    return _shaped(call, (batch, channels * block * block, height // block, width // block))


def trilu(call: Call) -> Sequence[TensorType]:
    """Give the type of the input, of which each matrix keeps one side of a diagonal."""
    need_rank(call, 0, 2)
    return same(call)


def center_crop_pad(call: Call) -> Sequence[TensorType]:
    """Give the stated sizes along the named axes."""
    shape, target = source(call).shape, _sizes(call, 1)
    stated = integers(call, "axes")
    axes = tuple(range(len(shape))) if stated is None else normal_axes(call, stated, len(shape))
    if len(target) != len(axes):
        refuse(call, _("Node {node} ({op}): shape {shape} cannot become {target}."), shape=shape, target=target)
    chosen = dict(zip(axes, target, strict=True))
    return _shaped(call, tuple(chosen.get(axis, size) for axis, size in enumerate(shape)))


MOVEMENT: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "Reshape": ("A int64", reshape), "Flatten": ("A", flatten), "Squeeze": ("A int64?", squeeze),
        "Unsqueeze": ("A int64", unsqueeze), "Transpose": ("A", transpose), "Expand": ("A int64", expand),
        "Tile": ("A int64", tile), "Concat": ("A*", concat), "Split": ("A int64?", split),
        "Slice": ("A I I I? I?", slice_), "Pad": ("A int64 A? I?", pad), "DepthToSpace": ("A", depth_to_space),
        "SpaceToDepth": ("A", space_to_depth), "Trilu": ("A int64?", trilu), "CenterCropPad": ("A I", center_crop_pad),
    }
)  # fmt: skip
"""Signature and shape rule by operator."""
