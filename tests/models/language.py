"""Language models in the node patterns of exporters, with seeded random weights."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from tests.models.layers import DEVIATION, gelu, gelu_by_tanh, known, linear, norm
from tests.models.writer import Dim, ModelWriter

LOWEST = float(np.finfo(np.float32).min)
"""What exporters write where attention is masked."""


def bert_encoder(
    batch: Dim = "N",
    sequence: Dim = 128,
    *,
    layers: int = 12,
    hidden: int = 768,
    heads: int = 12,
    vocabulary: int = 30522,
    fused_norm: bool = False,
    filled: bool = True,
) -> onnx.ModelProto:
    """Build the BERT encoder without pooler (Devlin et al. 2019).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Inputs `input_ids`, `attention_mask` and `token_type_ids`, int64 [batch, sequence];
        output `last_hidden_state` [batch, sequence, hidden].
    sequence
        Tokens, up to 512, symbolic if a string.
    layers, hidden, heads
        Depth, width and attention heads; the inner layer is 4 times as wide.
    vocabulary
        Rows of the table of words.
    fused_norm
        True writes LayerNormalization at opset 17, False its nine nodes at opset 14.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("bert_encoder", opset=17 if fused_norm else 14, filled=filled)
    ids, mask, types = (
        write.input(name, [batch, sequence], TensorProto.INT64)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    )
    bias = _padding_bias(write, mask)
    x = _embedded(write, ids, types, sizes=(vocabulary, hidden), sequence=sequence)
    x = norm(write, x, "embeddings.LayerNorm", hidden, fused=fused_norm)
    for layer in range(layers):
        with write.scope(f"encoder.layer.{layer}"):
            shape = (known(write, x, batch, 0), known(write, x, sequence, 1), heads, hidden // heads)
            y = _self_attention(write, x, bias, shape)
            x = norm(write, write.node("Add", y, x), "attention.output.LayerNorm", hidden, fused=fused_norm)
            y = gelu(write, linear(write, x, "intermediate.dense", (hidden, 4 * hidden)))
            y = write.node("Add", linear(write, y, "output.dense", (4 * hidden, hidden)), x)
            x = norm(write, y, "output.LayerNorm", hidden, fused=fused_norm)
    return write.output("last_hidden_state", x, [batch, sequence, hidden])


def _padding_bias(write: ModelWriter, mask: str) -> str:
    """Turn a mask [N, S] of 1 and 0 into what is added to the scores [N, heads, S, S]: 0 or the lowest float."""
    wide = write.node("Cast", write.unsqueeze(write.unsqueeze(mask, 1), 2), to=TensorProto.FLOAT)
    hidden = write.node("Sub", write.constant(1.0, np.float32), wide)
    return write.node("Mul", hidden, write.constant(LOWEST, np.float32))


def _embedded(write: ModelWriter, ids: str, types: str, *, sizes: tuple[int, int], sequence: Dim) -> str:
    """Add the embeddings of words, token types and positions."""
    vocabulary, hidden = sizes
    with write.scope("embeddings"):
        positions = write.stored("position_ids", np.arange(512, dtype=np.int64)[np.newaxis])
        end = write.constant([sequence]) if isinstance(sequence, int) else write.dimension(ids, 1)
        start, axis, step = write.constant([0]), write.constant([1]), write.constant([1])
        positions = write.node("Slice", positions, start, end, axis, step)
        tables = {"word": (vocabulary, ids), "token_type": (2, types), "position": (512, positions)}
        parts = [
            write.node("Gather", write.weight(f"{name}_embeddings.weight", (rows, hidden), DEVIATION), index, axis=0)
            for name, (rows, index) in tables.items()
        ]
        return write.node("Add", write.node("Add", parts[0], parts[1]), parts[2])


def _self_attention(write: ModelWriter, x: str, bias: str, shape: tuple[int | str, int | str, int, int]) -> str:
    """Write attention with separate projections; `shape` is [N, S, heads, width of a head]."""
    batch, sequence, heads, width = shape
    hidden = heads * width
    with write.scope("attention"):
        query, key, value = (
            write.node("Reshape", linear(write, x, f"self.{name}", (hidden, hidden)), write.shape(*shape))
            for name in ("query", "key", "value")
        )
        query = write.node("Transpose", query, perm=[0, 2, 1, 3])
        key = write.node("Transpose", key, perm=[0, 2, 3, 1])
        value = write.node("Transpose", value, perm=[0, 2, 1, 3])
        scores = write.node("Div", write.node("MatMul", query, key), write.constant(np.sqrt(width), np.float32))
        weights = write.node("Softmax", write.node("Add", scores, bias), axis=-1)
        y = write.node("Transpose", write.node("MatMul", weights, value), perm=[0, 2, 1, 3])
        y = write.node("Reshape", y, write.shape(batch, sequence, hidden))
        return linear(write, y, "output.dense", (hidden, hidden))


def gpt_decoder(
    batch: Dim = "N",
    sequence: Dim = "S",
    *,
    layers: int = 12,
    hidden: int = 768,
    heads: int = 12,
    vocabulary: int = 50257,
    context: int = 1024,
    mask: str = "Where",
    filled: bool = True,
) -> onnx.ModelProto:
    """Build a causal transformer of GPT-2's geometry, without cache (Radford et al. 2019).

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `input_ids`, int64 [batch, sequence]; output `logits` [batch, sequence,
        vocabulary].
    sequence
        Tokens, up to `context`, symbolic if a string.
    layers, hidden, heads
        Depth, width and attention heads; the inner layer is 4 times as wide.
    vocabulary
        Rows of the table of words, which serves as output layer too, through a Transpose node.
    context
        Positions.
    mask
        `Where` on a slice of a constant, or `Trilu` on a matrix made at run time and added.
    filled
        False leaves the weights without data.
    """
    write = ModelWriter("gpt_decoder", opset=14, filled=filled)
    ids = write.input("input_ids", [batch, sequence], TensorProto.INT64)
    size, length = known(write, ids, batch, 0), known(write, ids, sequence, 1)
    table = write.weight("wte.weight", (vocabulary, hidden), DEVIATION)
    places = write.weight("wpe.weight", (context, hidden), DEVIATION)
    end = write.constant(length) if isinstance(length, int) else write.squeeze(length, 0)
    positions = write.unsqueeze(write.node("Range", write.constant(0), end, write.constant(1)), 0)
    x = write.node("Add", write.node("Gather", table, ids), write.node("Gather", places, positions))
    hide = _visible(write, length, context) if mask == "Where" else _future_bias(write, length)
    for layer in range(layers):
        with write.scope(f"h.{layer}"):
            shape = (size, length, heads, hidden // heads)
            y = norm(write, x, "ln_1", hidden, fused=False)
            x = write.node("Add", _causal_attention(write, y, (mask, hide), shape), x)
            y = norm(write, x, "ln_2", hidden, fused=False)
            y = gelu_by_tanh(write, _dense(write, y, "mlp.c_fc", (hidden, 4 * hidden), rows=(size, length)))
            x = write.node("Add", x, _dense(write, y, "mlp.c_proj", (4 * hidden, hidden), rows=(size, length)))
    x = norm(write, x, "ln_f", hidden, fused=False)
    logits = write.node("MatMul", x, write.node("Transpose", table, perm=[1, 0]))
    return write.output("logits", logits, [batch, sequence, vocabulary])


def _visible(write: ModelWriter, length: int | str, context: int) -> str:
    """Cut the lower triangle of a constant [1, 1, context, context] down to the tokens there are."""
    visible = write.stored("attn.bias", np.tril(np.ones((1, 1, context, context), np.bool_)))
    end = write.constant([length]) if isinstance(length, int) else length
    for axis in (2, 3):
        visible = write.node("Slice", visible, write.constant([0]), end, write.constant([axis]), write.constant([1]))
    return visible


def _future_bias(write: ModelWriter, length: int | str) -> str:
    """Make the matrix [S, S] that is the lowest float above the diagonal and 0 elsewhere."""
    lowest = numpy_helper.from_array(np.full(1, LOWEST, np.float32))
    full = write.node("ConstantOfShape", write.shape(length, length), value=lowest)
    return write.node("Trilu", full, write.constant(1), upper=1)


def _dense(write: ModelWriter, x: str, name: str, sizes: tuple[int, int], *, rows: tuple[int | str, int | str]) -> str:
    """Write a fully connected layer as Gemm on a matrix of all tokens; `rows` is [N, S]."""
    with write.scope(name):
        flat = write.node("Reshape", x, write.constant([-1, sizes[0]]))
        parameters = write.weight("weight", sizes, sizes[0] ** -0.5), write.weight("bias", (sizes[1],), DEVIATION)
        return write.node("Reshape", write.node("Gemm", flat, *parameters), write.shape(*rows, sizes[1]))


def _causal_attention(
    write: ModelWriter, x: str, mask: tuple[str, str], shape: tuple[int | str, int | str, int, int]
) -> str:
    """Write attention to earlier tokens; `mask` is the operator and its tensor, `shape` [N, S, heads, width]."""
    batch, sequence, heads, width = shape
    hidden = heads * width
    with write.scope("attn"):
        joint = _dense(write, x, "c_attn", (hidden, 3 * hidden), rows=(batch, sequence))
        query, key, value = (
            write.node("Transpose", write.node("Reshape", part, write.shape(*shape)), perm=[0, 2, 1, 3])
            for part in write.split(joint, [hidden] * 3, axis=2)
        )
        scores = write.node("MatMul", query, write.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = write.node("Div", scores, write.constant(np.sqrt(width), np.float32))
        if mask[0] == "Where":
            scores = write.node("Where", mask[1], scores, write.constant(LOWEST, np.float32))
        else:
            scores = write.node("Add", scores, mask[1])
        y = write.node(
            "Transpose", write.node("MatMul", write.node("Softmax", scores, axis=-1), value), perm=[0, 2, 1, 3]
        )
        y = write.node("Reshape", y, write.shape(batch, sequence, hidden))
        return _dense(write, y, "c_proj", (hidden, hidden), rows=(batch, sequence))
