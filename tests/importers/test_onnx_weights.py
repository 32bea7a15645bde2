"""Laws of weights: where they lie, and that they are the numbers that the file holds."""

from __future__ import annotations

import mmap

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusdk.errors import ModelFormatError
from npusdk.graph import Graph
from npusdk.importers import load_onnx
from npusdk.importers.onnx_wire import CUT_BYTES, _wrapped, strip_weights
from tests.importers.models import linear, model_of


def large(size: int) -> onnx.ModelProto:
    """Return a model with one weight of `size` float32 numbers."""
    node = helper.make_node("Identity", ["w"], ["y"])
    return model_of([node], [], ["y"], weights={"w": np.arange(size, dtype=np.float32)})


def owner(value: np.ndarray) -> object:
    """Return what holds an array's memory."""
    while isinstance(value, np.ndarray) and value.base is not None:
        value = value.base
    return value.obj if isinstance(value, memoryview) else value


def test_large_weights_stay_in_the_file(tmp_path):
    """A large weight of a file is a read-only view of the mapped file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(large(100_000).SerializeToString())
    weight = load_onnx(path).constants["w"]
    assert isinstance(owner(weight), mmap.mmap)
    assert not weight.flags.writeable
    assert np.array_equal(weight, np.arange(100_000))


def test_large_weights_stay_in_the_bytes():
    """A large weight of bytes is a view of them."""
    data = large(100_000).SerializeToString()
    assert owner(load_onnx(data).constants["w"]) is data


def test_small_weights_are_copied_and_aligned(tmp_path):
    """A small weight does not hold the file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(large(1000).SerializeToString())
    weight = load_onnx(path).constants["w"]
    assert weight.flags.aligned
    assert isinstance(owner(weight), np.ndarray)


def test_every_source_gives_the_same_graph(tmp_path):
    """Path, text of a path, bytes and a parsed model are the same model."""
    model = linear()
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    graphs = [load_onnx(source) for source in (path, str(path), path.read_bytes(), model)]
    for graph in graphs[1:]:
        assert (graph.nodes, graph.tensors, graph.outputs) == (graphs[0].nodes, graphs[0].tensors, graphs[0].outputs)
        assert all(np.array_equal(graph.constants[name], graphs[0].constants[name]) for name in graph.constants)


@pytest.mark.parametrize("size", [1, CUT_BYTES // 4 - 8, CUT_BYTES // 4, 5000])
def test_stripping_takes_out_data_and_nothing_else(size):
    """What is left, with the data put back, is the model."""
    data = memoryview(large(size).SerializeToString())
    stripped = strip_weights(data)
    model = onnx.ModelProto.FromString(stripped.message)
    for tensor, cut in zip(model.graph.initializer, stripped.weights, strict=True):
        assert (cut is None) == (tensor.HasField("raw_data"))
        if cut is not None:
            tensor.raw_data = bytes(cut.data)
    assert model == large(size)
    assert len(stripped.message) < 2 * CUT_BYTES


def typed(field, *chunks, data_type=TensorProto.FLOAT):
    """Return a model whose weight lies in a typed field, in as many pieces as there are chunks."""
    weight = TensorProto(name="w", data_type=data_type, dims=[sum(map(len, chunks))])
    pieces = [TensorProto(**{field: chunk.tolist()}).SerializeToString() for chunk in chunks]
    model = large(0)
    del model.graph.initializer[:]
    graph = model.graph.SerializeToString() + _wrapped(5, weight.SerializeToString() + b"".join(pieces))
    model.ClearField("graph")
    return model.SerializeToString() + _wrapped(7, graph)


@pytest.mark.parametrize(("field", "kind"), [("float_data", "FLOAT"), ("double_data", "DOUBLE")])
def test_large_weights_in_typed_fields_are_views_too(field, kind):
    """Packed floats and doubles lie in a file as raw data does; in several pieces they are put together."""
    values = np.arange(20_000, dtype=np.float32)
    data = typed(field, values, data_type=TensorProto.DataType.Value(kind))
    weight = load_onnx(data).constants["w"]
    assert owner(weight) is data
    assert np.array_equal(weight, values)
    pieces = typed(field, values[:9000], values[9000:], data_type=TensorProto.DataType.Value(kind))
    assert np.array_equal(load_onnx(pieces).constants["w"], values)


def test_weights_in_the_wrong_typed_field_are_refused():
    """Floats do not count as integers, though they have as many bytes."""
    with pytest.raises(ModelFormatError, match=r"w .*int32_data"):
        load_onnx(typed("float_data", np.ones(2000, np.float32), data_type=TensorProto.INT32))


KINDS = ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "BOOL"] + [
    f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
]


def one_weight(tensor: onnx.TensorProto) -> Graph:
    """Import a model of one weight."""
    model = model_of([helper.make_node("Identity", ["w"], ["y"])], [], ["y"])
    tensor.name = "w"
    model.graph.initializer.append(tensor)
    return load_onnx(model)


@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_decode_in_every_type(kind, raw):
    """Values in raw data and in typed fields are what onnx's own helper reads."""
    number = TensorProto.DataType.Value(kind)
    values = np.array([[0, 1, 2], [3, 100, 7]], np.float32)
    if "UINT" not in kind and kind != "BOOL":
        values = -values
    if kind == "BOOL":
        values = values > 1
    tensor = helper.make_tensor("w", number, values.shape, values.ravel().tolist())
    if raw:
        dtype = helper.tensor_dtype_to_np_dtype(number)
        tensor = helper.make_tensor("w", number, values.shape, values.astype(dtype).tobytes(), raw=True)
    graph = one_weight(tensor)
    expected = numpy_helper.to_array(tensor)
    assert graph.tensors["w"].dtype == {"FLOAT": "float32", "DOUBLE": "float64"}.get(kind, kind.lower())
    assert np.array_equal(graph.constants["w"], expected.astype(np.float32) if kind == "BFLOAT16" else expected)


def test_scalars_and_empty_weights_decode():
    """A weight without dimensions has one element, one with a dimension of zero has none."""
    assert one_weight(numpy_helper.from_array(np.array(5, np.int64))).constants["w"] == 5
    assert one_weight(numpy_helper.from_array(np.zeros((0, 3), np.float32))).constants["w"].shape == (0, 3)


def test_weights_that_are_inputs_too_are_constants():
    """Before IR version 4 every weight was listed as an input; it is a constant nevertheless."""
    model = linear()
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [32, 16]))
    graph = load_onnx(model)
    assert graph.inputs == ("x",)
    assert "w" in graph.constants
