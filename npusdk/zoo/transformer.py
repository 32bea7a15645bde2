"""Parts of transformers, in the forms in which PyTorch's exporters write them.

LayerNormalization is one operator (opset 17 and later), GELU is written out, and so is attention: transpositions,
product, scale, mask, softmax, product. Sequences are concrete and the batch is open, so every Reshape has its batch as
-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.zoo.network import BATCH, Network

Scale: TypeAlias = Literal["query", "scores", "both"]


@dataclass(frozen=True)
class Heads:
    """Sizes of an attention.

    Parameters
    ----------
    width
        Features of a token; of all heads together.
    count
        Heads.
    tokens
        Queries.
    keys
        Keys, where they are of another tensor.
    scale
        What is scaled by one over the root of a head's features: queries, scores, or queries and keys by its root each
        (as `scaled_dot_product_attention` is exported).
    bias, key_bias
        Whether the projections have a bias; that of the keys, too.
    """

    width: int
    count: int
    tokens: int
    keys: int = 0
    scale: Scale = "both"
    bias: bool = True
    key_bias: bool = True

    @property
    def each(self) -> int:
        """Features of one head."""
        return self.width // self.count


class Transformer(Network):
    """A network of tokens."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._values: dict[object, str] = {}

    def tokens(self, name: str, sequence: int) -> str:
        """Add an input of whole numbers, one for each token of each sample."""
        return self.input(name, (BATCH, sequence), "int64")

    def residual_sum(self, name: str, x: str, y: str) -> str:
        """Add the sum of what a layer gives and what it was given."""
        return self.op("Add", x, y, name=f"{name}.sum")

    def numbers(self, *values: int) -> str:
        """Return a constant vector of whole numbers; equal ones are one constant."""
        if values not in self._values:
            self._values[values] = self.constant(np.array(values, np.int64), f"numbers.{len(self._values)}")
        return self._values[values]

    def index(self, value: int) -> str:
        """Return a constant whole number without an axis, which takes one element where it is gathered."""
        return self.constant(np.int64(value), f"index.{len(self._constants)}")

    def scalar(self, value: float) -> str:
        """Return a constant number; equal ones are one constant."""
        key = ("scalar", value)
        if key not in self._values:
            self._values[key] = self.constant(np.float32(value), f"scalar.{len(self._values)}")
        return self._values[key]

    def reshape(self, x: str, *sizes: int) -> str:
        """Add a Reshape; -1 is the batch."""
        return self.op("Reshape", x, self.numbers(*sizes))

    def transpose(self, x: str, *perm: int) -> str:
        """Add a Transpose."""
        return self.op("Transpose", x, perm=perm)

    def embed(self, name: str, ids: str, rows: int, width: int) -> str:
        """Add the rows of a table that `ids` name."""
        return self.op("Gather", self.weight(f"{name}.weight", rows, width), ids, name=name, axis=0)

    def positions(self, name: str, sequence: int, rows: int, width: int) -> str:
        """Add the embeddings of the first `sequence` of `rows` positions."""
        ids = self.constant(np.arange(sequence, dtype=np.int64)[None], f"{name}.ids")
        return self.embed(name, ids, rows, width)

    def norm(self, name: str, x: str, width: int, epsilon: float = 1e-5) -> str:
        """Add a normalisation over the last axis."""
        scale, offset = self.weight(f"{name}.weight", width), self.weight(f"{name}.bias", width)
        return self.op("LayerNormalization", x, scale, offset, name=name, axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        """Add x 0.5 (1 + erf(x / sqrt 2))."""
        erf = self.op("Erf", self.op("Div", x, self.scalar(sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.scalar(1.0))), self.scalar(0.5))

    def gelu_tanh(self, x: str) -> str:
        """Add x 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
        cube = self.op("Mul", self.op("Pow", x, self.scalar(3.0)), self.scalar(0.044715))
        tanh = self.op("Tanh", self.op("Mul", self.op("Add", x, cube), self.scalar(sqrt(2 / pi))))
        return self.op("Mul", self.op("Mul", x, self.scalar(0.5)), self.op("Add", tanh, self.scalar(1.0)))

    def gelu_quick(self, x: str) -> str:
        """Add x sigmoid(1.702 x), as CLIP has it."""
        return self.op("Mul", x, self.op("Sigmoid", self.op("Mul", x, self.scalar(1.702))))

    def swish(self, x: str) -> str:
        """Add x sigmoid(x)."""
        return self.op("Mul", x, self.op("Sigmoid", x))

    def mlp(self, name: str, x: str, sizes: tuple[int, int], activation: str = "gelu") -> str:
        """Add two linear layers, `sizes` wide outside and inside, with an activation of this class between them."""
        outer, inner = sizes
        hidden = getattr(self, activation)(self.linear(x, outer, inner, name=f"{name}.up"))
        result: str = self.linear(hidden, inner, outer, name=f"{name}.down")
        return result

    def project(self, name: str, x: str, heads: Heads, *, features: int = 0, part: str = "query") -> str:
        """Add one projection of an attention and arrange it as (batch, heads, tokens, features of a head)."""
        bias = heads.bias and (heads.key_bias or part != "key")
        y = self.linear(x, features or heads.width, heads.width, bias=bias, name=f"{name}.{part}")
        if part == "query" and heads.scale == "query":
            y = self.op("Mul", y, self.scalar(heads.each**-0.5))
        tokens = heads.tokens if part == "query" else heads.keys or heads.tokens
        return self.transpose(self.reshape(y, -1, tokens, heads.count, heads.each), 0, 2, 1, 3)

    def self_attention(self, name: str, x: str, heads: Heads, masks: Sequence[str] = ()) -> str:
        """Add an attention of a tensor to itself, from three projections to the last one."""
        parts = [self.project(name, x, heads, part=part) for part in ("query", "key", "value")]
        return self.linear(self.attend(name, parts, heads, masks), heads.width, heads.width, name=f"{name}.output")

    def cross_attention(self, name: str, x: str, context: str, heads: Heads, *, features: int) -> str:
        """Add an attention of a tensor to a context of `features`."""
        query = self.project(name, x, heads)
        others = [self.project(name, context, heads, features=features, part=part) for part in ("key", "value")]
        return self.linear(self.attend(name, (query, *others), heads), heads.width, heads.width, name=f"{name}.output")

    def packed_attention(self, name: str, x: str, heads: Heads, masks: Sequence[str] = ()) -> str:
        """Add an attention of a tensor to itself whose three projections are one linear layer."""
        packed = self.linear(x, heads.width, 3 * heads.width, name=f"{name}.qkv")
        apart = self.transpose(self.reshape(packed, -1, heads.tokens, 3, heads.count, heads.each), 2, 0, 3, 1, 4)
        names = [f"{name}.{part}s" for part in ("query", "key", "value")]
        self.op("Split", apart, outputs=names, axis=0, num_outputs=3)
        parts = [self.op("Squeeze", part, self.numbers(0)) for part in names]
        return self.linear(self.attend(name, parts, heads, masks), heads.width, heads.width, name=f"{name}.output")

    def attend(self, name: str, parts: Sequence[str], heads: Heads, masks: Sequence[str] = ()) -> str:
        """Add softmax(q k^T scale + masks) v of arranged queries, keys and values, and put the heads side by side."""
        query, key, value = parts
        key = self.transpose(key, 0, 1, 3, 2)
        if heads.scale == "both":
            root = self.scalar(heads.each**-0.25)
            query, key = self.op("Mul", query, root), self.op("Mul", key, root)
        scores = self.op("MatMul", query, key, name=f"{name}.scores")
        if heads.scale == "scores":
            scores = self.op("Div", scores, self.scalar(sqrt(heads.each)))
        for mask in masks:
            scores = self.mask(scores, mask, heads)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), value, name=f"{name}.mix")
        return self.reshape(self.transpose(mixed, 0, 2, 1, 3), -1, heads.tokens, heads.width)

    def patches(self, image: str, width: int, patch: int, side: int, *, bias: bool = True) -> str:
        """Add a convolution that makes a token of each square of `patch` pixels, `side` of them in a row."""
        weights = [self.weight("patches.weight", width, 3, patch, patch)]
        weights += [self.weight("patches.bias", width)] if bias else []
        pair = (patch, patch)
        squares = self.op("Conv", image, *weights, name="patches", kernel_shape=pair, strides=pair)
        return self.transpose(self.reshape(squares, -1, width, side * side), 0, 2, 1)

    def class_token(self, x: str, width: int) -> str:
        """Put a learnt token before those of each sample."""
        batch = self.op("Slice", self.op("Shape", x), self.numbers(0), self.numbers(1), self.numbers(0))
        sizes = self.op("Concat", batch, self.numbers(1, width), axis=0)
        token = self.op("Expand", self.weight("class_token", 1, 1, width), sizes)
        return self.op("Concat", token, x, axis=1)

    def mask(self, scores: str, mask: str, heads: Heads) -> str:  # noqa: ARG002 - for networks that mask otherwise
        """Add what is added to the scores."""
        return self.op("Add", scores, mask)


def causal_mask(tokens: int) -> npt.NDArray[np.float32]:
    """Return what is added to scores so that no query sees a later key: (1, 1, tokens, tokens)."""
    return np.triu(np.full((tokens, tokens), np.finfo(np.float32).min, np.float32), 1)[None, None]
