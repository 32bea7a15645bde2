"""The nine networks that the onnx package brings along."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from npusdk.graph import bind, check_graph
from npusdk.importers import load_onnx
from npusdk.importers.onnx_tensors import DTYPES
from npusdk.kernels import call

LIGHT = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data" / "light").glob("*.onnx"))


def test_nine_light_models_are_there():
    """The onnx package brings nine networks."""
    assert len(LIGHT) == 9


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models_bind_to_the_types_that_onnx_infers(path):
    """Every tensor has the type that onnx infers for it, and no filled weight takes memory."""
    bound = bind(load_onnx(path), {}, call)
    check_graph(bound)
    inferred = onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True, data_prop=True).graph
    compared = 0
    for value in (*inferred.value_info, *inferred.output):
        kind, tensor = value.type.tensor_type, bound.tensors.get(value.name)
        if tensor is not None:
            compared += 1
            assert tensor.dtype == DTYPES[kind.elem_type]
            assert tensor.shape == tuple(dim.dim_value for dim in kind.shape.dim)
    assert compared >= len(bound.nodes)
    large = [value for value in bound.constants.values() if value.size > 4096]
    assert large
    assert not any(any(value.strides) for value in large)
