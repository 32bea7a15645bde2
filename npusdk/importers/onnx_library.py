"""The `onnx` package, asked for in one place."""

from __future__ import annotations

from npusdk.errors import ConfigError
from npusdk.language import _

try:
    import onnx
    import onnx.checker
    import onnx.defs
    import onnx.inliner
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # protobuf ships no types
except ImportError as error:
    raise ConfigError(
        _("Reading ONNX files needs the package onnx, which is not installed."),
        hint=_('Run: pip install "npusdk[onnx]".'),
    ) from error

__all__ = ["DecodeError", "onnx"]
