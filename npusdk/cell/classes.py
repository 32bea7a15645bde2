"""How classes and instances of the notebook become nodes.

A class travels as its bases and its attributes; an instance as its class and its attributes.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from npusdk.cell.encoder import Encoder, RefusedError, Rule
from npusdk.cell.functions import NO_SOURCE, NO_SOURCE_HINT, annotations_of, cell, function, kept_annotations
from npusdk.cell.nodes import Class, Instance, Item, Node
from npusdk.language import _

_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_NOT_CARRIED = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__annotations__", "__slots__", "_abc_impl", "__abstractmethods__",
        "__dataclass_fields__", "__dataclass_params__", "__annotate_func__", "__annotate__", "__annotations_cache__",
        "__static_attributes__", "__firstlineno__", "__classdictcell__", "__orig_bases__",
    }
)  # fmt: skip
"""Attributes that the making of a class gives it."""

CONTENT: dict[type, Callable[[Any], object]] = {
    BaseException: lambda value: value.args,
    str: str.__str__, bytes: bytes.__bytes__, int: int.__int__, float: float.__float__,
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
}  # fmt: skip
"""What an instance holds as a kind of a type of Python's."""


def is_local(encoder: Encoder, cls: type) -> bool:
    """Return whether a class was defined in the notebook."""
    return cls.__module__ in {"__main__", encoder.namespace.get("__name__"), None} or (
        cls.__module__ == "builtins" and cls.__flags__ & _HEAP_TYPE != 0
    )


def is_of_module(cls: type, module: object) -> bool:
    """Return whether a class was written in Python and says that it is of a module."""
    return cls.__module__ == module and cls.__flags__ & (_HEAP_TYPE | _IMMUTABLE_TYPE) == _HEAP_TYPE


_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8


