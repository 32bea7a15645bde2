"""Model files to checked graphs."""

from npusdk.importers.onnx_model import load_onnx

__all__ = ["load_onnx"]
