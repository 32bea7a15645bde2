"""Text of a file: protobuf hands out bytes where a string is not UTF-8, and nothing further on expects those."""

from __future__ import annotations

from collections.abc import Iterator

from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_refusals import broken
from npusdk.language import _


def check_texts(graph: onnx.GraphProto) -> None:
    """Refuse a graph with a name that is not UTF-8.

    Raises
    ------
    ModelFormatError
        Naming the field, and the text as bytes.
    """
    for field, text in _texts(graph):
        if not isinstance(text, str):
            broken(_("A text in {field} is not UTF-8: {text}."), field=field, text=repr(text)[:80])


def _texts(graph: onnx.GraphProto) -> Iterator[tuple[str, object]]:
    yield "graph.name", graph.name
    for node in graph.node:
        yield "node", node.name
        yield "node.op_type", node.op_type
        yield "node.domain", node.domain
        yield from (("node.input", name) for name in node.input)
        yield from (("node.output", name) for name in node.output)
        for attribute in node.attribute:
            yield "attribute.name", attribute.name
            yield "attribute.ref_attr_name", attribute.ref_attr_name
            if attribute.HasField("t"):
                yield from _tensor_texts(attribute.t)
    for tensor in graph.initializer:
        yield from _tensor_texts(tensor)
    for value in (*graph.input, *graph.output):
        yield "value.name", value.name
        yield from (("dim_param", size.dim_param) for size in value.type.tensor_type.shape.dim)


def _tensor_texts(tensor: onnx.TensorProto) -> Iterator[tuple[str, object]]:
    yield "tensor.name", tensor.name
    for entry in tensor.external_data:
        yield "external_data.key", entry.key
        yield "external_data.value", entry.value
