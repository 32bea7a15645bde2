"""TensorProto to arrays: checked against dimensions and element type before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

import numpy as np

from npusdk.errors import DtypeError
from npusdk.graph import Array, Tensor, check_size
from npusdk.importers.onnx_files import ExternalData
from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_refusals import broken
from npusdk.importers.onnx_wire import Cut
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES

DTYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
        10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
    }
)  # fmt: skip
"""Element types by `TensorProto.DataType` number (onnx.proto)."""

_TYPED_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "float32": "float_data", "float64": "double_data", "int64": "int64_data", "uint32": "uint64_data",
        "uint64": "uint64_data",
    }
)  # fmt: skip
"""Field that holds a type's values when there is no raw data; `int32_data` for all others (onnx.proto)."""

_COPY_BYTES = 1 << 16
"""Arrays smaller than this are copied: they are then aligned, and do not keep a file open."""


def read_dtype(tensor: str, number: int) -> str:
    """Return the name of an element type.

    Raises
    ------
    DtypeError
        If it is one that a graph cannot have.
    """
    if number not in DTYPES:
        known = onnx.TensorProto.DataType
        raise DtypeError(
            _("Tensor {tensor} has element type {dtype}, which is not supported."),
            hint=_("Export the model in one of: {known}."),
            tensor=tensor,
            dtype=known.Name(number).lower() if number in known.values() else number,
            known=", ".join(DTYPES.values()),
        )
    return DTYPES[number]


def read_tensor(
    proto: onnx.TensorProto, external: ExternalData, cut: Cut | None = None, name: str = ""
) -> tuple[Tensor, Array]:
    """Return type and value of a tensor; large values are views of where they lie.

    Parameters
    ----------
    cut
        Its data, where that was cut out of `proto`.
    name
        Name for tensors that have none of their own.

    Raises
    ------
    ModelFormatError
        If its data does not suit its dimensions.
    DtypeError
        If its element type is not supported.
    """
    name = proto.name or name
    dtype = read_dtype(name, proto.data_type)
    shape = tuple(proto.dims)
    check_size(name, shape)
    if proto.HasField("segment"):
        broken(_("Tensor {tensor} is stored in segments, which no exporter writes."), tensor=name, field="segment")
    tensor = Tensor(name, dtype, shape)
    if proto.data_location == onnx.TensorProto.EXTERNAL:
        entries = {entry.key: entry.value for entry in proto.external_data}
        data = external.read(name, entries, tensor.size_bytes)
    elif cut is not None and cut.field in ("raw_data", _TYPED_FIELDS.get(dtype)):
        data = cut.data
    elif proto.HasField("raw_data"):
        data = memoryview(proto.raw_data)
    else:
        return tensor, _read_typed(proto, tensor)
    if len(data) != tensor.size_bytes:
        template = _("Tensor {tensor} of {dtype} {shape} needs {expected} bytes of {field}; it has {found}.")
        broken(
            template,
            tensor=name,
            field=cut.field if cut is not None else "raw_data",
            dtype=dtype,
            shape=shape,
            expected=tensor.size_bytes,
            found=len(data),
        )
    return tensor, _read_raw(data, tensor)


def _read_raw(data: memoryview, tensor: Tensor) -> Array:
    """Return an array on top of little-endian bytes."""
    if tensor.dtype == "bfloat16":
        return _widen(np.frombuffer(data, "<u2")).reshape(tensor.sizes)
    if tensor.dtype == "bool":
        truths: Array = np.frombuffer(data, np.uint8) != 0
        return truths.reshape(tensor.sizes)
    storage = ELEMENT_TYPES[tensor.dtype].storage
    flat: Array = np.frombuffer(data, storage.newbyteorder("<")).astype(storage, copy=len(data) < _COPY_BYTES)
    return flat.reshape(tensor.sizes)


def _widen(bits: Array) -> Array:
    """Return bfloat16 bits as the float32 whose upper half they are."""
    wide: Array = (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return wide


def _read_typed(proto: onnx.TensorProto, tensor: Tensor) -> Array:
    field = _TYPED_FIELDS.get(tensor.dtype, "int32_data")
    values = getattr(proto, field)
    expected = prod(tensor.sizes)
    if len(values) != expected:
        template = _("Tensor {tensor} of {dtype} {shape} needs {expected} values in {field}; it has {found}.")
        broken(template, tensor=tensor.name, field=field, dtype=tensor.dtype, shape=tensor.sizes, expected=expected,
               found=len(values))  # fmt: skip
    if field != "int32_data" or tensor.dtype == "int32":
        return np.fromiter(values, ELEMENT_TYPES[tensor.dtype].storage, expected).reshape(tensor.sizes)
    wide = np.fromiter(values, np.int32, expected)
    if tensor.dtype == "bfloat16":
        return _widen(wide.astype(np.uint16)).reshape(tensor.sizes)
    if tensor.dtype == "float16":
        return wide.astype(np.uint16).view(np.float16).reshape(tensor.sizes)
    return wide.astype(ELEMENT_TYPES[tensor.dtype].storage).reshape(tensor.sizes)
