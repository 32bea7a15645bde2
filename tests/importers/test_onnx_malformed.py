"""Laws of refusal: a broken, truncated or hostile model gives an error that names the place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from npusdk.errors import ConfigError, DtypeError, ModelFormatError, UnsupportedOpError
from npusdk.importers import load_onnx
from tests.importers.models import float_input, linear, model_of


def relu(name: str, source: str, target: str) -> onnx.NodeProto:
    """Return a node."""
    return helper.make_node("Relu", [source], [target], name)


def duplicate_initializer(model):
    model.graph.initializer.add().CopyFrom(model.graph.initializer[0])


def nameless_initializer(model):
    model.graph.initializer[0].name = ""


def duplicate_output(model):
    model.graph.node[1].output[0] = "h"


def output_over_input(model):
    model.graph.node[1].output[0] = "x"


def output_over_weight(model):
    model.graph.node[1].output[0] = "w"


def undefined_input(model):
    model.graph.node[2].input[0] = "nowhere"


def cycle(model):
    model.graph.node[0].input[0] = "s"


def self_loop(model):
    model.graph.node[2].input[0] = "y"


def undefined_graph_output(model):
    model.graph.output[0].name = "nowhere"


def duplicate_graph_output(model):
    model.graph.output.add().CopyFrom(model.graph.output[0])


def nameless_input(model):
    model.graph.input[0].name = ""


def no_graph(model):
    model.ClearField("graph")


def empty_graph(model):
    model.graph.Clear()


def old_opset(model):
    model.opset_import[0].version = 6


def new_opset(model):
    model.opset_import[0].version = 99


def no_opset(model):
    del model.opset_import[:]


def two_opsets(model):
    model.opset_import.add(domain="ai.onnx", version=13)


def old_ir(model):
    model.ir_version = 2


def new_ir(model):
    model.ir_version = 99


def short_raw_data(model):
    weight = model.graph.initializer[0]
    weight.raw_data = weight.raw_data[:-4]


def long_raw_data(model):
    model.graph.initializer[0].raw_data += b"\0\0\0\0"


def no_data(model):
    model.graph.initializer[0].ClearField("raw_data")


def negative_dims(model):
    model.graph.initializer[0].dims[0] = -32


def absurd_dims(model):
    model.graph.initializer[0].dims[:] = [2**40, 2**40]


def absurd_rank(model):
    model.graph.initializer[0].dims[:] = [1] * 65


def segment(model):
    model.graph.initializer[0].segment.begin = 1


def negative_input_size(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = -1


def absurd_input_size(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**60


def foreign_attribute(model):
    model.graph.node[2].attribute.add(name="color", type=onnx.AttributeProto.INT, i=1)


def attribute_of_wrong_kind(model):
    model.graph.node[2].op_type = "LeakyRelu"
    model.graph.node[2].attribute.add(name="alpha", type=onnx.AttributeProto.INT, i=1)


def attribute_twice(model):
    model.graph.node[2].op_type = "LeakyRelu"
    for _attribute in range(2):
        model.graph.node[2].attribute.add(name="alpha", type=onnx.AttributeProto.FLOAT, f=1)


def attribute_missing(model):
    model.graph.node[2].op_type = "Cast"


def reference_outside_a_function(model):
    model.graph.node[2].op_type = "LeakyRelu"
    model.graph.node[2].attribute.add(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="a")


DAMAGES = [
    (duplicate_initializer, ["initializer"]),
    (nameless_initializer, ["initializer"]),
    (duplicate_output, ["sum", "h"]),
    (output_over_input, ["sum", "x"]),
    (output_over_weight, ["sum", "w"]),
    (undefined_input, ["relu", "nowhere"]),
    (cycle, ["product", "itself"]),
    (self_loop, ["relu", "itself"]),
    (undefined_graph_output, ["nowhere"]),
    (duplicate_graph_output, ["output"]),
    (nameless_input, ["input"]),
    (no_graph, ["graph"]),
    (empty_graph, ["graph"]),
    (old_opset, ["opset_import", "6", "7 to"]),
    (new_opset, ["opset_import", "99"]),
    (no_opset, ["opset_import"]),
    (two_opsets, ["ai.onnx"]),
    (old_ir, ["ir_version", "2"]),
    (new_ir, ["ir_version", "99"]),
    (short_raw_data, ["w", "2048", "2044"]),
    (long_raw_data, ["w", "2048", "2052"]),
    (no_data, ["w", "float_data"]),
    (negative_dims, ["w", "-32"]),
    (absurd_dims, ["w", "1099511627776"]),
    (absurd_rank, ["w", "64"]),
    (segment, ["w", "segment"]),
    (negative_input_size, ["x", "-1"]),
    (absurd_input_size, ["x", str(2**60)]),
    (foreign_attribute, ["relu", "color"]),
    (attribute_of_wrong_kind, ["relu", "alpha", "INT"]),
    (attribute_twice, ["relu", "alpha"]),
    (attribute_missing, ["relu", "to"]),
    (reference_outside_a_function, ["relu", "alpha", "a"]),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGES, ids=lambda item: getattr(item, "__name__", ""))
def test_damaged_models_are_refused(damage, words):
    """A sound model loads; damaged in one place it is refused, and the error names the place."""
    model = linear()
    load_onnx(model)
    damage(model)
    with pytest.raises(ModelFormatError) as refusal:
        load_onnx(model)
    assert all(word in str(refusal.value) for word in words)


def test_every_prefix_of_a_file_is_refused():
    """A file that ends early anywhere is refused, or is whole up to fields that follow the graph."""
    data = linear().SerializeToString()
    refused = 0
    for end in range(len(data)):
        try:
            load_onnx(data[:end])
        except (ModelFormatError, DtypeError):
            refused += 1
    assert refused > len(data) - 20


def test_text_that_is_not_utf8_is_refused():
    """Names are UTF-8 in ONNX; bytes that are not give an error, not a traceback."""
    model = linear()
    model.graph.node[1].input[1] = "@@@@"
    data = model.SerializeToString().replace(b"@@@@", b"\xff\xfe\xff\xfe")
    with pytest.raises(ModelFormatError, match=r"node\.input .*xff"):
        load_onnx(data)


def test_text_of_tensors_in_attributes_is_checked():
    """A location that is not UTF-8 is refused, also in the tensor of a Constant."""
    value = TensorProto(name="c", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    value.external_data.add(key="location", value="@@@@")
    model = model_of([helper.make_node("Constant", [], ["y"], value=value)], [], ["y"])
    data = model.SerializeToString().replace(b"@@@@", b"\xff\xfe\xff\xfe")
    with pytest.raises(ModelFormatError, match=r"external_data\.value"):
        load_onnx(data)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS"),
        (b"PK\x03\x04rest of a zip", "zip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b'{"model": 1}', "JSON"),
        (b"\x80\x02ctorch", "pickle"),
        (b"GGUF\x03\x00\x00\x00", "GGUF"),
    ],
)
def test_other_kinds_of_file_are_named(head, kind, tmp_path):
    """A file of another kind is refused with the name of that kind."""
    path = tmp_path / "model.onnx"
    path.write_bytes(head)
    with pytest.raises(ModelFormatError, match=kind):
        load_onnx(path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"\xff" * 64, bytes(range(256))])
def test_bytes_that_are_no_protobuf_are_refused(content, tmp_path):
    """Empty files and noise are refused."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError):
        load_onnx(path)


