"""Reading the TOML files of devices and of operator lists.

A file begins with what identifies it; `[sources]` gives a short key to every source; then come `[specs]`, `[model]`,
`[[precisions]]`, `[[rules]]` and `[[partitions]]`. Each figure is an inline table whose `source` is a short key. Names,
units and sources are checked here, so that a slip of the pen in a file is found when the file is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

from pydantic import ValidationError

from npusdk.catalogue.keys import BY_FORMAT, MODEL, PRECISIONS, SPECS, Key
from npusdk.catalogue.records import DeviceSpec
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.values import Sourced

Table: TypeAlias = Mapping[str, Any]

SCHEMA = 1
"""Major version of the device files; another one is refused."""

_FIGURE_FIELDS = frozenset(("value", "unit", "source", "kind", "note"))
_SHARES = ("units", "on_chip", "memory", "bandwidth")


def device_folder() -> Traversable:
    """Return the folder of the device files, one per device, named by its identifier."""
    return files("npusdk.catalogue") / "devices"


def operator_folder() -> Traversable:
    """Return the folder of the operator lists, one per family of devices."""
    return files("npusdk.catalogue") / "operators"


def refuse(file: str, problem: str) -> ConfigError:
    """Return the error of a file that is not as it must be."""
    return ConfigError(
        _("catalogue file {file}: {problem}"),
        hint=_("Correct the file; its form is described in npusdk.catalogue."),
        file=file,
        problem=problem,
    )


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Turn a value that does not fit its record into the error of the file."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise refuse(file, f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}") from error


def read_head(text: str) -> Table:
    """Return what stands before the first table of a device file, without parsing the rest."""
    return tomllib.loads(text.partition("\n[")[0])


def read_table(text: str, file: str) -> dict[str, Any]:
    """Return a file as tables.

    Raises
    ------
    ConfigError
        If the text is no TOML, or of another major version.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refuse(file, str(error)) from error
    schema = table.pop("schema", None)
    if schema != SCHEMA:
        raise refuse(file, f"schema {schema!r} is not {SCHEMA}")
    return table


def resolve(row: Table, sources: Table, file: str) -> dict[str, Any]:
    """Return `row` with the full text of its source in the place of the short key.

    Raises
    ------
    ConfigError
        If the row has no source, or one that `[sources]` does not name.
    """
    key = row.get("source", "")
    if key not in sources:
        raise refuse(file, f"source {key!r} of {dict(row)!r} is not in [sources]")
    return {**row, "source": sources[key]}


def _figure(name: str, row: Table, key: Key, context: tuple[Table, str]) -> Sourced:
    sources, file = context
    unknown = row.keys() - _FIGURE_FIELDS
    if unknown:
        raise refuse(file, f"{name} has the unknown field {min(unknown)!r}")
    if row.get("unit", "") != key.unit:
        raise refuse(file, f"{name} has the unit {row.get('unit', '')!r} and must have {key.unit!r}")
    return Sourced(**resolve(row, sources, file))


def _figures(table: Table, keys: Mapping[str, Key], context: tuple[Table, str]) -> dict[str, Sourced]:
    unknown = table.keys() - keys.keys()
    if unknown:
        raise refuse(context[1], f"unknown figure {min(unknown)!r}")
    return {name: _figure(name, row, keys[name], context) for name, row in table.items()}


def _flat(model: Table) -> dict[str, Any]:
    """Return `[model]` with what depends on the number format as "macs_per_unit_per_cycle.fp16"."""
    flat = {f"{name}.{dtype}": row for name in BY_FORMAT for dtype, row in model.get(name, {}).items()}
    return {name: row for name, row in model.items() if name not in BY_FORMAT} | flat


def _fraction(text: str) -> float:
    """Return the number that "3/8" or "1" means."""
    numerator, _slash, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


def _partition(row: Table, file: str) -> dict[str, Any]:
    try:
        return {name: _fraction(value) if name in _SHARES else value for name, value in row.items()}
    except (ValueError, ZeroDivisionError) as error:
        raise refuse(file, f"a share of partition {row.get('name')!r} is not a fraction: {error}") from error


def _check_names(spec: DeviceSpec, file: str) -> None:
    named: Sequence[str] = (*spec.dtypes, *(precision.dtype for precision in spec.precisions))
    unknown = set(named) - set(PRECISIONS)
    if unknown:
        raise refuse(file, f"unknown number format {min(unknown)!r}")
    if {precision.dtype for precision in spec.precisions} != set(spec.dtypes):
        raise refuse(file, "precisions and dtypes do not name the same number formats")
    if spec.availability.value not in ("current", "end_of_life", "announced"):
        raise refuse(file, f"unknown availability {spec.availability.value!r}")


def read_device(text: str, file: str) -> DeviceSpec:
    """Return the device that a file describes.

    Raises
    ------
    ConfigError
        If the file breaks the form: an unknown name or field, a unit that is not SI, a source that is not listed.
    """
    table = read_table(text, file)
    sources = table.pop("sources", {})
    context = (sources, file)
    with reading(file):
        specs = _figures(table.get("specs", {}), SPECS, context)
        fields: dict[str, Any] = {
            **table,
            **{name: specs[name].value for name in ("vendor", "name", "dtypes") if name in specs},
            "specs": specs,
            "model": _figures(_flat(table.get("model", {})), MODEL, context),
            "availability": _figure("availability", table.get("availability", {}), Key(), context),
            "precisions": [resolve(row, sources, file) for row in table.get("precisions", ())],
            "rules": [resolve(row, sources, file) for row in table.get("rules", ())],
            "partitions": [_partition(resolve(row, sources, file), file) for row in table.get("partitions", ())],
        }
        spec = DeviceSpec.model_validate(fields)
    _check_names(spec, file)
    return spec
