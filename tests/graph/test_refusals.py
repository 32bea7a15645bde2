"""What shape rules say where onnx's inference has no opinion: values, attributes, parameters, quantisation."""

from __future__ import annotations

import numpy as np
import pytest

from npusdk.errors import DtypeError, ModelFormatError, ShapeError, UnsupportedOpError
from npusdk.graph import Node, TensorType, infer
from tests.graph.oracle import Case, f32, ours


def i64(*values: int) -> np.ndarray:
    """Return a vector of integers."""
    return np.array(values, np.int64)


def single(number: float | str) -> np.ndarray:
    """Return a float32 scalar."""
    return np.array(float(number), np.float32)


def typed(dtype: str, *shape: int) -> TensorType:
    """Return a type."""
    return TensorType(dtype, shape)


U8, I8 = typed("uint8"), typed("int8")
IMAGE = f32(1, 4, 8, 8)

ACCEPTED = [
    (Case("GroupNormalization", [IMAGE, f32(4), f32(4)], {"num_groups": 2}), IMAGE),
    (Case("BatchNormalization", [f32(5), *[f32(1)] * 4]), f32(5)),
    (Case("BatchNormalization", [f32(5, 3), *[f32(3)] * 4]), f32(5, 3)),
    (Case("Pad", [f32(5, 4), i64(-1, 0, -2, 1)]), f32(2, 5)),
    (Case("Pad", [f32(5), i64(2, 2)], {"mode": "reflect"}), f32(9)),
    (Case("Pad", [f32(0), i64(1, 1)]), f32(2)),
    (Case("Reshape", [f32(0, 3), i64(0, 3)], {"allowzero": 1}), f32(0, 3)),
    (Case("Reshape", [f32(2, 0), i64(3, 0)]), f32(3, 0)),
    (Case("Resize", [f32(1, 1, 3, 3), None, np.array([1, 1, 1.6666666, 2], np.float32)]), f32(1, 1, 5, 6)),
    (Case("Resize", [f32(4, 4), f32(0), np.array([2, 1], np.float32)]), f32(8, 4)),
    (Case("Resize", [f32(4, 4), None, np.zeros(0, np.float32), i64(3, 3)]), f32(3, 3)),
    (
        Case(
            "Resize",
            [f32(1, 1, 8, 8), np.array([0, 0, 0.25, 0, 1, 1, 0.75, 1], np.float32), np.array([1, 1, 2, 1], np.float32)],
            {"coordinate_transformation_mode": "tf_crop_and_resize"},
        ),
        f32(1, 1, 8, 8),
    ),
    (Case("QuantizeLinear", [f32(4, 6), f32()]), typed("uint8", 4, 6)),
    (Case("QuantizeLinear", [f32(4, 6), f32()], {"output_dtype": "int16"}), typed("int16", 4, 6)),
    (Case("QuantizeLinear", [f32(4, 6), f32(4, 2), typed("int8", 4, 2)], {"block_size": 3}), typed("int8", 4, 6)),
    (Case("QuantizeLinear", [f32(4, 7), f32(4, 3)], {"block_size": 3, "axis": -1}), typed("uint8", 4, 7)),
    (Case("DequantizeLinear", [typed("int8", 4), typed("float16")]), typed("float16", 4)),
    (Case("DequantizeLinear", [typed("int8", 4), f32()], {"output_dtype": "bfloat16"}), typed("bfloat16", 4)),
    (Case("MatMulInteger", [typed("uint8", 2, 3), typed("int8", 3, 4), typed("uint8", 2)]), typed("int32", 2, 4)),
    (
        Case(
            "MatMulInteger", [typed("uint8", 5, 2, 3), typed("int8", 3, 4), typed("uint8", 5, 2, 1), typed("int8", 4)]
        ),
        typed("int32", 5, 2, 4),
    ),
    (Case("InstanceNormalization", [f32(1, 4, 2), f32(4), f32(4)]), f32(1, 4, 2)),
    (Case("MatMulInteger", [typed("uint8", 2, 3), typed("int8", 3, 4), typed("uint8", 2, 1)]), typed("int32", 2, 4)),
    (Case("ConvTranspose", [f32(1, 2, 3), f32(2, 1, 3)], {"strides": (2,), "auto_pad": "SAME_UPPER"}), f32(1, 1, 6)),
    (Case("ConvTranspose", [f32(1, 2, 3), f32(2, 1, 3)], {"output_shape": (7,)}), f32(1, 1, 7)),
    (Case("ConvTranspose", [f32(1, 2, 3), f32(2, 1, 3)], {"output_shape": (1, 1, 7)}), f32(1, 1, 7)),
    (Case("RMSNormalization", [f32(2, 3), typed("float16", 3)]), typed("float16", 2, 3)),
    (Case("Dropout", [f32(2), f32(), np.array(False)]), f32(2)),
    (Case("NonZero", [np.array([[1, 0], [1, 1]])]), typed("int64", 2, 3)),
    (Case("Gather", [f32(3), i64(-3, 2)]), f32(2)),
    (Case("Range", [single(0), single(1), single(0.3)]), f32(4)),
    (Case("Range", [i64(5), i64(1), i64(-2)]), typed("int64", 2)),
    (Case("Einsum", [f32(3, 3), f32(3)], {"equation": " ii , i -> i "}), f32(3)),
    (Case("Einsum", [f32(2, 3), f32(3, 4)], {"equation": "ij,jk"}), f32(2, 4)),
]


