"""Convolution and its transpose for one, two and three spatial axes (ONNX, Conv and ConvTranspose)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.blocks import allocate, channels_last, run
from npusdk.kernels.epilogue import fuse
from npusdk.kernels.prepared_convolution import Filters, prepare_convolution
from npusdk.kernels.signature import Array, Inputs, Kernel, Outputs, given, integer, integers, needed, text
from npusdk.kernels.windows import Window, read_window


def convolve(x: Array, filters: Filters, window: Window, bias: Array | None = None) -> Array:
    """Return the convolution of `x` (N, C, ...) as a view (N, M, ...) of memory with the channels last."""
    positions = np.empty((x.shape[0], *window.positions, filters.count), x.dtype)
    out = np.moveaxis(positions, -1, 1)
    if not out.size:
        return out
    prepared = prepare_convolution(x, filters, window)
    fused = [] if bias is None else fuse("Add", (bias,), {}, fixed=True)
    run(prepared.bind(x, out, allocate(prepared.scratch), fused))
    return out


def conv(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Convolve; float16 is summed in float32."""
    x, weight = needed(inputs, 2)
    bias = given(inputs, 2)
    kind = np.result_type(x.dtype, np.float32)
    window = read_window(attrs, x.shape[2:], weight.shape[2:])
    filters = Filters(weight.astype(kind, copy=False), integer(attrs, "group", 1))
    shift = None if bias is None else bias.astype(kind, copy=False)
    return (convolve(x.astype(kind, copy=False), filters, window, shift).astype(x.dtype, copy=False),)


def _transposed_sizes(attrs: Attributes, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> Window:
    """Return the window that slides over the *output* of a transposed convolution and lands on its input."""
    rank = len(sizes)
    strides = integers(attrs, "strides") or (1,) * rank
    dilations = integers(attrs, "dilations") or (1,) * rank
    extra = integers(attrs, "output_padding") or (0,) * rank
    pads = integers(attrs, "pads") or (0,) * (2 * rank)
    stated = integers(attrs, "output_shape")
    auto_pad = text(attrs, "auto_pad", "NOTSET")
    begins, ends, outputs = [], [], []
    for axis, size in enumerate(sizes):
        reach = strides[axis] * (size - 1) + extra[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        if stated or auto_pad.startswith("SAME"):
            wanted = stated[axis - rank] if stated else size * strides[axis]
            total = reach - wanted
            inside = max(total, 0)
            begin = inside // 2 if auto_pad == "SAME_UPPER" else inside - inside // 2
        else:
            begin, total = pads[axis], pads[axis] + pads[axis + rank]
        begins.append(begin)
        ends.append(total - begin)
        outputs.append(reach - total)
    return Window(tuple(outputs), kernel, strides, dilations, tuple(begins), tuple(ends), sizes)


def conv_transpose(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Spread every input element over the output through its weights; float16 is summed in float32."""
    x, weight = needed(inputs, 2)
    bias = given(inputs, 2)
    kind = np.result_type(x.dtype, np.float32)
    groups = integer(attrs, "group", 1)
    window = _transposed_sizes(attrs, x.shape[2:], weight.shape[2:])
    out = _spread(x.astype(kind, copy=False), weight.astype(kind, copy=False), window, groups)
    if bias is not None:
        out += bias
    return (np.moveaxis(out, -1, 1).astype(x.dtype, copy=False),)


def _spread(x: Array, weight: Array, window: Window, groups: int) -> Array:
    """Return (N, ..., M): the product of every input with all its weights, added up where they land."""
    rows = channels_last(x).reshape(-1, groups, x.shape[1] // groups).transpose(1, 0, 2)
    taps = prod(weight.shape[2:])
    matrix = weight.reshape(groups, x.shape[1] // groups, weight.shape[1], taps)
    spread = np.empty((taps, *(x.shape[0], *x.shape[2:]), groups, weight.shape[1]), x.dtype)
    for tap in range(taps):
        view = spread[tap].reshape(-1, groups, weight.shape[1]).transpose(1, 0, 2)
        np.matmul(rows, np.ascontiguousarray(matrix[..., tap]), out=view)
    spread = spread.reshape(taps, x.shape[0], *x.shape[2:], -1)
    starts = [0 if begin >= 0 else -begin for begin in window.begins]
    reach = [
        max(start + size + max(begin, 0), start + (count - 1) * stride + extent)
        for start, size, begin, count, stride, extent in zip(
            starts, window.sizes, window.begins, window.positions, window.strides, window.extents, strict=True
        )
    ]
    full = np.zeros((x.shape[0], *reach, spread.shape[-1]), x.dtype)
    for tap, place in enumerate(np.ndindex(*window.kernel)):
        axes = zip(place, starts, window.dilations, window.strides, window.positions, strict=True)
        landing = (
            slice(start + at * step, start + at * step + (count - 1) * stride + 1, stride)
            for at, start, step, stride, count in axes
        )
        full[(slice(None), *landing)] += spread[tap]
    kept = (slice(max(begin, 0), max(begin, 0) + size) for begin, size in zip(window.begins, window.sizes, strict=True))
    return np.ascontiguousarray(full[(slice(None), *kept)])


CONVOLUTION: Mapping[str, Kernel] = MappingProxyType({"Conv": conv, "ConvTranspose": conv_transpose})
"""Kernels of the convolutions in floating point."""
