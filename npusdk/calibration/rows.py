"""Rows of a file of measurements, read with care: somebody's spreadsheet, or a hostile file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from io import StringIO
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from npusdk.errors import ConfigError
from npusdk.language import _, plain

LARGEST_BYTES = 64 * 2**20
"""Size of a file that is still read."""

LARGEST_COUNT = 10**7
"""Largest batch, length or number of devices that is taken for one."""

NEEDED = ("model", "precision", "metric", "value", "unit")
"""Columns without which a file says nothing; a device stands in `device_key` or, in words, in `device`."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"detail": "model_detail", "devices": "n_devices", "batch_size": "batch", "stack": "software"}
)
"""Other names of columns."""

_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d{1,3})?|[+-]?\.\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as its source writes it; a column that the file lacks is empty.

    Parameters
    ----------
    line
        Line of the file where the row begins, from 1.
    id
        As written; "line 12" where the file names none.
    device_key, device
        Short name of the device, and its name in words.
    n_devices
        How many devices; None where nothing is said, 0 where that is no whole number.
    value
        In `unit`; None where it is not a positive finite number.
    use
        "primary", or "conditional" where a prediction needs an assumption that the source does not state.
    split_unit
        Rows that count once together: a chip and a model's geometry.
    is_whole
        Whether the row has as many cells as the file has columns.
    file
        Path of the file; with `line` it tells any two rows apart.
    """

    line: int
    id: str
    device_key: str = ""
    device: str = ""
    n_devices: int | None = None
    model: str = ""
    model_detail: str = ""
    precision: str = ""
    scenario: str = ""
    batch: str = ""
    input_len: str = ""
    output_len: str = ""
    metric: str = ""
    value: float | None = None
    unit: str = ""
    software: str = ""
    source: str = ""
    use: str = "primary"
    family: str = ""
    split_unit: str = ""
    notes: str = ""
    is_whole: bool = True
    file: str = ""


_TEXTS = tuple(field.name for field in fields(Row) if field.type == "str" and field.name not in ("id", "use", "file"))


class Line(NamedTuple):
    """One record of a table: the line where it begins, its cells by column, and whether there are enough of them."""

    number: int
    cells: Mapping[str, str]
    is_whole: bool


def read_rows(path: str | Path) -> tuple[Row, ...]:
    """Return the measurements of a CSV file with the columns of `data/measured_calibration.csv`.

    Columns may stand in any order, and be more; optional ones may lack. Cells that make no sense are kept as they are:
    whoever predicts the row says what is wrong with it.

    Raises
    ------
    ConfigError
        If there is no such file, or it is no table in UTF-8 with these columns, naming file and line.
    """
    return to_rows(path, read_table(path))


def to_rows(path: str | Path, lines: Sequence[Line]) -> tuple[Row, ...]:
    """Return the records of a table as measurements.

    Raises
    ------
    ConfigError
        If a column is lacking without which they say nothing.
    """
    columns = lines[0].cells.keys()
    lacking = [name for name in NEEDED if name not in columns]
    if not columns & {"device_key", "device"}:
        lacking.insert(0, "device_key")
    if lacking:
        raise lacking_columns(path, lacking, columns)
    return tuple(_row(line, str(path)) for line in lines)


def read_table(path: str | Path) -> tuple[Line, ...]:
    """Return the records of a table; blank lines are left out, names of columns are in lower case.

    Raises
    ------
    ConfigError
        If there is no such file, it is no table in UTF-8, has a column twice, or has no rows.
    """
    target = Path(path)
    records = _parse(target, _decode(target))
    header = next(records, None)
    names = [_name(cell) for cell in header[1]] if header else []
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise ConfigError(
            _("{path}, line {line}: the column {column} is there twice"),
            hint=_("Give each column a name of its own."),
            path=str(target),
            line=header[0] if header else 1,
            column=repr(twice[0][:80]),
        )
    lines = tuple(_line(number, names, cells) for number, cells in records)
    if not lines:
        raise ConfigError(
            _("{path} has a heading and no rows"), hint=_("Write one measurement in each line."), path=str(target)
        )
    return lines


def _name(cell: str) -> str:
    name = cell.strip().casefold()
    return ALIASES.get(name, name)


def _line(number: int, names: Sequence[str], cells: list[str]) -> Line:
    """Return a record; trailing empty cells are a spreadsheet's habit, missing ones are empty."""
    while len(cells) > len(names) and not cells[-1].strip():
        cells.pop()
    padded = cells + [""] * (len(names) - len(cells))
    values = {name: cell.strip() for name, cell in zip(names, padded, strict=False) if name}
    return Line(number, MappingProxyType(values), len(cells) <= len(names))


