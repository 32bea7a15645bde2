"""Loading: what a file itself contradicts is the file's fault, what a caller says wrongly is the caller's."""

from random import Random

import numpy as np
import onnxruntime as ort
import pytest
from onnx import parser

import npusdk as npu
from tests.importers.mutating import mutate
from tests.models.samples import TINY

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
COUNT = 300


def attention(count):
    """Return a chain of attentions in ONNX's own operator, over two heads of queries for one of keys."""
    nodes = " ".join(f"a{i + 1} = Attention <is_causal = 1> (a{i}, k, v)" for i in range(count))
    inputs = "float[2,4,6,8] a0, float[2,2,6,8] k, float[2,2,6,8] v"
    return parser.parse_model(
        f'<ir_version: 11, opset_import: ["" : 23]> g ({inputs}) => (float[2,4,6,8] a{count}) {{ {nodes} }}'
    )


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
    sound = [model.SerializeToString() for model in (*(build() for build in TINY.values()), attention(1), attention(3))]
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


def test_operator_that_onnx_defines_by_others_is_written_out():
    """Attention of opset 23 becomes the products and the softmax that it is: one step, equal to onnxruntime."""
    onnx_model = attention(2)
    model = npu.load(onnx_model)
    random = np.random.default_rng(0)
    feeds = {t.name: random.standard_normal(t.sizes, dtype=np.float32) for t in model.inputs}
    (expected,) = ort.InferenceSession(onnx_model.SerializeToString()).run(None, feeds)
    (found,) = npu.compile(model, "reference").run(feeds).values()
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    steps = npu.compile(model, "rngd").plan.steps
    assert sum(step.kind == "attention" for step in steps) == 2


def test_operators_are_not_written_out_without_bound():
    """A small file of very many such operators is refused before it grows."""
    with pytest.raises(npu.ModelFormatError, match="limit"):
        npu.load(attention(2000))


def test_shapes_for_a_loaded_model_are_refused_not_ignored():
    """A model that is loaded keeps its shapes: giving others is an error, not silence."""
    model = npu.load(attention(1))
    assert npu.load(model) is model
    with pytest.raises(npu.ShapeError, match="loaded already"):
        npu.load(model, {"a0": (1, 4, 6, 8)})


def test_batch_is_bound_where_the_file_leaves_it_open():
    """`batch=` gives the open leading dimension of a file its number."""
    file = parser.parse_model(f"{HEAD} g (float[N,3] x) => (float[N,3] y) {{ y = Relu(x) }}")
    model = npu.load(file, batch=4)
    assert (model.batch, model.outputs[0].shape) == (4, (4, 3))
    assert model.at_batch(2).tensors["y"].shape == (2, 3)
    with pytest.raises(npu.ShapeError, match="batch"):
        npu.load(file, batch=0)


def test_batch_that_a_file_fixes_is_refused():
    """`batch=` of a file whose shapes hold for one batch only is a ShapeError that names the node."""
    text = f"{HEAD} g (float[2,6] x) => (float[a,b] y) <int64[2] s = {{2, -1}}> {{ y = Reshape(x, s) }}"
    with pytest.raises(npu.ShapeError, match="batch 2 only"):
        npu.load(parser.parse_model(text), batch=4)


@pytest.mark.parametrize("size", [{"sequence": 8}, {"resolution": 8}])
def test_sizes_of_the_zoo_are_refused_for_a_file(size):
    """A sequence or a resolution for a file is refused, and the hint shows input_shapes."""
    file = parser.parse_model(f"{HEAD} g (float[N,3] x) => (float[N,3] y) {{ y = Relu(x) }}")
    with pytest.raises(npu.ShapeError, match=next(iter(size))) as caught:
        npu.load(file, **size)
    assert "input_shapes" in str(caught.value)
    with pytest.raises(npu.ShapeError, match="loaded already"):
        npu.load(npu.load(file), **size)
