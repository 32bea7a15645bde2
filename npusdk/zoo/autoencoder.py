"""The decoder of Stable Diffusion XL's autoencoder (Podell et al. 2023, arXiv:2307.01952): latent image to picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.diffusion import LATENT, PIXELS
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.residual import ResidualNetwork
from npusdk.zoo.transformer import Heads

WIDTHS, BLOCKS = (512, 512, 256, 128), 3
"""Channels of each level, from the latent image to the picture, and residual blocks of each."""


def make_decoder(size: Size, name: str) -> Graph:
    """Return what makes a picture of `resolution` from a latent image of an eighth of it."""
    side = size.resolution // PIXELS
    net = ResidualNetwork(name, epsilon=1e-6)
    x = net.conv(net.image(LATENT, side, side, name="latent_sample"), LATENT, 1)
    x = net.residual("middle.0", net.conv(x, WIDTHS[0], 3), WIDTHS[0])
    x = net.residual("middle.1", _attend(net, "middle.attention", x, side), WIDTHS[0])
    for level, width in enumerate(WIDTHS):
        for index in range(BLOCKS):
            x = net.residual(f"up.{level}.{index}", x, width)
        x = net.upsample(f"up.{level}.double", x) if level < len(WIDTHS) - 1 else x
    net.scope = "last."
    return net.build([net.conv(net.group_norm_swish("last.norm", x), 3, 3)])


def _attend(net: ResidualNetwork, name: str, x: str, side: int) -> str:
    """Add an attention with one head to all points of a latent image."""
    net.scope = f"{name}."
    width = net.channels[x]
    points = net.transpose(net.reshape(net.group_norm(f"{name}.norm", x), -1, width, side * side), 0, 2, 1)
    y = net.self_attention(name, points, Heads(width, 1, side * side))
    return net.add(net.keep(net.reshape(net.transpose(y, 0, 2, 1), -1, width, side, side), x), x)


_PAPER = "Podell et al. 2023, arXiv:2307.01952, section 2.4; sizes: huggingface.co/stabilityai/sdxl-vae"

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "sdxl_vae_decoder": Entry(
        partial(make_decoder, name="sdxl_vae_decoder"), Size(resolution=1024), _PAPER, multiple=PIXELS,
    ),
})  # fmt: skip
"""Latent images as pictures."""
