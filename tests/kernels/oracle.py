"""One operator on onnxruntime, to compare kernels with."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import helper

from npusdk.graph import OPSET
from npusdk.kernels import call

_ELEMENT_ATTRIBUTES = ("to", "dtype", "output_dtype")


def element_number(name):
    """Return ONNX's number of an element type that is stored in NumPy's type of that name."""
    return helper.np_dtype_to_tensor_dtype(np.dtype(name))


def run_onnxruntime(op, inputs, output_dtypes, attrs):
    """Run one operator with arrays (None: left out) on onnxruntime's CPU provider."""
    names = [f"i{index}" if value is not None else "" for index, value in enumerate(inputs)]
    outputs = [f"o{index}" for index in range(len(output_dtypes))]
    fed = {name: value for name, value in zip(names, inputs, strict=True) if name}
    attrs = {key: element_number(value) if key in _ELEMENT_ATTRIBUTES else value for key, value in attrs.items()}
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, **attrs)],
        "one",
        [helper.make_tensor_value_info(name, element_number(value.dtype), value.shape) for name, value in fed.items()],
        [
            helper.make_tensor_value_info(name, element_number(dtype), None)
            for name, dtype in zip(outputs, output_dtypes, strict=True)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, fed)


def assert_agrees(op, inputs, attrs=None, *, outputs=1, rtol=1e-5, atol=1e-6):
    """Check that a kernel gives what onnxruntime gives: equal types, shapes and integers, close floats."""
    attrs = attrs or {}
    copies = [None if value is None else value.copy() for value in inputs]
    found = call(op, inputs, attrs, outputs)
    expected = run_onnxruntime(op, inputs, [value.dtype for value in found], attrs)
    assert len(found) == outputs
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        if ours.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(ours, theirs)
    for before, after in zip(copies, inputs, strict=True):
        assert before is None or np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