def test_missing_files_and_folders_are_told(tmp_path):
    """A path that leads nowhere, or to a folder, is an error that names it."""
    with pytest.raises(ConfigError, match=r"absent\.onnx"):
        load_onnx(tmp_path / "absent.onnx")
    with pytest.raises(ModelFormatError, match=str(tmp_path.name)):
        load_onnx(str(tmp_path))
    with pytest.raises(ConfigError):
        load_onnx(Path("a\0b"))


def test_sources_of_other_types_are_refused():
    """Only a path, bytes or a parsed model is a source."""
    with pytest.raises(TypeError, match="ndarray"):
        load_onnx(np.zeros(3))


def test_unknown_operators_are_listed_together():
    """One error names the first unknown operator with node, domain and opset, and lists all of them."""
    nodes = [
        relu("fine", "x", "a"),
        helper.make_node("BiasGelu", ["a", "a"], ["b"], "fused", domain="com.microsoft"),
        helper.make_node("GRU", ["b"], ["c"], "recurrent"),
        helper.make_node("NotAnOperator", ["c"], ["y"]),
    ]
    with pytest.raises(UnsupportedOpError) as refusal:
        load_onnx(model_of(nodes, [float_input("x", 2)], ["y"], domains=["com.microsoft"]))
    assert all(word in str(refusal.value) for word in ("fused", "BiasGelu", "com.microsoft", "3", "GRU"))
    assert refusal.value.params["unsupported"] == [
        {"node": "fused", "op": "BiasGelu", "domain": "com.microsoft", "opset": 1},
        {"node": "recurrent", "op": "GRU", "domain": "ai.onnx", "opset": 17},
        {"node": "NotAnOperator_3", "op": "NotAnOperator", "domain": "ai.onnx", "opset": 17},
    ]