def class_(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a class of the notebook."""
    if not isinstance(value, type):
        return None
    if not is_local(encoder, value):
        raise RefusedError(NO_SOURCE, hint=NO_SOURCE_HINT)
    family = _family(value)
    members = _FAMILIES[family][0](value)
    members.pop("__doc__", None) if members.get("__doc__") is None else None
    return Class(
        family=family,
        names=(value.__name__, value.__qualname__, value.__module__),
        bases=encoder.items(value.__bases__, " base {}"),
        metaclass=encoder.item(type(value), " metaclass"),
        slots=encoder.item(value.__dict__.get("__slots__")),
        details=_FAMILIES[family][1](encoder, value),
        keys=tuple(members),
        values=tuple(encoder.item(member, f".{name}") for name, member in members.items()),
    )


def _family(cls: type) -> str:
    if any(base.__module__ == "typing" for base in cls.__bases__):
        raise RefusedError(_("{path} cannot travel between the notebook and the cell: a class with type parameters"))
    if isinstance(cls, enum.EnumMeta):
        return "enum"
    if tuple in cls.__bases__ and hasattr(cls, "_fields"):
        return "namedtuple"
    if "__dataclass_fields__" in cls.__dict__:
        if "__slots__" in cls.__dict__:
            raise RefusedError(
                _("{path} cannot travel between the notebook and the cell: a dataclass with slots"),
                hint=_("Leave slots=True out."),
            )
        return "dataclass"
    return ""


def carried(cls: type) -> dict[str, object]:
    """Return the attributes of a class that travel."""
    return {
        name: value
        for name, value in cls.__dict__.items()
        if name not in _NOT_CARRIED and not isinstance(value, _DESCRIPTORS)
    }


_GENERATORS = frozenset({"<string>", dataclasses.__file__, enum.__file__, collections.__file__, typing.__file__})
"""Where the code of methods is that nobody wrote for the class."""


def _written(value: object) -> bool:
    """Return whether a method was written by a person, and not by `dataclass` or `namedtuple`."""
    inner = getattr(value, "__func__", getattr(value, "fget", value))
    code = getattr(getattr(inner, "__wrapped__", inner), "__code__", getattr(inner, "__code__", None))
    return isinstance(code, types.CodeType) and code.co_filename not in _GENERATORS


def _of_dataclass(cls: type) -> dict[str, object]:
    generated = cls.__dict__.get("__hash__") is None
    return {
        name: value
        for name, value in carried(cls).items()
        if not (name.startswith("__") and callable(value) and not _written(value))
        and not (name == "__hash__" and generated)
    }


def _of_enum(cls: Any) -> dict[str, object]:
    return {name: value for name, value in carried(cls).items() if name not in cls.__members__ and _written(value)}


def _of_namedtuple(cls: type) -> dict[str, object]:
    return {name: value for name, value in carried(cls).items() if name == "__doc__" or _written(value)}


_FIELD = ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")


def _plain_details(encoder: Encoder, cls: Any) -> Item:
    own = "__annotations__" in cls.__dict__ or sys.version_info >= (3, 14)
    return annotations_of(encoder, cls) if own else None


def _dataclass_details(encoder: Encoder, cls: Any) -> Item:
    settings = cls.__dataclass_params__
    own = dict(getattr(cls, "__annotations__", {}))
    fields = {
        name: {part: getattr(field, part) for part in _FIELD}
        for name, field in cls.__dataclass_fields__.items()
        if name in own and field._field_type is dataclasses._FIELD  # type: ignore[attr-defined]  # noqa: SLF001
    }
    switches = {name: getattr(settings, name) for name in ("init", "repr", "eq", "order", "unsafe_hash", "frozen")}
    return encoder.reference((kept_annotations(encoder, cls), fields, switches), "")


def _enum_details(encoder: Encoder, cls: Any) -> Item:
    custom = [name for name in ("__init__", "__new__") if _written(cls.__dict__.get(name))]
    if custom:
        raise RefusedError(
            _("{path} cannot travel between the notebook and the cell: an enumeration with {method}"),
            hint=_("Give its members plain values."),
            method=custom[0],
        )
    return encoder.reference({name: member.value for name, member in cls.__members__.items()}, "")


def _namedtuple_details(encoder: Encoder, cls: Any) -> Item:
    return encoder.reference((cls._fields, cls._field_defaults), "")


_FAMILIES: dict[str, tuple[Callable[[Any], dict[str, object]], Callable[[Encoder, Any], Item]]] = {
    "": (carried, _plain_details),
    "dataclass": (_of_dataclass, _dataclass_details),
    "enum": (_of_enum, _enum_details),
    "namedtuple": (_of_namedtuple, _namedtuple_details),
}
"""What travels of the attributes of each family of classes, and what its making needs beside them."""


def instance(encoder: Encoder, value: object) -> Node | None:
    """Return the node of an instance of a class of the notebook, a SimpleNamespace, or an exception of Python's."""
    cls = type(value)
    builtin_error = isinstance(value, BaseException) and cls.__module__ == "builtins"
    if not (is_local(encoder, cls) or builtin_error or cls is types.SimpleNamespace):
        return None
    if isinstance(value, enum.Enum):
        return Instance(encoder.reference(cls), encoder.item((value.name, value.value)), None, (), ())
    base = content_type(cls)
    slots = slots_of(value)
    state = getattr(value, "__dict__", None)
    return Instance(
        cls=encoder.reference(cls, ".__class__"),
        content=None if base is None else encoder.item(CONTENT[base](value)),
        state=None if state is None else encoder.attributes(state),
        keys=tuple(slots),
        values=tuple(encoder.item(entry, f".{name}") for name, entry in slots.items()),
    )


def content_type(cls: type) -> type | None:
    """Return the type of Python's whose content instances of a class have."""
    return next((base for base in CONTENT if issubclass(cls, base)), None)


def slots_of(value: object) -> dict[str, object]:
    """Return the values of the slots of an instance."""
    found: dict[str, object] = {}
    for cls in type(value).__mro__:
        for name, descriptor in cls.__dict__.items():
            if isinstance(descriptor, types.MemberDescriptorType) and cls.__flags__ & _HEAP_TYPE:
                try:
                    found[name] = descriptor.__get__(value)
                except AttributeError:
                    continue
    return found


DEFINITIONS: tuple[Rule, ...] = (function, cell, class_, instance)
"""Rules that are asked in turn, after those of plain values."""
