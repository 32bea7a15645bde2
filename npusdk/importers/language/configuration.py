"""Geometry of a decoder-only language model."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from npusdk.values import Frozen

Side: TypeAlias = Annotated[int, Field(ge=1, le=1 << 24)]
"""A size of a layer: far beyond any published model, and small enough that no count overflows."""

Layers: TypeAlias = Annotated[int, Field(ge=1, le=1 << 14)]
Activation: TypeAlias = Literal["relu", "gelu", "gelu_tanh", "silu"]


class LanguageConfig(Frozen):
    """What one needs to know of a decoder-only model to count its work.

    Parameters
    ----------
    name
        What people call it.
    layers, hidden
        Decoder blocks, and width of the residual stream.
    heads, kv_heads, head_dim
        Query heads, key and value heads (a divisor of `heads`), and width of each.
    ffn, gated
        Width of the feed-forward layer, and whether a second matrix gates it (SwiGLU).
    vocabulary, max_context
        Rows of the embedding; positions that the model was made for.
    activation
        Of the feed-forward layer.
    norm
        "layer" (scale and offset) or "rms" (scale).
    position, position_rows
        "rotary", or "learned" with a table of so many rows.
    parallel_block, parallel_norms
        Whether attention and feed-forward layer read the same input and are summed, and how many norms that input has.
    tied_embeddings
        Whether the output layer is the embedding.
    qkv_bias, projection_bias, ffn_bias, head_bias
        Which linear layers have biases.
    query_key_norm
        Whether queries and keys are normalised for each head.
    window
        Most tokens that one token sees, where that is less than all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = "model"
    layers: Layers
    hidden: Side
    heads: Side
    kv_heads: Side
    head_dim: Side
    ffn: Side
    vocabulary: Side
    max_context: Side
    gated: bool = False
    activation: Activation = "gelu"
    norm: Literal["layer", "rms"] = "layer"
    position: Literal["learned", "rotary"] = "learned"
    position_rows: int = Field(default=0, ge=0, le=1 << 24)
    parallel_block: bool = False
    parallel_norms: int = Field(default=1, ge=1, le=2)
    tied_embeddings: bool = False
    qkv_bias: bool = False
    projection_bias: bool = False
    ffn_bias: bool = False
    head_bias: bool = False
    query_key_norm: bool = False
    window: Side | None = None

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if self.heads % self.kv_heads:
            text = f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})"
            raise ValueError(text)
        if self.position == "rotary" and self.head_dim % 2:
            text = f"head_dim ({self.head_dim}) must be even to be rotated"
            raise ValueError(text)
        return self

    @property
    def norms(self) -> int:
        """Normalisations of one block."""
        return self.parallel_norms if self.parallel_block else 2

    @property
    def block_parameters(self) -> int:
        """Weights of one decoder block."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = self.hidden * (queries + 2 * keys) + queries * self.hidden
        attention += self.qkv_bias * (queries + 2 * keys) + self.projection_bias * self.hidden
        attention += self.query_key_norm * 2 * self.head_dim
        rows = 2 if self.gated else 1
        feed = (rows + 1) * self.hidden * self.ffn + self.ffn_bias * (rows * self.ffn + self.hidden)
        return attention + feed + self.norms * self.norm_parameters

    @property
    def norm_parameters(self) -> int:
        """Weights of one normalisation of the residual stream."""
        return self.hidden * (2 if self.norm == "layer" else 1)

    @property
    def parameters(self) -> int:
        """Weights of the whole model, a shared embedding counted once."""
        tables = 1 if self.tied_embeddings else 2
        outside = tables * self.vocabulary * self.hidden + self.head_bias * self.vocabulary
        outside += self.position_rows * self.hidden + self.norm_parameters
        return self.layers * self.block_parameters + outside

    @property
    def cache_elements_per_token(self) -> int:
        """Elements of keys and values that one token leaves in all layers: 2 layers kv_heads head_dim."""
        return 2 * self.layers * self.kv_heads * self.head_dim
