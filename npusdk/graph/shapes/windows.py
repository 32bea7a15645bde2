"""How far a window slides: spatial sizes of convolution, pooling and transposed convolution, as ONNX defines them."""

from __future__ import annotations

from dataclasses import dataclass

from npusdk.graph.rules import Call
from npusdk.graph.shapes.reading import integer, integers, malformed, refuse, text
from npusdk.language import _

AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


@dataclass(frozen=True, slots=True)
class Window:
    """Geometry of a sliding window, one value for each spatial axis; `pads` has the begins, then the ends."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    auto_pad: str

    def extent(self, axis: int) -> int:
        """Return how many elements the dilated kernel spans."""
        return (self.kernel[axis] - 1) * self.dilations[axis] + 1

    def padding(self, axis: int) -> int:
        """Return the padding on both sides together."""
        return self.pads[axis] + self.pads[axis + len(self.kernel)]


def read_window(call: Call, rank: int, kernel: tuple[int, ...] | None = None) -> Window:
    """Return the window that the attributes describe.

    Parameters
    ----------
    rank
        Number of spatial axes.
    kernel
        Spatial sizes of the weight, where there is one; `kernel_shape` has to agree.
    """
    stated = integers(call, "kernel_shape", rank)
    if kernel is None and stated is None:
        malformed(call, _("Node {node} ({op}): attribute kernel_shape is missing."))
    if kernel is not None and stated is not None and stated != kernel:
        template = _("Node {node} ({op}): kernel_shape {stated} is not the weight's {kernel}.")
        refuse(call, template, stated=stated, kernel=kernel)
    window = Window(
        kernel=kernel if kernel is not None else stated or (),
        strides=integers(call, "strides", rank) or (1,) * rank,
        dilations=integers(call, "dilations", rank) or (1,) * rank,
        pads=integers(call, "pads", 2 * rank) or (0,) * (2 * rank),
        auto_pad=text(call, "auto_pad", AUTO_PADS),
    )
    for name, values in (("kernel_shape", window.kernel), ("strides", window.strides), ("dilations", window.dilations)):
        if min(values, default=1) < 1:
            malformed(
                call, _("Node {node} ({op}): {attribute} {value} has to be positive."), attribute=name, value=values
            )
    if min(window.pads, default=0) < 0:
        malformed(call, _("Node {node} ({op}): {attribute} {value} is negative."), attribute="pads", value=window.pads)
    return window


def slide(call: Call, sizes: tuple[int, ...], window: Window) -> tuple[int, ...]:
    """Return how often the window fits along each spatial axis.

    ``floor((size + pads - extent) / stride) + 1``, with ceil under `ceil_mode`, where a last window that would start
    in the padding behind the input does not count; ``ceil(size / stride)`` under SAME padding.
    """
    return tuple(_positions(call, sizes, window, axis) for axis in range(len(sizes)))


def _positions(call: Call, sizes: tuple[int, ...], window: Window, axis: int) -> int:
    size, stride = sizes[axis], window.strides[axis]
    if window.auto_pad.startswith("SAME"):
        return -(-size // stride)
    padding = 0 if window.auto_pad == "VALID" else window.padding(axis)
    room = size + padding - window.extent(axis)
    if room < 0:
        template = _(
            "Node {node} ({op}): the kernel spans {extent} of axis {axis}, which has {size} with padding {padding}."
        )
        refuse(call, template, extent=window.extent(axis), axis=axis + 2, size=size, padding=padding)
    if not integer(call, "ceil_mode", 0):
        return room // stride + 1
    positions = -(-room // stride) + 1
    begin = 0 if window.auto_pad == "VALID" else window.pads[axis]
    return positions - 1 if (positions - 1) * stride >= size + begin else positions


def spread(call: Call, sizes: tuple[int, ...], window: Window) -> tuple[int, ...]:
    """Return the spatial sizes of a transposed convolution.

    ``stride (size - 1) + output_padding + extent - pads``; `output_shape` states them outright; SAME padding gives
    ``size stride``.
    """
    rank = len(sizes)
    extra = integers(call, "output_padding", rank) or (0,) * rank
    stated = integers(call, "output_shape")
    if stated:
        if len(stated) not in (rank, rank + 2) or min(stated) < 0:
            malformed(
                call, _("Node {node} ({op}): output_shape {value} does not suit {rank} axes."), value=stated, rank=rank
            )
        return stated[-rank:]
    found = tuple(_spread_axis(sizes, window, axis, extra[axis]) for axis in range(rank))
    if min(found, default=1) < 1 or min(extra, default=0) < 0:
        refuse(call, _("Node {node} ({op}): the output would have spatial sizes {sizes}."), sizes=found)
    return found


def _spread_axis(sizes: tuple[int, ...], window: Window, axis: int, extra: int) -> int:
    size, stride = sizes[axis], window.strides[axis]
    if window.auto_pad.startswith("SAME"):
        return size * stride
    padding = 0 if window.auto_pad == "VALID" else window.padding(axis)
    return stride * (size - 1) + extra + window.extent(axis) - padding
