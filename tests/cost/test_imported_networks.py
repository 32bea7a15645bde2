"""From a file to seconds: networks as exporters write them, on every device of the catalogue."""

import math
from functools import partial

import onnx
import pytest

from npusdk.catalogue import cost_parameters, filter_devices, find_device
from npusdk.cost import schedule, work_table
from npusdk.errors import PrecisionError, UnsupportedOpError
from npusdk.importers import load_onnx
from npusdk.pipeline import Model
from tests.models.builders import efficientnet_like, mobilenet_v2, resnet50
from tests.models.counting import macs_of
from tests.models.samples import TINY

STATIC = {
    name: make
    for name, make in TINY.items()
    if name not in ("bert_encoder-dynamic", "gpt_decoder", "gpt_decoder-trilu")
}
"""Networks whose shapes are all known once the batch is."""


def load(model):
    """Import a model; initialisers without data are zeros."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and not (tensor.raw_data or tensor.float_data):
            tensor.raw_data = bytes(4 * math.prod(tensor.dims))
    return Model(load_onnx(model), {})


def plan_for(model, device):
    """Compile a model for a device in the precision that suits both."""
    return model.planner.plan(device, model.planner.precision(device, "auto"), model.batch)


@pytest.mark.parametrize(
    ("make", "gmacs", "mparams"),
    [(partial(resnet50, folded=True), 4.09, 25.53), (mobilenet_v2, 0.301, 3.49), (efficientnet_like, 0.386, 5.29)],
    ids=["resnet50", "mobilenet_v2", "efficientnet"],
)
def test_imported_network_has_the_published_work(make, gmacs, mparams):
    """MACs as torchvision publishes them, and parameters without the normalisations that are folded."""
    table = work_table(plan_for(load(make(1, filled=False)), find_device("a100")))
    assert table.macs.sum() / 1e9 == pytest.approx(gmacs, rel=0.002)
    assert table.constant_bytes / 2 / 1e6 == pytest.approx(mparams, rel=0.01)


@pytest.mark.parametrize("name", STATIC)
def test_fusion_neither_loses_nor_adds_multiplications(name):
    """Whatever a compiler joins, the steps multiply as often as the file's nodes."""
    model = STATIC[name](1)
    loaded = load(model)
    for device in ("a100", "rngd"):
        assert work_table(plan_for(loaded, find_device(device))).macs.sum() == macs_of(model)


@pytest.mark.parametrize("name", STATIC)
def test_every_device_costs_a_network_or_says_why_not(name):
    """A schedule for each device of the catalogue, or a refusal that names what is missing."""
    loaded = load(STATIC[name](1))
    refused = set()
    for device in filter_devices():
        try:
            plan = plan_for(loaded, device)
            found = schedule(work_table(plan), cost_parameters(device, plan.precision))
        except (PrecisionError, UnsupportedOpError):
            refused.add(device.id)
            continue
        assert found.latency_s > found.call_s
        assert (found.utilization <= 1 + 1e-9).all()
        assert len(found.layers) == len(plan.steps)
    assert refused <= {"hyperaccel-bertha-100", "hyperaccel-bertha-500"}
