"""Pooling laid out before it runs: channels last, one spatial axis after another, 3 + 3 passes for a 3 x 3 window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from npusdk.kernels.blocks import Buffer, Calls, channels_last
from npusdk.kernels.signature import Array
from npusdk.kernels.windows import Window, borders, interior


def lowest(dtype: np.dtype[Any]) -> Any:
    """Return the value that never wins a maximum."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def counts(window: Window, *, with_padding: bool) -> Array:
    """Return how many elements each position averages, padding counted or not, in the shape of `window.positions`."""
    total: Array = np.ones((1,) * len(window.kernel))
    for axis, size in enumerate(window.sizes):
        begin, end = window.begins[axis], window.ends[axis]
        starts = np.arange(window.positions[axis]) * window.strides[axis] - begin
        taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        low, high = (-begin, size + end) if with_padding else (0, size)
        inside = ((taps >= low) & (taps < high)).sum(axis=1)
        total = total * inside.reshape(-1, *(1,) * (len(window.sizes) - axis - 1))
    return np.maximum(total, 1)


@dataclass(frozen=True, eq=False)
class Pooling:
    """A maximum or a sum over windows.

    Parameters
    ----------
    window
        The geometry.
    function
        `numpy.maximum` or `numpy.add`.
    divisor
        What a sum is divided by at each of `window.positions`; None leaves it a sum.
    """

    window: Window
    function: np.ufunc = np.maximum
    divisor: Array | None = None

    def scratch(self, x: Array) -> tuple[Buffer, ...]:
        """Return the memory wanted for inputs like `x` (N, C, ...): the padded input, then what each axis leaves."""
        sizes = list(self.window.padded)
        shapes = [tuple(sizes)] if self.is_padded else []
        for axis in range(len(sizes) - 1, 0, -1):
            sizes[axis] = self.window.positions[axis]
            shapes.append(tuple(sizes))
        return tuple(Buffer((x.shape[0], *shape, x.shape[1]), x.dtype) for shape in shapes)

    @property
    def is_padded(self) -> bool:
        """Whether the windows reach beyond the input."""
        return self.window.padded != self.window.sizes

    def bind(self, x: Array, out: Array, scratch: Sequence[Array]) -> Calls:
        """Return the calls that pool `x` (N, C, ...) into `out` (N, C, ...)."""
        calls: Calls = []
        source, rest = channels_last(x), list(scratch)
        if self.is_padded:
            padded = rest.pop(0)
            fill = lowest(x.dtype) if self.function is np.maximum else 0
            calls += [partial(border.fill, fill) for border in borders(padded, self.window)]
            calls.append(partial(np.copyto, interior(padded, self.window), source))
            source = padded
        for axis in range(len(self.window.kernel) - 1, -1, -1):
            target = rest.pop(0) if axis else channels_last(out)
            calls += self._along(axis, source, target)
            source = target
        return calls + self._divided(source)

    def _along(self, axis: int, source: Array, target: Array) -> Calls:
        """Return the calls that combine the taps of one spatial axis."""
        window = self.window
        reach = (window.positions[axis] - 1) * window.strides[axis] + 1
        starts = [tap * window.dilations[axis] for tap in range(window.kernel[axis])]
        ahead: tuple[slice, ...] = (slice(None),) * (axis + 1)
        taps = [source[(*ahead, slice(start, start + reach, window.strides[axis]))] for start in starts]
        if len(taps) == 1:
            return [partial(np.copyto, target, taps[0])]
        first: Calls = [partial(self.function, taps[0], taps[1], out=target)]
        return first + [partial(self.function, target, tap, out=target) for tap in taps[2:]]

    def _divided(self, result: Array) -> Calls:
        if self.divisor is None:
            return []
        divisor = self.divisor.astype(result.dtype)
        same = bool((divisor == divisor.flat[0]).all())
        return [partial(np.divide, result, divisor.flat[0] if same else divisor[None, ..., None], result)]
