"""The graph of one pass: embedding, ONE decoder block, the output layer; weights are absent.

The block's nodes are named "block/..."; whoever costs the graph runs them once for each layer. A block begins behind
its first normalisation, which stands at the end of the block before it, so that "add and normalise" is one step, twice
in a block; the first block's stands outside.

*Prefill* takes `tokens` new tokens of each sequence, attends among them and gives their keys and values. *Decode* takes
one new token and the cache of the `context` tokens that it sees, its own among them: the cache has its place already,
and the new token's keys and values, which are outputs, are written there. So a decode reads `2 context kv_heads
head_dim` elements in a block and writes those of one token, as a cache that grows in place does; a Concat would copy
it.

Queries of one key head are rows of one product (M = heads / kv_heads x tokens), so that its keys are read once. There
is no mask: which products are causal is said beside the graph. The scale of the scores is part of the query's weights.
The last token of each sequence alone goes through the output layer, and the most likely token comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import numpy as np

from npusdk.graph import Graph, GraphBuilder, absent_weight
from npusdk.importers.language.configuration import LanguageConfig

BATCH = "batch"
"""Name of the leading dimension of every input: sequences."""

BLOCK = "block/"
"""Beginning of the names of a block's nodes."""

KEY_SCORES, VALUE_SUM = f"{BLOCK}scores", f"{BLOCK}weighted"
PROJECTION, DOWN = f"{BLOCK}projection", f"{BLOCK}down"
ACTIVATION_OPS = {"relu": "Relu", "gelu": "Gelu", "gelu_tanh": "Gelu", "silu": "Swish"}


