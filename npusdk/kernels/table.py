"""Every kernel by operator, and the one call that runs one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from npusdk.errors import ShapeError, UnsupportedOpError
from npusdk.graph import Attributes
from npusdk.kernels.activation import ACTIVATION
from npusdk.kernels.contraction import CONTRACTION
from npusdk.kernels.convolution import CONVOLUTION
from npusdk.kernels.creation import CREATION
from npusdk.kernels.elementwise import ELEMENTWISE
from npusdk.kernels.indexing import INDEXING
from npusdk.kernels.integer import INTEGER
from npusdk.kernels.matrix import MATRIX
from npusdk.kernels.normalization import NORMALIZATION
from npusdk.kernels.padding import PADDING
from npusdk.kernels.pooling import POOLING
from npusdk.kernels.quantizing import QUANTIZING
from npusdk.kernels.ranking import RANKING
from npusdk.kernels.reduction import REDUCTION
from npusdk.kernels.resampling import RESAMPLING
from npusdk.kernels.sampling import SAMPLING
from npusdk.kernels.shaping import SHAPING
from npusdk.kernels.signature import Inputs, Kernel, Outputs
from npusdk.kernels.softmax import SOFTMAX
from npusdk.language import _

KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        **ACTIVATION,
        **CONTRACTION,
        **CONVOLUTION,
        **CREATION,
        **ELEMENTWISE,
        **INDEXING,
        **INTEGER,
        **MATRIX,
        **NORMALIZATION,
        **PADDING,
        **POOLING,
        **QUANTIZING,
        **RANKING,
        **REDUCTION,
        **RESAMPLING,
        **SAMPLING,
        **SHAPING,
        **SOFTMAX,
    }
)
"""Kernels by ONNX operator name."""


def call(op: str, inputs: Inputs, attrs: Attributes, output_count: int = 1) -> Outputs:
    """Run operator `op` once; NumPy's floating-point warnings are off, as IEEE 754's default results are meant.

    Raises
    ------
    UnsupportedOpError
        If there is no kernel of that name.
    ShapeError
        If an input points outside another one.
    """
    kernel = KERNELS.get(op)
    if kernel is None:
        raise UnsupportedOpError(
            _("Operator {op} has no kernel."), hint=_("Rewrite the model with operators that npusdk knows."), op=op
        )
    try:
        with np.errstate(all="ignore"):
            return kernel(inputs, attrs, output_count)
    except IndexError as error:
        raise ShapeError(
            _("Operator {op} was given an index that is not there: {problem}."),
            hint=_("Check the indices that the model is given, or computes."),
            op=op,
            problem=str(error),
        ) from error
