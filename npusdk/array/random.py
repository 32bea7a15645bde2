"""Random numbers in a cell: NumPy's own generators draw them on the host, bit for bit, and they go to the device.

A generator of a device is a NumPy generator (`isinstance` holds, and its `bit_generator` can travel); only what its
methods give differs. What NumPy draws as single numbers stays as it is. Elements of device arrays are chosen and
exchanged on the device, by places that are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

import numpy as np

from npusdk.array.apply import put
from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.drawing import draw
from npusdk.array.functions.operand import host
from npusdk.array.functions.reading import read
from npusdk.array.functions.selection import take, take_along_axis
from npusdk.array.functions.shaping import ravel, reshape

_AS_THEY_ARE = frozenset(
    {"bytes", "bit_generator", "spawn", "get_state", "set_state", "seed", "tomaxint", "get_bit_generator",
     "set_bit_generator", "default_rng", "test"}
)  # fmt: skip
"""Public names of generators and of `numpy.random` that draw no arrays."""


def drawn(context: Context, values: Any) -> Any:
    """Return drawn numbers on the device; single numbers, and what a device cannot hold, as they are."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return put(context, values)
    return values


def _draw(context: Context, method: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Draw numbers with parameters that may be device arrays; they are read back."""
    named = dict(kwargs)
    out = named.get("out")
    if isinstance(out, DeviceArray):
        del named["out"]
        out[...] = put(context, method(*args, **{**named, "size": out.shape}))
        return out
    return drawn(context, draw(method, tuple(map(read, args)), {name: read(value) for name, value in named.items()}))


def _choice(context: Context, method: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Choose elements of a device array by drawn places, or draw from what the host has."""
    population, rest = (args[0], args[1:]) if args else (kwargs["a"], ())
    named = {name: read(value) for name, value in kwargs.items() if name != "a"}
    if not isinstance(population, DeviceArray) or not population.ndim:
        return drawn(context, method(read(population), *map(read, rest), **named))
    axis = named.pop("axis", 0)
    places = method(population.shape[axis], *map(read, rest), **named)
    return take(population, indices=np.asarray(places), axis=axis)


def _permutation(context: Context, method: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return elements along an axis in a drawn order."""
    values, rest = (args[0], args[1:]) if args else (kwargs["x"], ())
    if not isinstance(values, DeviceArray) or not values.ndim:
        named = {name: value for name, value in kwargs.items() if name != "x"}
        return drawn(context, method(read(values), *rest, **named))
    axis = rest[0] if rest else kwargs.get("axis", 0)
    return take(values, indices=method(values.shape[axis]), axis=axis)


def _shuffle(context: Context, method: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Bring elements along an axis into a drawn order, in place."""
    values, rest = (args[0], args[1:]) if args else (kwargs["x"], ())
    if not isinstance(values, DeviceArray):
        method(*args, **kwargs)
        return
    axis = rest[0] if rest else kwargs.get("axis", 0)
    size = values.shape[axis]
    order = np.arange(size).reshape((size,) + (1,) * (values.ndim - 1))  # NumPy draws alike for equal ranks
    method(order)
    values[...] = take(values, indices=order.reshape(-1), axis=axis)


def _permuted(context: Context, method: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return elements each lane of which is in a drawn order of its own."""
    values = args[0] if args else kwargs["x"]
    axis, out = kwargs.get("axis"), kwargs.get("out")
    if not isinstance(values, DeviceArray):
        return drawn(context, method(*map(host, args), **kwargs))
    if axis is None:
        order = method(np.arange(values.size))
        result = reshape(take(ravel(values), indices=order), shape=values.shape)
    else:
        lanes = np.expand_dims(np.arange(values.shape[axis]), tuple(range(1, values.ndim - axis % values.ndim)))
        order = method(np.broadcast_to(lanes, values.shape).copy(), axis=axis)
        result = take_along_axis(values, indices=order, axis=axis)
    if out is None:
        return result
    out[...] = result
    return out


_SPECIAL: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"choice": _choice, "permutation": _permutation, "shuffle": _shuffle, "permuted": _permuted}
)
"""What takes elements from somewhere instead of a distribution."""


def _method(name: str, documentation: str | None) -> Callable[..., Any]:
    how: Callable[..., Any] = _SPECIAL.get(name, _draw)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return how(self.context, getattr(self.plain, name), args, kwargs)

    method.__name__, method.__doc__ = name, documentation
    return method


def _handed_on(name: str, documentation: str | None) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.plain, name)(*map(read, args), **kwargs)

    method.__name__, method.__doc__ = name, documentation
    return method


def _methods(base: type) -> dict[str, Any]:
    """Return the methods of a generator's class; NumPy's own call each other, so a plain twin draws."""
    methods = {}
    for name in dir(base):
        own = getattr(base, name)
        if not name.startswith("_") and callable(own) and name != "spawn":
            methods[name] = (_handed_on if name in _AS_THEY_ARE else _method)(name, own.__doc__)
    return methods


def _make_generator(self: Any, bit_generator: Any) -> None:
    np.random.Generator.__init__(self, bit_generator)
    self.plain = np.random.Generator(bit_generator)


def _make_random_state(self: Any, seed: Any = None) -> None:
    np.random.RandomState.__init__(self, read(seed))
    self.plain = np.random.RandomState(self._bit_generator)


def _deep_copy(self: Any, memo: Any) -> Any:
    return hold({type(self).__name__: type(self)}, deepcopy(self.plain, memo))


_METHODS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "Generator": {**_methods(np.random.Generator), "__init__": _make_generator, "__deepcopy__": _deep_copy},
        "RandomState": {**_methods(np.random.RandomState), "__init__": _make_random_state, "__deepcopy__": _deep_copy},
    }
)
_BASES = (np.random.Generator, np.random.RandomState)


def generators(context: Context) -> Mapping[str, type]:
    """Return the classes Generator and RandomState of a context, subclasses of NumPy's under NumPy's names."""
    own = {"context": context, "__module__": "numpy.random"}
    return {base.__name__: type(base.__name__, (base,), {**_METHODS[base.__name__], **own}) for base in _BASES}


def default_rng(kinds: Mapping[str, type], seed: Any = None) -> Any:
    """Return a generator of a context that draws what NumPy's draws from the same seed."""
    if isinstance(seed, kinds["Generator"]):
        return seed
    return kinds["Generator"](np.random.default_rng(read(seed)).bit_generator)


def hold(kinds: Mapping[str, type], generator: Any) -> Any:
    """Return a generator of a context that goes on where one of NumPy stands, and shares its bit generator.

    Parameters
    ----------
    kinds
        The classes, as `generators` gives them; ``vars(modules["numpy.random"])`` are those that a cell sees.
    """
    if isinstance(generator, np.random.Generator):
        return kinds["Generator"](generator.bit_generator)
    held = kinds["RandomState"](generator._bit_generator)  # noqa: SLF001 - RandomState shows it nowhere else
    held.plain.set_state(generator.get_state(legacy=False))
    return held


def module_functions(context: Context) -> dict[str, Callable[..., Any]]:
    """Return the functions of `numpy.random` that draw from NumPy's global state."""
    found = {}
    for name in np.random.__all__:
        plain = getattr(np.random, name)
        if isinstance(plain, type) or name in _AS_THEY_ARE:
            continue
        found[name] = _module_function(context, name, plain)
    return found


def _module_function(context: Context, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    how: Callable[..., Any] = _SPECIAL.get(name, _draw)

    def function(*args: Any, **kwargs: Any) -> Any:
        return how(context, plain, args, kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__, function.__module__ = plain.__doc__, "numpy.random"
    return function