def _row(line: Line, file: str) -> Row:
    cells = line.cells
    value = parse_number(cells["value"])
    devices = cells.get("n_devices", "")
    return Row(
        line=line.number,
        id=cells.get("id", "") or f"line {line.number}",
        n_devices=(parse_count(devices) or 0) if devices else None,
        value=value if value and value > 0 else None,
        use=cells.get("use", "").casefold() or "primary",
        is_whole=line.is_whole,
        file=file,
        **{name: cells.get(name, "") for name in _TEXTS},
    )


def parse_number(text: str) -> float | None:
    """Return a finite number, thousands in groups of three or not; None where the text is none.

    Examples
    --------
    >>> parse_number("1,234.5"), parse_number("1e3"), parse_number("nan"), parse_number("3 ms")
    (1234.5, 1000.0, None, None)
    """
    word = text.strip()
    if len(word) > _LONGEST_NUMBER or not _NUMBER.fullmatch(word):
        return None
    number = float(word.replace(",", ""))
    return number if isfinite(number) else None


def parse_count(text: str) -> int | None:
    """Return a whole number from 1 to `LARGEST_COUNT`; None where the text is none.

    Examples
    --------
    >>> parse_count("8"), parse_count("8.0"), parse_count("1.5"), parse_count("0")
    (8, 8, None, None)
    """
    number = parse_number(text)
    return int(number) if number and number.is_integer() and 1 <= number <= LARGEST_COUNT else None


def _decode(path: Path) -> str:
    try:
        if not path.is_file():
            raise ConfigError(_("there is no file {path}"), hint=_("Check the path of the file."), path=str(path))
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ConfigError(
                _("{path} has {size} bytes; a file of measurements has {limit} at most"),
                hint=_("Split the file."),
                path=str(path),
                size=size,
                limit=LARGEST_BYTES,
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(
            _("{path} cannot be read: {problem}"),
            hint=_("Check the path of the file, and that you may read it."),
            path=str(path)[:400],
            problem=getattr(error, "strerror", None) or str(error),
        ) from error
    return _text(path, data)


def _text(path: Path, data: bytes) -> str:
    zero = data.find(b"\0")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        zero = error.start if zero < 0 else min(zero, error.start)
    if zero >= 0:
        raise ConfigError(
            _("{path}, line {line}: the file is not text in UTF-8"),
            hint=_('Save it in your spreadsheet as "CSV UTF-8".'),
            path=str(path),
            line=data.count(b"\n", 0, zero) + 1,
        )
    return text


def _parse(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each record begins, and its cells; blank records are left out."""
    heading = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ConfigError(
                _("{path}, line {line}: this is no row of a CSV file: {problem}"),
                hint=_("Put cells with commas or quotes between double quotes, and double the quotes inside."),
                path=str(path),
                line=before + 1,
                problem=str(error),
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        before = reader.line_num


def lacking_columns(path: str | Path, lacking: Sequence[str], found: Iterable[str]) -> ConfigError:
    """Return the error of a file without columns that it needs."""
    return ConfigError(
        _("{path} lacks the columns {lacking}; it has {found}"),
        hint=_("Add these columns, with their names in the first line."),
        path=str(path),
        lacking=", ".join(lacking),
        found=", ".join(plain(name, 40) for name in list(found)[:40]) or "-",
    )
