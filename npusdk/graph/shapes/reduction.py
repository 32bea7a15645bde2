"""Shape rules of reductions, sorting, and operators that work along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.reading import (
    integer,
    integers,
    known_integers,
    malformed,
    need_rank,
    need_shape,
    normal_axes,
    normal_axis,
    optional,
    refuse,
    source,
)  # fmt: skip
from npusdk.language import _


def _without(shape: tuple[int, ...], axes: Sequence[int], *, keep: bool) -> tuple[int, ...]:
    """Return `shape` with `axes` reduced to 1, or gone."""
    if keep:
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def reduce(call: Call) -> Sequence[TensorType]:
    """Give the input with the axes that input 1 names reduced; all of them where there are none."""
    x = source(call)
    axes = normal_axes(call, known_integers(call, 1), len(x.shape)) if optional(call, 1) is not None else ()
    if not axes:
        if integer(call, "noop_with_empty_axes", 0):
            return (x,)
        axes = tuple(range(len(x.shape)))
    return (TensorType(x.dtype, _without(x.shape, axes, keep=bool(integer(call, "keepdims", 1)))),)


def arg_extreme(call: Call) -> Sequence[TensorType]:
    """Give the positions along one axis."""
    shape = source(call).shape
    axis = normal_axis(call, integer(call, "axis", 0), len(shape))
    if not shape[axis]:
        refuse(call, _("Node {node} ({op}): axis {axis} of shape {shape} is empty."), axis=axis, shape=shape)
    return (TensorType("int64", _without(shape, (axis,), keep=bool(integer(call, "keepdims", 1)))),)


def cumulative(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input; the axis is a scalar input."""
    if optional(call, 1) is not None and source(call, 1).shape not in ((), (1,)):
        need_shape(call, 1, ())
    return (source(call),)


def top_k(call: Call) -> Sequence[TensorType]:
    """Give the K largest or smallest values along an axis, and their positions."""
    x = source(call)
    wanted = known_integers(call, 1)
    axis = normal_axis(call, integer(call, "axis", -1), len(x.shape))
    if len(wanted) != 1:
        need_shape(call, 1, (1,))
    (count,) = wanted
    if not 0 <= count <= x.shape[axis]:
        template = _("Node {node} ({op}): {count} values wanted along axis {axis} of shape {shape}.")
        refuse(call, template, count=count, axis=axis, shape=x.shape)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    return (TensorType(x.dtype, shape), TensorType("int64", shape))


def along_axis(call: Call) -> Sequence[TensorType]:
    """Give the type of the input; `axis` counts from the end by default."""
    normal_axis(call, integer(call, "axis", -1), len(source(call).shape))
    return (source(call),)


def standardised(call: Call) -> Sequence[TensorType]:
    """Give the type of the input; mean and deviation are taken over `axes`."""
    normal_axes(call, integers(call, "axes") or (0, 2, 3), len(source(call).shape))
    return (source(call),)


def reverse_sequence(call: Call) -> Sequence[TensorType]:
    """Give the type of the first input; `sequence_lens` has one length for each sample."""
    shape = need_rank(call, 0, 2)
    batch_axis, time_axis = integer(call, "batch_axis", 1), integer(call, "time_axis", 0)
    if {batch_axis, time_axis} != {0, 1}:
        template = _("Node {node} ({op}): batch_axis {batch_axis} and time_axis {time_axis} have to be 0 and 1.")
        malformed(call, template, batch_axis=batch_axis, time_axis=time_axis)
    need_shape(call, 1, (shape[batch_axis],))
    return (source(call),)


REDUCTION: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceProd", "ReduceSum",
                "ReduceSumSquare",
            ),
            ("W int64?", reduce),
        ),
        **dict.fromkeys(("ReduceMax", "ReduceMin"), ("M int64?", reduce)),
        **dict.fromkeys(("ArgMax", "ArgMin"), ("N", arg_extreme)),
        **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax", "LpNormalization"), ("F", along_axis)),
        "MeanVarianceNormalization": ("F", standardised),
        "CumSum": ("W I", cumulative),
        "TopK": ("N int64", top_k),
        "ReverseSequence": ("A int64", reverse_sequence),
    }
)  # fmt: skip
"""Signature and shape rule by operator."""
