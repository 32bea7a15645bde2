"""The towers of CLIP (Radford et al. 2021, arXiv:2103.00020), and SDXL's text encoders, which are such towers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer, causal_mask

WORDS, POSITIONS = 49408, 77
"""Rows of the two tables of embeddings of text."""


@dataclass(frozen=True)
class Tower:
    """What distinguishes one tower.

    Parameters
    ----------
    layers, width
        Encoder layers, and features of a token; a head has 64.
    result
        Features of the result; 0 for those of a token, not projected.
    patch
        Pixels of a square patch's side; 0 for text.
    activation
        Between the two linear layers: "gelu_quick", or "gelu" in OpenCLIP's larger towers.
    keeps_hidden
        Whether the tokens before the last layer are an output, too.
    """

    layers: int
    width: int
    result: int = 0
    patch: int = 0
    activation: str = "gelu_quick"
    keeps_hidden: bool = False


def make_image_tower(size: Size, name: str, tower: Tower) -> Graph:
    """Return a vision transformer that normalises also before its layers; the class token is projected."""
    net = Transformer(name)
    width, side = tower.width, size.resolution // tower.patch
    heads = Heads(width, width // 64, side * side + 1)
    image = net.image(3, size.resolution, size.resolution, name="pixel_values")
    x = net.class_token(net.patches(image, width, tower.patch, side, bias=False), width)
    x = net.norm("norm0", net.op("Add", x, net.weight("positions", 1, heads.tokens, width)), width)
    x = _add_layers(net, x, tower, heads)[-1]
    first = net.norm("norm", net.op("Gather", x, net.index(0), axis=1), width)
    return net.build([net.linear(first, width, tower.result, bias=False, name="image_embeds")])


def make_text_tower(size: Size, name: str, tower: Tower) -> Graph:
    """Return layers in which no token sees a later one; the token of the largest number, the last, is the result."""
    net = Transformer(name)
    width, sequence = tower.width, size.sequence
    ids = net.tokens("input_ids", sequence)
    x = net.embed("words", ids, WORDS, width)
    x = net.op("Add", x, net.positions("positions", sequence, POSITIONS, width))
    mask = net.constant(causal_mask(sequence), "unseen")
    hidden = _add_layers(net, x, tower, Heads(width, width // 64, sequence), mask)
    last = _pick(net, ids, net.norm("norm", hidden[-1], width), width)
    pooled = net.linear(last, width, tower.result, bias=False, name="text_embeds") if tower.result else last
    return net.build([hidden[-2], pooled] if tower.keeps_hidden else [pooled])


def _add_layers(net: Transformer, x: str, tower: Tower, heads: Heads, *masks: str) -> list[str]:
    """Return the tokens before the first layer and after each."""
    hidden, width = [x], tower.width
    for index in range(tower.layers):
        attention, mlp = f"layer.{index}.attention", f"layer.{index}.mlp"
        y = net.self_attention(attention, net.norm(f"{attention}.norm", x, width), heads, masks)
        x = net.residual_sum(attention, x, y)
        y = net.mlp(mlp, net.norm(f"{mlp}.norm", x, width), (width, 4 * width), tower.activation)
        x = net.residual_sum(mlp, x, y)
        hidden.append(x)
    return hidden


def _pick(net: Transformer, ids: str, x: str, width: int) -> str:
    """Take the features of the token with the largest number, which ends the text."""
    place = net.op("ArgMax", ids, axis=1, keepdims=1)
    places = net.op("Expand", net.op("Unsqueeze", place, net.numbers(2)), net.numbers(1, 1, width))
    return net.op("Squeeze", net.op("GatherElements", x, places, axis=1), net.numbers(1))


_PAPER = "Radford et al. 2021, arXiv:2103.00020, table 20"
_SDXL = "Podell et al. 2023, arXiv:2307.01952, section 2.1"
_COUNTS = "github.com/mlfoundations/open_clip, docs/model_profile.csv (two operations to a multiply-accumulate)"


_CLIP = Tower(12, 768, keeps_hidden=True)
_OPEN_CLIP = Tower(32, 1280, 1280, activation="gelu", keeps_hidden=True)


def _image(name: str, tower: Tower, gflops: float, parameters: float) -> Entry:
    make = partial(make_image_tower, name=name, tower=tower)
    return Entry(make, Size(resolution=224), _PAPER, gflops / 2 * 1e9, parameters, _COUNTS, multiple=tower.patch)


def _text(name: str, tower: Tower, gflops: float, parameters: float, *, source: str = _PAPER) -> Entry:
    make, size = partial(make_text_tower, name=name, tower=tower), Size(sequence=POSITIONS)
    return Entry(make, size, source, gflops / 2 * 1e9, parameters, _COUNTS, longest=POSITIONS)


ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "clip_vit_b32": _image("clip_vit_b32", Tower(12, 768, 512, 32), 8.82, 87.85e6),
    "clip_vit_l14": _image("clip_vit_l14", Tower(24, 1024, 768, 14), 162.03, 303.97e6),
    "clip_vit_b32_text": _text("clip_vit_b32_text", Tower(12, 512, 512), 5.96, 63.43e6),
    "clip_vit_l14_text": _text("clip_vit_l14_text", Tower(12, 768, 768), 13.3, 123.65e6),
    "sdxl_text_encoder": _text("sdxl_text_encoder", _CLIP, 13.3, 123.65e6, source=_SDXL),
    "sdxl_text_encoder_2": _text("sdxl_text_encoder_2", _OPEN_CLIP, 97.86, 694.66e6, source=_SDXL),
})  # fmt: skip
"""Images and texts as vectors."""
