"""Values made by a call: what they are taken apart into, and what makes them again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import fractions
import functools
import io
import operator
import os
import pathlib
import re
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Maker:
    """A row of `MAKERS`.

    Parameters
    ----------
    type
        Whose values it makes, that type alone.
    parts
        Takes a value apart.
    make
        Makes it again of the same parts.
    """

    type: type
    parts: Callable[[Any], tuple[object, ...]]
    make: Callable[..., object]


def _cached_property(function: Callable[[Any], object], name: str | None) -> object:
    made = functools.cached_property(function)
    made.attrname = name
    return made


def _partial(function: Callable[..., object], arguments: tuple[object, ...], keywords: dict[str, object]) -> object:
    return functools.partial(function, *arguments, **keywords)


def _cached(function: Callable[..., object], limit: int | None, typed: bool) -> object:
    return functools.lru_cache(limit, typed)(function)


def _dtype(text: str, fields: list[object] | None) -> object:
    return np.dtype(text if fields is None else fields)


def _typing(name: str, arguments: tuple[object, ...]) -> object:
    return getattr(typing, name)[arguments[0] if len(arguments) == 1 else arguments]


def _typing_name(value: Any) -> str:
    return getattr(value, "_name", None) or value.__origin__._name  # type: ignore[no-any-return]  # noqa: SLF001


def _typing_arguments(value: Any) -> tuple[object, ...]:
    if _typing_name(value) == "Optional":
        return tuple(argument for argument in value.__args__ if argument is not type(None))
    return tuple(value.__args__)


def closed_file(kind: str, name: str | int | bytes, mode: str) -> object:
    """Return a file that is closed already, as a block that opened one leaves it."""
    raw = io.FileIO(os.devnull)
    raw.name = name  # `open` sets it too
    made: Any = raw
    if kind != "FileIO":
        made = io.BufferedWriter(raw) if kind == "BufferedWriter" else io.BufferedReader(raw)
    if kind == "TextIOWrapper":
        made = io.TextIOWrapper(made, encoding="utf-8")
        made.mode = mode
    made.close()
    return made


FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.FileIO)
"""Types of files that travel once they are closed."""

_ZONED = ("hour", "minute", "second", "microsecond", "tzinfo")
_DAY = ("year", "month", "day")


def _attributes(*names: str) -> Callable[[Any], tuple[object, ...]]:
    return lambda value: tuple(getattr(value, name) for name in names)


def _text(value: object) -> tuple[object, ...]:
    return (str(value),)


def _path(value: pathlib.PurePath) -> tuple[object, ...]:
    return (str(value),)


_ALIAS = type(typing.List[int])  # noqa: UP006 - the type of such a form is wanted

MAKERS: dict[str, Maker] = {
    "slice": Maker(slice, _attributes("start", "stop", "step"), slice),
    "range": Maker(range, _attributes("start", "stop", "step"), range),
    "dtype": Maker(np.dtype, lambda value: (value.str, value.descr if value.names else None), _dtype),
    "datetime.date": Maker(dt.date, _attributes(*_DAY), dt.date),
    "datetime.time": Maker(dt.time, _attributes(*_ZONED), dt.time),
    "datetime.datetime": Maker(dt.datetime, _attributes(*_DAY, *_ZONED), dt.datetime),
    "datetime.timedelta": Maker(dt.timedelta, _attributes("days", "seconds", "microseconds"), dt.timedelta),
    "datetime.timezone": Maker(dt.timezone, lambda value: (value.utcoffset(None),), dt.timezone),
    "zoneinfo.ZoneInfo": Maker(zoneinfo.ZoneInfo, _attributes("key"), zoneinfo.ZoneInfo),
    "re.Pattern": Maker(re.Pattern, _attributes("pattern", "flags"), re.compile),
    "decimal.Decimal": Maker(decimal.Decimal, _text, decimal.Decimal),
    "fractions.Fraction": Maker(fractions.Fraction, _attributes("numerator", "denominator"), fractions.Fraction),
    "uuid.UUID": Maker(uuid.UUID, _text, uuid.UUID),
    "pathlib.Path": Maker(type(pathlib.Path()), _path, pathlib.Path),
    "pathlib.PurePosixPath": Maker(pathlib.PurePosixPath, _path, pathlib.PurePosixPath),
    "dataclasses.InitVar": Maker(dataclasses.InitVar, _attributes("type"), dataclasses.InitVar),
    "types.MappingProxyType": Maker(types.MappingProxyType, lambda value: (dict(value),), types.MappingProxyType),
    "types.MethodType": Maker(types.MethodType, _attributes("__func__", "__self__"), types.MethodType),
    "types.GenericAlias": Maker(types.GenericAlias, _attributes("__origin__", "__args__"), types.GenericAlias),
    "types.UnionType": Maker(
        type(int | str), _attributes("__args__"), lambda arguments: functools.reduce(operator.or_, arguments)
    ),
    "typing.alias": Maker(_ALIAS, lambda value: (_typing_name(value), _typing_arguments(value)), _typing),
    "functools.partial": Maker(functools.partial, _attributes("func", "args", "keywords"), _partial),
    "functools.lru_cache": Maker(
        type(functools.cache(len)),
        lambda value: (value.__wrapped__, value.cache_parameters()["maxsize"], value.cache_parameters()["typed"]),
        _cached,
    ),
    "functools.cached_property": Maker(functools.cached_property, _attributes("func", "attrname"), _cached_property),
    "operator.itemgetter": Maker(operator.itemgetter, lambda value: value.__reduce__()[1], operator.itemgetter),
    "operator.attrgetter": Maker(operator.attrgetter, lambda value: value.__reduce__()[1], operator.attrgetter),
    "property": Maker(property, _attributes("fget", "fset", "fdel", "__doc__"), property),
    "staticmethod": Maker(staticmethod, _attributes("__func__"), staticmethod),
    "classmethod": Maker(classmethod, _attributes("__func__"), classmethod),
}
"""Every maker by its name."""

BY_TYPE = {maker.type: name for name, maker in MAKERS.items()}
"""The maker of each type's values."""

CLOSED = "closed file"
"""Maker of `closed_file`."""

BOUND = "bound"
"""Maker of a method of a value that is written in C, such as `[].append`: the value and the name."""
