"""AttributeProto to plain Python values, checked against ONNX's own schema of the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from npusdk.errors import UnsupportedOpError
from npusdk.graph import Attribute
from npusdk.importers.onnx_files import ExternalData
from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_refusals import broken
from npusdk.importers.onnx_tensors import DTYPES, read_tensor
from npusdk.language import _

_KINDS = onnx.AttributeProto

_READERS: Mapping[int, Callable[[Any], Attribute]] = MappingProxyType(
    {
        _KINDS.FLOAT: lambda proto: float(proto.f),
        _KINDS.INT: lambda proto: int(proto.i),
        _KINDS.STRING: lambda proto: _text(proto.s),
        _KINDS.FLOATS: lambda proto: tuple(proto.floats),
        _KINDS.INTS: lambda proto: tuple(proto.ints),
        _KINDS.STRINGS: lambda proto: tuple(map(_text, proto.strings)),
    }
)

_ELEMENT_TYPES = frozenset(
    {("Cast", "to"), ("EyeLike", "dtype"), ("QuantizeLinear", "output_dtype"), ("DequantizeLinear", "output_dtype")}
)
"""Attributes that name an element type by its number; 0 means that they name none.

An array does not say that it holds bfloat16, so that a tensor attribute of that type brings an attribute `dtype`."""


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")


def read_attributes(proto: onnx.NodeProto, node: str, external: ExternalData, opset: int) -> dict[str, Attribute]:
    """Return a node's attributes; numbers of element types become names.

    Raises
    ------
    ModelFormatError
        If an attribute is not one of the operator's, has another type, occurs twice, or is missing.
    UnsupportedOpError
        If it is of a kind that no known operator has.
    """
    schema = _schema(proto.op_type, opset)
    found: dict[str, Attribute] = {}
    for attribute in proto.attribute:
        name = attribute.name
        if name in found:
            broken(
                _("Node {node} ({op}): attribute {attribute} occurs twice."),
                node=node,
                op=proto.op_type,
                attribute=name,
            )
        expected = (schema or {}).get(name)
        if schema is not None and (expected is None or int(expected.type) != attribute.type):
            kind = _KINDS.AttributeType.Name(attribute.type)
            template = _("Node {node} ({op}): attribute {attribute} of kind {kind} is not one of the operator's.")
            broken(template, node=node, op=proto.op_type, attribute=name, kind=kind)
        if (proto.op_type, name) in _ELEMENT_TYPES:
            found.update({name: DTYPES.get(attribute.i, attribute.i)} if attribute.i else {})
            continue
        found[name] = _read(attribute, node, proto.op_type, external)
        if attribute.type == _KINDS.TENSOR and DTYPES.get(attribute.t.data_type) == "bfloat16":
            found["dtype"] = "bfloat16"
    missing = [name for name, expected in (schema or {}).items() if expected.required and name not in found]
    if missing:
        broken(
            _("Node {node} ({op}): attribute {attribute} is missing."),
            node=node,
            op=proto.op_type,
            attribute=missing[0],
        )
    return found


def _schema(op: str, opset: int) -> Mapping[str, Any] | None:
    """Return the attributes that ONNX knows of an operator; None where the installed onnx does not know that."""
    if not onnx.defs.has(op):
        return None
    try:
        return onnx.defs.get_schema(op, opset).attributes
    except onnx.defs.SchemaError:
        return onnx.defs.get_schema(op).attributes


def _read(attribute: onnx.AttributeProto, node: str, op: str, external: ExternalData) -> Attribute:
    if attribute.ref_attr_name:
        template = _("Node {node} ({op}): attribute {attribute} refers to {reference} outside a function.")
        broken(template, node=node, op=op, attribute=attribute.name, reference=attribute.ref_attr_name)
    if attribute.type == _KINDS.TENSOR:
        return read_tensor(attribute.t, external, name=f"{node}.{attribute.name}")[1]
    if attribute.type not in _READERS:
        raise UnsupportedOpError(
            _("Node {node} ({op}): attribute {attribute} of kind {kind} is not supported."),
            hint=_("Export the model without it."),
            node=node,
            op=op,
            attribute=attribute.name,
            kind=_KINDS.AttributeType.Name(attribute.type),
        )
    return _READERS[attribute.type](attribute)
