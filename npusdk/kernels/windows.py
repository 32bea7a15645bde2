"""How a window slides over spatial axes, every padding resolved (ONNX, Conv, MaxPool and AveragePool).

Arrays here have their channels last, so that what a window covers lies together in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.signature import Array, integer, integers, text


@dataclass(frozen=True, slots=True)
class Window:
    """Geometry of a sliding window, one value for each spatial axis.

    Parameters
    ----------
    sizes
        Sizes of the input.
    kernel, strides, dilations
        As the attributes of the same names.
    begins, ends
        Padding before and behind the input.
    positions
        How often the window fits: the sizes of the output.
    """

    sizes: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    positions: tuple[int, ...]

    @property
    def padded(self) -> tuple[int, ...]:
        """Sizes of the smallest array that holds the input behind `begins` and everything that the windows reach."""
        axes = zip(self.sizes, self.begins, self.positions, self.strides, self.extents, strict=True)
        return tuple(max(size + begin, (count - 1) * stride + extent) for size, begin, count, stride, extent in axes)

    @property
    def extents(self) -> tuple[int, ...]:
        """Elements that the dilated kernel spans."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.kernel, self.dilations, strict=True))

    @property
    def is_point(self) -> bool:
        """Whether every input element is a window of its own, in order."""
        return set(self.kernel) == {1} == set(self.strides) and self.padded == self.sizes


def read_window(attrs: Attributes, sizes: tuple[int, ...], kernel: tuple[int, ...] | None = None) -> Window:
    """Return the window that the attributes of a convolution or a pooling describe.

    Parameters
    ----------
    sizes
        Spatial sizes of the input.
    kernel
        Spatial sizes of the weight; `kernel_shape` by default.
    """
    rank = len(sizes)
    kernel = kernel or integers(attrs, "kernel_shape") or ()
    strides = integers(attrs, "strides") or (1,) * rank
    dilations = integers(attrs, "dilations") or (1,) * rank
    axes, auto_pad = [], text(attrs, "auto_pad", "NOTSET")
    pads = (integers(attrs, "pads") if auto_pad == "NOTSET" else None) or (0,) * (2 * rank)
    for axis, size in enumerate(sizes):
        extent, stride = (kernel[axis] - 1) * dilations[axis] + 1, strides[axis]
        if auto_pad.startswith("SAME"):
            count = -(-size // stride)
            total = max((count - 1) * stride + extent - size, 0)
            small, large = total // 2, total - total // 2
            axes.append((small, large, count) if auto_pad == "SAME_UPPER" else (large, small, count))
            continue
        begin, end = pads[axis], pads[axis + rank]
        room = size + begin + end - extent
        count = room // stride + 1
        if integer(attrs, "ceil_mode", 0) and room % stride and count * stride < size + begin:
            count += 1
        axes.append((begin, end, count))
    begins, ends, positions = zip(*axes, strict=True)
    return Window(sizes, kernel, strides, dilations, begins, ends, positions)


def windows_of(padded: Array, window: Window) -> Array:
    """Return a view (N, *positions, *kernel, C) of everything that the window sees of an array (N, *padded, C)."""
    batch, *spatial, channels = padded.strides
    steps = [stride * step for stride, step in zip(spatial, window.strides, strict=True)]
    taps = [stride * step for stride, step in zip(spatial, window.dilations, strict=True)]
    shape = (padded.shape[0], *window.positions, *window.kernel, padded.shape[-1])
    strides = (batch, *steps, *taps, channels)
    return np.lib.stride_tricks.as_strided(padded, shape, strides, subok=False, writeable=False)


def interior(padded: Array, window: Window) -> Array:
    """Return the part of a padded array (N, *padded, C) that holds the input."""
    slices = (slice(begin, begin + size) for begin, size in zip(window.begins, window.sizes, strict=True))
    return padded[(slice(None), *slices)]


def borders(padded: Array, window: Window) -> list[Array]:
    """Return the parts of a padded array (N, *padded, C) that the input does not cover; none is empty."""
    found = []
    for axis, (begin, size) in enumerate(zip(window.begins, window.sizes, strict=True), 1):
        ahead: tuple[slice, ...] = (slice(None),) * axis
        found += [padded[(*ahead, slice(0, begin))], padded[(*ahead, slice(begin + size, None))]]
    return [border for border in found if border.size]
