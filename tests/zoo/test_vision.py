"""The networks of images and volumes hold what is published of them."""

from functools import cache

import pytest

from npusdk.cost.work import work_of
from npusdk.graph import bind, is_absent
from npusdk.kernels import call
from npusdk.zoo import ZOO, Size
from npusdk.zoo.retinanet import make_retinanet
from npusdk.zoo.unet3d import WIDTHS

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101")
FOLDED_BIASES = 26_560
"""Channels of all convolutions of ResNet-50: batch normalisation has two weights for each, a bias is one."""


@cache
def bound(name):
    return bind(ZOO[name].make(ZOO[name].size), {}, call)


def macs_of(graph):
    return sum(work_of(node, graph).macs for node in graph.nodes)


def parameters_of(graph):
    return sum(value.size for value in graph.constants.values() if is_absent(value))


def biases_of(graph):
    return sum(graph.tensors[node.inputs[2]].elements for node in graph.nodes if node.op == "Conv")


@pytest.mark.parametrize("name", [*RESNETS, "mobilenet_v2"])
def test_torchvision_network_has_the_published_counts(name):
    """Weights are torchvision's `num_params` exactly, with two for each normalised channel; MACs are its `_ops`."""
    graph, entry = bound(name), ZOO[name]
    assert parameters_of(graph) + biases_of(graph) == entry.parameters
    assert round(macs_of(graph) / 1e9, 3) == entry.macs / 1e9


def test_resnet50_with_folded_normalisation_has_its_known_counts():
    """ResNet-50 v1.5 has 25,530,472 weights and 4,089,184,256 MACs."""
    graph = bound("resnet50")
    assert (parameters_of(graph), macs_of(graph)) == (25_530_472, 4_089_184_256)
    assert biases_of(graph) == FOLDED_BIASES


@pytest.mark.parametrize("name", ["mobilenet_v1", "ssd_mobilenet_v1", "ssd_resnet34"])
def test_network_has_the_rounded_published_counts(name):
    """Weights within 0.5 % (published files hold boxes too) and MACs within 1 % (published counts hold activations)."""
    graph, entry = bound(name), ZOO[name]
    assert parameters_of(graph) == pytest.approx(entry.parameters, rel=5e-3)
    assert entry.macs * 0.99 < macs_of(graph) < entry.macs


def test_mobilenet_v1_has_the_papers_macs():
    """MobileNet v1 is 569 million multiply-accumulates, as its paper's table 4 says."""
    assert round(macs_of(bound("mobilenet_v1")) / 1e6) == 569


@pytest.mark.parametrize(("name", "boxes", "classes"), [("ssd_mobilenet_v1", 1917, 91), ("ssd_resnet34", 15130, 81)])
def test_detector_has_the_suites_boxes(name, boxes, classes):
    """The number of boxes is that of the MLPerf reference, which says that every map has the right size."""
    graph = bound(name)
    assert [graph.tensors[output].shape for output in graph.outputs] == [(1, boxes, 4), (1, boxes, classes)]


def test_retinanet_on_resnet50_has_torchvisions_weights():
    """With ResNet-50 and 91 classes it has exactly the 34,014,999 weights of torchvision, normalisation frozen."""
    graph = bind(make_retinanet(Size(64), groups=1, each=64, classes=91), {}, call)
    assert parameters_of(graph) - FOLDED_BIASES == 34_014_999


def test_retinanet_differs_by_its_backbone_and_its_classes():
    """Weights beyond that are the ResNeXt50's (25,028,904 less 25,557,032) and those of 9 x 173 more filters."""
    resnet, resnext = (bind(make_retinanet(Size(64), groups=g, each=e), {}, call) for g, e in ((1, 64), (32, 4)))
    normalised = FOLDED_BIASES + 2 * (64 * 3 + 128 * 4 + 256 * 6 + 512 * 3)
    folded = parameters_of(resnext) - parameters_of(resnet) + normalised - FOLDED_BIASES
    assert folded == 25_028_904 - 25_557_032
    assert parameters_of(resnet) == 34_014_999 + FOLDED_BIASES + 9 * 173 * (256 * 9 + 1)


def test_retinanet_has_nine_boxes_at_each_place_of_five_levels():
    """An image of 800 pixels has 9 boxes at each of 100^2 + 50^2 + 25^2 + 13^2 + 7^2 places."""
    graph = bound("retinanet")
    assert graph.tensors["boxes"].shape == (1, 9 * (100**2 + 50**2 + 25**2 + 13**2 + 7**2), 4)


@pytest.mark.parametrize(("name", "channels", "volume"), [("unet3d_brats", 4, 224 * 224 * 160),
                                                         ("unet3d_kits", 1, 128**3)])  # fmt: skip
def test_unet3d_has_the_macs_of_its_levels(name, channels, volume):
    """Two convolutions a level down, a transposed one and two up, and the last: summed level by level by hand."""
    classes = {"unet3d_brats": 4, "unet3d_kits": 3}[name]
    expected = volume * WIDTHS[0] * (27 * channels + classes)
    for level, width in enumerate(WIDTHS):
        below = WIDTHS[level - 1] if level else 0
        expected += volume // 8**level * 27 * width * (below + width)
    for level, width in enumerate(WIDTHS[:-1]):
        expected += volume // 8**level * width * (WIDTHS[level + 1] + 27 * 2 * width + 27 * width)
    graph = bound(name)
    assert macs_of(graph) == expected
    assert graph.tensors[graph.outputs[0]].elements == classes * volume
    assert 31.1e6 < parameters_of(graph) < 31.3e6
