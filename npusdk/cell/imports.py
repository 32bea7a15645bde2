"""What has a dotted name: modules, and the functions, classes and constants that one finds in them."""

from __future__ import annotations
import __future__

import dataclasses
import functools
import importlib
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinMethodType, ModuleType

import numpy as np

from npusdk.cell.nodes import Imported
from npusdk.errors import SerializationError
from npusdk.language import _

_CONSTANTS = {
    id(Ellipsis): Imported("builtins", "Ellipsis"),
    id(NotImplemented): Imported("builtins", "NotImplemented"),
    id(dataclasses.MISSING): Imported("dataclasses", "MISSING"),
    id(dataclasses.KW_ONLY): Imported("dataclasses", "KW_ONLY"),
    **{id(getattr(__future__, name)): Imported("__future__", name) for name in __future__.all_feature_names},
}
_TYPES_OF_BUILTINS = {
    getattr(importlib.import_module("types"), name): Imported("types", name)
    for name in (
        "NoneType",
        "EllipsisType",
        "FunctionType",
        "ModuleType",
        "GeneratorType",
        "MethodType",
        "SimpleNamespace",
        "MappingProxyType",
    )
}
_HIDING = ("numpy.random", "numpy", "random")
"""Modules that offer methods of an object of theirs as functions."""


def imported(value: object, outside: Iterable[str] = ()) -> Imported | None:
    """Return the dotted name of `value`; None if it has none, or only one in the modules `outside`."""
    if isinstance(value, ModuleType):
        name = value.__name__
        return Imported(name) if name not in {"__main__", *outside} and sys.modules.get(name) is value else None
    if id(value) in _CONSTANTS:
        return _CONSTANTS[id(value)]
    for module, path in _candidates(value):
        if module not in {"__main__", *outside} and _leads(module, path, value):
            return Imported(module, path)
    return _TYPES_OF_BUILTINS.get(value) if isinstance(value, type) else None


def _candidates(value: object) -> list[tuple[str, str]]:
    if isinstance(value, np.ufunc):
        return [("numpy", value.__name__)]
    special = getattr(value, "_name", None) if type(value).__module__ == "typing" else None
    if isinstance(special, str):
        return [("typing", special)]
    if type(value).__module__.partition(".")[0] == "pandas" and not callable(value):
        return [("pandas", name) for name in ("NA", "NaT")]
    if not callable(value):
        return []
    path = getattr(value, "__qualname__", getattr(value, "__name__", None))
    if not isinstance(path, str) or "<" in path:
        return []
    found = [(getattr(value, "__module__", None) or "builtins", path)]
    if type(value).__name__ == "builtin_function_or_method" or "." in path:
        found += [(module, path.rpartition(".")[2]) for module in _HIDING]
    return [(module, path) for module, path in found if isinstance(module, str)]


def _leads(module: str, path: str, value: object) -> bool:
    if module not in sys.modules:
        return False
    try:
        found = functools.reduce(getattr, path.split("."), sys.modules[module])
    except AttributeError:
        return False
    return found is value or (isinstance(value, BuiltinMethodType) and found == value)


def stood_in(value: object, modules: Mapping[str, object]) -> Imported | None:
    """Return the dotted name under which a stand-in of a module offers `value`; None if none does."""
    if isinstance(value, ModuleType) and value.__name__.partition(".")[0] in modules:
        return Imported(value.__name__)
    for name, module in modules.items():
        for path, candidate in _parts(value, module):
            if candidate is value:
                return Imported(name, path)
    return None


def _parts(value: object, module: object) -> list[tuple[str, object]]:
    """Return places of a stand-in where `value` may be: itself, its modules, and what has the name of `value`."""
    places = [("", module), *((path, _attribute(module, path)) for path in ("linalg", "random", "fft"))]
    home = getattr(value, "__module__", None) or ""
    own = getattr(value, "__name__", "") if callable(value) and home.startswith(_top(module)) else ""
    names = [own.rpartition(".")[2]] if isinstance(own, str) and own else []
    within = [(f"{path}.{name}".lstrip("."), _attribute(place, name)) for path, place in places for name in names]
    return places + within


def _top(module: object) -> str:
    return str(getattr(module, "__name__", "")).partition(".")[0]


def _attribute(value: object, name: str) -> object:
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - a stand-in may refuse a name with an error of its own
        return None


def find_import(node: Imported, modules: Mapping[str, object] = {}) -> object:
    """Return what a dotted name leads to, stand-ins in `modules` first.

    Raises
    ------
    SerializationError
        If the module cannot be imported, or does not have it.
    """
    try:
        found = find_module(node.module, modules)
        return functools.reduce(getattr, node.path.split("."), found) if node.path else found
    except (ImportError, AttributeError) as error:
        raise SerializationError(
            _("{name} cannot be had where the cell runs: {reason}"),
            hint=_("Install the same packages there, or define it in the notebook."),
            name=".".join(part for part in (node.module, node.path) if part),
            reason=str(error),
        ) from error


def find_module(name: str, modules: Mapping[str, object]) -> object:
    """Return the module of a dotted name, or what stands in for it.

    Raises
    ------
    ImportError
        If there is none.
    """
    if name in modules:
        return modules[name]
    top, _dot, rest = name.partition(".")
    if top not in modules:
        return importlib.import_module(name)
    importlib.import_module(name)
    return functools.reduce(getattr, rest.split("."), modules[top])


def importer(modules: Mapping[str, object], plain: Callable[..., object]) -> Callable[..., object]:
    """Return an `__import__` that hands out stand-ins first.

    Parameters
    ----------
    plain
        Python's own.
    """

    def import_(name: str, *rest: typing.Any, **named: typing.Any) -> object:
        given = {**dict(zip(("globals", "locals", "fromlist", "level"), rest, strict=False)), **named}
        top = name.partition(".")[0]
        if given.get("level") or top not in modules:
            return plain(name, *rest, **named)
        found = find_module(name, modules)
        return found if given.get("fromlist") else modules[top]

    return import_
