"""BERT with its head for question answering (Devlin et al. 2018, arXiv:1810.04805)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer

WORDS, POSITIONS, KINDS = 30522, 512, 2
"""Rows of the three tables of embeddings (uncased vocabulary)."""

_EPSILON = 1e-12


def make_bert(size: Size, name: str, layers: int, width: int) -> Graph:
    """Return an encoder of `layers` and a linear layer that gives the start and the end of the answer.

    Inputs are the tokens, their mask (1: a token, 0: padding) and their segments, whole numbers of (batch, sequence).
    """
    net = Transformer(name)
    ids, mask, kinds = (net.tokens(n, size.sequence) for n in ("input_ids", "attention_mask", "token_type_ids"))
    added = _added_mask(net, mask)
    x = net.op("Add", net.embed("words", ids, WORDS, width), net.embed("segments", kinds, KINDS, width))
    x = net.op("Add", x, net.positions("positions", size.sequence, POSITIONS, width))
    x = net.norm("embeddings.norm", x, width, _EPSILON)
    heads = Heads(width, width // 64, size.sequence, scale="scores")
    for index in range(layers):
        x = _add_layer(net, f"layer.{index}", x, heads=heads, mask=added)
    return net.build(_answer(net, x, width))


def _added_mask(net: Transformer, mask: str) -> str:
    """Return what is added to the scores of every layer: (1 - mask) times the smallest float."""
    apart = net.op("Unsqueeze", net.op("Unsqueeze", mask, net.numbers(1)), net.numbers(2))
    away = net.op("Sub", net.scalar(1.0), net.op("Cast", apart, to="float32"))
    return net.op("Mul", away, net.scalar(float(np.finfo(np.float32).min)), name="mask")


def _add_layer(net: Transformer, name: str, x: str, *, heads: Heads, mask: str) -> str:
    attention, mlp = f"{name}.attention", f"{name}.mlp"
    x = net.residual_sum(attention, net.self_attention(attention, x, heads, (mask,)), x)
    x = net.norm(f"{attention}.norm", x, heads.width, _EPSILON)
    x = net.residual_sum(mlp, net.mlp(mlp, x, (heads.width, 4 * heads.width)), x)
    return net.norm(f"{mlp}.norm", x, heads.width, _EPSILON)


def _answer(net: Transformer, x: str, width: int) -> tuple[str, ...]:
    logits = net.linear(x, width, 2, name="answer")
    net.op("Split", logits, outputs=("start", "end"), name="answer.split", axis=-1, num_outputs=2)
    return tuple(net.op("Squeeze", part, net.numbers(-1), name=f"{part}_logits") for part in ("start", "end"))


_PAPER = "Devlin et al. 2018, arXiv:1810.04805, section 3"

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "bert_base": Entry(
        partial(make_bert, name="bert_base", layers=12, width=768),
        Size(sequence=384), _PAPER, parameters=110e6, counts=_PAPER, longest=POSITIONS,
    ),
    "bert_large": Entry(
        partial(make_bert, name="bert_large", layers=24, width=1024),
        Size(sequence=384), _PAPER, parameters=340e6, counts=_PAPER, longest=POSITIONS,
    ),
})  # fmt: skip
"""Encoders with a head for question answering."""
