"""Layers that transformers share, in the node patterns of exporters."""

from __future__ import annotations

import numpy as np

from tests.models.writer import Dim, ModelWriter

DEVIATION = 0.02
"""Standard deviation of embeddings and biases; matrices have 1 / sqrt(inputs), so that attention is not uniform."""


def linear(write: ModelWriter, x: str, name: str, sizes: tuple[int, int]) -> str:
    """Write a fully connected layer as MatMul and Add, its weight stored transposed as exporters do."""
    with write.scope(name):
        y = write.node("MatMul", x, write.weight("weight_transposed", sizes, sizes[0] ** -0.5))
        return write.node("Add", write.weight("bias", (sizes[1],), DEVIATION), y)


def norm(write: ModelWriter, x: str, name: str, size: int, *, fused: bool) -> str:
    """Write layer normalisation as one node, or decomposed as exporters do before opset 17."""
    with write.scope(name):
        weight, bias = write.positive("weight", (size,), 0.8, 1.2), write.weight("bias", (size,), 0.1)
        if fused:
            return write.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=1e-5)
        centred = write.node("Sub", x, write.reduce_mean(x, [-1]))
        squared = write.node("Pow", centred, write.constant(2.0, np.float32))
        variance = write.node("Add", write.reduce_mean(squared, [-1]), write.constant(1e-5, np.float32))
        y = write.node("Div", centred, write.node("Sqrt", variance))
        return write.node("Add", write.node("Mul", y, weight), bias)


def gelu(write: ModelWriter, x: str) -> str:
    """Write x / 2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel 2016) in five nodes."""
    erf = write.node("Erf", write.node("Div", x, write.constant(np.sqrt(2), np.float32)))
    y = write.node("Mul", x, write.node("Add", erf, write.constant(1.0, np.float32)))
    return write.node("Mul", y, write.constant(0.5, np.float32))


def gelu_by_tanh(write: ModelWriter, x: str) -> str:
    """Write x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016) in eight nodes."""
    half = write.node("Mul", x, write.constant(0.5, np.float32))
    cubed = write.node("Pow", x, write.constant(3.0, np.float32))
    inner = write.node("Add", x, write.node("Mul", cubed, write.constant(0.044715, np.float32)))
    tanh = write.node("Tanh", write.node("Mul", inner, write.constant(np.sqrt(2 / np.pi), np.float32)))
    return write.node("Mul", half, write.node("Add", tanh, write.constant(1.0, np.float32)))


def known(write: ModelWriter, x: str, dim: Dim, axis: int) -> int | str:
    """Return a dimension if it is a number, else the tensor that reads it from `x` at run time."""
    return dim if isinstance(dim, int) else write.dimension(x, axis)
