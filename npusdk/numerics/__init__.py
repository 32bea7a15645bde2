"""Element types and what they do to a number: widths, rounding, quantisation. Knows neither devices nor graphs."""

from npusdk.numerics.elements import ELEMENT_TYPES, MATRIX_FORMATS, ElementType, MatrixFormat
from npusdk.numerics.quantization import dequantize_linear, dynamic_quantize, quantize_linear, spread_parameter
from npusdk.numerics.rounding import RESULT_ROUNDERS, Rounder, round_to

__all__ = [
    "ELEMENT_TYPES",
    "MATRIX_FORMATS",
    "RESULT_ROUNDERS",
    "ElementType",
    "MatrixFormat",
    "Rounder",
    "dequantize_linear",
    "dynamic_quantize",
    "quantize_linear",
    "round_to",
    "spread_parameter",
]
