"""The encoder of Whisper (Radford et al. 2022, arXiv:2212.04356): half a minute of sound, once for each recording."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer

FRAMES = 3000
"""Frames of 10 ms in half a minute; the encoder makes a token of two."""


def make_whisper_encoder(_size: Size, name: str, *, layers: int, width: int, bands: int) -> Graph:
    """Return two convolutions along time, fixed positions, and encoder layers that normalise first.

    The input is the logarithmic mel spectrum, (batch, bands, frames). Keys are projected without a bias.
    """
    net = Transformer(name)
    x = net.image(bands, FRAMES, name="input_features")
    for stride in (1, 2):
        x = net.conv(x, width, 3, stride=stride, dimensions=1)
        x = net.keep(net.gelu(x), x)
    heads = Heads(width, width // 64, FRAMES // 2, key_bias=False)
    x = net.op("Add", net.transpose(x, 0, 2, 1), net.weight("positions", heads.tokens, width))
    for index in range(layers):
        attention, mlp = f"layer.{index}.attention", f"layer.{index}.mlp"
        normal = net.norm(f"{attention}.norm", x, width)
        x = net.residual_sum(attention, x, net.self_attention(attention, normal, heads))
        x = net.residual_sum(mlp, x, net.mlp(mlp, net.norm(f"{mlp}.norm", x, width), (width, 4 * width)))
    return net.build([net.norm("last_hidden_state", x, width)])


_SOURCE = (
    "Radford et al. 2022, arXiv:2212.04356, table 1; 128 mel bands: github.com/openai/whisper, release of large-v3"
)

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "whisper_large_v3_encoder": Entry(
        partial(make_whisper_encoder, name="whisper_large_v3_encoder", layers=32, width=1280, bands=128),
        Size(), _SOURCE,
    ),
})  # fmt: skip
"""Sound as tokens."""
