"""Work of operators that treat every element alike.

Operations per element are agreed weights, not instruction counts: relu, add 1; softmax 6; gelu, silu, layer
normalisation 8. The others follow from them: a division, a root, an exponential or a logarithm 4 (so that softmax is
maximum, subtraction and an exponential, its sum and division being a matter of the row), the sigmoid 7 (so that silu is
a sigmoid and a product), other series 6 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.cost.work.operation import Operation, Work, WorkRule

OPS_PER_ELEMENT: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: (
            "Abs", "Add", "And", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike",
            "Ceil", "Clip", "Equal", "Floor", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "LeakyRelu", "Less",
            "LessOrEqual", "Mul", "Neg", "Not", "Or", "PRelu", "Relu", "Round", "Shrink", "Sign", "Sub",
            "ThresholdedRelu", "Where", "Xor",
        ),
        2: ("BatchNormalization", "DequantizeLinear", "HardSigmoid", "QuantizeLinear"),
        3: ("HardSwish",),
        4: ("Div", "Exp", "Log", "Mod", "Reciprocal", "Sqrt"),
        6: ("Celu", "Elu", "Erf", "Selu", "Softsign", "Tanh"),
        7: ("Sigmoid",),
        8: (
            "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Gelu", "Mish", "Pow", "Sin", "Sinh",
            "Softplus", "Swish", "Tan",
        ),
    }
)  # fmt: skip
"""Operations per element of the output -> operators."""

VARIADIC = ("Max", "Mean", "Min", "Sum")
"""Operators of any number of inputs: one operation per element for each input after the first."""


def _rule(ops_per_element: int) -> WorkRule:
    def work(operation: Operation) -> Work:
        return Work(vector_ops=ops_per_element * operation.output_elements)

    return work


def _variadic(operation: Operation) -> Work:
    return Work(vector_ops=max(1, len(operation.inputs) - 1) * operation.output_elements)


ELEMENTWISE: Mapping[str, WorkRule] = MappingProxyType(
    {op: _rule(count) for count, ops in OPS_PER_ELEMENT.items() for op in ops} | dict.fromkeys(VARIADIC, _variadic)
)
