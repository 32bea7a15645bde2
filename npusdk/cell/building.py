"""How nodes become functions, classes and instances again."""

from __future__ import annotations

import collections
import dataclasses
import enum
import importlib
import linecache
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from npusdk.cell import nodes as n
from npusdk.cell.classes import content_type, is_of_module
from npusdk.cell.decoder import PLAIN, Decoder, Rule
from npusdk.cell.frames import build
from npusdk.cell.texts import find_code, register
from npusdk.errors import SerializationError
from npusdk.language import _

_namedtuple: Any = collections.namedtuple  # noqa: PYI024 - made of what the notebook made


class Text:
    """A result that stayed where the cell ran, as it shows itself."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def __repr__(self) -> str:
        return self._texts["text/plain"]

    def _repr_mimebundle_(self, **_kwargs: object) -> dict[str, str]:
        return dict(self._texts)


def _make_function(decoder: Decoder, node: n.Function) -> Any:
    label, text = _text(decoder, node)
    try:
        code = find_code(text, label, node.flags, (node.place, node.line, node.turn))
    except (IndexError, SyntaxError, ValueError) as error:
        raise SerializationError(
            _("the function {name} is not found in the text it was defined in: {label}, line {line}"),
            hint=_("Define it again, with the Python that runs the cell."),
            name=node.place,
            label=label,
            line=node.line,
        ) from error
    space = vars(importlib.import_module(node.home)) if node.home else decoder.surroundings.namespace
    made = types.FunctionType(code, space, None, None, tuple(decoder.items(node.closure)))
    if isinstance(node.attributes, n.Ref):
        _adopt(decoder, made, node.attributes)
    return made


def _text(decoder: Decoder, node: n.Function) -> tuple[str, str]:
    """Return the name and the text of a function's source; the text of a cell is made known to tracebacks."""
    if node.source is None:
        label = str(importlib.import_module(node.home).__file__)
        return label, "".join(linecache.getlines(label))
    source: object = decoder.nodes[node.source.index]
    if isinstance(source, n.Original):
        source = decoder.surroundings.originals[source.index]
    if not isinstance(source, n.Source):
        text = f"{type(source).__name__} is no source"
        raise TypeError(text)
    if source.label not in linecache.cache:
        register(source.label, source.text)
    return source.label, source.text


def _adopt(decoder: Decoder, owner: Any, state: n.Ref) -> None:
    """Let the `__dict__` of an object be the value of a node, whichever is made first."""
    if decoder.has(state.index):
        owner.__dict__ = decoder.values[state.index]
    else:
        decoder.values[state.index] = owner.__dict__


def _fill_function(decoder: Decoder, node: n.Function, value: Any) -> None:
    value.__name__, value.__qualname__, value.__module__, value.__doc__ = node.names
    value.__defaults__ = decoder.item(node.defaults)
    value.__kwdefaults__ = decoder.item(node.keyword_defaults)
    annotations = decoder.item(node.annotations)
    if annotations:
        value.__annotations__ = annotations


def _function_needs(node: n.Function) -> tuple[int, ...]:
    return tuple(cell.index for cell in node.closure)


def _make_class(decoder: Decoder, node: n.Class) -> Any:
    name, qualified, module = node.names
    details = decoder.item(node.details)
    body: dict[str, Any] = {"__module__": module, "__qualname__": qualified}
    if node.family == "namedtuple":
        fields, defaults = details
        values = [defaults[field] for field in fields if field in defaults]
        made: Any = _namedtuple(name, fields, defaults=values)
        made.__module__, made.__qualname__ = module, qualified
        return made
    if node.family == "enum":
        body.update(details)
    if node.slots is not None:
        body["__slots__"] = decoder.item(node.slots)
    bases = tuple(decoder.items(node.bases))
    try:
        with _without_hooks(bases, module):
            return _create(decoder.item(node.metaclass), str(name), bases, body)
    except Exception as error:
        raise SerializationError(
            _("the class {name} cannot be made again where the cell runs: {reason}"),
            hint=_("Define the class in the cell itself."),
            name=name,
            reason=str(error),
        ) from error


