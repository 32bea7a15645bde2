"""The file that stands for ResNet-50 has its layers, and is what its script writes."""

from __future__ import annotations

import onnx
import onnxruntime as ort

import npusdk as npu
from tests.models.convolutional import resnet50
from tutorials.models.write_resnet50 import resnet50 as written
from tutorials.notebooks import FOLDER

PATH = FOLDER / "models" / "resnet50.onnx"


def test_resnet50_file_is_what_its_script_writes():
    """The committed file holds the graph that the script builds, and passes ONNX's own checks."""
    model = onnx.load(PATH)
    onnx.checker.check_model(model, full_check=True)
    assert model == written()


def test_resnet50_file_costs_what_the_exported_network_costs():
    """Layer for layer, the work and the predicted time are those of ResNet-50 as exporters write it."""
    exported = npu.load(resnet50(folded=True, opset=13))
    for device, batch in (("t4", 1), ("warboy", 64)):
        ours, theirs = (npu.profile(model, device=device, batch=batch) for model in (npu.load(PATH), exported))
        assert [layer.macs for layer in ours.layers] == [layer.macs for layer in theirs.layers]
        assert ours.latency_s == theirs.latency_s
        assert ours.weight_bytes == theirs.weight_bytes


def test_resnet50_file_is_taken_by_another_runtime():
    """Another runtime, onnxruntime, reads the file and finds an image of any batch to 1,000 logits."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(PATH, options, providers=["CPUExecutionProvider"])
    assert [(value.name, value.shape) for value in session.get_inputs()] == [("image", ["N", 3, 224, 224])]
    assert [(value.name, value.shape) for value in session.get_outputs()] == [("logits", ["N", 1000])]
