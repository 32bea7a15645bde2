"""What stands in for the module numpy inside a ``%%npu`` cell.

Functions and ufuncs that are called through it bring lists and arrays of the host to the device first; functions of
single numbers alone stay ordinary arithmetic on the host, and give what NumPy gives. Types, constants and settings are
NumPy's own. What a device cannot do raises an error by its name when it is called; what NumPy does not have raises
NumPy's own AttributeError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import GenericAlias, ModuleType
from typing import Any

import numpy as np

from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray, DeviceScalar
from npusdk.array.dispatch import refuse
from npusdk.array.functions import ROWS, Function
from npusdk.array.functions.call import numpy_function
from npusdk.array.functions.creation import Grid
from npusdk.array.functions.joining import Join
from npusdk.array.functions.operand import constant, on_device
from npusdk.array.functions.reading import reader
from npusdk.array.random import default_rng, generators, module_functions
from npusdk.array.refusals import PASSING, PASSING_MODULES, REFUSED
from npusdk.array.scalar_types import scalar_types

_PLAIN = (bool, int, float, complex, str, bytes, np.generic, type(None))
"""Types of single values, which are no arrays."""


def _is_plain(value: object) -> bool:
    if isinstance(value, DeviceArray):
        return False
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and not value)


class _Named:
    """Something callable under one of NumPy's names."""

    def __init__(self, context: Context, name: str) -> None:
        self._context = context
        self._numpy = numpy_function(name)
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]
        self.__doc__ = getattr(self._numpy, "__doc__", None)
        self.__module__ = ".".join(["numpy", *name.split(".")[:-1]])

    def __repr__(self) -> str:
        return f"<{self.__module__}.{self.__name__} on {self._context.device.id}>"


class StandInFunction(_Named):
    """A function of NumPy that runs on the device of a context."""

    def __init__(self, context: Context, function: Function) -> None:
        super().__init__(context, function.name)
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function on the context's device."""
        function = self._function
        if not function.takes_context and all(map(_is_plain, args)) and all(map(_is_plain, kwargs.values())):
            return _held(self._context, self._numpy(*args, **kwargs))
        return function.run(self._context, args, kwargs)


def _held(context: Context, made: Any) -> Any:
    """Return arrays that NumPy made of numbers alone as constants of the program."""
    if isinstance(made, np.ndarray) and made.dtype.kind in "biuf":
        return constant(context, made)
    if isinstance(made, (list, tuple)) and any(isinstance(item, np.ndarray) for item in made):
        return type(made)(_held(context, item) for item in made)
    return made


class StandInUfunc(_Named):
    """A ufunc of NumPy that runs on the device of a context."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the ufunc on the context's device."""
        return self._numpy(*self._brought(args), **kwargs)

    def _brought(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(value if _is_plain(value) else on_device(self._context, value) for value in args)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._numpy, name)
        if name in ("reduce", "accumulate", "reduceat"):
            return lambda array, *args, **kwargs: found(*self._brought((array,)), *args, **kwargs)
        if name == "outer":
            return lambda a, b, **kwargs: found(*self._brought((a, b)), **kwargs)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self._numpy) if not name.startswith("_"))})


class Refusal(_Named):
    """A function of NumPy that no device has; calling it raises an error that names it."""

    def __init__(self, context: Context, name: str, hint: str = "") -> None:
        super().__init__(context, name)
        self._hint = hint

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Raise the error that names the function."""
        refuse(f"{self.__module__}.{self.__name__}", self._hint)


class _Kind(type):
    """A type of NumPy's, for `isinstance` and annotations; making one is refused."""

    kinds: tuple[type, ...]
    hint: str

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.kinds) and not isinstance(instance, DeviceScalar)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.kinds)

    def __call__(cls, *_args: Any, **_kwargs: Any) -> Any:
        refuse(f"numpy.{cls.__name__}", cls.hint)

    def __getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __repr__(cls) -> str:
        return f"<class 'numpy.{cls.__name__}'>"


def _kind(name: str, *kinds: type, hint: str = "") -> type:
    return _Kind(name, (), {"kinds": kinds, "hint": hint, "__module__": "numpy"})


