"""Random valid nodes of operators that move elements."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from npusdk.graph import TensorType
from tests.graph.drawing import Builder, axis_of, dtype, i64, ints, narrowed, shapes, some_axes
from tests.graph.oracle import Case, f32


def reshape(draw: DrawFn) -> Case:
    shape = shapes(draw)
    target = list(draw(st.permutations(shape)))
    if target and draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    target += [1] * draw(st.integers(0, 2))
    for axis, size in enumerate(target[: len(shape)]):
        if size == shape[axis] and draw(st.booleans()):
            target[axis] = 0
    return Case("Reshape", [TensorType(dtype(draw, "A"), shape), i64(*target)])


def flatten(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Flatten", [f32(*shape)], {"axis": draw(st.integers(-len(shape), len(shape)))})


def squeeze(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    chosen = [axis - len(shape) if draw(st.booleans()) else axis for axis in ones if draw(st.booleans())]
    return Case("Squeeze", [f32(*shape), *([i64(*chosen)] if chosen else [])])


def unsqueeze(draw: DrawFn) -> Case:
    shape, extra = shapes(draw), draw(st.integers(1, 3))
    rank = len(shape) + extra
    places = draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=extra, max_size=extra))
    return Case("Unsqueeze", [f32(*shape), i64(*(axis - rank if draw(st.booleans()) else axis for axis in places))])


def transpose(draw: DrawFn) -> Case:
    shape = shapes(draw)
    attrs = {"perm": tuple(draw(st.permutations(range(len(shape)))))} if shape and draw(st.booleans()) else {}
    return Case("Transpose", [f32(*shape)], attrs)


def expand(draw: DrawFn) -> Case:
    shape = shapes(draw)
    return Case("Expand", [f32(*narrowed(draw, shape)), i64(*narrowed(draw, shape))])


def tile(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Tile", [f32(*shape), i64(*ints(draw, 0, 3, len(shape)))])


def concat(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axis = axis_of(draw, len(shape))
    parts = [list(shape) for _part in range(draw(st.integers(1, 4)))]
    for part in parts:
        part[axis] = draw(st.integers(0, 4))
    return Case("Concat", [f32(*part) for part in parts], {"axis": axis})


def split(draw: DrawFn) -> Case:
    shape = list(shapes(draw, 1))
    axis, count = axis_of(draw, len(shape)), draw(st.integers(1, 4))
    if draw(st.booleans()):
        parts = ints(draw, 0, 4, count)
        shape[axis] = sum(parts)
        return Case("Split", [f32(*shape), i64(*parts)], {"axis": axis}, count)
    step = draw(st.integers(1, 3))
    shape[axis] = step * count - draw(st.integers(0, step - 1))
    return Case("Split", [f32(*shape)], {"axis": axis, "num_outputs": count}, count)


def slice_(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape))
    starts, ends = (ints(draw, -9, 9, len(axes)) for _bound in range(2))
    steps = tuple(draw(st.sampled_from((-3, -2, -1, 1, 2, 5))) for _axis in axes)
    ends = tuple(draw(st.sampled_from((end, 2**63 - 1, -(2**63)))) for end in ends)
    return Case("Slice", [f32(*shape), i64(*starts), i64(*ends), i64(*axes), i64(*steps)])


def pad(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape)) or None
    count = len(shape) if axes is None else len(axes)
    rest = [] if axes is None else [None, i64(*axes)]
    return Case("Pad", [f32(*shape), i64(*ints(draw, 0, 3, 2 * count)), *rest])


def blocks(op: str) -> Builder:
    def build(draw: DrawFn) -> Case:
        block, shape = draw(st.integers(1, 3)), ints(draw, 1, 3, 4)
        scale = (1, block * block, 1, 1) if op == "DepthToSpace" else (1, 1, block, block)
        return Case(op, [f32(*(size * times for size, times in zip(shape, scale, strict=True)))], {"blocksize": block})

    return build


def trilu(draw: DrawFn) -> Case:
    return Case("Trilu", [f32(*shapes(draw, 2))], {"upper": draw(st.integers(0, 1))})


def center_crop_pad(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = some_axes(draw, len(shape))
    if not axes:
        return Case("CenterCropPad", [f32(*shape), i64(*ints(draw, 1, 8, len(shape)))])
    return Case("CenterCropPad", [f32(*shape), i64(*ints(draw, 1, 8, len(axes)))], {"axes": axes})


def gather(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("Gather", [f32(*shape), TensorType("int32", shapes(draw, 0, 2))], {"axis": axis_of(draw, len(shape))})


def gather_elements(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axis = axis_of(draw, len(shape))
    indices = [draw(st.integers(1, size)) for size in shape]
    indices[axis] = draw(st.integers(1, 7))
    return Case("GatherElements", [f32(*shape), TensorType("int64", tuple(indices))], {"axis": axis})


def gather_nd(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    batch = draw(st.integers(0, len(shape) - 1))
    depth = draw(st.integers(1, len(shape) - batch))
    indices = (*shape[:batch], *shapes(draw, 0, 2), depth)
    return Case("GatherND", [f32(*shape), TensorType("int64", indices)], {"batch_dims": batch})


def scatter_elements(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    indices = tuple(draw(st.integers(1, size)) for size in shape)
    attrs = {"axis": axis_of(draw, len(shape)), "reduction": draw(st.sampled_from(("none", "add", "max")))}
    return Case("ScatterElements", [f32(*shape), TensorType("int64", indices), f32(*indices)], attrs)


def scatter_nd(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    depth, lead = draw(st.integers(1, len(shape))), shapes(draw, 0, 2)
    return Case("ScatterND", [f32(*shape), TensorType("int64", (*lead, depth)), f32(*lead, *shape[depth:])])


def one_hot(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    depth = np.array(draw(st.integers(1, 9)), np.int64)
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    return Case("OneHot", [TensorType("int32", shape), depth, TensorType("float16", (2,))], {"axis": axis})


def non_zero(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    return Case("NonZero", [np.ones(shape, np.float32)])


def grid_sample(draw: DrawFn) -> Case:
    rank, samples = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (samples, *ints(draw, 1, 4, 1 + rank))
    grid = (samples, *ints(draw, 1, 4, rank), rank)
    attrs = {"mode": draw(st.sampled_from(("linear", "nearest", "cubic")))}
    return Case("GridSample", [TensorType(dtype(draw, "A"), shape), f32(*grid)], attrs)


def resize(draw: DrawFn) -> Case:
    shape = shapes(draw, 1)
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1)) if draw(st.booleans()) else None
    count = len(shape) if axes is None else len(axes)
    attrs = {} if axes is None else {"axes": tuple(axes)}
    if draw(st.booleans()):
        policy = draw(st.sampled_from(("stretch", "not_larger", "not_smaller")))
        sizes = i64(*ints(draw, 1, 9, count))
        return Case("Resize", [f32(*shape), None, None, sizes], {**attrs, "keep_aspect_ratio_policy": policy})
    scales = np.array(draw(st.lists(st.sampled_from((0.4, 0.5, 1.0, 1.5, 2.0, 3.3)), min_size=count, max_size=count)))
    return Case("Resize", [f32(*shape), None, scales.astype(np.float32)], attrs)


def column_to_image(draw: DrawFn) -> Case:
    image, block = ints(draw, 3, 6, 2), ints(draw, 1, 3, 2)
    strides, pads = ints(draw, 1, 2, 2), ints(draw, 0, 1, 4)
    windows = [(image[a] + pads[a] + pads[a + 2] - block[a]) // strides[a] + 1 for a in range(2)]
    columns = f32(2, 3 * prod(block), prod(windows))
    return Case("Col2Im", [columns, i64(*image), i64(*block)], {"strides": strides, "pads": pads})
