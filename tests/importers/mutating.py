"""Models damaged at random: bytes flipped, cut, moved, inserted; fields of the protobuf changed, dropped, doubled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = (0, 1, -1, 2, 3, 7, 8, 17, 1000, 2**31 - 1, 2**40, 2**63 - 1, -(2**63))
VALUES: Mapping[int, tuple[Any, ...]] = MappingProxyType(
    {
        FieldDescriptor.CPPTYPE_INT32: tuple(number for number in NUMBERS if abs(number) < 2**31),
        FieldDescriptor.CPPTYPE_INT64: NUMBERS,
        FieldDescriptor.CPPTYPE_UINT64: tuple(abs(number) for number in NUMBERS),
        FieldDescriptor.CPPTYPE_FLOAT: (0.0, -1.0, 1e38, 1e-9, float("nan"), float("inf")),
        FieldDescriptor.CPPTYPE_DOUBLE: (0.0, -1.0, 1e300, float("nan"), float("-inf")),
        FieldDescriptor.CPPTYPE_STRING: (
            "",
            "x",
            "Conv",
            "Reshape",
            "Concat",
            "Softmax",
            "../x",
            "/etc/passwd",
        ),
    }
)
"""Values that a field may get, by its C++ type."""
TEXTS = (b"", b"SAME_UPPER", b"\xff\xfe", b"CRD", b"ij,jk->ik", bytes(100))


def flip(data: bytes, random: Random) -> bytes:
    """Flip up to eight bits, half of the time near the front."""
    changed = bytearray(data)
    for _bit in range(random.randint(1, 8)):
        reach = min(len(data), 4000) if random.random() < 0.5 else len(data)
        changed[random.randrange(reach)] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    """Truncate."""
    return data[: random.randrange(len(data))]


def splice(data: bytes, random: Random) -> bytes:
    """Copy a stretch of bytes over another."""
    changed = bytearray(data)
    source, target, length = random.randrange(len(data)), random.randrange(len(data)), random.randint(1, 64)
    changed[target : target + length] = data[source : source + length]
    return bytes(changed)


def insert(data: bytes, random: Random) -> bytes:
    """Insert a few random bytes."""
    place = random.randrange(len(data))
    return data[:place] + random.randbytes(random.randint(1, 9)) + data[place:]


def change_fields(data: bytes, random: Random) -> bytes:
    """Change up to three fields somewhere in the model."""
    model = onnx.ModelProto.FromString(data)
    for _field in range(random.randint(1, 3)):
        change_field(model, random)
    return model.SerializeToString()


def change_field(message: Message, random: Random) -> None:
    """Walk down from a message at random, and change the field at the end of the way."""
    fields = [(field, value) for field, value in message.ListFields() if field.name != "raw_data"]
    if not fields:
        return
    field, value = random.choice(fields)
    if field.message_type is not None and random.random() < 0.9:
        change_field(random.choice(value) if field.is_repeated else value, random)
    elif field.is_repeated:
        change_list(value, field, random)
    elif field.message_type is not None or random.random() < 0.3:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, value_for(field, random))


def value_for(field: FieldDescriptor, random: Random) -> object:
    """Draw a value that a field can hold."""
    if field.enum_type is not None:
        return random.choice(list(field.enum_type.values_by_number))
    return random.choice(TEXTS if field.type == FieldDescriptor.TYPE_BYTES else VALUES[field.cpp_type])


def change_list(values: Any, field: FieldDescriptor, random: Random) -> None:
    """Drop, double, swap or set an element of a list."""
    place, other = random.randrange(len(values)), random.randrange(len(values))
    action = random.choice(("drop", "double", "swap", "set"))
    if action == "drop":
        del values[place]
    elif field.message_type is not None:
        copy = type(values[0])()
        copy.CopyFrom(values[place])
        values[place].CopyFrom(values[other])
        values[other].CopyFrom(copy)
        if action == "double":
            values.add().CopyFrom(copy)
    elif action == "double":
        values.append(values[place])
    elif action == "swap":
        values[place], values[other] = values[other], values[place]
    else:
        values[place] = value_for(field, random)


def change_network(data: bytes, random: Random) -> bytes:
    """Change a field of a node or of an input."""
    model = onnx.ModelProto.FromString(data)
    change_field(random.choice([*model.graph.node, *model.graph.input]), random)
    return model.SerializeToString()


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip,
    cut,
    splice,
    insert,
    *[change_fields] * 3,
    *[change_network] * 5,
)
"""Ways to damage a model; fields most often, since parsers refuse most other damage at once."""


def mutate(data: bytes, random: Random) -> bytes:
    """Return a damaged model."""
    return random.choice(MUTATIONS)(data, random)