class StandIn(ModuleType):
    """A module of NumPy's as a cell sees it.

    Parameters
    ----------
    context
        Where arrays live.
    prefix
        What stands after ``numpy.`` ("linalg"); empty for numpy itself.
    special
        What differs from NumPy here, by name.
    resolve
        How any other name of NumPy's module is offered.
    """

    def __init__(
        self, context: Context, prefix: str, special: Mapping[str, Any], resolve: Callable[[str, Any], Any]
    ) -> None:
        name = f"numpy.{prefix}".rstrip(".")
        self._real = numpy_function(prefix) if prefix else np
        super().__init__(name, self._real.__doc__)
        self._context, self._prefix, self._resolve = context, prefix, resolve
        self.__all__ = list(getattr(self._real, "__all__", [n for n in dir(self._real) if not n.startswith("_")]))
        self.__path__: list[str] = []
        for attribute, value in special.items():
            setattr(self, attribute, value)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)  # NumPy's own error where it has no such name
        dotted = f"{self._prefix}.{name}" if self._prefix else name
        offered = found if name.startswith("_") else self._resolve(dotted, found)
        setattr(self, name, offered)
        return offered

    def __dir__(self) -> list[str]:
        return dir(self._real)

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} on {self._context.device.id} ({self._context.precision})>"


def _resolve(context: Context, name: str, found: Any) -> Any:
    """Return what a name of NumPy is in a cell."""
    function = ROWS.get(name)
    if function is not None:
        return StandInFunction(context, function)
    if isinstance(found, np.ufunc):
        return StandInUfunc(context, name)
    if isinstance(found, ModuleType):
        return found if name in PASSING_MODULES else StandIn(context, name, {}, partial(_resolve_refused, context))
    hint = REFUSED.get(name, "")
    if isinstance(found, type) and not issubclass(found, (np.generic, BaseException)) and name not in PASSING:
        return _kind(found.__name__, found, hint=hint) if "." not in name else Refusal(context, name, hint)
    if callable(found) and name not in PASSING and not isinstance(found, type):
        return Refusal(context, name, hint)
    return found


def _resolve_refused(context: Context, name: str, found: Any) -> Any:
    """Return what refuses to be called, for a name of a submodule that no device has."""
    if isinstance(found, ModuleType):
        return StandIn(context, name, {}, partial(_resolve_refused, context))
    if not callable(found) or (isinstance(found, type) and issubclass(found, (np.generic, BaseException))):
        return found
    return Refusal(context, name)


def _resolve_test(context: Context, name: str, found: Any) -> Any:
    """Return a helper of numpy.testing that copies device arrays to this computer."""
    del context, name
    if isinstance(found, (type, ModuleType)) or not callable(found):
        return found
    call = reader(found)
    call.__name__, call.__doc__, call.__module__ = found.__name__, found.__doc__, "numpy.testing"
    return call


def _resolve_random(context: Context, name: str, found: Any) -> Any:
    """Return what of numpy.random draws nothing by itself: bit generators, seeds, states."""
    del context, name
    return found


class _NdEnumerate(_Named):
    """numpy.ndenumerate: places and elements, read back."""

    def __call__(self, arr: Any) -> Any:
        return self._numpy(arr.numpy() if isinstance(arr, DeviceArray) else arr)


def modules(context: Context) -> dict[str, StandIn]:
    """Return what imports of NumPy give in a cell, by the name of the module.

    The submodules are parts of the first: ``modules["numpy"].linalg is modules["numpy.linalg"]``.
    """
    kinds = generators(context)
    rest = partial(_resolve, context)
    random = StandIn(
        context,
        "random",
        {**kinds, "default_rng": partial(default_rng, kinds), **module_functions(context)},
        partial(_resolve_random, context),
    )
    parts = {
        "linalg": StandIn(context, "linalg", {}, rest),
        "random": random,
        "testing": StandIn(context, "testing", {}, partial(_resolve_test, context)),
        "lib": StandIn(context, "lib", {"stride_tricks": StandIn(context, "lib.stride_tricks", {}, rest)}, rest),
        "fft": StandIn(context, "fft", {}, partial(_resolve_refused, context)),
    }
    special = {
        **scalar_types(context),
        **parts,
        "ndarray": _kind("ndarray", DeviceArray, np.ndarray),
        "ufunc": _kind("ufunc", StandInUfunc, np.ufunc),
        "ndenumerate": _NdEnumerate(context, "ndenumerate"),
        "r_": Join(context, columns=False),
        "c_": Join(context, columns=True),
        "mgrid": Grid(context, "mgrid"),
        "ogrid": Grid(context, "ogrid"),
    }
    numpy = StandIn(context, "", special, rest)
    found = {"numpy": numpy, **{f"numpy.{name}": module for name, module in parts.items()}}
    found["numpy.lib.stride_tricks"] = parts["lib"].stride_tricks
    return found


def stand_in(context: Context) -> StandIn:
    """Return the object that stands in for the module numpy in a cell whose arrays live in `context`."""
    return modules(context)["numpy"]
