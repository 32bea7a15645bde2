"""A QDQ network with scales and zero points as calibration gives them: no powers of two, asymmetric.

Unlike in the digits network, sums are not exact in float32 here. So onnxruntime itself, with its graph optimisations
and without, rounds about one value in 100,000 the other way, and about one logit in 500 is then one step apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from tests.models.writer import Dim, ModelWriter

STEP = 0.0317
"""Scale of the logits of `quantised_cnn`: one step of its result."""


@dataclass(frozen=True)
class _Quantiser:
    """QuantizeLinear and DequantizeLinear around activations of one integer type, int8 weights and int32 biases."""

    write: ModelWriter
    dtype: type[np.integer]
    limit: int
    per_channel: bool

    def around(self, x: str, scale: float, zero_point: int) -> str:
        """Pass `x` through integers; `zero_point` counts from the smallest integer."""
        zero = np.asarray(zero_point + np.iinfo(self.dtype).min, self.dtype)
        pair = self.write.stored("scale", np.asarray(scale, np.float32)), self.write.stored("zero_point", zero)
        return self.write.node("DequantizeLinear", self.write.node("QuantizeLinear", x, *pair), *pair)

    def parameters(self, shape: tuple[int, ...], input_scale: float, gain: float) -> list[str]:
        """Draw a weight of variance gain^2 / inputs and a bias, stored as integers behind DequantizeLinear."""
        real = self.write.rng.standard_normal(shape) * gain / np.sqrt(np.prod(shape[1:]))
        axes = tuple(range(1, len(shape))) if self.per_channel else None
        scale = (np.abs(real).max(axis=axes) / self.limit).astype(np.float32)
        weight = np.round(real / scale.reshape((-1,) + (1,) * (len(shape) - 1))).astype(np.int8)
        bias_scale = (scale * np.float32(input_scale)).astype(np.float32)
        bias = np.round(0.1 * self.write.rng.standard_normal(shape[0]) / bias_scale).astype(np.int32)
        return [self._stored("weight", weight, scale), self._stored("bias", bias, bias_scale)]

    def _stored(self, name: str, integers: NDArray[np.integer], scale: NDArray[np.float32]) -> str:
        parts = {"quantised": integers, "scale": scale, "zero_point": np.zeros(scale.shape, integers.dtype)}
        tensors = [self.write.stored(f"{name}_{part}", value) for part, value in parts.items()]
        return self.write.node("DequantizeLinear", *tensors, axis=0)


def quantised_cnn(
    batch: Dim = "N",
    image: int = 16,
    *,
    signed: bool = False,
    limit: int = 64,
    per_channel: bool = True,
    seed: int = 0,
) -> onnx.ModelProto:
    """Build a QDQ network of dense, depthwise and 1 x 1 convolutions, Add, MaxPool, GlobalAveragePool and Gemm.

    Parameters
    ----------
    batch
        Batch, symbolic if a string. Input `image` [batch, 3, image, image], float32 of variance 1; output `logits`
        [batch, 10], float32.
    image
        Height and width.
    signed
        True makes activations int8, False uint8; weights are int8, biases int32.
    limit
        Largest weight. Over 64, onnxruntime's results depend on the CPU: without VNNI it saturates.
    per_channel
        False gives each weight one scale.
    seed
        Seed of all weights.
    """
    write = ModelWriter("quantised_cnn", seed=seed)
    quantise = _Quantiser(write, np.int8 if signed else np.uint8, limit, per_channel)
    x = quantise.around(write.input("image", [batch, 3, image, image]), 0.0307, 127)
    x = write.node("Conv", x, *quantise.parameters((16, 3, 3, 3), 0.0307, 1.0), pads=[1] * 4, strides=[2, 2])
    x = quantise.around(write.node("Relu", x), 0.0151, 0)
    y = write.node("Conv", x, *quantise.parameters((16, 1, 3, 3), 0.0151, 1.4), pads=[1] * 4, group=16)
    y = write.node("Clip", y, write.constant(0.0, np.float32), write.constant(6.0, np.float32))
    y = quantise.around(y, 0.0163, 0)
    y = write.node("Conv", y, *quantise.parameters((16, 16, 1, 1), 0.0163, 1.4))
    y = write.node("Add", quantise.around(y, 0.0311, 131), x)
    y = quantise.around(
        write.node("MaxPool", quantise.around(y, 0.0339, 101), kernel_shape=[2, 2], strides=[2, 2]), 0.0339, 101
    )
    y = quantise.around(write.node("GlobalAveragePool", y), 0.0117, 67)
    y = quantise.around(write.node("Flatten", y, axis=1), 0.0117, 67)
    y = write.node("Gemm", y, *quantise.parameters((10, 16), 0.0117, 1.4), transB=1)
    return write.output("logits", quantise.around(y, STEP, 119), [batch, 10])
