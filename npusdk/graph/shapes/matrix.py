"""Shape rules of matrix products."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from npusdk.graph.rules import Call, ShapeRule, TensorType
from npusdk.graph.shapes.elementwise import broadcast
from npusdk.graph.shapes.reading import integer, malformed, need_rank, optional, refuse, source
from npusdk.language import _

_EQUATION = re.compile(r"[A-Za-z.,]*(->[A-Za-z.]*)?")
_LONGEST = 1000
"""Characters of an equation; far more than its operands could have axes."""
_TERM = re.compile(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*")


def product(call: Call, left: int, right: int) -> tuple[int, ...]:
    """Return the shape of `numpy.matmul` of two inputs."""
    a, b = need_rank(call, left, 1), need_rank(call, right, 1)
    rows = a[-2:-1]
    inner, columns = (b[-2], b[-1:]) if len(b) > 1 else (b[0], ())
    if a[-1] != inner:
        refuse(
            call,
            _("Node {node} ({op}): the inner sizes of {a} and {b} differ: {k} and {inner}."),
            a=a,
            b=b,
            k=a[-1],
            inner=inner,
        )
    return (*broadcast(call, [a[:-2], b[:-2]]), *rows, *columns)


def matmul(call: Call) -> Sequence[TensorType]:
    """Give the product in the inputs' type."""
    return (TensorType(source(call).dtype, product(call, 0, 1)),)


def matmul_integer(call: Call) -> Sequence[TensorType]:
    """Give the product as int32; zero points are scalars, or one for each row of A or column of B."""
    shape = product(call, 0, 1)
    for index, of in ((2, 0), (3, 1)):
        _row_parameter(call, index, of)
    return (TensorType("int32", shape),)


def qlinear_matmul(call: Call) -> Sequence[TensorType]:
    """Give the product in the type of the output's zero point."""
    shape = product(call, 0, 3)
    for index, of in ((1, 0), (2, 0), (4, 3), (5, 3)):
        _row_parameter(call, index, of)
    return (TensorType(source(call, 7).dtype, shape),)


def _row_parameter(call: Call, index: int, of: int) -> None:
    """Check a scale or zero point: a scalar, or one for each row of A or column of B, also with batch dimensions."""
    given = optional(call, index)
    if given is None or given.shape in ((), (1,)):
        return
    matrix = source(call, of).shape
    per_row = (*matrix[:-1], 1)
    per_column = (*matrix[:-2], 1, matrix[-1])
    allowed = (per_row, per_row[-2:-1]) if of == 0 else (per_column, per_column[-1:])
    if given.shape not in allowed:
        template = _(
            "Node {node} ({op}): input {index} has shape {shape}, which does not suit a matrix of shape {matrix}."
        )
        refuse(call, template, index=index, shape=given.shape, matrix=matrix)


def gemm(call: Call) -> Sequence[TensorType]:
    """Give ``op(A) op(B) + C``, to which C has to broadcast."""
    a, b = need_rank(call, 0, 2, 2), need_rank(call, 1, 2, 2)
    rows, k = a[::-1] if integer(call, "transA", 0) else a
    inner, columns = b[::-1] if integer(call, "transB", 0) else b
    if k != inner:
        refuse(
            call,
            _("Node {node} ({op}): the inner sizes of {a} and {b} differ: {k} and {inner}."),
            a=a,
            b=b,
            k=k,
            inner=inner,
        )
    shape = (rows, columns)
    bias = optional(call, 2)
    if bias is not None and broadcast(call, [bias.shape, shape]) != shape:
        refuse(call, _("Node {node} ({op}): shapes {shapes} do not broadcast."), shapes=[bias.shape, shape])
    return (TensorType(source(call).dtype, shape),)


def einsum(call: Call) -> Sequence[TensorType]:
    """Give the sizes of the letters that the equation keeps."""
    equation = str(call.attrs.get("equation", "")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if (
        len(equation) > _LONGEST
        or not _EQUATION.fullmatch(equation)
        or not all(map(_TERM.fullmatch, [*terms, right]))
        or len(terms) != len(call.types)
    ):
        template = _("Node {node} ({op}): equation {equation} does not suit {count} inputs.")
        malformed(call, template, equation=equation[:80], count=len(call.types))
    sizes: dict[str, int] = {}
    ellipses = [_match_term(call, term, index, sizes) for index, term in enumerate(terms)]
    if len({len(sizes_of) for sizes_of, term in zip(ellipses, terms, strict=True) if "." in term}) > 1:
        refuse(call, _("Node {node} ({op}): shapes {shapes} do not broadcast."), shapes=ellipses)
    rest = broadcast(call, ellipses)
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        once = sorted(letter for letter in set(letters) if letters.count(letter) == 1)
        right = ("..." if "." in left else "") + "".join(once)
    head, _dots, tail = right.partition("...")
    if not set(head + tail) <= set(sizes) or len(set(head + tail)) != len(head + tail):
        malformed(
            call,
            _("Node {node} ({op}): equation {equation} does not suit {count} inputs."),
            equation=equation[:80],
            count=len(terms),
        )
    kept = rest if "..." in right else ()
    shape = (*(sizes[letter] for letter in head), *kept, *(sizes[letter] for letter in tail))
    return (TensorType(source(call).dtype, shape),)


def _match_term(call: Call, term: str, index: int, sizes: dict[str, int]) -> tuple[int, ...]:
    """Enter the size of each letter of a term, and return the sizes that its ellipsis stands for."""
    shape = source(call, index).shape
    head, dots, tail = term.partition("...")
    free = len(shape) - len(head) - len(tail)
    if free < 0 or (free and not dots):
        refuse(
            call,
            _("Node {node} ({op}): term {term} does not suit input {index} of shape {shape}."),
            term=term,
            index=index,
            shape=shape,
        )
    named = zip(head + tail, shape[: len(head)] + shape[len(shape) - len(tail) :], strict=True)
    for letter, size in named:
        if sizes.get(letter, 1) not in (1, size) and size != 1:
            refuse(
                call,
                _("Node {node} ({op}): letter {letter} is both {one} and {other}."),
                letter=letter,
                one=sizes[letter],
                other=size,
            )
        sizes[letter] = size if size != 1 else sizes.get(letter, size)
    return shape[len(head) : len(head) + free]


MATRIX: Mapping[str, tuple[str, ShapeRule]] = MappingProxyType(
    {
        "MatMul": ("W W", matmul),
        "MatMulInteger": ("Q1 Q2 Q1? Q2?", matmul_integer),
        "QLinearMatMul": ("Q1 L Q1 Q2 L Q2 L Q3", qlinear_matmul),
        "Gemm": ("W W W?", gemm),
        "Einsum": ("N*", einsum),
    }
)
"""Signature and shape rule by operator."""
