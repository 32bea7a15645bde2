"""The denoiser of Stable Diffusion XL 1.0 (Podell et al. 2023, arXiv:2307.01952): one step of one image.

Group normalisation is one operator (opset 21), SiLU is x sigmoid(x). The linear layers that bring the time into each
block come first, because all of them read one tensor; exporters put them between the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from types import MappingProxyType

import numpy as np

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.network import BATCH
from npusdk.zoo.residual import ResidualNetwork
from npusdk.zoo.transformer import Heads

LATENT, PIXELS = 4, 8
"""Channels of a latent image, and pixels of the side of the square that one of its points stands for."""

TEXT_TOKENS, TEXT_WIDTH, POOLED_WIDTH, TIME_IDS = 77, 2048, 1280, 6
"""The text: tokens of both encoders side by side, the second one's vector, and six sizes of the picture."""

_PERIOD, _TIME_IDS_WIDTH = 10_000.0, 256


@dataclass(frozen=True)
class Denoiser:
    """What distinguishes one U-Net.

    Parameters
    ----------
    widths
        Channels of each level; every level but the last halves the side.
    depths
        Transformer layers after each residual block of a level; 0 for none.
    blocks
        Residual blocks of a level on the way down; one more on the way up.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    blocks: int


class UNet(ResidualNetwork):
    """A U-Net whose blocks know the time and attend to a text."""

    def __init__(self, name: str, sizes: Denoiser, side: int) -> None:
        super().__init__(name, epsilon=1e-5)
        self.sizes = sizes
        self.sides = [side >> level for level in range(len(sizes.widths))]
        self.context = ""
        self.skips: list[str] = []

    def sinusoid(self, x: str, width: int) -> str:
        """Add cosines and sines of each number: (..., 1) to (..., width)."""
        half = width // 2
        steps = np.exp(-log(_PERIOD) / half * np.arange(half, dtype=np.float32))
        angles = self.op("Mul", x, self.constant(steps, f"frequencies.{width}"))
        return self.op("Concat", self.op("Cos", angles), self.op("Sin", angles), axis=-1)

    def embed_vector(self, name: str, x: str, inputs: int, outputs: int) -> str:
        """Add two linear layers with SiLU between them."""
        hidden = self.swish(self.linear(x, inputs, outputs, name=f"{name}.1"))
        return self.linear(hidden, outputs, outputs, name=f"{name}.2")

    def embed_time(self) -> str:
        """Add what tells every block the time, the text and the sizes of the picture."""
        width = 4 * self.sizes.widths[0]
        time = self.op("Unsqueeze", self.input("timestep", (BATCH,)), self.numbers(1))
        time = self.embed_vector("time", self.sinusoid(time, self.sizes.widths[0]), self.sizes.widths[0], width)
        pooled = self.input("text_embeds", (BATCH, POOLED_WIDTH))
        ids = self.op("Unsqueeze", self.input("time_ids", (BATCH, TIME_IDS)), self.numbers(2))
        ids_width = TIME_IDS * _TIME_IDS_WIDTH
        ids = self.reshape(self.sinusoid(ids, _TIME_IDS_WIDTH), -1, ids_width)
        both = self.op("Concat", pooled, ids, axis=-1)
        added = self.embed_vector("added", both, POOLED_WIDTH + ids_width, width)
        return self.swish(self.op("Add", time, added))

    def attend_text(self, name: str, x: str, level: int) -> str:
        """Add a transformer of self-attention, attention to the text and a gated MLP on the points of an image."""
        self.scope = f"{name}."
        width, side = self.sizes.widths[level], self.sides[level]
        points = Heads(width, width // 64, side * side, bias=False)
        text = Heads(width, width // 64, side * side, keys=TEXT_TOKENS, bias=False)
        y = self.transpose(self.group_norm(f"{name}.norm", x, 1e-6), 0, 2, 3, 1)
        y = self.linear(self.reshape(y, -1, side * side, width), width, width, name=f"{name}.in")
        for index in range(self.sizes.depths[level]):
            part = f"{name}.{index}"
            normal = self.norm(f"{part}.self.norm", y, width)
            y = self.residual_sum(f"{part}.self", self.self_attention(f"{part}.self", normal, points), y)
            normal = self.norm(f"{part}.text.norm", y, width)
            attended = self.cross_attention(f"{part}.text", normal, self.context, text, features=TEXT_WIDTH)
            y = self.residual_sum(f"{part}.text", attended, y)
            normal = self.norm(f"{part}.mlp.norm", y, width)
            y = self.residual_sum(f"{part}.mlp", self.gated_mlp(f"{part}.mlp", normal, width), y)
        y = self.reshape(self.linear(y, width, width, name=f"{name}.out"), -1, side, side, width)
        return self.keep(self.op("Add", self.transpose(y, 0, 3, 1, 2), x), x)

    def gated_mlp(self, name: str, x: str, width: int) -> str:
        """Add a linear layer of which one half gates the other through GELU, and one back."""
        both = self.linear(x, width, 8 * width, name=f"{name}.up")
        halves = (f"{name}.value", f"{name}.gate")
        self.op("Split", both, outputs=halves, axis=-1, num_outputs=2)
        gated = self.op("Mul", halves[0], self.gelu(halves[1]))
        return self.linear(gated, 4 * width, width, name=f"{name}.down")

    def block(self, name: str, x: str, level: int) -> str:
        """Add a residual block, and the transformer of its level."""
        x = self.residual(name, x, self.sizes.widths[level])
        return self.attend_text(f"{name}.attention", x, level) if self.sizes.depths[level] else x

    def go_down(self, x: str) -> str:
        """Add the levels, remembering what they give."""
        self.skips.append(x)
        for level, width in enumerate(self.sizes.widths):
            for index in range(self.sizes.blocks):
                x = self.block(f"down.{level}.{index}", x, level)
                self.skips.append(x)
            if level < len(self.sizes.widths) - 1:
                self.scope = f"down.{level}.half."
                x = self.conv(x, width, 3, stride=2)
                self.skips.append(x)
        return x

    def go_up(self, x: str) -> str:
        """Add the levels in reverse, each block beside what the way down remembers."""
        for level in reversed(range(len(self.sizes.widths))):
            for index in range(self.sizes.blocks + 1):
                x = self.block(f"up.{level}.{index}", self.concat(x, self.skips.pop()), level)
            x = self.upsample(f"up.{level}.double", x) if level else x
        return x


def make_denoiser(size: Size, name: str, sizes: Denoiser) -> Graph:
    """Return a U-Net that says which noise there is in latent images of `resolution` / 8.

    Inputs are the latent images, the time, the text's tokens and its vector, and sizes of the picture.
    """
    side, last = size.resolution // PIXELS, len(sizes.widths) - 1
    net = UNet(name, sizes, side)
    sample = net.image(LATENT, side, side, name="sample")
    net.context = net.input("encoder_hidden_states", (BATCH, TEXT_TOKENS, TEXT_WIDTH))
    levels = range(len(sizes.widths))
    names = {f"down.{level}.{index}": sizes.widths[level] for level in levels for index in range(sizes.blocks)}
    names |= dict.fromkeys(("middle.0", "middle.1"), sizes.widths[-1])
    names |= {f"up.{level}.{index}": sizes.widths[level] for level in levels for index in range(sizes.blocks + 1)}
    net.bring_time(net.embed_time(), 4 * sizes.widths[0], names)
    x = net.go_down(net.conv(sample, sizes.widths[0], 3))
    x = net.residual("middle.1", net.block("middle.0", x, last), sizes.widths[-1])
    x = net.go_up(x)
    net.scope = "last."
    x = net.group_norm_swish("last.norm", x)
    return net.build([net.conv(x, LATENT, 3)])


_PAPER = "Podell et al. 2023, arXiv:2307.01952, table 1 and section 2.1"
_WEIGHTS = "sizes of the released weights, huggingface.co/stabilityai/stable-diffusion-xl-base-1.0, unet"

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "sdxl_unet": Entry(
        partial(make_denoiser, name="sdxl_unet", sizes=Denoiser((320, 640, 1280), (0, 2, 10), 2)),
        Size(resolution=1024), _PAPER, parameters=2_567_463_684, counts=_WEIGHTS, multiple=4 * PIXELS,
    ),
})  # fmt: skip
"""Denoisers of latent images."""