@pytest.mark.parametrize(("case", "expected"), ACCEPTED, ids=lambda item: getattr(item, "op", ""))
def test_valid_nodes_have_these_types(case, expected):
    """The first output has the type that the operator's definition gives it."""
    assert ours(case)[0] == expected


CONV = [f32(1, 4, 8), f32(2, 4, 3)]

REFUSED = [
    (Case("InstanceNormalization", [f32(1, 4), f32(4), f32(4)]), ShapeError, "3 dimensions"),
    *(
        (
            Case(op, [IMAGE, *[f32(5 if wrong == index else 4) for index in range(1, count + 1)]], attrs),
            ShapeError,
            f"input {wrong}",
        )
        for op, count, attrs in (
            ("InstanceNormalization", 2, {}),
            ("GroupNormalization", 2, {"num_groups": 1}),
            ("BatchNormalization", 4, {}),
        )
        for wrong in range(1, count + 1)
    ),
    *(
        (Case("Range", [i64(1, 2) if wrong == index else i64(1) for index in range(3)]), ShapeError, f"input {wrong}")
        for wrong in range(3)
    ),
    (Case("GroupNormalization", [IMAGE, f32(4), f32(4)], {"num_groups": 3}), ShapeError, "4 channels.*3"),
    (Case("GroupNormalization", [IMAGE, f32(4), f32(4)], {"num_groups": 0}), ShapeError, "0 groups"),
    (Case("GroupNormalization", [IMAGE, f32(4), f32(2)], {"num_groups": 2}), ShapeError, "input 2"),
    (Case("GroupNormalization", [IMAGE, f32(4), f32(4)]), ModelFormatError, "num_groups"),
    (Case("BatchNormalization", [IMAGE, *[f32(4)] * 4], {"training_mode": 1}), UnsupportedOpError, "training"),
    (Case("BatchNormalization", [f32(5), *[f32(5)] * 4]), ShapeError, r"input 1.*\[1\]"),
    (Case("Dropout", [f32(2), f32(), np.array(True)]), UnsupportedOpError, "training"),
    (Case("Dropout", [f32(2), f32(), typed("bool")]), UnsupportedOpError, "training"),
    (Case("LayerNormalization", [f32(2, 3), f32(3)], {"stash_type": 16}), UnsupportedOpError, "stash_type"),
    (Case("LayerNormalization", [f32(2, 3), f32(2)]), ShapeError, "broadcast"),
    (Case("LRN", [IMAGE], {"size": 0}), ModelFormatError, "size"),
    (Case("Pad", [f32(5), i64(-3, -3)]), ShapeError, "pads"),
    (Case("Pad", [f32(5), i64(7, -6)]), ShapeError, "pads"),
    (Case("Pad", [f32(5), i64(1)]), ShapeError, "pads"),
    (Case("Pad", [f32(0), i64(1, 1)], {"mode": "edge"}), ShapeError, "edge"),
    (Case("Pad", [f32(5), i64(1, 1)], {"mode": "mirror"}), ModelFormatError, "mirror.*reflect"),
    (Case("Clip", [f32(2), f32(2)]), ShapeError, "input 1"),
    (Case("CumSum", [f32(2), typed("int64", 2)]), ShapeError, "input 1"),
    (Case("TopK", [f32(4), i64(5)]), ShapeError, "5 values"),
    (Case("TopK", [f32(4), i64(1, 2)]), ShapeError, "input 1"),
    (Case("ArgMax", [f32(0, 3)]), ShapeError, "empty"),
    (Case("Gather", [f32(3), i64(0, 3)]), ShapeError, "to 3 leave axis 0"),
    (Case("Gather", [f32(3), i64(-4)]), ShapeError, "-4"),
    (Case("GatherElements", [f32(3), i64(3)]), ShapeError, "leave axis"),
    (Case("OneHot", [typed("int64", 2), np.array(-1), f32(2)]), ShapeError, "-1"),
    (Case("OneHot", [typed("int64", 2), single("nan"), f32(2)]), ShapeError, "nan"),
    (Case("OneHot", [typed("int64", 2), np.array(3), f32(3)]), ShapeError, "input 2"),
    (Case("Range", [single(0), single(1), single(0)]), ShapeError, "no end"),
    (Case("Range", [single(0), single("inf"), single(1)]), ShapeError, "no end"),
    (Case("Range", [typed("int64"), i64(1), i64(1)]), UnsupportedOpError, "input 0"),
    (Case("Reshape", [f32(4), i64(-1, -1)]), ShapeError, "cannot become"),
    (Case("Reshape", [f32(4), i64(-2, 2)]), ShapeError, "cannot become"),
    (Case("Reshape", [f32(4), i64(4, 0)]), ShapeError, "cannot become"),
    (Case("Reshape", [f32(4), typed("int64", 2)]), UnsupportedOpError, "run time"),
    (Case("Reshape", [f32(4), np.ones(5000, np.int64)]), ModelFormatError, "5000 elements"),
    (Case("Squeeze", [f32(4, 1), i64(1, -1)]), ModelFormatError, "twice"),
    (Case("Slice", [f32(4), i64(0), i64(4), i64(0), i64(0)]), ModelFormatError, r"steps \[0\]"),
    (Case("Slice", [f32(4), i64(0, 1), i64(4)]), ModelFormatError, "starts"),
    (Case("Tile", [f32(4), i64(-1)]), ModelFormatError, "negative"),
    (Case("Split", [f32(4)], {"num_outputs": 3}, 2), ModelFormatError, "num_outputs"),
    (Case("Split", [f32(5)], {}, 4), ShapeError, "split"),
    (Case("Split", [f32(5), i64(6, -1)], {}, 2), ModelFormatError, "negative"),
    (Case("ConstantOfShape", [i64(2)], {"value": np.zeros(2)}), ModelFormatError, "value"),
    (Case("ConstantOfShape", [i64(2)], {"value": 1.0}), ModelFormatError, "value"),
    (Case("Conv", CONV, {"strides": (0,)}), ModelFormatError, "strides"),
    (Case("Conv", CONV, {"dilations": (0,)}), ModelFormatError, "dilations"),
    (Case("Conv", CONV, {"pads": (-1, 0)}), ModelFormatError, "pads"),
    (Case("Conv", CONV, {"strides": (1, 1)}), ModelFormatError, "2 values instead of 1"),
    (Case("Conv", CONV, {"strides": "1"}), ModelFormatError, "list of integers"),
    (Case("Conv", CONV, {"kernel_shape": (2,)}), ShapeError, "kernel_shape"),
    (Case("Conv", CONV, {"group": 0}), ShapeError, "0 groups"),
    (Case("Conv", CONV, {"group": "two"}), ModelFormatError, "an integer"),
    (Case("Conv", CONV, {"auto_pad": "SAME"}), ModelFormatError, "auto_pad"),
    (Case("Conv", [*CONV, f32(3)]), ShapeError, "input 2"),
    (Case("Conv", [f32(1, 4, 2), f32(2, 4, 3)]), ShapeError, "spans 3"),
    (Case("MaxPool", [IMAGE]), ModelFormatError, "kernel_shape"),
    (Case("ConvTranspose", [f32(1, 2, 3), f32(2, 1, 3)], {"output_shape": (1, 7)}), ModelFormatError, "output_shape"),
    (Case("ConvTranspose", [f32(1, 2, 3), f32(2, 1, 3)], {"output_padding": (-1,)}), ShapeError, "spatial"),
    (Case("ConvInteger", [typed("uint8", 1, 4, 8), typed("int8", 2, 4, 3), typed("uint8", 2)]), ShapeError, "input 2"),
    (Case("Resize", [f32(4)]), ShapeError, "scales and sizes"),
    (Case("Resize", [f32(4), None, np.ones(1, np.float32), i64(4)]), ShapeError, "scales and sizes"),
    (Case("Resize", [f32(4), None, np.array([0], np.float32)]), ShapeError, "scales"),
    (Case("Resize", [f32(4), None, np.array([np.inf], np.float32)]), ShapeError, "scales"),
    (Case("Resize", [f32(4), None, np.ones(2, np.float32)]), ShapeError, "scales"),
    (Case("GridSample", [f32(1, 2, 4, 4), f32(1, 3, 3, 3)]), ShapeError, "grid"),
    (Case("GridSample", [f32(2, 2, 4, 4), f32(1, 3, 3, 2)]), ShapeError, "grid"),
    (Case("GridSample", [f32(1, 2, 4, 4), f32(1, 3, 2)]), ShapeError, "dimensions"),
    (Case("GridSample", [f32(1, 2, 4), f32(1, 3, 1)], {"mode": "bilinear"}), ModelFormatError, "linear"),
    (Case("QuantizeLinear", [f32(4, 6), f32(4)]), ShapeError, "axis 1"),
    (Case("QuantizeLinear", [f32(4, 6), f32(4, 6)], {"block_size": 3}), ShapeError, "blocks of 3"),
    (Case("QuantizeLinear", [f32(4, 6), f32(), typed("int8", 6)]), ShapeError, "input 2"),
    (Case("QuantizeLinear", [f32(4), f32(), I8], {"output_dtype": "uint8"}), ModelFormatError, "output_dtype"),
    (Case("QuantizeLinear", [f32(4), f32()], {"block_size": -1}), ModelFormatError, "block_size"),
    (Case("MatMulInteger", [typed("uint8", 2, 3), typed("int8", 3, 4), typed("uint8", 3)]), ShapeError, "input 2"),
    (Case("MatMulInteger", [typed("uint8", 2, 3), typed("int8", 3, 4), U8, typed("int8", 3)]), ShapeError, "input 3"),
    (Case("Cast", [f32(2)], {"to": "float8e5m2"}), DtypeError, "float8e5m2"),
    (Case("Cast", [f32(2)], {"to": 17}), DtypeError, "17"),
    (Case("Einsum", [f32(2)], {"equation": "a,b"}), ModelFormatError, "1 inputs"),
    (Case("Einsum", [f32(2)], {"equation": "a->b"}), ModelFormatError, "a->b"),
    (Case("Einsum", [f32(2)], {"equation": "a->aa"}), ModelFormatError, "a->aa"),
    (Case("Einsum", [f32(2)], {"equation": "a?"}), ModelFormatError, "equation"),
    (Case("Einsum", [f32(2)], {"equation": "a" * 2000}), ModelFormatError, "equation"),
    (Case("Einsum", [f32(2, 3)], {"equation": "aa"}), ShapeError, "letter a"),
    (Case("ScatterND", [f32(4), typed("int64", 2, 1), f32(2)], {"reduction": "mean"}), ModelFormatError, "reduction"),
    (Case("ScatterND", [f32(4, 3), typed("int64", 2, 1), f32(2)]), ShapeError, r"input 2.*\[2, 3\]"),
    (Case("ScatterElements", [f32(4), typed("int64", 2), f32(3)]), ShapeError, "input 2"),
    (Case("Relu", [f32(4)], {}, 2), ModelFormatError, "2 outputs"),
    (Case("Relu", [f32(4)], {}, 0), ModelFormatError, "0 outputs"),
    (Case("NonZero", [f32(4)]), UnsupportedOpError, "run time"),
]


@pytest.mark.parametrize(("case", "error", "words"), REFUSED, ids=lambda item: getattr(item, "op", ""))
def test_invalid_nodes_are_refused(case, error, words):
    """The error is of the right kind, and names node, operator and what is wrong."""
    with pytest.raises(error, match=words) as refusal:
        ours(case)
    assert str(refusal.value).startswith(f"Node node ({case.op})")


def test_long_lists_are_shown_short():
    """An error about a list of thousands shows its beginning."""
    with pytest.raises(ShapeError) as refusal:
        ours(Case("Reshape", [f32(2), np.full(4000, 7)]))
    assert len(str(refusal.value)) < 400


def test_unknown_operators_are_refused():
    """An operator without a rule is refused, naming node, operator and opset."""
    with pytest.raises(UnsupportedOpError, match=r"n: operator Mystery .*opset 23"):
        infer(Node("Mystery", "n", (), ("y",)), {}, {})
