"""The YOLO families hold what is published of them, and compile as they should."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.compiler import canonicalize, compile_graph
from npusdk.compiler.legality import Legality
from npusdk.cost.work import work_of
from npusdk.graph import bind, is_absent
from npusdk.kernels import call
from npusdk.zoo import BATCH, Size, yolov5, yolov6, yolov7, yolov8, yolov9, yolov10

ENTRIES = {
    **yolov5.ENTRIES,
    **yolov6.ENTRIES,
    **yolov7.ENTRIES,
    **yolov8.ENTRIES,
    **yolov9.ENTRIES,
    **yolov10.ENTRIES,
}
MOVEMENT = {"Concat", "Split", "Slice", "Transpose", "Reshape", "MaxPool", "AveragePool", "Resize"}


def at_batch(graph, batch=1):
    (name,) = graph.inputs
    return bind(graph, {name: (batch, *graph.tensors[name].shape[1:])}, call)


def macs_of(graph, ops=()):
    return sum(work_of(node, graph).macs for node in graph.nodes if not ops or node.op in ops)


def steps_of(name, fusion):
    graph = canonicalize(at_batch(ENTRIES[name].make(ENTRIES[name].size)))
    return compile_graph(graph, "fp16", Legality(), fusion=fusion, is_quantized=False)


@pytest.mark.parametrize("name", ENTRIES)
def test_yolo_has_the_published_macs_and_parameters(name):
    """MACs are within 3 % and weights within 2 % of what the entry's `counts` names.

    The published counts of networks with a transposed convolution of 2 x 2 and stride 2 take four weights for each of
    its outputs, of which three never meet it.
    """
    entry = ENTRIES[name]
    opened = entry.make(entry.size)
    graph = at_batch(opened)
    counted = macs_of(graph) + 3 * macs_of(graph, {"ConvTranspose"})
    assert entry.counts
    assert counted == pytest.approx(entry.macs, rel=0.03)
    weights = sum(value.size for value in opened.constants.values() if is_absent(value))
    assert weights == pytest.approx(entry.parameters, rel=0.02)


@pytest.mark.parametrize("name", ENTRIES)
def test_yolo_gives_one_row_for_each_box(name):
    """The first output has a box for each cell, three for each where there are anchor boxes; batches stay apart."""
    entry = ENTRIES[name]
    opened = entry.make(Size(resolution=4 * entry.multiple))
    assert opened.tensors[opened.inputs[0]].shape[0] == BATCH
    side = entry.multiple // 2
    levels = 3 if entry.multiple == 32 else 4
    cells = sum((side >> level) ** 2 for level in range(levels))
    anchors = 3 if name.startswith(("yolov5", "yolov7")) and not name.endswith("u") else 1
    graph = at_batch(opened, 2)
    shape = graph.tensors[graph.outputs[0]].shape
    assert shape[0] == 2
    assert anchors * cells in shape[1:]


@given(name=st.sampled_from(sorted(ENTRIES)), factor=st.integers(2, 6))
def test_yolo_work_grows_with_the_pixels(name, factor):
    """MACs of convolutions are those of the smallest image times the pixels."""
    entry = ENTRIES[name]
    small, large = (at_batch(entry.make(Size(resolution=k * entry.multiple))) for k in (1, factor))
    convolutions = {"Conv", "ConvTranspose"}
    assert macs_of(large, convolutions) == factor**2 * macs_of(small, convolutions)


@pytest.mark.parametrize("name", ["yolov5s", "yolov7", "yolov8n", "yolov8s_seg", "yolov9c", "yolov10n", "yolov6l"])
def test_yolo_swish_is_a_step_of_its_own_on_a_gpu_alone(name):
    """F6: a convolution and its Swish are one step on an NPU and two on a GPU."""
    labels = {fusion: Counter(step.label for step in steps_of(name, fusion)) for fusion in ("npu", "gpu")}
    assert labels["npu"]["Conv+Swish"] > 20
    assert not labels["npu"]["Swish"]
    assert labels["gpu"]["Swish"] >= labels["npu"]["Conv+Swish"]
    assert not any(label.startswith("Conv") and "Swish" in label for label in labels["gpu"])


@pytest.mark.parametrize("name", ENTRIES)
def test_yolo_leaves_little_beside_its_convolutions_on_an_npu(name):
    """F1: activations and plain shortcuts belong to convolutions; what is left moves data or decodes boxes."""
    steps = steps_of(name, "npu")
    vector = Counter(step.label for step in steps if step.kind == "vector")
    rest = sum(count for label, count in vector.items() if label not in MOVEMENT)
    # YOLOv6 m and l weigh each shortcut by a learnt number, and YOLOv9-E sums its two backbones.
    most = {"yolov6m": 50, "yolov6l": 70, "yolov9e": 30}.get(name, 14)
    assert rest <= most
    assert not {"Swish", "Relu"} & vector.keys()


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
@pytest.mark.parametrize("name", list(yolov10.ENTRIES))
def test_yolov10_attention_is_one_step(name, fusion):
    """F4: scores, softmax and weighted values of the partial attention are one step with both products."""
    (step,) = [step for step in steps_of(name, fusion) if step.kind == "attention"]
    assert [node.op for node in step.nodes].count("MatMul") == 2


def test_yolov10_has_large_kernels_in_its_small_variants_alone():
    """The middle of a compact block looks at 7 x 7 pixels in n and s, and at 3 x 3 in the others."""
    for name, entry in yolov10.ENTRIES.items():
        kernels = {node.attrs["kernel_shape"] for node in entry.make(entry.size).nodes if node.op == "Conv"}
        assert ((7, 7) in kernels) == (name in ("yolov10n", "yolov10s"))


def test_yolov8_residuals_join_their_convolutions():
    """F1: each shortcut of YOLOv8 n is added in the step of a convolution on an NPU, and behind a Swish on a GPU."""
    assert Counter(step.label for step in steps_of("yolov8n", "npu"))["Conv+Swish+Add"] == 6
    assert Counter(step.label for step in steps_of("yolov8n", "gpu"))["Swish+Add"] == 6