def _create(metaclass: Any, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
    """Return a class as the first metaclass makes it that is not of the notebook."""
    maker = next(kind for kind in metaclass.__mro__ if not is_of_module(kind, body["__module__"]))
    space = maker.__prepare__(name, bases)
    for key, value in body.items():
        space[key] = value
    made = maker.__new__(metaclass, name, bases, space)
    maker.__init__(made, name, bases, space)
    return made


@contextmanager
def _without_hooks(bases: tuple[type, ...], module: object) -> Iterator[None]:
    """Keep the notebook's `__init_subclass__` from running: what it did when the class was defined travels by value."""
    hook = "__init_subclass__"
    line = dict.fromkeys(cls for base in bases for cls in base.__mro__)
    found = [cls for cls in line if is_of_module(cls, module) and hook in cls.__dict__]
    kept = [(cls, cls.__dict__[hook]) for cls in found]
    for cls in found:
        type.__setattr__(cls, hook, classmethod(lambda _cls, **_keywords: None))
    try:
        yield
    finally:
        for cls, original in kept:
            type.__setattr__(cls, hook, original)


def _class_needs(node: n.Class) -> tuple[int, ...]:
    items = (*node.bases, node.metaclass, node.slots, node.details)
    return tuple(item.index for item in items if isinstance(item, n.Ref))


def _fill_class(decoder: Decoder, node: n.Class, value: Any) -> None:
    for name, entry in zip(node.keys, decoder.items(node.values), strict=True):
        type.__setattr__(value, name, entry)
    details = decoder.item(node.details)
    if node.family == "dataclass":
        annotations, fields, switches = details
        value.__annotations__ = dict(annotations)
        for name, settings in fields.items():
            setattr(value, name, dataclasses.field(**settings))
        dataclasses.dataclass(**switches)(value)
    elif node.family == "" and details:
        value.__annotations__ = details
    if hasattr(value, "__abstractmethods__"):
        _refresh_abstract(value)


def _refresh_abstract(cls: Any) -> None:
    """Say again which methods are abstract, now that they are there."""
    names = {name for base in cls.__mro__[1:] for name in getattr(base, "__abstractmethods__", ())} | set(vars(cls))
    cls.__abstractmethods__ = frozenset(
        name for name in names if getattr(getattr(cls, name, None), "__isabstractmethod__", False)
    )


def _make_instance(decoder: Decoder, node: n.Instance) -> Any:
    cls = decoder.item(node.cls)
    if isinstance(cls, enum.EnumMeta):
        name, value = decoder.item(node.content)
        return cls[name] if name in cls.__members__ else cls(value)
    base = content_type(cls)
    if base is None:
        made = cls.__new__(cls) if cls is types.SimpleNamespace else object.__new__(cls)
    elif base is BaseException:
        made = cls(*_content(decoder, node)) if cls.__module__ == "builtins" else cls.__new__(cls)
        made.args = _content(decoder, node)
    elif base in {list, dict, set}:
        made = base.__new__(cls)
    else:
        made = base.__new__(cls, _content(decoder, node))
    if isinstance(node.state, n.Ref):
        _adopt_state(decoder, made, node.state)
    return made


def _adopt_state(decoder: Decoder, made: Any, state: n.Ref) -> None:
    if decoder.has(state.index) and isinstance(made, types.SimpleNamespace):
        made.__dict__.update(decoder.values[state.index])
    else:
        _adopt(decoder, made, state)


def _content(decoder: Decoder, node: n.Instance) -> Any:
    return decoder.item(node.content)


def _instance_needs(node: n.Instance) -> tuple[int, ...]:
    return tuple(item.index for item in (node.cls, node.content) if isinstance(item, n.Ref))


def fill_instance(decoder: Decoder, node: n.Instance, value: Any) -> None:
    """Give an instance its slots, and what it holds as a kind of list, dict or set."""
    for name, entry in zip(node.keys, decoder.items(node.values), strict=True):
        descriptor = next(cls.__dict__[name] for cls in type(value).__mro__ if name in cls.__dict__)
        descriptor.__set__(value, entry)
    base: Any = content_type(type(value))
    if base in {list, dict, set}:
        base.clear(value)
        (list.extend if base is list else base.update)(value, decoder.item(node.content))


DEFINED: dict[type, Rule] = {
    n.Function: Rule(_make_function, _fill_function, _function_needs),
    n.Class: Rule(_make_class, _fill_class, _class_needs),
    n.Instance: Rule(_make_instance, fill_instance, _instance_needs),
    n.Frame: Rule(lambda decoder, node: build(node.kind, decoder.items(node.parts)), needs=n.references),
    n.Shown: Rule(lambda _decoder, node: Text(dict(zip(node.kinds, node.texts, strict=True)))),
}
"""The rule of each kind of node that a definition of the notebook is made of."""

RULES: dict[type, Rule] = {**PLAIN, **DEFINED}
