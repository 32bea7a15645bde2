"""How a NumPy function is called on a device: one row for each function, in a small notation.

A row is ``"name": (implementation, "parameters")``. The parameters stand in NumPy's order, each with a mark:

===========  ==========================================================================================
``@a``       an array: brought to the device unless it is there, or None
``@[a``      a sequence of arrays, each brought to the device
``@*a``      the other positional arguments, each brought to the device
``*a``       the other positional arguments, as they are given
``**a``      the arguments by name that the row does not have, as one dict
``~a``       accepted and without effect here (memory order, subclasses, kinds of sorting)
``out``      where the result is written; the implementation does not see it
``context``  the context, given by who calls and never by position
``a``        as it is given
===========  ==========================================================================================

An implementation gets its arguments by name, and only those that were given. Arguments that NumPy has and the row has
not are refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np

from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import refuse
from npusdk.array.functions.operand import context_of, on_device

Rows: TypeAlias = Mapping[str, tuple[Callable[..., Any], str]]
"""Implementation and parameters by the name of the function, as it is written after ``numpy.``."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    mark: str


_MARKS = ("@[", "@*", "@", "**", "*", "~", "")


def _parameter(token: str) -> _Parameter:
    mark = next(mark for mark in _MARKS if token.startswith(mark))
    return _Parameter(token.removeprefix(mark), mark)


class Function:
    """A NumPy function on device arrays.

    Parameters
    ----------
    name
        As it is written after ``numpy.`` ("linalg.norm").
    implementation
        What computes it.
    parameters
        In the notation of this module.
    """

    def __init__(self, name: str, implementation: Callable[..., Any], parameters: str) -> None:
        self.name = name
        self._implementation = implementation
        known = [_parameter(token) for token in parameters.split()]
        self.takes_context = any(parameter.name == "context" for parameter in known)
        known = [parameter for parameter in known if parameter.name != "context"]
        self._variadic = next((parameter for parameter in known if parameter.mark in ("*", "@*")), None)
        self._named = next((parameter.name for parameter in known if parameter.mark == "**"), None)
        known = [parameter for parameter in known if parameter.mark != "**"]
        self.positions = tuple(parameter.name for parameter in known)
        self._marks = {parameter.name: parameter.mark for parameter in known}

    def __repr__(self) -> str:
        return f"<numpy.{self.name} on a device>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function where its first device array is."""
        return self.run(None, args, kwargs)

    def run(self, context: Context | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the function on a context; None stands for that of the first device array among the arguments."""
        given = self._bind(args, kwargs)
        out = given.pop("out", None)
        context = context or context_of(given.values())
        if context is None and out is not None:
            context = context_of([out])
        arguments = {}
        for name, value in given.items():
            mark = self._marks.get(name, "")
            if mark != "~":
                arguments[name] = _prepared(context, mark, value)
        if self.takes_context:
            arguments["context"] = context
        result = self._implementation(**arguments)
        return result if out is None else _written(out, result)

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by name."""
        if self._variadic is not None:
            fixed = self.positions.index(self._variadic.name)
            given: dict[str, Any] = dict(zip(self.positions[:fixed], args, strict=False))
            given[self._variadic.name] = args[fixed:]
        elif len(args) > len(self.positions):
            message = f"{self.name}() takes at most {len(self.positions)} positional arguments; {len(args)} were given"
            raise TypeError(message)
        else:
            given = dict(zip(self.positions, args, strict=False))
        if self._named is not None:
            given[self._named] = {name: value for name, value in kwargs.items() if name not in self._marks}
        for name, value in kwargs.items():
            if name not in self._marks:
                if self._named is not None:
                    continue
                self._refuse_argument(name)
            if name in given:
                message = f"{self.name}() got multiple values for argument '{name}'"
                raise TypeError(message)
            given[name] = value
        return given

    def _refuse_argument(self, name: str) -> NoReturn:
        if name in numpy_parameters(self.name):
            refuse(f"numpy.{self.name}({name}=...)")
        message = f"{self.name}() got an unexpected keyword argument '{name}'"
        raise TypeError(message)


def _prepared(context: Context | None, mark: str, value: Any) -> Any:
    if not mark.startswith("@") or value is None:
        return value
    if mark == "@":
        return value if isinstance(value, DeviceArray) else on_device(context, value)
    return [on_device(context, item) for item in value]


def _written(out: Any, result: Any) -> Any:
    """Write a result, or each of several, where the caller wants it."""
    target = out[0] if isinstance(out, tuple) else out
    target[...] = result
    return target


def numpy_function(name: str) -> Any:
    """Return what stands at a dotted name in NumPy, or None where this NumPy has no such name."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def numpy_parameters(name: str) -> Mapping[str, object]:
    """Return the parameters that NumPy's function has, by name and in order, as far as it says."""
    try:
        return inspect.signature(numpy_function(name)).parameters
    except (TypeError, ValueError):
        return {}
