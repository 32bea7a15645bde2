"""A small convolutional network for 8 x 8 digits, with its gradient, in NumPy.

::

    image [N, 1, 8, 8]
      conv1 3x3, 1 -> 16, relu            [N, 16, 8, 8]
      conv2 3x3, 16 -> 32, stride 2, relu [N, 32, 4, 4] --+
      conv3 3x3, 32 -> 32                 [N, 32, 4, 4]   |
      add, relu                           [N, 32, 4, 4] <-+
      global average pool                 [N, 32]
      gemm 32 -> 10                       [N, 10] logits

Everything is float64: another BLAS kernel sums in another order, and what that changes stays far below the grid on
which the trained parameters are rounded (`rounded`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Parameters: TypeAlias = dict[str, Array]

CONVOLUTIONS = {"conv1": (16, 1, 1), "conv2": (32, 16, 2), "conv3": (32, 32, 1)}
"""Output channels, input channels and stride of each 3 x 3 convolution, padded by 1."""

CLASSES = 10
GRID = 2.0**-12
"""Step of the grid on which trained parameters are kept; about 1e-3 of a typical weight."""


def initialise(rng: np.random.Generator) -> Parameters:
    """Return untrained parameters, normal with variance 2 / fan-in (He et al. 2015, equation 10), biases 0."""
    parameters: Parameters = {}
    for name, (outputs, inputs, _) in CONVOLUTIONS.items():
        parameters[f"{name}.weight"] = rng.normal(0.0, np.sqrt(2 / (9 * inputs)), (outputs, inputs, 3, 3))
        parameters[f"{name}.bias"] = np.zeros(outputs)
    features = CONVOLUTIONS["conv3"][0]
    parameters["gemm.weight"] = rng.normal(0.0, np.sqrt(2 / features), (CLASSES, features))
    parameters["gemm.bias"] = np.zeros(CLASSES)
    return parameters


def rounded(parameters: Parameters) -> Parameters:
    """Return the parameters rounded to multiples of `GRID`, which float32 holds exactly."""
    return {name: np.round(value / GRID) * GRID for name, value in parameters.items()}


def columns_of(x: Array, stride: int) -> Array:
    """Return the 3 x 3 patches of `x` [N, C, H, W], zero-padded by 1, as rows [N * H' * W', C * 9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5)).reshape(-1, x.shape[1] * 9)


def image_of(rows: Array, shape: tuple[int, ...], stride: int) -> Array:
    """Add patches `rows` [N * H' * W', C * 9] up to the array of `shape` they were cut from."""
    count, channels, height, width = shape
    patches = rows.reshape(count, height // stride, width // stride, channels, 3, 3)
    padded = np.zeros((count, channels, height + 2, width + 2))
    for i in range(3):
        for j in range(3):
            padded[:, :, i : i + height : stride, j : j + width : stride] += patches[..., i, j].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def convolve(parameters: Parameters, name: str, x: Array) -> Array:
    """Return convolution `name` of `x` [N, C, H, W]."""
    weight, stride = parameters[f"{name}.weight"], CONVOLUTIONS[name][2]
    rows = columns_of(x, stride) @ weight.reshape(len(weight), -1).T + parameters[f"{name}.bias"]
    side = x.shape[2] // stride
    return rows.reshape(len(x), side, side, len(weight)).transpose(0, 3, 1, 2)


def activations(parameters: Parameters, image: Array) -> dict[str, Array]:
    """Return every tensor of the network for images [N, 1, 8, 8] of 0 to 1, by its name in the ONNX graph."""
    conv1 = np.maximum(convolve(parameters, "conv1", image), 0.0)
    conv2 = np.maximum(convolve(parameters, "conv2", conv1), 0.0)
    conv3 = convolve(parameters, "conv3", conv2)
    residual = np.maximum(conv3 + conv2, 0.0)
    features = residual.mean(axis=(2, 3))
    logits = features @ parameters["gemm.weight"].T + parameters["gemm.bias"]
    return {
        "image": image,
        "conv1_relu": conv1,
        "conv2_relu": conv2,
        "conv3": conv3,
        "residual_relu": residual,
        "features": features,
        "logits": logits,
    }


def convolve_gradient(parameters: Parameters, name: str, x: Array, dy: Array) -> tuple[Array, Parameters]:
    """Return the gradient at the input of convolution `name` and at its parameters, from that at its output `dy`."""
    weight, stride = parameters[f"{name}.weight"], CONVOLUTIONS[name][2]
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, len(weight))
    gradient = {
        f"{name}.weight": (rows.T @ columns_of(x, stride)).reshape(weight.shape),
        f"{name}.bias": rows.sum(axis=0),
    }
    return image_of(rows @ weight.reshape(len(weight), -1), x.shape, stride), gradient


def loss_gradient(parameters: Parameters, image: Array, target: Array) -> Parameters:
    """Return the gradient of the mean cross entropy to `target` [N, 10], rows of probabilities, at the parameters."""
    a = activations(parameters, image)
    exponential = np.exp(a["logits"] - a["logits"].max(axis=1, keepdims=True))
    dlogits = (exponential / exponential.sum(axis=1, keepdims=True) - target) / len(image)
    gradient: Parameters = {"gemm.weight": dlogits.T @ a["features"], "gemm.bias": dlogits.sum(axis=0)}
    dfeatures = dlogits @ parameters["gemm.weight"]
    pixels = a["residual_relu"][0, 0].size
    dresidual = (dfeatures / pixels)[:, :, None, None] * (a["residual_relu"] > 0)
    dconv2, gradient3 = convolve_gradient(parameters, "conv3", a["conv2_relu"], dresidual)
    dconv2 = (dconv2 + dresidual) * (a["conv2_relu"] > 0)
    dconv1, gradient2 = convolve_gradient(parameters, "conv2", a["conv1_relu"], dconv2)
    _, gradient1 = convolve_gradient(parameters, "conv1", image, dconv1 * (a["conv1_relu"] > 0))
    return gradient | gradient1 | gradient2 | gradient3
