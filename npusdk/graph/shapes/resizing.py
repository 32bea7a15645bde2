"""Shape rule of Resize (ONNX, Resize): sizes outright, or scales; optionally for some axes, keeping proportions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import (
    integers,
    known,
    known_integers,
    normal_axes,
    optional,
    refuse,
    source,
    text,
)  # fmt: skip
from npusdk.language import _

_POLICIES = ("stretch", "not_larger", "not_smaller")


def resize(call: Call) -> Sequence[TensorType]:
    """Give the sizes of input 3, or the input's sizes times the scales of input 2, rounded down."""
    x = source(call)
    stated = integers(call, "axes")
    axes = tuple(range(len(x.shape))) if stated is None else normal_axes(call, stated, len(x.shape))
    shape = tuple(x.shape[axis] for axis in axes)
    has_sizes = _given(call, 3)
    if has_sizes == _given(call, 2):
        refuse(call, _("Node {node} ({op}): exactly one of the inputs scales and sizes has to be given."))
    sizes = _stated_sizes(call, shape) if has_sizes else _scaled_sizes(call, shape, axes)
    chosen = dict(zip(axes, sizes, strict=True))
    return (TensorType(x.dtype, tuple(chosen.get(axis, size) for axis, size in enumerate(x.shape))),)


def _given(call: Call, index: int) -> bool:
    """Return whether an input is there; older exporters write an empty tensor for one that is not."""
    given = optional(call, index)
    return given is not None and given.shape != (0,)


def _stated_sizes(call: Call, shape: tuple[int, ...]) -> tuple[int, ...]:
    sizes = known_integers(call, 3)
    policy = text(call, "keep_aspect_ratio_policy", _POLICIES)
    if len(sizes) != len(shape) or min(sizes, default=0) < 0 or 0 in shape:
        refuse(call, _("Node {node} ({op}): shape {shape} cannot become {target}."), shape=shape, target=sizes)
    if policy == "stretch" or not shape:
        return sizes
    ratios = [wanted / size for wanted, size in zip(sizes, shape, strict=True)]
    scale = min(ratios) if policy == "not_larger" else max(ratios)
    return tuple(math.floor(scale * size + 0.5) for size in shape)


def _scaled_sizes(call: Call, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    scales = known(call, 2).ravel().astype(np.float32)
    if len(scales) != len(shape) or not np.isfinite(scales).all() or (scales <= 0).any():
        refuse(
            call,
            _("Node {node} ({op}): scales {scales} do not suit shape {shape}."),
            scales=scales.tolist(),
            shape=shape,
        )
    sizes = np.asarray(shape, np.float32) * scales
    if call.attrs.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        region = known(call, 1).ravel().astype(np.float32)
        if len(region) != 2 * len(axes):
            refuse(
                call,
                _("Node {node} ({op}): region {region} does not suit shape {shape}."),
                region=region.tolist(),
                shape=shape,
            )
        sizes = np.asarray(shape, np.float32) * (region[len(axes) :] - region[: len(axes)]) * scales
    return tuple(math.floor(size) for size in sizes.tolist())


RESIZING: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType({"Resize": ("A F? float32? int64?", resize)})
"""Signature and shape rule by operator."""
