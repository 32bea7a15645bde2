"""Making reference networks: layers with weights that are not there yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npusdk.graph import GraphBuilder, absent_weight

BATCH = "batch"
"""Name of the leading dimension of every input: bound to a number by whoever loads the network."""


class Network(GraphBuilder):
    """A graph builder that knows the channels of its tensors and makes weights as it goes.

    Batch normalisation is folded into the convolution before it, as exporters for inference do; so a convolution has a
    bias.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.channels: dict[str, int] = {}

    def image(self, channels: int, *sizes: int, name: str = "image") -> str:
        """Add an input of one image (or volume) for each sample and return its name."""
        self.input(name, (BATCH, channels, *sizes))
        self.channels[name] = channels
        return name

    def weight(self, name: str, *shape: int) -> str:
        """Add weights that are not there, once for each name, and return their name."""
        return name if name in self._constants else self.constant(absent_weight(shape), name)

    def conv(
        self,
        x: str,
        filters: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        pads: Sequence[int] | None = None,
        activation: str = "",
        dimensions: int = 2,
    ) -> str:
        """Add a convolution and its activation ("Relu", "Relu6", "Swish", ...) and return the name of the result.

        Padding is (kernel - 1) / 2 on each side, as PyTorch's networks have it, unless `pads` says otherwise.
        """
        name = self._fresh("conv")
        sizes = (filters, self.channels[x] // groups, *[kernel] * dimensions)
        weights = self.weight(f"{name}.weight", *sizes), self.weight(f"{name}.bias", filters)
        result = self.convolve(x, weights, stride=stride, groups=groups, pads=pads, name=name)
        return self.activate(result, activation)

    def convolve(
        self,
        x: str,
        weights: Sequence[str],
        *,
        stride: int = 1,
        groups: int = 1,
        pads: Sequence[int] | None = None,
        name: str = "",
    ) -> str:
        """Add a convolution with weights, and perhaps a bias, that are there already; padding as for `conv`."""
        filters, _each, *kernel = self._constants[weights[0]].shape
        sides = [(size - 1) // 2 for size in kernel]
        result = self.op(
            "Conv",
            x,
            *weights,
            name=name or self._fresh("conv"),
            kernel_shape=tuple(kernel),
            strides=(stride,) * len(kernel),
            group=groups,
            pads=tuple(pads if pads is not None else sides * 2),
        )
        self.channels[result] = filters
        return result

    def activate(self, x: str, activation: str) -> str:
        """Add an activation of one input, or none for an empty name; "Relu6" is clipped at 6 (a node Clip)."""
        if not activation:
            return x
        if activation == "Relu6":
            limits = (self.number("zero", 0.0), self.number("six", 6.0))
            return self.keep(self.op("Clip", x, *limits), x)
        return self.keep(self.op(activation, x), x)

    def number(self, name: str, value: float) -> str:
        """Add a number that is there, once for each name, and return its name."""
        return name if name in self._constants else self.constant(np.float32(value), name)

    def instance_norm(self, x: str) -> str:
        """Add a normalisation of each channel of each sample, with a scale and an offset."""
        name = self._fresh("norm")
        names = [self.weight(f"{name}.{part}", self.channels[x]) for part in ("scale", "bias")]
        return self.keep(self.op("InstanceNormalization", x, *names, name=name, epsilon=1e-5), x)

    def add(self, x: str, y: str, activation: str = "") -> str:
        """Add the sum of two tensors of one shape, and its activation."""
        return self.activate(self.keep(self.op("Add", x, y), x), activation)

    def keep(self, result: str, like: str) -> str:
        """Note that a result has the channels of another tensor, and return it."""
        self.channels[result] = self.channels[like]
        return result

    def concat(self, *parts: str, axis: int = 1) -> str:
        """Add the concatenation along the channels."""
        result = self.op("Concat", *parts, axis=axis)
        self.channels[result] = sum(self.channels[part] for part in parts)
        return result

    def linear(self, x: str, inputs: int, outputs: int, *, bias: bool = True, name: str = "") -> str:
        """Add a linear layer over the last axis and return the name of the result."""
        name = name or self._fresh("linear")
        result = self.op("MatMul", x, self.weight(f"{name}.weight", inputs, outputs), name=name)
        if bias:
            result = self.op("Add", result, self.weight(f"{name}.bias", outputs), name=f"{name}.add")
        self.channels[result] = outputs
        return result
