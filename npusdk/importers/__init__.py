"""Model files to checked graphs. A file format's own library is imported when the first such file is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from npusdk.graph import Graph

if TYPE_CHECKING:
    from onnx import ModelProto

Source: TypeAlias = Union[str, Path, bytes, "ModelProto"]
"""What `load_onnx` takes: the path of a file, its bytes, or a parsed model."""


def load_onnx(source: Source) -> Graph:
    """Return the network of an ONNX model as an open graph; see `npusdk.importers.onnx_model`.

    Raises
    ------
    ConfigError
        If the package onnx is not installed, or there is no such file.
    ModelFormatError, UnsupportedOpError, DtypeError
        If the model is broken, or has operators or element types that are not known.
    """
    from npusdk.importers import onnx_model  # noqa: PLC0415 - onnx is an extra, needed here alone

    return onnx_model.load_onnx(source)


__all__ = ["Source", "load_onnx"]
