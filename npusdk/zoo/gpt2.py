"""GPT-2, reading a prompt (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").

One call reads `sequence` tokens, without keys and values of earlier ones, and gives the logits of every token, as
ordinary exports do. The mask that hides later tokens is a constant of the graph, and products with it are computed
whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer

WORDS, POSITIONS = 50257, 1024
"""Rows of the two tables of embeddings."""


class Decoder(Transformer):
    """A transformer whose linear layers are Gemm, of a matrix with all tokens of the batch, as HuggingFace has them."""

    def gemm(self, name: str, x: str, inputs: int, outputs: int) -> str:
        """Add a linear layer of a matrix and return a matrix."""
        weight, bias = self.weight(f"{name}.weight", inputs, outputs), self.weight(f"{name}.bias", outputs)
        return self.op("Gemm", x, weight, bias, name=name)

    def packed(self, name: str, x: str, heads: Heads, mask: str) -> str:
        """Add an attention whose three projections are one Gemm; `mask` holds where keys are seen."""
        width = heads.width
        both = self.gemm(f"{name}.qkv", self.reshape(x, -1, width), width, 3 * width)
        names = [f"{name}.{part}s" for part in ("query", "key", "value")]
        self.op("Split", self.reshape(both, -1, heads.tokens, 3 * width), outputs=names, axis=-1, num_outputs=3)
        apart = [self.reshape(part, -1, heads.tokens, heads.count, heads.each) for part in names]
        mixed = self.attend(name, [self.transpose(part, 0, 2, 1, 3) for part in apart], heads, (mask,))
        y = self.gemm(f"{name}.output", self.reshape(mixed, -1, width), width, width)
        return self.reshape(y, -1, heads.tokens, width)

    def mask(self, scores: str, mask: str, heads: Heads) -> str:  # noqa: ARG002
        """Put the smallest float where a key is not seen."""
        return self.op("Where", mask, scores, self.scalar(float(np.finfo(np.float32).min)))

    def feed(self, name: str, x: str, heads: Heads) -> str:
        """Add the two linear layers of a block."""
        width, inner = heads.width, 4 * heads.width
        up = self.gemm(f"{name}.up", self.reshape(x, -1, width), width, inner)
        hidden = self.gelu_tanh(self.reshape(up, -1, heads.tokens, inner))
        down = self.gemm(f"{name}.down", self.reshape(hidden, -1, inner), inner, width)
        return self.reshape(down, -1, heads.tokens, width)


@dataclass(frozen=True)
class Prompt:
    """What distinguishes one GPT-2.

    Parameters
    ----------
    layers, width
        Blocks, and features of a token; a head has 64.
    """

    layers: int
    width: int


def make_gpt2(size: Size, name: str, sizes: Prompt) -> Graph:
    """Return embeddings, blocks that normalise first, and the table of words once more for the logits."""
    net = Decoder(name)
    width = sizes.width
    heads = Heads(width, width // 64, size.sequence, scale="scores")
    words = net.embed("words", net.tokens("input_ids", size.sequence), WORDS, width)
    x = net.op("Add", words, net.positions("positions", size.sequence, POSITIONS, width))
    mask = net.constant(np.tri(size.sequence, dtype=np.bool_)[None, None], "seen")
    for index in range(sizes.layers):
        attention, mlp = f"block.{index}.attention", f"block.{index}.mlp"
        normal = net.norm(f"{attention}.norm", x, width)
        x = net.residual_sum(attention, net.packed(attention, normal, heads, mask), x)
        x = net.residual_sum(mlp, x, net.feed(mlp, net.norm(f"{mlp}.norm", x, width), heads))
    rows = net.reshape(net.norm("norm", x, width), -1, width)
    logits = net.op("Gemm", rows, "words.weight", name="head", transB=1)
    return net.build([net.op("Reshape", logits, net.numbers(-1, size.sequence, WORDS), name="logits")])


_SOURCE = "Radford et al. 2019; code and sizes: github.com/openai/gpt-2"

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "gpt2": Entry(
        partial(make_gpt2, name="gpt2", sizes=Prompt(12, 768)), Size(sequence=128),
        _SOURCE, parameters=124e6, counts="github.com/openai/gpt-2, DEVELOPERS.md: model 124M", longest=POSITIONS,
    ),
})  # fmt: skip
"""Reading of a prompt."""
