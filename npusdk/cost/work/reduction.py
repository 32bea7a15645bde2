"""Work of normalisations, reductions, pooling and sorting: operations per element that they read, or per window."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

from npusdk.cost.work.operation import Operation, Work, WorkRule

OPS_PER_INPUT: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: (
            "ArgMax", "ArgMin", "CumSum", "GlobalAveragePool", "GlobalMaxPool", "NonZero", "ReduceL1", "ReduceLogSum",
            "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
        ),
        2: ("GlobalLpPool", "ReduceL2", "ReduceSumSquare"),
        4: ("LpNormalization",),
        6: ("ReduceLogSumExp",),
        8: (
            "GroupNormalization", "InstanceNormalization", "LayerNormalization", "MeanVarianceNormalization",
            "RMSNormalization",
        ),
    }
)  # fmt: skip
"""Operations per element of the first input -> operators."""

OPS_PER_WINDOW_ELEMENT: Mapping[str, int] = MappingProxyType({"AveragePool": 1, "LpPool": 2, "MaxPool": 1})
"""Operations per element of the window, for each element of the output."""

TWO_PASSES: Mapping[str, int] = MappingProxyType(
    {"DynamicQuantizeLinear": 4, "Hardmax": 2, "LogSoftmax": 6, "Softmax": 6}
)
"""Operators that read their input twice, once for a range or a sum: operations per element."""


def _per_input(ops_per_element: int) -> WorkRule:
    def work(operation: Operation) -> Work:
        return Work(vector_ops=ops_per_element * operation.elements())

    return work


def _per_window(ops_per_element: int) -> WorkRule:
    def work(operation: Operation) -> Work:
        window = prod(operation.integers("kernel_shape"))
        return Work(vector_ops=ops_per_element * window * operation.output_elements)

    return work


def _two_passes(ops_per_element: int) -> WorkRule:
    def work(operation: Operation) -> Work:
        elements = operation.elements()
        return Work(vector_ops=ops_per_element * elements, reads={0: 2 * elements})

    return work


def _local_response(operation: Operation) -> Work:
    """Squares and sums over `size` channels, then a power."""
    return Work(vector_ops=(2 * operation.integer("size", 1) + 8) * operation.elements())


def _top(operation: Operation) -> Work:
    """Comparisons of a sort by merging: log2 of the axis for each element."""
    shape = operation.shape(0)
    axis = shape[operation.integer("axis", -1)] if shape else 1
    return Work(vector_ops=max(1, (axis - 1).bit_length()) * operation.elements())


REDUCTION: Mapping[str, WorkRule] = MappingProxyType(
    {op: _per_input(count) for count, ops in OPS_PER_INPUT.items() for op in ops}
    | {op: _per_window(count) for op, count in OPS_PER_WINDOW_ELEMENT.items()}
    | {op: _two_passes(count) for op, count in TWO_PASSES.items()}
    | {"LRN": _local_response, "TopK": _top}
)
