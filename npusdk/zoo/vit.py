"""Vision transformers with a class token (Dosovitskiy et al. 2020, arXiv:2010.11929)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer

CLASSES = 1000

_EPSILON = 1e-6


@dataclass(frozen=True)
class VisionTransformer:
    """What distinguishes one vision transformer.

    Parameters
    ----------
    patch
        Pixels of a square patch's side.
    layers, width
        Encoder layers, and features of a token; a head has 64.
    """

    patch: int
    layers: int
    width: int


def make_vit(size: Size, name: str, sizes: VisionTransformer) -> Graph:
    """Return patches, encoder layers that normalise first, and a linear layer on the class token.

    The projections of an attention are one linear layer, as timm has it.
    """
    net = Transformer(name)
    width, side = sizes.width, size.resolution // sizes.patch
    image = net.image(3, size.resolution, size.resolution)
    x = net.class_token(net.patches(image, width, sizes.patch, side), width)
    heads = Heads(width, width // 64, side * side + 1)
    x = net.op("Add", x, net.weight("positions", 1, heads.tokens, width))
    for index in range(sizes.layers):
        x = _add_layer(net, f"layer.{index}", x, heads)
    x = net.norm("norm", x, width, _EPSILON)
    first = net.op("Gather", x, net.index(0), axis=1)
    return net.build([net.linear(first, width, CLASSES, name="head")])


def _add_layer(net: Transformer, name: str, x: str, heads: Heads) -> str:
    width, attention, mlp = heads.width, f"{name}.attention", f"{name}.mlp"
    normal = net.norm(f"{attention}.norm", x, width, _EPSILON)
    x = net.residual_sum(attention, x, net.packed_attention(attention, normal, heads))
    normal = net.norm(f"{mlp}.norm", x, width, _EPSILON)
    return net.residual_sum(mlp, x, net.mlp(mlp, normal, (width, 4 * width)))


_PAPER = "Dosovitskiy et al. 2020, arXiv:2010.11929"
_COUNTS = "Liu et al. 2021, arXiv:2103.14030, table 1 (a): at 384 x 384"


def _entry(name: str, sizes: VisionTransformer, macs: float, parameters: float) -> Entry:
    make = partial(make_vit, name=name, sizes=sizes)
    return Entry(make, Size(resolution=384), _PAPER, macs, parameters, _COUNTS, multiple=sizes.patch)


ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "vit_b16": _entry("vit_b16", VisionTransformer(16, 12, 768), 55.4e9, 86e6),
    "vit_l16": _entry("vit_l16", VisionTransformer(16, 24, 1024), 190.7e9, 307e6),
})  # fmt: skip
"""Classifiers of 1000 classes."""