def test_models_of_other_domains_alone_are_told_by_operator():
    """A model without standard operators needs no standard opset to be told what it lacks."""
    node = helper.make_node("Scaler", ["x"], ["y"], "s", domain="ai.onnx.ml")
    model = model_of([node], [float_input("x", 2)], ["y"], domains=["ai.onnx.ml"])
    del model.opset_import[0]
    with pytest.raises(UnsupportedOpError, match=r"Scaler of domain ai\.onnx\.ml"):
        load_onnx(model)


@pytest.mark.parametrize(
    "kind",
    ["FLOAT8E4M3FN", "FLOAT8E5M2", "INT4", "UINT4", "COMPLEX64", "STRING", "UNDEFINED"],
)
def test_element_types_that_are_not_supported_are_named(kind):
    """An input or weight of another element type is refused, and the error names tensor and type."""
    for tensor in ("w", "x"):
        model = linear()
        if tensor == "w":
            model.graph.initializer[0].data_type = TensorProto.DataType.Value(kind)
        else:
            model.graph.input[0].type.tensor_type.elem_type = TensorProto.DataType.Value(kind)
        with pytest.raises(DtypeError, match=rf"{tensor} .*{kind.lower()}"):
            load_onnx(model)


def test_element_types_of_weights_that_nothing_reads_do_not_matter():
    """A weight that no node reads is not decoded."""
    model = linear()
    model.graph.initializer.add(name="unused", data_type=TensorProto.STRING, dims=[1], string_data=[b"text"])
    assert "unused" not in load_onnx(model).constants


def test_inputs_that_are_no_tensors_are_refused():
    """A sequence as input is refused, naming it."""
    model = linear()
    model.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [1]))
    with pytest.raises(UnsupportedOpError, match=r"x .*sequence"):
        load_onnx(model)


def test_sparse_weights_are_refused():
    """Sparse initialisers and sparse constants are refused, naming them."""
    values = helper.make_tensor("thin", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("at", TensorProto.INT64, [1], [0])
    sparse = helper.make_sparse_tensor(values, indices, [4])
    model = linear()
    model.graph.sparse_initializer.append(sparse)
    with pytest.raises(UnsupportedOpError, match="thin"):
        load_onnx(model)
    node = helper.make_node("Constant", [], ["y"], "c", sparse_value=sparse)
    with pytest.raises(DtypeError, match=r"c .*sparse_value"):
        load_onnx(model_of([node], [], ["y"]))
