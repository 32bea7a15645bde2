"""Shape rules of operators that make tensors from sizes and numbers, and of those that read sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.elementwise import named_dtype
from npusdk.graph.shapes.reading import (
    integer,
    integers,
    known,
    known_integers,
    malformed,
    need_rank,
    need_shape,
    refuse,
    source,
)  # fmt: skip
from npusdk.language import _


def shape_(call: Call) -> Sequence[TensorType]:
    """Give one number for each axis between `start` and `end`."""
    return (TensorType("int64", (len(sizes_between(call)),)),)


def sizes_between(call: Call) -> tuple[int, ...]:
    """Return the sizes that a Shape node gives."""
    shape = source(call).shape
    end = integer(call, "end", len(shape))
    return shape[slice(integer(call, "start", 0), end)]


def size(call: Call) -> Sequence[TensorType]:  # noqa: ARG001 - a scalar whatever the input is
    """Give a scalar."""
    return (TensorType("int64", ()),)


def constant_of_shape(call: Call) -> Sequence[TensorType]:
    """Give the shape that the input holds, in the type of `value`."""
    need_rank(call, 0, 1, 1)
    sizes = known_integers(call, 0)
    if min(sizes, default=0) < 0:
        malformed(call, _("Node {node} ({op}): input {index} holds a negative size: {sizes}."), index=0, sizes=sizes)
    value = call.attrs.get("value", np.zeros(1, np.float32))
    if not isinstance(value, np.ndarray) or value.size != 1:
        malformed(call, _("Node {node} ({op}): attribute {attribute} is {value}; expected: {expected}."),
                  attribute="value", value=repr(value)[:80], expected="1 element")  # fmt: skip
    return (TensorType(named_dtype(call, "dtype", str(value.dtype)), sizes),)


def range_(call: Call) -> Sequence[TensorType]:
    """Give ``max(ceil((limit - start) / delta), 0)`` numbers."""
    for index in range(3):
        if source(call, index).shape not in ((), (1,)):
            need_shape(call, index, ())
    start, limit, delta = (known(call, index).ravel()[0].item() for index in range(3))
    if not delta or not all(map(math.isfinite, (start, limit, delta))):
        template = _("Node {node} ({op}): a range from {start} to {limit} by {delta} has no end.")
        refuse(call, template, start=start, limit=limit, delta=delta)
    whole = all(isinstance(number, int) for number in (start, limit, delta))
    count = -((start - limit) // delta) if whole else math.ceil((limit - start) / delta)
    return (TensorType(source(call).dtype, (max(0, count),)),)


def eye_like(call: Call) -> Sequence[TensorType]:
    """Give a matrix as large as the input, in `dtype` or the input's type."""
    shape = need_rank(call, 0, 2, 2)
    return (TensorType(named_dtype(call, "dtype", source(call).dtype), shape),)


def column_to_image(call: Call) -> Sequence[TensorType]:
    """Give (N, C, image...) from columns (N, C prod(block), L) (ONNX, Col2Im)."""
    shape = need_rank(call, 0, 3, 3)
    image, block = known_integers(call, 1), known_integers(call, 2)
    rank = len(image)
    strides, dilations = (integers(call, name, rank) or (1,) * rank for name in ("strides", "dilations"))
    pads = integers(call, "pads", 2 * rank) or (0,) * (2 * rank)
    template = _("Node {node} ({op}): columns of shape {shape} do not suit an image {image} in blocks of {block}.")
    if len(block) != rank or min((*image, *block, *strides, *dilations), default=0) < 1:
        refuse(call, template, shape=shape, image=image, block=block)
    windows = [
        (image[axis] + pads[axis] + pads[axis + rank] - (block[axis] - 1) * dilations[axis] - 1) // strides[axis] + 1
        for axis in range(rank)
    ]
    if shape[1] % math.prod(block) or math.prod(windows) != shape[2] or min(windows) < 1:
        refuse(call, template, shape=shape, image=image, block=block)
    return (TensorType(source(call).dtype, (shape[0], shape[1] // math.prod(block), *image)),)


GENERATION: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "Shape": ("A", shape_),
        "Size": ("A", size),
        "ConstantOfShape": ("int64", constant_of_shape),
        "Range": ("R R R", range_),
        "EyeLike": ("A", eye_like),
        "Col2Im": ("A int64 int64", column_to_image),
    }
)
"""Signature and shape rule by operator."""
