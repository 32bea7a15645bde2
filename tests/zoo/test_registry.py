"""Networks are found by name, take the sizes that they have, and compile wherever they can."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusdk as npu
from npusdk.graph import check_graph, format_graph, is_absent
from npusdk.pipeline import Model
from npusdk.zoo import BATCH, LARGEST, ZOO, Entry, Size, build
from npusdk.zoo.registry import _merge

WITHOUT_ONNX = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("onnx", "google"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import npusdk
model = npusdk.load("zoo:resnet18", resolution=32)
print(npusdk.profile(model, "rngd").macs, npusdk.compile(model, "reference").precision)
"""
KINDS = (("rngd", "bf16"), ("a100", "auto"), ("warboy", "int8"))
HEAVY = {"sdxl_unet", "sdxl_text_encoder_2"}
"""Networks of thousands of nodes, which tests of their own bind and profile."""


@pytest.mark.parametrize("name", sorted(ZOO.keys() - HEAVY))
def test_network_is_profiled_in_every_fusion_class(name):
    """Every entry says where it comes from, builds the same twice, leads with the batch, and is profiled at 1 and 2."""
    opened = build(name)
    assert (opened.name, format_graph(opened)) == (name, format_graph(build(name)))
    check_graph(opened)
    assert ZOO[name].source
    assert {opened.tensors[given].shape[0] for given in opened.inputs} == {BATCH}
    assert sum(map(is_absent, opened.constants.values())) > 10
    model = Model(opened, {})
    reports = [npu.profile(model, device, precision) for device, precision in KINDS]
    assert all(report.latency_s > 0 and report.macs == reports[0].macs > 0 for report in reports)
    assert npu.profile(model, "rngd", batch=2).macs == 2 * reports[0].macs
    assert model.at_batch(2).tensors[opened.outputs[0]].shape[0] == 2


@settings(max_examples=20)
@given(name=st.sampled_from(["resnet18", "mobilenet_v2", "ssd_mobilenet_v1"]), batch=st.integers(1, 64))
def test_macs_are_in_proportion_to_the_batch(name, batch):
    """A batch of n is n times the work of one sample, with the same weights."""
    one, many = (npu.profile(MODELS.setdefault(name, npu.load(f"zoo:{name}")), "a100", batch=n) for n in (1, batch))
    assert many.macs == batch * one.macs
    assert many.weight_bytes == one.weight_bytes


MODELS = {}


def test_parameters_and_bytes_count_weights_that_are_absent():
    """A model of the zoo has the weights and bytes that a file of it would have."""
    model = npu.load("zoo:resnet50")
    assert (model.name, model.parameters) == ("resnet50", 25_530_472)
    assert model.weight_bytes == pytest.approx(4 * 25_530_472, rel=1e-5)


def test_load_takes_the_sizes_of_a_network():
    """Batch and resolution are those of the input; names are found in any case."""
    model = npu.load("zoo:ResNet18", batch=3, resolution=96)
    assert (model.batch, model.inputs[0].shape, model.outputs[0].shape) == (3, (3, 3, 96, 96), (3, 1000))
    assert model.at_batch(5).tensors["image"].shape == (5, 3, 96, 96)
    assert npu.compile(model, "rngd").batch == 3
    assert npu.check("zoo:resnet18", "rngd", batch=2).batch == 2


def test_load_takes_a_sequence():
    """A network of tokens has as many as it is asked for, up to its table of positions."""
    model = npu.load("zoo:bert_base", sequence=16, batch=2)
    assert model.inputs[0].shape == (2, 16)
    with pytest.raises(npu.ShapeError, match="512"):
        npu.load("zoo:bert_base", sequence=513)


@given(
    what=st.sampled_from(["batch", "resolution"]),
    value=st.one_of(st.booleans(), st.floats(), st.text(max_size=3), st.integers(max_value=0), st.just([4])),
)
def test_sizes_that_are_no_counts_are_refused_by_name(what, value):
    """A size is a whole number of at least one; anything else is a ShapeError that names it."""
    with pytest.raises(npu.ShapeError, match=what):
        npu.load("zoo:resnet18", **{what: value})


@given(value=st.integers(min_value=LARGEST["resolution"] + 1))
def test_huge_sizes_are_refused_before_anything_is_built(value):
    """No size makes the zoo build endlessly: limits are named."""
    with pytest.raises(npu.ShapeError, match=str(LARGEST["resolution"])):
        build("resnet18", Size(resolution=value))
    with pytest.raises(npu.ShapeError, match="limit"):
        npu.load("zoo:resnet18", batch=max(value, 1 << 21))


@pytest.mark.parametrize(
    ("name", "sizes", "word"),
    [
        ("resnet50", {"sequence": 128}, "sequence"),
        ("unet3d_brats", {"resolution": 128}, "resolution"),
        ("bert_base", {"resolution": 224}, "resolution"),
        ("yolov8n", {"resolution": 641}, "640"),
        ("ssd_mobilenet_v1", {"resolution": LARGEST["resolution"], "batch": 1 << 20}, "ssd_mobilenet_v1"),
    ],
)
def test_sizes_that_a_network_does_not_take_are_refused(name, sizes, word):
    """The error names the size, and its hint the way out."""
    with pytest.raises(npu.ShapeError, match=word) as caught:
        npu.load(f"zoo:{name}", **sizes)
    assert name in caught.value.params.values()
    assert caught.value.hint


def test_unknown_network_names_the_nearest():
    """A wrong name is a usage error that shows near names and all names, however long it is."""
    with pytest.raises(npu.UsageError, match="resnet50") as caught:
        npu.profile("zoo:resnet500", "rngd")
    assert "resnet50" in caught.value.params["nearest"]
    with pytest.raises(npu.UsageError) as caught:
        npu.load("zoo:" + "ㅎ" * 10_000)
    assert len(caught.value.params["name"]) < 100


def test_two_modules_cannot_use_one_name():
    """A name that is taken is an error when the zoo is put together."""
    entry = Entry(lambda _size: build("resnet18"), Size(), "")
    with pytest.raises(ValueError, match="one name"):
        _merge(({"a": entry}, {"a": entry}))


def test_zoo_needs_no_onnx():
    """Where the package onnx is not installed, a reference network loads and is profiled."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_ONNX], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    macs = npu.profile(npu.load("zoo:resnet18", resolution=32), "rngd").macs
    assert done.stdout.split() == [str(macs), "exact"]
