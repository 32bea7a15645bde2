"""Taking the weights out of an ONNX file before it is parsed.

A protobuf parser copies every byte of a file into objects of its own, and once more when a field is read. Weights are
nearly all of a file, so they are cut out first: this module walks the wire format (varint tags, https://protobuf.dev/
programming-guides/encoding/) of ModelProto.graph (field 7) down to GraphProto.initializer (5) and TensorProto.raw_data
(9), remembers where large raw data lies, and gives the bytes around it, which are small, to the parser. The weights
stay where they are, in a memory-mapped file, and arrays are made on top of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npusdk.importers.onnx_refusals import broken
from npusdk.language import _

CUT_BYTES = 1024
"""Raw data shorter than this is left to the parser."""

_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Extent:
    """Where bytes lie in a buffer."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Stripped:
    """A file without its weights.

    Parameters
    ----------
    message
        ModelProto without large raw data.
    extents
        For each initialiser of the graph, in order, where its raw data lies; None where it was left in.
    """

    message: bytes
    extents: tuple[Extent | None, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    kind: int
    tag: int
    begin: int
    end: int


def strip_weights(buffer: memoryview) -> Stripped:
    """Return an ONNX file without its large raw data, and where that lies.

    Raises
    ------
    ModelFormatError
        If the bytes are not protobuf, or end in the middle of a field.
    """
    pieces: list[bytes | memoryview] = []
    extents: list[Extent | None] = []
    for model_field in _fields(buffer, 0, len(buffer)):
        if model_field.number != _GRAPH or model_field.kind != _LENGTH:
            pieces.append(buffer[model_field.tag : model_field.end])
            continue
        graph: list[bytes | memoryview] = []
        for field in _fields(buffer, model_field.begin, model_field.end):
            if field.number != _INITIALIZER or field.kind != _LENGTH:
                graph.append(buffer[field.tag : field.end])
                continue
            tensor, extent = _strip_tensor(buffer, field)
            graph.append(_wrapped(_INITIALIZER, tensor))
            extents.append(extent)
        pieces.append(_wrapped(_GRAPH, b"".join(graph)))
    return Stripped(b"".join(pieces), tuple(extents))


def _strip_tensor(buffer: memoryview, tensor: _Field) -> tuple[bytes, Extent | None]:
    if tensor.end - tensor.begin < CUT_BYTES:
        return bytes(buffer[tensor.begin : tensor.end]), None
    rest: list[memoryview] = []
    extent = None
    for field in _fields(buffer, tensor.begin, tensor.end):
        if field.number == _RAW_DATA and field.kind == _LENGTH:
            extent = Extent(field.begin, field.end)
        else:
            rest.append(buffer[field.tag : field.end])
    return b"".join(rest), extent


def _wrapped(number: int, content: bytes) -> bytes:
    """Return a length-delimited field."""
    return _varint(number << 3 | _LENGTH) + _varint(len(content)) + content


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
