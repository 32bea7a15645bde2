"""Work of matrix products and convolutions, as GEMMs with the batch inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import prod
from types import MappingProxyType

from npusdk.cost.work.operation import Gemm, Operation, Work, WorkRule

REQUANTISE = 2
"""Operations per output of an integer product that is scaled back: a multiplication, and rounding with saturation."""


def _convolution(weight: int, bias: int, requantise: int = 0) -> WorkRule:
    """Return the rule of a convolution whose weight and bias are these inputs.

    As a GEMM (im2col) for each group: M output positions of the whole batch, N filters, K weights of a filter.
    """

    def work(operation: Operation) -> Work:
        filters, depth, *kernel = operation.shape(weight)
        batch, _, *positions = operation.output_shape
        groups = operation.integer("group", 1)
        gemm = Gemm(groups, batch * prod(positions), filters // groups, depth * prod(kernel))
        ops = requantise + operation.has_input(bias)
        return Work(vector_ops=ops * operation.output_elements, gemms=(gemm,))

    return work


def _transposed_convolution(operation: Operation) -> Work:
    """Every input position is multiplied with the whole kernel; products that overlap are summed."""
    channels, filters, *kernel = operation.shape(1)
    batch, _, *positions = operation.shape(0)
    groups = operation.integer("group", 1)
    gemm = Gemm(groups, batch * prod(positions), filters * prod(kernel), channels // groups)
    return Work(vector_ops=operation.output_elements if operation.has_input(2) else 0, gemms=(gemm,))


def gemm_of(left: Sequence[int], right: Sequence[int]) -> Gemm:
    """Return the GEMM of `numpy.matmul` of two shapes; a batch that only one side has belongs to its rows or columns.

    Examples
    --------
    >>> gemm_of((8, 384, 768), (768, 3072))
    Gemm(cnt=1, M=3072, N=3072, K=768)
    >>> gemm_of((8, 12, 384, 64), (8, 12, 64, 384))
    Gemm(cnt=96, M=384, N=384, K=64)
    """
    rows = left[-2] if len(left) > 1 else 1
    columns = right[-1] if len(right) > 1 else 1
    cnt = 1
    for a, b in zip_longest(reversed(left[:-2]), reversed(right[:-2]), fillvalue=1):
        shared = a == b
        cnt *= a if shared else 1
        rows *= 1 if shared else a
        columns *= 1 if shared else b
    return Gemm(cnt, rows, columns, left[-1])


def _product(left: int, right: int, requantise: int = 0) -> WorkRule:
    def work(operation: Operation) -> Work:
        gemm = gemm_of(operation.shape(left), operation.shape(right))
        return Work(vector_ops=requantise * operation.output_elements, gemms=(gemm,))

    return work


def _general_product(operation: Operation) -> Work:
    a = operation.shape(0)
    rows, inner = reversed(a) if operation.integer("transA", 0) else a
    columns = operation.output_shape[-1]
    bias = operation.output_elements if operation.has_input(2) else 0
    return Work(vector_ops=bias, gemms=(Gemm(1, rows, columns, inner),))


_Labels = tuple[str, ...]


def _labels(term: str, rank: int) -> _Labels:
    """Return one label for each axis; an ellipsis stands for axes that are counted from its right."""
    before, dots, after = term.replace(" ", "").partition("...")
    if not dots:
        return tuple(before)
    hidden = rank - len(before) - len(after)
    return (*before, *(f"...{index}" for index in range(hidden, 0, -1)), *after)


def _einsum(operation: Operation) -> Work:
    """Contract the operands from left to right, each pair as one GEMM; a pair without a common sum is elementwise."""
    left, _, right = operation.text("equation", "").partition("->")
    terms = left.split(",")
    inputs = [_labels(term, len(operation.shape(index))) for index, term in enumerate(terms)]
    sizes: dict[str, int] = {}
    for index, labels in enumerate(inputs):
        for label, size in zip(labels, operation.shape(index), strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    flat = [label for labels in inputs for label in labels]
    implicit = [label for label in flat if flat.count(label) == 1 or label.startswith("...")]
    output = _labels(right, len(operation.output_shape)) if "->" in operation.text("equation", "") else tuple(implicit)
    if len(inputs) == 1:
        return Work(vector_ops=0 if len(output) == len(inputs[0]) else operation.elements())
    gemms: list[Gemm] = []
    vector_ops = 0
    current = set(inputs[0])
    for position, labels in enumerate(inputs[1:], start=2):
        later = set(output).union(*inputs[position:])
        gemm = _pair(current, set(labels), later, sizes)
        current = (current | set(labels)) & later
        gemms += [gemm] if gemm.K > 1 else []
        vector_ops += gemm.macs if gemm.K == 1 else 0
    return Work(vector_ops=vector_ops, gemms=tuple(gemms))


def _pair(a: set[str], b: set[str], kept: set[str], sizes: Mapping[str, int]) -> Gemm:
    """Return the product of two operands, given the axes that somebody still needs."""

    def volume(labels: set[str]) -> int:
        return prod(sizes[label] for label in labels)

    return Gemm(volume(a & b & kept), volume((a - b) & kept), volume((b - a) & kept), volume((a & b) - kept))


MATRIX: Mapping[str, WorkRule] = MappingProxyType(
    {
        "Conv": _convolution(1, 2),
        "ConvInteger": _convolution(1, 4),
        "ConvTranspose": _transposed_convolution,
        "Einsum": _einsum,
        "Gemm": _general_product,
        "MatMul": _product(0, 1),
        "MatMulInteger": _product(0, 1),
        "QLinearConv": _convolution(3, 8, REQUANTISE),
        "QLinearMatMul": _product(0, 3, REQUANTISE),
    }
)
