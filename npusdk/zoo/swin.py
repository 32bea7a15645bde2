"""Transformers of shifted windows (Liu et al. 2021, arXiv:2103.14030).

Biases of relative positions are in the graph as what is added to the scores, (1, heads, tokens, tokens), as exporters
and compilers fold them; the table of (2 window - 1)^2 rows, which is what publications count, has fewer elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from npusdk.errors import ShapeError
from npusdk.graph import Graph
from npusdk.language import _
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.transformer import Heads, Transformer

CLASSES, PATCH, HEAD = 1000, 4, 32
"""Classes, pixels of a patch's side, features of a head."""

LARGEST = 1536
"""Largest resolution: what hides other regions is a constant that grows with the image, by then 85 MB for one stage."""

_UNSEEN, _HIDDEN = -100.0, "shifted_mask"


@dataclass(frozen=True)
class SwinTransformer:
    """What distinguishes one Swin transformer.

    Parameters
    ----------
    width
        Features of a token in the first stage; twice as many in each further one.
    depths
        Blocks of the four stages; every second block shifts its windows by half.
    window
        Tokens of a window's side.
    """

    width: int
    depths: tuple[int, ...]
    window: int


@dataclass(frozen=True)
class Stage:
    """Sizes of the tokens of one stage.

    Parameters
    ----------
    width
        Features of a token.
    side, window
        Tokens of the image's side and of a window's.
    """

    width: int
    side: int
    window: int

    @property
    def heads(self) -> Heads:
        """Sizes of the attention in a window."""
        return Heads(self.width, self.width // HEAD, self.window**2)

    @property
    def shift(self) -> int:
        """Tokens by which shifted windows are off; none where one window is the whole image."""
        return self.window // 2 if self.side > self.window else 0


class WindowedTransformer(Transformer):
    """A transformer whose tokens lie in a square and attend within windows."""

    def windows(self, x: str, stage: Stage) -> str:
        """Cut the square into windows: (batch, side, side, width) to (batch windows, tokens, width)."""
        count, window, width = stage.side // stage.window, stage.window, stage.width
        apart = self.transpose(self.reshape(x, -1, count, window, count, window, width), 0, 1, 3, 2, 4, 5)
        return self.reshape(apart, -1, window * window, width)

    def square(self, x: str, stage: Stage) -> str:
        """Put windows together again."""
        count, window, width = stage.side // stage.window, stage.window, stage.width
        apart = self.transpose(self.reshape(x, -1, count, count, window, window, width), 0, 1, 3, 2, 4, 5)
        return self.reshape(apart, -1, stage.side, stage.side, width)

    def roll(self, x: str, start: int) -> str:
        """Let both axes of the square begin at `start`, as torch.roll is exported."""
        for axis in (1, 2):
            end = self.op("Slice", x, self.numbers(start), self.numbers(2**31 - 1), self.numbers(axis))
            begin = self.op("Slice", x, self.numbers(0), self.numbers(start), self.numbers(axis))
            x = self.op("Concat", end, begin, axis=axis)
        return x

    def shifted_mask(self, stage: Stage) -> str:
        """Return what hides tokens of other regions, one constant for a stage."""
        name = f"{_HIDDEN}.{stage.side}"
        if name not in self._constants:
            self.constant(make_shifted_mask(stage.side, stage.window, stage.shift), name)
        return name

    def mask(self, scores: str, mask: str, heads: Heads) -> str:
        """Add biases of positions, or what hides other regions: one mask for each window."""
        if not mask.startswith(_HIDDEN):
            return self.op("Add", scores, mask)
        count = self._constants[mask].shape[1]
        apart = self.reshape(scores, -1, count, heads.count, heads.tokens, heads.tokens)
        return self.reshape(self.op("Add", apart, mask), -1, heads.count, heads.tokens, heads.tokens)


def make_shifted_mask(side: int, window: int, shift: int) -> npt.NDArray[np.float32]:
    """Return 0 for pairs of tokens of one region and -100 for others: (1, windows, 1, tokens, tokens)."""
    line = np.searchsorted([side - window, side - shift], np.arange(side), side="right")
    regions = 3 * line[:, None] + line
    count = side // window
    tokens = regions.reshape(count, window, count, window).transpose(0, 2, 1, 3).reshape(count**2, window**2)
    apart = tokens[:, :, None] != tokens[:, None, :]
    return np.where(apart, np.float32(_UNSEEN), np.float32(0))[None, :, None]


def make_swin(size: Size, name: str, sizes: SwinTransformer) -> Graph:
    """Return patches, four stages of windowed attention, and a linear layer on the mean of all tokens.

    Raises
    ------
    ShapeError
        If the resolution is larger than `LARGEST`.
    """
    if size.resolution > LARGEST:
        raise ShapeError(
            _("network {name} cannot take {what} {value}: the limit is {most}"),
            hint=_("Give {what}={most} or less."),
            name=name,
            what="resolution",
            value=size.resolution,
            most=LARGEST // (8 * PATCH * sizes.window) * 8 * PATCH * sizes.window,
        )
    net = WindowedTransformer(name)
    side = size.resolution // PATCH
    stage = Stage(sizes.width, side, sizes.window)
    image = net.image(3, size.resolution, size.resolution)
    x = net.norm("patches.norm", net.patches(image, sizes.width, PATCH, side), sizes.width)
    for index, depth in enumerate(sizes.depths):
        if index:
            x, stage = _merge(net, f"stage.{index}.merge", x, stage)
        for block in range(depth):
            x = _add_block(net, f"stage.{index}.block.{block}", x, stage, shifted=block % 2 == 1)
    x = net.op("ReduceMean", net.norm("norm", x, stage.width), net.numbers(1), keepdims=0)
    return net.build([net.linear(x, stage.width, CLASSES, name="head")])


def _add_block(net: WindowedTransformer, name: str, x: str, stage: Stage, *, shifted: bool) -> str:
    width, heads = stage.width, stage.heads
    shift = stage.shift if shifted else 0
    attention, mlp = f"{name}.attention", f"{name}.mlp"
    masks = [net.weight(f"{attention}.positions", 1, heads.count, heads.tokens, heads.tokens)]
    y = net.reshape(net.norm(f"{attention}.norm", x, width), -1, stage.side, stage.side, width)
    if shift:
        y = net.roll(y, shift)
        masks.append(net.shifted_mask(stage))
    y = net.square(net.packed_attention(attention, net.windows(y, stage), heads, masks), stage)
    if shift:
        y = net.roll(y, -shift)
    x = net.residual_sum(attention, x, net.reshape(y, -1, stage.side**2, width))
    return net.residual_sum(mlp, x, net.mlp(mlp, net.norm(f"{mlp}.norm", x, width), (width, 4 * width)))


def _merge(net: WindowedTransformer, name: str, x: str, stage: Stage) -> tuple[str, Stage]:
    """Make one token of each 2 x 2, twice as wide."""
    half, width = stage.side // 2, stage.width
    apart = net.transpose(net.reshape(x, -1, half, 2, half, 2, width), 0, 1, 3, 4, 2, 5)
    x = net.norm(f"{name}.norm", net.reshape(apart, -1, half * half, 4 * width), 4 * width)
    x = net.linear(x, 4 * width, 2 * width, bias=False, name=f"{name}.reduction")
    return x, Stage(2 * width, half, stage.window)


_PAPER = "Liu et al. 2021, arXiv:2103.14030"
_COUNTS = "Liu et al. 2021, arXiv:2103.14030, table 1"


def _entry(name: str, sizes: SwinTransformer, size: Size, counts: tuple[float, float]) -> Entry:
    make = partial(make_swin, name=name, sizes=sizes)
    return Entry(make, size, _PAPER, *counts, _COUNTS, multiple=8 * PATCH * sizes.window)


ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "swin_t": _entry("swin_t", SwinTransformer(96, (2, 2, 6, 2), 7), Size(224), (4.5e9, 29e6)),
    "swin_b": _entry("swin_b", SwinTransformer(128, (2, 2, 18, 2), 7), Size(224), (15.4e9, 88e6)),
    "swin_l": _entry("swin_l", SwinTransformer(192, (2, 2, 18, 2), 12), Size(384), (103.9e9, 197e6)),
})  # fmt: skip
"""Classifiers of 1000 classes."""
