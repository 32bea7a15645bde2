"""How functions, classes and instances of the notebook become nodes.

A function travels as the place of its code in the text of its cell, with what it was made with: the values of its
defaults, of the variables that it shares with the function it was made in, and of its attributes. Nothing is evaluated
a second time. A class travels as its bases and its attributes; an instance as its class and its attributes.
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
from npusdk.cell.nodes import Cell, Class, Function, Instance, Item, Node
from npusdk.cell.sources import future_flags, global_reads, locate, text_of
from npusdk.errors import SerializationError
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

_NO_SOURCE = _("{path} cannot travel between the notebook and the cell: the source text of this {type} is not known")
_NO_SOURCE_HINT = _("Define it in a cell of its own, without a magic and not by exec.")


def function(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a function written in Python."""
    if not isinstance(value, types.FunctionType):
        return None
    code, home = value.__code__, _home(encoder, value)
    text = encoder.sources.get(code.co_filename) or text_of(code)
    turn = locate(code, text)
    if turn is None:
        raise RefusedError(_NO_SOURCE, hint=_NO_SOURCE_HINT)
    if not home:
        encoder.want(global_reads(code))
    names = (value.__name__, value.__qualname__, value.__module__, value.__doc__)
    cells = zip(code.co_freevars, value.__closure__ or (), strict=True)
    return Function(
        source=None if home else encoder.source(code.co_filename, text),
        home=home,
        place=code.co_qualname,
        line=code.co_firstlineno,
        turn=turn,
        flags=future_flags(code),
        names=tuple(name if isinstance(name, str) else None for name in names),
        defaults=encoder.item(value.__defaults__, " default "),
        keyword_defaults=encoder.item(value.__kwdefaults__, " default "),
        annotations=_annotations(encoder, value),
        closure=tuple(encoder.reference(cell, f" -> {name}") for name, cell in cells),
        attributes=encoder.attributes(value.__dict__),
    )


def _home(encoder: Encoder, value: types.FunctionType) -> str:
    """Return the module of a function's globals; empty for the notebook's, under whatever filter they are given."""
    space, notebook = value.__globals__, encoder.namespace
    name = space.get("__name__")
    if space is notebook or name in {"__main__", notebook.get("__name__")}:
        _check_globals(value, notebook)
        return ""
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or vars(module) is not value.__globals__:
        raise RefusedError(_NO_SOURCE, hint=_NO_SOURCE_HINT)
    return str(name)


def _check_globals(value: types.FunctionType, notebook: dict[str, Any]) -> None:
    """Refuse a function that finds under a name something else than the notebook does: it is from another script."""
    space = value.__globals__
    names = () if space is notebook else global_reads(value.__code__)
    strange = [name for name in names if name in space and name in notebook and space[name] is not notebook[name]]
    if strange:
        raise RefusedError(
            _("{path} cannot travel between the notebook and the cell: to this {type}, {name} is not the notebook's"),
            hint=_("Define it in the notebook, or import it from a module."),
            name=strange[0],
        )


def _annotations(encoder: Encoder, value: Any) -> Item:
    """Return annotations, those that cannot travel as text: nothing but tools reads them."""
    kept = _kept_annotations(encoder, value)
    return encoder.reference(kept, ".__annotations__") if kept else None


def _kept_annotations(encoder: Encoder, value: Any) -> dict[str, object]:
    try:
        found = dict(value.__annotations__)
    except Exception:  # noqa: BLE001 - evaluated late, they may fail in any way
        return {}
    return {name: entry if _travels(encoder, entry) else _annotation_text(entry) for name, entry in found.items()}


def _annotation_text(entry: object) -> str:
    return entry if isinstance(entry, str) else getattr(entry, "__qualname__", None) or repr(entry)


def _travels(encoder: Encoder, value: object) -> bool:
    trial = encoder.trial()
    trial.item(value)
    try:
        trial.run()
    except SerializationError:
        return False
    return True


def cell(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a variable that functions share."""
    if not isinstance(value, types.CellType):
        return None
    try:
        content = value.cell_contents
    except ValueError:
        return Cell(None, filled=False)
    return Cell(encoder.item(content))


def is_local(encoder: Encoder, cls: type) -> bool:
    """Return whether a class was defined in the notebook."""
    return cls.__module__ in {"__main__", encoder.namespace.get("__name__"), None} or (
        cls.__module__ == "builtins" and cls.__flags__ & _HEAP_TYPE != 0
    )


_HEAP_TYPE = 1 << 9


def class_(encoder: Encoder, value: object) -> Node | None:
    """Return the node of a class of the notebook."""
    if not isinstance(value, type):
        return None
    if not is_local(encoder, value):
        raise RefusedError(_NO_SOURCE, hint=_NO_SOURCE_HINT)
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
    return _annotations(encoder, cls) if own else None


def _dataclass_details(encoder: Encoder, cls: Any) -> Item:
    settings = cls.__dataclass_params__
    own = dict(getattr(cls, "__annotations__", {}))
    fields = {
        name: {part: getattr(field, part) for part in _FIELD}
        for name, field in cls.__dataclass_fields__.items()
        if name in own and field._field_type is dataclasses._FIELD  # type: ignore[attr-defined]  # noqa: SLF001
    }
    switches = {name: getattr(settings, name) for name in ("init", "repr", "eq", "order", "unsafe_hash", "frozen")}
    return encoder.reference((_kept_annotations(encoder, cls), fields, switches), "")


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
