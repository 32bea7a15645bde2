"""Shape rule of GridSample (ONNX, GridSample): a value for each place that the grid names, whatever lies between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import need_rank, refuse, source, text
from npusdk.language import _

_MODES = ("linear", "nearest", "cubic")
_PADDINGS = ("zeros", "border", "reflection")


def grid_sample(call: Call) -> Sequence[TensorType]:
    """Keep samples and channels; the rest are the grid's sizes but the last, which is a coordinate for each axis."""
    x, grid = source(call), source(call, 1)
    shape = need_rank(call, 0, 3)
    places = need_rank(call, 1, len(shape), len(shape))
    text(call, "mode", _MODES)
    text(call, "padding_mode", _PADDINGS)
    if places[0] != shape[0] or places[-1] != len(shape) - 2:
        refuse(call, _("Node {node} ({op}): grid {grid} does not suit shape {shape}."), grid=grid.shape, shape=shape)
    return (TensorType(x.dtype, (*shape[:2], *places[1:-1])),)


SAMPLING: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType({"GridSample": ("A F", grid_sample)})
"""Signature and shape rule by operator."""
