"""A vision transformer in the node patterns of exporters, with seeded random weights."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, numpy_helper

from tests.models.layers import DEVIATION, gelu, known, linear, norm
from tests.models.writer import Dim, ModelWriter


def vit(
    batch: Dim = "N",
    image: int = 224,
    *,
    patch: int = 16,
    layers: int = 12,
    hidden: int = 768,
    heads: int = 12,
    classes: int = 1000,
    unbind: str = "Gather",
    filled: bool = True,
) -> ModelProto:
    """Build a vision transformer with a class token and layer normalisation before each part (Dosovitskiy et al. 2021).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `image` [batch, 3, image, image], output `logits` [batch, classes].
    image, patch
        Side of the image and of a patch.
    layers, hidden, heads
        Depth, width and attention heads; the inner layer is 4 times as wide.
    classes
        Logits.
    unbind
        `Gather` or `Split`: how query, key and value are taken apart.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("vit", filled=filled)
    x = write.input("image", [batch, 3, image, image])
    x = _patches(write, x, batch, sizes=(patch, hidden, (image // patch) ** 2))
    for layer in range(layers):
        with write.scope(f"blocks.{layer}"):
            shape = (known(write, x, batch, 0), (image // patch) ** 2 + 1, heads, hidden // heads)
            y = norm(write, x, "norm1", hidden, fused=True)
            x = write.node("Add", x, _joint_attention(write, y, shape, unbind))
            y = linear(write, norm(write, x, "norm2", hidden, fused=True), "mlp.fc1", (hidden, 4 * hidden))
            x = write.node("Add", x, linear(write, gelu(write, y), "mlp.fc2", (4 * hidden, hidden)))
    first = write.node("Gather", norm(write, x, "norm", hidden, fused=True), write.constant(0), axis=1)
    with write.scope("head"):
        weight, bias = write.weight("weight", (classes, hidden), hidden**-0.5), write.weight("bias", (classes,), 0.1)
        logits = write.node("Gemm", first, weight, bias, alpha=1.0, beta=1.0, transB=1)
    return write.output("logits", logits, [batch, classes])


def _patches(write: ModelWriter, x: str, batch: Dim, *, sizes: tuple[int, int, int]) -> str:
    """Project patches, put the class token before them and add positions; `sizes` are patch, hidden and patches."""
    patch, hidden, count = sizes
    with write.scope("patch_embed"):
        weight = write.weight("proj.weight", (hidden, 3, patch, patch), (3 * patch * patch) ** -0.5)
        bias = write.weight("proj.bias", (hidden,), DEVIATION)
        attributes = {"kernel_shape": [patch, patch], "strides": [patch, patch], "pads": [0] * 4, "group": 1}
        x = write.node("Conv", x, weight, bias, dilations=[1, 1], **attributes)
        size = known(write, x, batch, 0)
        x = write.node("Transpose", write.node("Reshape", x, write.shape(size, hidden, count)), perm=[0, 2, 1])
    token = _expanded(write, write.weight("cls_token", (1, 1, hidden), 1.0), size)
    joined = write.node("Concat", token, x, axis=1)
    return write.node("Add", joined, write.weight("pos_embed", (1, count + 1, hidden), 0.2))


def _expanded(write: ModelWriter, token: str, size: int | str) -> str:
    """Repeat `token` along the batch; -1, for "as it is", becomes 1 by comparison, as exporters write it."""
    if isinstance(size, int):
        return write.node("Expand", token, write.constant([size, 1, 1]))
    shape = write.shape(size, -1, -1)
    ones = write.node("ConstantOfShape", write.constant([3]), value=numpy_helper.from_array(np.ones(1, np.int64)))
    kept = write.node("Equal", shape, write.node("Mul", ones, write.constant(-1)))
    return write.node("Expand", token, write.node("Where", kept, ones, shape))


def _joint_attention(write: ModelWriter, x: str, shape: tuple[int | str, int, int, int], unbind: str) -> str:
    """Write attention with one projection for query, key and value; `shape` is [N, S, heads, width of a head]."""
    batch, sequence, heads, width = shape
    hidden = heads * width
    with write.scope("attn"):
        y = linear(write, x, "qkv", (hidden, 3 * hidden))
        y = write.node("Reshape", y, write.shape(batch, sequence, 3, heads, width))
        y = write.node("Transpose", y, perm=[2, 0, 3, 1, 4])
        if unbind == "Gather":
            query, key, value = (write.node("Gather", y, write.constant(index), axis=0) for index in range(3))
        else:
            query, key, value = (write.squeeze(part, 0) for part in write.split(y, [1, 1, 1], axis=0))
        query = write.node("Mul", query, write.constant(width**-0.5, np.float32))
        scores = write.node("MatMul", query, write.node("Transpose", key, perm=[0, 1, 3, 2]))
        y = write.node("MatMul", write.node("Softmax", scores, axis=-1), value)
        y = write.node("Reshape", write.node("Transpose", y, perm=[0, 2, 1, 3]), write.shape(batch, sequence, hidden))
        return linear(write, y, "proj", (hidden, hidden))
