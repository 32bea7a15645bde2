"""Residual blocks of diffusion models: group normalisation, SiLU, convolution, twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from npusdk.zoo.transformer import Transformer

GROUPS = 32
"""Groups of channels that are normalised together."""


class ResidualNetwork(Transformer):
    """A network of residual blocks on images.

    Parameters
    ----------
    name
        Of the network.
    epsilon
        Of its normalisations of groups.
    """

    def __init__(self, name: str, epsilon: float) -> None:
        super().__init__(name)
        self.epsilon = epsilon
        self.times: dict[str, str] = {}
        self.scope = ""

    def _fresh(self, stem: str) -> str:
        """Begin names that nobody chose with the block they are in."""
        return f"{self.scope}{super()._fresh(stem)}"

    def bring_time(self, time: str, features: int, widths: Mapping[str, int]) -> None:
        """Add one linear layer of the time for each block, as wide as the block."""
        for name, width in widths.items():
            shift = self.linear(time, features, width, name=f"{name}.time")
            self.times[name] = self.op("Unsqueeze", shift, self.numbers(2, 3))

    def group_norm(self, name: str, x: str, epsilon: float = 0.0) -> str:
        """Add a normalisation of groups of channels."""
        names = [self.weight(f"{name}.{part}", self.channels[x]) for part in ("weight", "bias")]
        epsilon = epsilon or self.epsilon
        result = self.op("GroupNormalization", x, *names, name=name, num_groups=GROUPS, epsilon=epsilon)
        return self.keep(result, x)

    def group_norm_swish(self, name: str, x: str) -> str:
        """Add a normalisation of groups of channels and SiLU."""
        return self.keep(self.swish(self.group_norm(name, x)), x)

    def residual(self, name: str, x: str, width: int) -> str:
        """Add a block, shifted by the time where it is known; a 1 x 1 convolution makes another width of its input."""
        self.scope = f"{name}."
        y = self.conv(self.group_norm_swish(f"{name}.norm1", x), width, 3)
        if name in self.times:
            y = self.keep(self.op("Add", y, self.times[name]), y)
        y = self.conv(self.group_norm_swish(f"{name}.norm2", y), width, 3)
        return self.add(y, x if self.channels[x] == width else self.conv(x, width, 1))

    def upsample(self, name: str, x: str) -> str:
        """Double the side, nearest neighbours, and add a convolution."""
        self.scope = f"{name}."
        if "doubled" not in self._constants:
            self.constant(np.array([1, 1, 2, 2], np.float32), "doubled")
        modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        y = self.keep(self.op("Resize", x, "", "doubled", **modes), x)
        return self.conv(y, self.channels[x], 3)
