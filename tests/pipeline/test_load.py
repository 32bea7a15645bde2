"""Loading: what a file itself contradicts is the file's fault, what a caller says wrongly is the caller's."""

from random import Random

import numpy as np
import pytest
from onnx import parser

import npusdk as npu
from tests.importers.mutating import mutate
from tests.models.samples import TINY

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
COUNT = 150


def test_shapes_that_contradict_each_other_are_the_files_fault():
    """A file whose own shapes do not fit together is a ModelFormatError that names the node."""
    text = f"{HEAD} g (float[2,3] x) => (float[2,5] y) <float[4,1] w = {{1, 2, 3, 4}}> {{ y = MatMul(x, w) }}"
    with pytest.raises(npu.ModelFormatError) as caught:
        npu.load(parser.parse_model(text))
    assert caught.value.params["op"] == "MatMul"


def test_open_dimension_is_the_callers_to_bind():
    """A dimension that the file leaves open is a ShapeError with the way to bind it; wrong numbers are one too."""
    model = parser.parse_model(f"{HEAD} g (float[N,S] x) => (float[N,S] y) {{ y = Relu(x) }}")
    with pytest.raises(npu.ShapeError, match="input_shapes"):
        npu.load(model)
    with pytest.raises(npu.ShapeError):
        npu.load(model, {"x": (1, 2, 3)})
    assert npu.load(model, {"x": (1, 7)}).batch == 1


def test_element_type_that_is_not_known_is_unsupported():
    """A tensor of an element type that npusdk does not know is an UnsupportedOpError, not a caller's mistake."""
    with pytest.raises(npu.UnsupportedOpError):
        npu.load(parser.parse_model(f"{HEAD} g (complex64[2] x) => (complex64[2] y) {{ y = Identity(x) }}"))


def test_damaged_models_are_refused_or_run():
    """A damaged model is refused by a ModelError, or is checked, profiled and run like any other."""
    random = Random(1)  # noqa: S311 - damage, not secrets
    sound = [build().SerializeToString() for build in TINY.values()]
    ran = 0
    for number in range(COUNT):
        data = mutate(sound[number % len(sound)], random)
        try:
            model = npu.load(data)
        except npu.ModelError:
            continue
        except npu.ShapeError as error:
            assert "dimension" in error.params  # noqa: PT017 - an open dimension is the one thing a caller must say
            continue
        npu.compare(model, devices=["rngd", "t4", "warboy"])
        inputs = {tensor.name: np.zeros(tensor.sizes, tensor.dtype) for tensor in model.inputs}
        try:
            npu.compile(model, "reference").run(inputs)
        except npu.NpuError:
            continue
        ran += 1
    assert ran > COUNT / 10
