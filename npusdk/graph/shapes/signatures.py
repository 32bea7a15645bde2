"""Which element types an operator takes: a table in a small notation, checked before a shape rule runs.

A signature is a list of inputs. Each is an element type ("int64") or a class of types (a letter, below); the same class
with the same digit means the same type. "?" marks an optional input, "*" one or more inputs of that class. The classes
are the type constraints of ONNX's operator schemas at opset `OPSET`, without strings, 8-bit floats and 4-bit integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from npusdk.errors import DtypeError
from npusdk.graph.rules import Call
from npusdk.graph.shapes.reading import malformed
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES

_FLOATS = frozenset(name for name, element in ELEMENT_TYPES.items() if element.kind == "float")
_SIGNED = frozenset(name for name, element in ELEMENT_TYPES.items() if element.kind == "int")
_UNSIGNED = frozenset(name for name, element in ELEMENT_TYPES.items() if element.kind == "uint")
_WIDE = frozenset({"int32", "int64", "uint32", "uint64"})

_CLASSES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "A": _FLOATS | _SIGNED | _UNSIGNED | {"bool"},
        "N": _FLOATS | _SIGNED | _UNSIGNED,
        "F": _FLOATS,
        "S": _FLOATS | _SIGNED,
        "J": _SIGNED | _UNSIGNED,
        "I": frozenset({"int32", "int64"}),
        "W": _FLOATS | _WIDE,
        "E": _FLOATS | {"int32", "int64"},
        "M": _FLOATS | _WIDE | {"int8", "uint8", "bool"},
        "P": _FLOATS | {"int8", "uint8"},
        "R": _FLOATS | {"int16", "int32", "int64"},
        "Q": frozenset({"int8", "uint8"}),
        "H": frozenset({"int8", "uint8", "int16", "uint16"}),
        "L": _FLOATS - {"float64"},
        "D": frozenset({"int8", "uint8", "int16", "uint16", "int32"}),
        "G": (_FLOATS - {"float64"}) | {"int32"},
        "B": frozenset({"bool"}),
    }
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What an operator takes.

    Parameters
    ----------
    inputs
        For each input: what must agree with it, and the element types allowed.
    required
        Number of inputs that must be there.
    variadic
        Whether the last entry may repeat.
    """

    inputs: tuple[tuple[str, frozenset[str]], ...]
    required: int
    variadic: bool


def parse_signature(text: str) -> Signature:
    """Return the signature that `text` writes in the notation above."""
    tokens = text.split()
    bare = [token.rstrip("?*") for token in tokens]
    inputs = tuple((name, _CLASSES[name[0]] if name[0] in _CLASSES else frozenset({name})) for name in bare)
    required = sum(not token.endswith("?") for token in tokens)
    return Signature(inputs, required, variadic=text.endswith("*"))


def check_signature(call: Call, signature: Signature) -> None:
    """Check that a call has as many inputs as its operator takes, of types that it takes.

    Raises
    ------
    ModelFormatError
        If an input is missing or too many.
    DtypeError
        If an element type is not one that the operator takes, or two that must agree differ.
    """
    count, slots = len(call.types), len(signature.inputs)
    if (
        (count > slots and not signature.variadic)
        or None in call.types[: signature.required]
        or count < signature.required
    ):
        most = "*" if signature.variadic else slots
        template = _(
            "Node {node} ({op}): {count} inputs; the operator takes {least} to {most}, the first {least} always."
        )
        malformed(call, template, count=count, least=signature.required, most=most)
    bound: dict[str, str] = {}
    for index, given in enumerate(call.types):
        if given is None:
            continue
        group, allowed = signature.inputs[min(index, slots - 1)]
        if given.dtype not in allowed:
            _refuse_dtype(call, index, given.dtype, sorted(allowed))
        if bound.setdefault(group, given.dtype) != given.dtype:
            _refuse_dtype(call, index, given.dtype, [bound[group]])


def _refuse_dtype(call: Call, index: int, dtype: str, allowed: list[str]) -> None:
    raise DtypeError(
        _("Node {node} ({op}): input {index} has element type {dtype}; expected: {allowed}."),
        hint=_("Cast the input before this node, or export the model in a type that the operator takes."),
        node=call.node,
        op=call.op,
        index=index,
        dtype=dtype,
        allowed=", ".join(allowed),
    )
