"""Laws of signatures, with onnx's operator schemas as the oracle."""

from __future__ import annotations

import onnx
import pytest

from npusdk.errors import DtypeError, ModelFormatError
from npusdk.graph import Call, TensorType
from npusdk.graph.shapes import SIGNATURES
from npusdk.graph.shapes.signatures import check_signature, parse_signature
from npusdk.numerics import ELEMENT_TYPES

WIDER = {
    ("Shrink", 0): {"bfloat16"},
    ("OneHot", 0): {"bfloat16"},
    ("OneHot", 1): {"bfloat16"},
    ("Resize", 1): {"bfloat16"},
    ("ReduceLogSum", 0): {"int32", "int64", "uint32", "uint64"},
    ("ReduceLogSumExp", 0): {"int32", "int64", "uint32", "uint64"},
}
"""Types that an input takes here, or took in an older opset, though the newest schema does not list them."""


def _types(constraint: list[str]) -> set[str]:
    names = (text.removeprefix("tensor(").removesuffix(")") for text in constraint)
    plain = {{"float": "float32", "double": "float64"}.get(name, name) for name in names}
    return plain & set(ELEMENT_TYPES) - {"string"}


@pytest.mark.parametrize("op", sorted(SIGNATURES))
def test_signature_is_the_schema(op):
    """An operator takes the inputs, in the types, with the ties between them, that its newest schema states."""
    schema, signature = onnx.defs.get_schema(op), SIGNATURES[op]
    allowed = {item.type_param_str: _types(item.allowed_type_strs) for item in schema.type_constraints}
    assert len(signature.inputs) == len(schema.inputs)
    optional = onnx.defs.OpSchema.FormalParameterOption.Optional
    assert signature.required == sum(item.option != optional for item in schema.inputs)
    groups: dict[str, set[str]] = {}
    for index, (item, (group, types)) in enumerate(zip(schema.inputs, signature.inputs, strict=True)):
        expected = allowed.get(item.type_str) or _types([item.type_str])
        assert types == expected | WIDER.get((op, index), set())
        groups.setdefault(item.type_str, set()).add(group)
    assert all(len(found) == 1 for found in groups.values())
    assert len(set().union(*groups.values())) == len(groups)


@pytest.mark.parametrize(
    ("signature", "dtypes", "error"),
    [
        ("F F", ("float32",), ModelFormatError),
        ("F F?", ("float32", "float32", "float32"), ModelFormatError),
        ("F F?", (None, "float32"), ModelFormatError),
        ("F*", (), ModelFormatError),
        ("F", ("int8",), DtypeError),
        ("F F", ("float32", "float16"), DtypeError),
        ("F*", ("float32", "float32", "float64"), DtypeError),
        ("A int64", ("bool", "int32"), DtypeError),
    ],
)
def test_signature_refuses(signature, dtypes, error):
    """Missing or surplus inputs and wrong or unequal types are refused, and the error names the node."""
    types = tuple(None if name is None else TensorType(name, ()) for name in dtypes)
    call = Call("Op", "n1", types, (None,) * len(types), {}, 1)
    with pytest.raises(error, match="n1"):
        check_signature(call, parse_signature(signature))


@pytest.mark.parametrize(
    ("signature", "dtypes"),
    [
        ("F F1 F?", ("float32", "float16")),
        ("F F1 F?", ("float32", "float16", "float32")),
        ("F F? F?", ("float32", None, "float32")),
        ("N*", ("int8",) * 5),
    ],
)
def test_signature_takes(signature, dtypes):
    """Optional inputs may be left out, and different digits may have different types."""
    types = tuple(None if name is None else TensorType(name, ()) for name in dtypes)
    check_signature(Call("Op", "n1", types, (None,) * len(types), {}, 1), parse_signature(signature))
