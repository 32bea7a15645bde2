"""Taking the weights out of an ONNX file before it is parsed.

A protobuf parser copies every byte of a file into objects of its own, and once more when a field is read. Weights are
nearly all of a file, so they are cut out first: this module walks the wire format (varint tags, https://protobuf.dev/
programming-guides/encoding/) of ModelProto.graph (field 7) down to GraphProto.initializer (5) and TensorProto.raw_data
(9), float_data (4) or double_data (10), remembers where that lies, and gives the bytes around it, which are small, to
the parser. The weights stay where they are, in a memory-mapped file, and arrays are made on top of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npusdk.importers.onnx_refusals import broken
from npusdk.language import _

CUT_BYTES = 1024
"""Tensors shorter than this are left to the parser."""

_GRAPH, _INITIALIZER = 7, 5
_DATA = {9: "raw_data", 4: "float_data", 10: "double_data"}
"""Fields whose bytes, on the wire, are the numbers one after the other in little-endian order."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Cut:
    """A tensor's data that was cut out, and the field that it stood in."""

    field: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class Stripped:
    """A file without its weights.

    Parameters
    ----------
    message
        ModelProto without large weights.
    weights
        For each initialiser of the graph, in order, its data; None where that was left in.
    """

    message: bytes
    weights: tuple[Cut | None, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    kind: int
    tag: int
    begin: int
    end: int


def strip_weights(buffer: memoryview) -> Stripped:
    """Return an ONNX file without its large weights, and these.

    Raises
    ------
    ModelFormatError
        If the bytes are not protobuf, or end in the middle of a field.
    """
    pieces: list[bytes | memoryview] = []
    weights: list[Cut | None] = []
    for model_field in _fields(buffer, 0, len(buffer)):
        if model_field.number != _GRAPH or model_field.kind != _LENGTH:
            pieces.append(buffer[model_field.tag : model_field.end])
            continue
        graph: list[bytes | memoryview] = []
        for field in _fields(buffer, model_field.begin, model_field.end):
            if field.number != _INITIALIZER or field.kind != _LENGTH:
                graph.append(buffer[field.tag : field.end])
                continue
            tensor, cut = _strip_tensor(buffer, field)
            graph.append(_wrapped(_INITIALIZER, tensor))
            weights.append(cut)
        pieces.append(_wrapped(_GRAPH, b"".join(graph)))
    return Stripped(b"".join(pieces), tuple(weights))


def _strip_tensor(buffer: memoryview, tensor: _Field) -> tuple[bytes | memoryview, Cut | None]:
    """Return a tensor without its data, if that is large and in one piece."""
    whole = buffer[tensor.begin : tensor.end]
    if len(whole) < CUT_BYTES:
        return whole, None
    fields = list(_fields(buffer, tensor.begin, tensor.end))
    data = [field for field in fields if field.number in _DATA and field.kind == _LENGTH]
    if len(data) != 1:
        return whole, None
    (cut,) = data
    rest = b"".join(buffer[field.tag : field.end] for field in fields if field is not cut)
    return rest, Cut(_DATA[cut.number], buffer[cut.begin : cut.end])


def _wrapped(number: int, content: bytes | memoryview) -> bytes:
    """Return a length-delimited field."""
    return _varint(number << 3 | _LENGTH) + _varint(len(content)) + bytes(content)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(buffer: memoryview, begin: int, end: int) -> Iterator[_Field]:
    """Yield the fields of the message between two places."""
    at = begin
    while at < end:
        tag = at
        key, at = _read_varint(buffer, at, end)
        kind = key & 7
        if kind == _VARINT:
            first, at = at, _read_varint(buffer, at, end)[1]
        elif kind == _LENGTH:
            length, first = _read_varint(buffer, at, end)
            at = first + length
        elif kind in _FIXED_BYTES:
            first, at = at, at + _FIXED_BYTES[kind]
        else:
            broken(_("This is not an ONNX file: no protobuf field starts at byte {at}."), at=tag)
        if at > end:
            broken(
                _("The file is cut off: the field at byte {at} ends at byte {to}, beyond byte {end}."),
                at=tag,
                to=at,
                end=end,
            )
        yield _Field(key >> 3, kind, tag, first, at)


def _read_varint(buffer: memoryview, at: int, end: int) -> tuple[int, int]:
    value, start = 0, at
    while True:
        if at >= min(end, start + 10):
            broken(_("This is not an ONNX file: no protobuf field starts at byte {at}."), at=start)
        byte = buffer[at]
        value |= (byte & 0x7F) << 7 * (at - start)
        at += 1
        if byte < 0x80:
            return value, at
