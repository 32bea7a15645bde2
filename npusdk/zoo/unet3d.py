"""3D U-Nets of the MLPerf inference suite, after nnU-Net: Isensee et al. (2021), doi:10.1038/s41592-020-01008-z.

Six levels of two 3x3x3 convolutions, each normalised by sample and channel; strided convolutions go down, transposed
ones of 2x2x2 go up, and each level is joined to the one it came from (arXiv:1606.06650).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from npusdk.graph import Graph
from npusdk.zoo.entry import Entry, Size
from npusdk.zoo.network import Network

WIDTHS = (32, 64, 128, 256, 320, 320)
"""Channels of the levels, the finest first; nnU-Net's limit is 320."""


@dataclass(frozen=True)
class _Task:
    """What differs between the two networks.

    Parameters
    ----------
    name
        Name of the network.
    volume
        Input channels, depth, height and width.
    classes
        Channels of the result.
    slope
        Slope of the activation for negative numbers.
    bias
        Whether convolutions before a normalisation have a bias.
    final_bias
        Whether transposed convolutions and the last one have a bias.
    """

    name: str
    volume: tuple[int, int, int, int]
    classes: int
    slope: float
    bias: bool
    final_bias: bool


def _conv(net: Network, x: str, width: int, kernel: int, *, stride: int = 1, bias: bool = True) -> str:
    """Add a convolution in three dimensions."""
    if bias:
        return net.conv(x, width, kernel, stride=stride, dimensions=3)
    weight = net.weight(f"{x}.next", width, net.channels[x], *[kernel] * 3)
    return net.convolve(x, [weight], stride=stride)


def _enlarge(net: Network, x: str, width: int, *, bias: bool) -> str:
    """Add a transposed convolution that doubles the sizes."""
    weights = [net.weight(f"{x}.up", net.channels[x], width, 2, 2, 2)]
    if bias:
        weights.append(net.weight(f"{x}.up.bias", width))
    result = net.op("ConvTranspose", x, *weights, kernel_shape=(2, 2, 2), strides=(2, 2, 2))
    net.channels[result] = width
    return result


def _layer(net: Network, x: str, width: int, task: _Task, *, stride: int = 1) -> str:
    """Add a convolution, its normalisation and its activation."""
    x = net.instance_norm(_conv(net, x, width, 3, stride=stride, bias=task.bias))
    if not task.slope:
        return net.activate(x, "Relu")
    return net.keep(net.op("LeakyRelu", x, alpha=task.slope), x)


def _unet(task: _Task, _size: Size) -> Graph:
    net = Network(task.name)
    x = net.image(*task.volume, name="volume")
    levels = []
    for level, width in enumerate(WIDTHS):
        x = _layer(net, x, width, task, stride=2 if level else 1)
        x = _layer(net, x, width, task)
        levels.append(x)
    for width, skip in zip(reversed(WIDTHS[:-1]), reversed(levels[:-1]), strict=True):
        x = net.concat(_enlarge(net, x, width, bias=task.final_bias), skip)
        x = _layer(net, _layer(net, x, width, task), width, task)
    return net.build([_conv(net, x, task.classes, 1, bias=task.final_bias)])


_BRATS = _Task("unet3d_brats", (4, 224, 224, 160), classes=4, slope=0.01, bias=True, final_bias=False)
_KITS = _Task("unet3d_kits", (1, 128, 128, 128), classes=3, slope=0.0, bias=False, final_bias=True)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "unet3d_brats": Entry(
            partial(_unet, _BRATS),
            Size(),
            "github.com/mlcommons/inference, vision/medical_imaging/3d-unet-brats19; github.com/MIC-DKFZ/nnUNet",
        ),
        "unet3d_kits": Entry(
            partial(_unet, _KITS),
            Size(),
            "github.com/mlcommons/training, image_segmentation/pytorch/model/unet3d.py: one window of 128x128x128",
        ),
    }
)