@dataclass(frozen=True)
class Share:
    """What one of `tp` tensor-parallel devices holds of a block: heads and columns, rounded up.

    Parameters
    ----------
    config
        The whole model.
    tp
        Devices that share every layer.
    """

    config: LanguageConfig
    tp: int = 1

    @property
    def kv_heads(self) -> int:
        """Key heads; a head is on several devices where there are more devices than heads."""
        return ceil(self.config.kv_heads / self.tp)

    @property
    def group(self) -> int:
        """Query heads of one key head."""
        whole = self.config.heads // self.config.kv_heads
        return min(whole, ceil(ceil(self.config.heads / self.tp) / self.kv_heads))

    @property
    def heads(self) -> int:
        """Query heads."""
        return self.kv_heads * self.group

    @property
    def ffn(self) -> int:
        """Columns of the feed-forward layer."""
        return ceil(self.config.ffn / self.tp)

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding."""
        return ceil(self.config.vocabulary / self.tp)


@dataclass(frozen=True)
class PassGraph:
    """The graph of a pass, and what is true of it beyond its operators.

    Parameters
    ----------
    graph
        Open: inputs lead with the number of sequences.
    causal
        Names of products of which half is computed.
    reduced
        Names of nodes whose results all tensor-parallel devices sum.
    resident
        Inputs and outputs that are keys and values.
    """

    graph: Graph
    causal: frozenset[str]
    reduced: frozenset[str]
    resident: frozenset[str]


def pass_graph(config: LanguageConfig, *, tokens: int, context: int = 0, tp: int = 1) -> PassGraph:
    """Return the graph of one pass of a model.

    Parameters
    ----------
    tokens
        New tokens of each sequence.
    context
        Tokens that a new token sees in the cache; 0 for a prefill, which has none.
    tp
        Devices that share every layer.
    """
    return _Writer(config, Share(config, tp), tokens, context).write()


@dataclass
class _Writer:
    config: LanguageConfig
    share: Share
    tokens: int
    context: int
    build: GraphBuilder = field(init=False)

    def __post_init__(self) -> None:
        kind = f"decode of context {self.context}" if self.context else f"prefill of {self.tokens} tokens"
        self.build = GraphBuilder(f"{self.config.name}, {kind}")

    def write(self) -> PassGraph:
        tokens = self.build.input("tokens", (BATCH, self.tokens), "int64")
        table = self._weight("embedding.weight", self.share.vocabulary, self.config.hidden)
        stream = self.build.op("Gather", table, tokens, name="embedding")
        if self.config.position == "learned":
            places = self.build.input("positions", (BATCH, self.tokens), "int64")
            rows = self._weight("positions.weight", self.config.position_rows, self.config.hidden)
            stream = self.build.op("Add", stream, self.build.op("Gather", rows, places, name="position"))
        normal = [self._norm(stream, "norm", "norm")]
        if self.config.parallel_block and self.config.parallel_norms > 1:
            normal.append(self._norm(stream, f"{BLOCK}norm_feed", f"{BLOCK}norm_feed"))
        attended, cache = self._attention(normal[0])
        write_end = self._parallel if self.config.parallel_block else self._sequential
        outputs = (self._head(write_end(stream, attended, normal[-1])), *cache)
        past = {f"past_{what}" for what in ("key", "value")} if self.context else set()
        reduced = {DOWN} if self.config.parallel_block else {PROJECTION, DOWN}
        return PassGraph(
            self.build.build(outputs),
            causal=frozenset({KEY_SCORES, VALUE_SUM} if self.tokens > 1 else ()),
            reduced=frozenset(reduced if self.share.tp > 1 else ()),
            resident=frozenset({*cache, *past}),
        )

    def _weight(self, name: str, *shape: int) -> str:
        return self.build.constant(absent_weight(shape), name)

    def _linear(self, x: str, name: str, sides: tuple[int, int], *, bias: bool) -> str:
        result = self.build.op("MatMul", x, self._weight(f"{name}.weight", *sides), name=name)
        if not bias:
            return result
        return self.build.op("Add", result, self._weight(f"{name}.bias", sides[1]), name=f"{name}.add")

    def _norm(self, x: str, name: str, weight: str) -> str:
        sides = [self._weight(f"{weight}.scale", self.config.hidden)]
        if self.config.norm == "layer":
            sides.append(self._weight(f"{weight}.offset", self.config.hidden))
        op = "LayerNormalization" if self.config.norm == "layer" else "RMSNormalization"
        return self.build.op(op, x, *sides, name=name, axis=-1, epsilon=1e-5)

    def _reshape(self, x: str, name: str, *shape: int, result: str = "") -> str:
        target = self.build.constant(np.array(shape, np.int64), f"{name}.shape")
        return self.build.op("Reshape", x, target, name=name, outputs=(result or name,))

    def _transpose(self, x: str, name: str, *perm: int) -> str:
        return self.build.op("Transpose", x, name=name, perm=perm)

    def _attention(self, x: str) -> tuple[str, tuple[str, str]]:
        """Return the attention's projection, and the keys and values of the new tokens."""
        width, heads, kv_heads = self.config.head_dim, self.share.heads, self.share.kv_heads
        bias = self.config.qkv_bias
        if self.config.position == "rotary":
            query, key = self._rotated(x)
        else:
            query = self._linear(x, f"{BLOCK}query", (self.config.hidden, heads * width), bias=bias)
            key = self._linear(x, f"{BLOCK}key", (self.config.hidden, kv_heads * width), bias=bias)
            key = self._reshape(key, f"{BLOCK}key.heads", 0, self.tokens, kv_heads, width, result="key")
        value = self._linear(x, f"{BLOCK}value", (self.config.hidden, kv_heads * width), bias=bias)
        value = self._reshape(value, f"{BLOCK}value.heads", 0, self.tokens, kv_heads, width, result="value")
        new = (key, value)
        if self.context:
            shape = (BATCH, self.context, kv_heads, width)
            key, value = (self.build.input(f"past_{what}", shape) for what in ("key", "value"))
        keys = self._transpose(key, f"{BLOCK}keys", 0, 2, 3, 1)
        scores = self.build.op("MatMul", self._grouped(query), keys, name=KEY_SCORES)
        shares = self.build.op("Softmax", scores, name=f"{BLOCK}softmax", axis=-1)
        values = self._transpose(value, f"{BLOCK}values", 0, 2, 1, 3)
        mixed = self._ungrouped(self.build.op("MatMul", shares, values, name=VALUE_SUM))
        sides = heads * width, self.config.hidden
        return self._linear(mixed, PROJECTION, sides, bias=self.config.projection_bias), new

    def _rotated(self, x: str) -> tuple[str, str]:
        """Return queries and keys, which one product makes and one rotation turns."""
        width, heads, kv_heads = self.config.head_dim, self.share.heads, self.share.kv_heads
        both = heads + kv_heads
        cos, sin = (self.build.input(f"rotary_{what}", (BATCH, self.tokens, 1, width)) for what in ("cos", "sin"))
        sides = self.config.hidden, both * width
        made = self._linear(x, f"{BLOCK}query_key", sides, bias=self.config.qkv_bias)
        made = self._reshape(made, f"{BLOCK}heads", 0, self.tokens, both, width)
        if self.config.query_key_norm:
            scale = self._weight(f"{BLOCK}query_key_norm.scale", width)
            made = self.build.op("RMSNormalization", made, scale, name=f"{BLOCK}query_key_norm", axis=-1, epsilon=1e-6)
        halves = [f"{BLOCK}rotary.first", f"{BLOCK}rotary.second"]
        self.build.op("Split", made, outputs=halves, name=f"{BLOCK}rotary", axis=-1, num_outputs=2)
        opposite = self.build.op("Neg", halves[1], name=f"{BLOCK}rotary.opposite")
        turned = self.build.op("Concat", opposite, halves[0], name=f"{BLOCK}rotary.turned", axis=-1)
        straight = self.build.op("Mul", made, cos, name=f"{BLOCK}rotary.cos")
        across = self.build.op("Mul", turned, sin, name=f"{BLOCK}rotary.sin")
        rotated = self.build.op("Add", straight, across, name=f"{BLOCK}rotary.sum")
        sizes = self.build.constant(np.array([heads, kv_heads], np.int64), f"{BLOCK}rotary.sizes")
        parts = [f"{BLOCK}query", "key"]
        self.build.op("Split", rotated, sizes, outputs=parts, name=f"{BLOCK}rotary.parts", axis=2)
        return parts[0], parts[1]

    def _grouped(self, query: str) -> str:
        """Return queries as rows of their key head: (sequence, key head, group x token, width)."""
        kv_heads, group, width = self.share.kv_heads, self.share.group, self.config.head_dim
        if self.tokens > 1:
            query = self._reshape(query, f"{BLOCK}groups", 0, self.tokens, kv_heads, group, width)
            query = self._transpose(query, f"{BLOCK}queries", 0, 2, 3, 1, 4)
        return self._reshape(query, f"{BLOCK}rows", 0, kv_heads, group * self.tokens, width)

    def _ungrouped(self, mixed: str) -> str:
        """Return what attention gives by tokens again: (sequence, token, heads x width)."""
        kv_heads, group, width = self.share.kv_heads, self.share.group, self.config.head_dim
        if self.tokens > 1:
            mixed = self._reshape(mixed, f"{BLOCK}mixed", 0, kv_heads, group, self.tokens, width)
            mixed = self._transpose(mixed, f"{BLOCK}tokens", 0, 3, 1, 2, 4)
        return self._reshape(mixed, f"{BLOCK}attended", 0, self.tokens, kv_heads * group * width)

    def _feed(self, x: str) -> str:
        """Return what the feed-forward layer gives."""
        sides, bias = (self.config.hidden, self.share.ffn), self.config.ffn_bias
        op = ACTIVATION_OPS[self.config.activation]
        attrs = {"approximate": "tanh"} if self.config.activation == "gelu_tanh" else {}
        first = self._linear(x, f"{BLOCK}{'gate' if self.config.gated else 'up'}", sides, bias=bias)
        active = self.build.op(op, first, name=f"{BLOCK}activation", **attrs)
        if self.config.gated:
            up = self._linear(x, f"{BLOCK}up", sides, bias=bias)
            active = self.build.op("Mul", active, up, name=f"{BLOCK}gated")
        return self._linear(active, DOWN, (sides[1], sides[0]), bias=bias)

    def _sequential(self, stream: str, attended: str, _normal: str) -> str:
        """Return the normalised stream behind the block: attention, then the feed-forward layer."""
        stream = self.build.op("Add", stream, attended, name=f"{BLOCK}add_attention")
        feed = self._feed(self._norm(stream, f"{BLOCK}norm_feed", f"{BLOCK}norm_feed"))
        stream = self.build.op("Add", stream, feed, name=f"{BLOCK}add_feed")
        return self._norm(stream, f"{BLOCK}norm_next", f"{BLOCK}norm_next")

    def _parallel(self, stream: str, attended: str, normal: str) -> str:
        """Return the same where both read one input and are summed first."""
        both = self.build.op("Add", attended, self._feed(normal), name=f"{BLOCK}add_parallel")
        stream = self.build.op("Add", stream, both, name=f"{BLOCK}add")
        return self._norm(stream, f"{BLOCK}norm_next", f"{BLOCK}norm_next")

    def _head(self, normal: str) -> str:
        """Return the most likely next token of each sequence."""
        if self.tokens > 1:
            place = self.build.constant(np.array(self.tokens - 1, np.int64), "last.index")
            last = self.build.op("Gather", normal, place, name="last", axis=1)
        else:
            last = self._reshape(normal, "last", 0, self.config.hidden)
        if self.config.tied_embeddings:
            logits = self.build.op("Gemm", last, "embedding.weight", name="head", transB=1)
        else:
            sides = self.config.hidden, self.share.vocabulary
            logits = self._linear(last, "head", sides, bias=self.config.head_bias)
        return self.build.op("ArgMax", logits, name="token", axis=-1, keepdims=0)
