"""Operators that make tensors from sizes, change element types, or keep one side of a diagonal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.graph import Attributes
from npusdk.kernels.shaping import numbers
from npusdk.kernels.signature import Inputs, Kernel, Outputs, given, integer, needed, storage
from npusdk.numerics import round_to


def constant_of_shape(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Fill a shape with `value`, float32 zero by default."""
    (wanted,) = needed(inputs, 1)
    value = np.asarray(attrs.get("value", np.zeros(1, np.float32)))
    return (np.full(numbers(wanted), value.reshape(-1)[0], value.dtype),)


def range_(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Count from `start` up to `limit`, which is left out, by `delta`."""
    start, limit, delta = (value.reshape(-1)[0] for value in needed(inputs, 3))
    wide = np.float64 if start.dtype.kind == "f" else np.int64
    steps = max(0, int(np.ceil((np.asarray(limit, wide) - np.asarray(start, wide)) / np.asarray(delta, wide))))
    return ((start + np.arange(steps) * delta).astype(start.dtype),)


def eye_like(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Return ones on diagonal `k` of a matrix as large as the input."""
    (x,) = needed(inputs, 1)
    element = storage(attrs, "dtype") if "dtype" in attrs else x.dtype
    return (np.eye(x.shape[0], x.shape[1], k=integer(attrs, "k", 0), dtype=element),)


def trilu(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Keep the part above (`upper`) or below diagonal `k` of every matrix."""
    (x,) = needed(inputs, 1)
    diagonal = given(inputs, 1)
    side = np.triu if integer(attrs, "upper", 1) else np.tril
    return (side(x, 0 if diagonal is None else int(diagonal.reshape(-1)[0])),)


def cast(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Convert to the element type `to`: floats to integers towards zero, to bfloat16 to the nearest even."""
    (x,) = needed(inputs, 1)
    out = x.astype(storage(attrs, "to"), copy=False)
    return (round_to(out, "bf16") if attrs["to"] == "bfloat16" else out,)


def cast_like(inputs: Inputs, attrs: Attributes, output_count: int) -> Outputs:  # noqa: ARG001
    """Convert to the storage type of the second input."""
    x, like = needed(inputs, 2)
    return (x.astype(like.dtype, copy=False),)


CREATION: Mapping[str, Kernel] = MappingProxyType(
    {
        "Cast": cast, "CastLike": cast_like, "ConstantOfShape": constant_of_shape, "EyeLike": eye_like,
        "Range": range_, "Trilu": trilu,
    }
)  # fmt: skip
"""Kernels of the operators that make tensors or change their element type."""
